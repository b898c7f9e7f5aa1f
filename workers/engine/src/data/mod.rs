//! Public data sets: tensors of bytes or of binary32, from IDX or safetensors files.
mod error;
mod idx;
pub mod import;
mod locate;
mod safetensors;

pub use error::DataError;
pub use locate::Roots;

use crate::bytes::hash_bytes;
use assay_core::commit::Hash;
use assay_core::graph::{DataDecl, Dtype, GraphError, Name, Shape};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a data file, unpacked, at most.
pub const MAX_BYTES: u64 = 64 << 30;

/// A data set's tensor, as it is committed: little-endian, row-major, rows first.
#[derive(Clone, PartialEq, Eq)]
pub struct DataTensor {
    dtype: Dtype,
    shape: Shape,
    bytes: Arc<[u8]>,
    root: Hash,
}

impl DataTensor {
    /// A tensor of these bytes.
    ///
    /// # Errors
    /// Too few or too many bytes, or a binary32 number that isn't finite.
    pub fn new(dtype: Dtype, shape: Shape, bytes: impl Into<Arc<[u8]>>) -> Result<DataTensor, DataError> {
        let bytes = bytes.into();
        let expected = shape.elements().saturating_mul(dtype.size());
        if bytes.len() as u64 != expected {
            return Err(DataError::Length { shape, expected, got: bytes.len() as u64 });
        }
        if dtype == Dtype::F32 {
            let (items, _) = bytes.as_chunks::<4>();
            let values = items.iter().map(|&item| f32::from_le_bytes(item));
            if let Some((index, value)) = values.enumerate().find(|(_, value)| !value.is_finite()) {
                return Err(DataError::NotFinite { index: index as u64, value });
            }
        }
        let root = hash_bytes(&bytes);
        Ok(DataTensor { dtype, shape, bytes, root })
    }

    /// The tensor that a program declares, from the bytes of its blob.
    ///
    /// # Errors
    /// Another length or root than declared.
    pub fn of_decl(decl: &DataDecl, bytes: impl Into<Arc<[u8]>>) -> Result<DataTensor, DataError> {
        let tensor = DataTensor::new(decl.dtype, decl.shape, bytes)?;
        if tensor.root != decl.root {
            return Err(DataError::Root { name: decl.name.to_string(), expected: decl.root, got: tensor.root });
        }
        Ok(tensor)
    }

    /// Reads a file: IDX, plain or compressed by gzip, or safetensors, of which `tensor` names one tensor.
    ///
    /// # Errors
    /// It can't be read, or isn't what its ending says.
    pub fn read_file(path: &Path, tensor: Option<&str>) -> Result<DataTensor, DataError> {
        let at = |error| DataError::File { path: path.into(), error: Box::new(error) };
        let read = || -> Result<DataTensor, DataError> {
            let file = std::fs::File::open(path)?;
            if path.extension().is_some_and(|ending| ending == "safetensors") {
                let mut bytes = Vec::new();
                file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
                safetensors::read(&bytes, tensor)
            } else {
                idx::read(file)
            }
        };
        read().map_err(at)
    }

    /// The same values with each row as one vector: `[rows, row elements]`; a vector stays one.
    ///
    /// # Errors
    /// A row of 2³² elements or more, or a tensor without dimensions.
    pub fn flattened(&self) -> Result<DataTensor, DataError> {
        let shape = match *self.shape.dims() {
            [] => return Err(DataError::Scalar),
            [_] | [_, _] => return Ok(self.clone()),
            [rows, ref row @ ..] => {
                let columns = row.iter().fold(1_u64, |n, &dim| n.saturating_mul(u64::from(dim)));
                let columns = u32::try_from(columns).map_err(|_| GraphError::TooManyElements)?;
                Shape::new(&[rows, columns])?
            }
        };
        Ok(DataTensor { shape, ..self.clone() })
    }

    /// Its declaration in a program.
    ///
    /// # Errors
    /// A name of more than 64 bytes.
    pub fn decl(&self, name: &str) -> Result<DataDecl, DataError> {
        Ok(DataDecl { name: Name::new(name)?, dtype: self.dtype, shape: self.shape, root: self.root })
    }

    /// Element type.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Shape, rows first.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// First dimension; 1 for a scalar.
    pub fn rows(&self) -> u32 {
        self.shape.dims().first().copied().unwrap_or(1)
    }

    /// The committed bytes: also the blob's.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Commitment to the bytes.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// An element as a number.
    pub fn get(&self, index: usize) -> Option<f32> {
        match self.dtype {
            Dtype::U8 => self.bytes.get(index).map(|&byte| f32::from(byte)),
            Dtype::F32 => self.bytes.as_chunks::<4>().0.get(index).map(|&item| f32::from_le_bytes(item)),
        }
    }
}

impl std::fmt::Debug for DataTensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataTensor({:?} {} {})", self.dtype, self.shape, self.root)
    }
}

#[cfg(test)]
mod tests;
