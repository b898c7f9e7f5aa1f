//! Constants in a model file.
use super::proto::{TensorProto, EXTERNAL, FLOAT, INT64};
use super::OnnxError;
use assay_core::graph::Shape;

/// A constant.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    /// Weights.
    Float { shape: Shape, values: Vec<f32> },
    /// Targets of Reshape and the like.
    Int64(Vec<i64>),
    /// Something that only matters if it is used.
    Other,
}

fn bad(name: &str, why: impl Into<String>) -> OnnxError {
    OnnxError::Tensor { name: name.into(), why: why.into() }
}

/// The constant under its `name` (a Constant node's is its output, not what the tensor itself says).
pub(super) fn read(name: &str, tensor: &TensorProto) -> Result<Constant, OnnxError> {
    if tensor.data_location == EXTERNAL {
        return Err(bad(name, "its data is in another file; export with external_data=False"));
    }
    match tensor.data_type {
        FLOAT => {
            let shape = shape_of(name, &tensor.dims)?;
            let values = items(name, shape.elements(), &tensor.raw_data, &tensor.float_data, f32::from_le_bytes)?;
            match values.iter().position(|value| !value.is_finite()) {
                Some(index) => Err(OnnxError::NotFinite { name: name.into(), index, value: values[index] }),
                None => Ok(Constant::Float { shape, values }),
            }
        }
        INT64 => {
            let elements = match tensor.dims.as_slice() {
                [] => 1,
                [len] => u64::try_from(*len).map_err(|_| bad(name, format!("dimension {len}")))?,
                _ => return Ok(Constant::Other),
            };
            items(name, elements, &tensor.raw_data, &tensor.int64_data, i64::from_le_bytes).map(Constant::Int64)
        }
        _ => Ok(Constant::Other),
    }
}

fn shape_of(name: &str, dims: &[i64]) -> Result<Shape, OnnxError> {
    let dims: Option<Vec<u32>> = dims.iter().map(|&dim| u32::try_from(dim).ok()).collect();
    let dims = dims.ok_or_else(|| bad(name, "a dimension is negative or beyond 32 bits"))?;
    Shape::new(&dims).map_err(|error| OnnxError::Shape { name: name.into(), error })
}

/// The items of a tensor: little-endian bytes, or a field of their own.
fn items<T: Copy, const N: usize>(
    name: &str,
    elements: u64,
    raw: &[u8],
    typed: &[T],
    of_bytes: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, OnnxError> {
    let got = if raw.is_empty() { typed.len() } else { raw.len() / N };
    if got as u64 != elements || !raw.len().is_multiple_of(N) {
        let what = if raw.is_empty() { format!("{got} values") } else { format!("{} bytes", raw.len()) };
        return Err(bad(name, format!("its shape has {elements} elements, but it holds {what}")));
    }
    if raw.is_empty() {
        return Ok(typed.to_vec());
    }
    let (chunks, _) = raw.as_chunks::<N>();
    Ok(chunks.iter().map(|&bytes| of_bytes(bytes)).collect())
}
