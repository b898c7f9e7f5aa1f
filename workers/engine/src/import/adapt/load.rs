//! Initial values from a safetensors file, by name.
use super::lora::is_adapter;
use super::AdaptError;
use crate::import::half::{bfloat16, binary16};
use crate::import::Model;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Names of a file's tensors that an error shows.
const SHOWN: usize = 16;

impl Model {
    /// Takes the values of every parameter that a safetensors file has under its name; what else the file has is left
    /// alone (a checkpoint has the optimiser's state as well), and so are parameters that it lacks. Numbers of 16, 32 and
    /// 64 bits are read.
    ///
    /// # Errors
    /// The file can't be read, has none of the parameters, or one of another shape, or a value that isn't finite.
    pub fn load(&mut self, path: &Path) -> Result<(), AdaptError> {
        let bytes = std::fs::read(path).map_err(|error| AdaptError::Io { path: path.into(), error })?;
        let format = |error: String| AdaptError::Format { path: path.into(), error };
        let file = SafeTensors::deserialize(&bytes).map_err(|error| format(error.to_string()))?;
        let (mut found, mut missing) = (0, Vec::new());
        for param in &mut self.params {
            let Ok(tensor) = file.tensor(&param.name) else {
                if !is_adapter(&param.name) {
                    missing.push(param.name.as_str());
                }
                continue;
            };
            let wrong =
                |got| AdaptError::Tensor { path: path.into(), name: param.name.clone(), expected: param.shape, got };
            let dims = || param.shape.dims().iter().map(|&dim| dim as usize);
            // A scalar of PyTorch has no dimensions, ours one.
            let scalar = tensor.shape().is_empty() && param.shape.elements() == 1;
            if !scalar && !tensor.shape().iter().copied().eq(dims()) {
                return Err(wrong(format!("{:?}", tensor.shape())));
            }
            let values =
                numbers(tensor.dtype(), tensor.data()).ok_or_else(|| wrong(format!("{:?}", tensor.dtype())))?;
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(wrong(format!("not finite ({value})")));
            }
            param.values = values;
            found += 1;
        }
        if found == 0 {
            let mut names = file.names();
            names.sort_unstable();
            names.truncate(SHOWN);
            return Err(AdaptError::Foreign { path: path.into(), there: names.join(", ") });
        }
        if !missing.is_empty() {
            tracing::warn!(file = %path.display(), ?missing, "parameters that the file lacks stay as in the model");
        }
        Ok(())
    }
}

/// A tensor's values in binary32; `None` if they aren't floating-point numbers.
fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    let halves = || data.as_chunks::<2>().0.iter().map(|&item| u16::from_le_bytes(item));
    Some(match dtype {
        Dtype::F32 => data.as_chunks::<4>().0.iter().map(|&item| f32::from_le_bytes(item)).collect(),
        Dtype::F64 => data.as_chunks::<8>().0.iter().map(|&item| f64::from_le_bytes(item) as f32).collect(),
        Dtype::BF16 => halves().map(bfloat16).collect(),
        Dtype::F16 => halves().map(binary16).collect(),
        _ => return None,
    })
}
