//! Data in safetensors files. Labels as PyTorch has them (64-bit integers) become bytes.
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

/// Integers as bytes.
fn labels(shape: Shape, items: impl Iterator<Item = i64>) -> Result<DataTensor, DataError> {
    let byte = |(index, value)| u8::try_from(value).map_err(|_| DataError::Integer { index, value });
    let bytes: Vec<u8> = (0..).zip(items).map(byte).collect::<Result<_, _>>()?;
    DataTensor::new(Dtype::U8, shape, bytes)
}
