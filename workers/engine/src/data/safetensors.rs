//! Data in safetensors files. Labels and tokens as PyTorch has them (64-bit integers) become bytes where they fit, and
//! binary32 otherwise.
use super::{DataError, DataTensor, MAX_BYTES};
use assay_core::graph::{Dtype, GraphError, Shape};
use safetensors::{Dtype as FileDtype, SafeTensors};

/// One tensor of a file: the named one, or the only one.
pub(super) fn read(bytes: &[u8], name: Option<&str>) -> Result<DataTensor, DataError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(DataError::TooLarge { got: bytes.len() as u64, max: MAX_BYTES });
    }
    let file = SafeTensors::deserialize(bytes).map_err(|error| DataError::Safetensors(error.to_string()))?;
    let mut names = file.names();
    names.sort_unstable();
    let asked = match (name, names.as_slice()) {
        (Some(name), _) => name,
        (None, [only]) => only,
        (None, _) => "",
    };
    let tensor = file.tensor(asked).map_err(|_| {
        let there = names.iter().take(16).copied().collect::<Vec<_>>().join(", ");
        DataError::NoTensor { asked: asked.into(), there }
    })?;
    let dims: Option<Vec<u32>> = tensor.shape().iter().map(|&dim| u32::try_from(dim).ok()).collect();
    let shape = dims.ok_or(GraphError::TooManyElements).and_then(|dims| Shape::new(&dims))?;
    if shape.rank() == 0 {
        return Err(DataError::Scalar);
    }
    let data = tensor.data();
    match tensor.dtype() {
        FileDtype::U8 => DataTensor::new(Dtype::U8, shape, data),
        FileDtype::F32 => DataTensor::new(Dtype::F32, shape, data),
        FileDtype::I64 => labels(shape, data.as_chunks::<8>().0.iter().map(|&item| i64::from_le_bytes(item))),
        FileDtype::I32 => labels(shape, data.as_chunks::<4>().0.iter().map(|&item| i32::from_le_bytes(item).into())),
        other => Err(DataError::Dtype(format!("{other:?}"))),
    }
}

/// Integers as bytes if all of them fit, otherwise as binary32, which has all up to 2²⁴.
fn labels(shape: Shape, items: impl Iterator<Item = i64> + Clone) -> Result<DataTensor, DataError> {
    if let Ok(bytes) = items.clone().map(u8::try_from).collect::<Result<Vec<u8>, _>>() {
        return DataTensor::new(Dtype::U8, shape, bytes);
    }
    let number = |(index, value): (u64, i64)| match i32::try_from(value) {
        Ok(small) if small.abs() <= 1 << 24 => Ok((small as f32).to_le_bytes()),
        _ => Err(DataError::Integer { index, value }),
    };
    let numbers: Vec<[u8; 4]> = (0..).zip(items).map(number).collect::<Result<_, _>>()?;
    DataTensor::new(Dtype::F32, shape, numbers.concat())
}
