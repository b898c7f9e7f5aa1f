//! Numbers on their way into a tensor: bytes as long as all of them are, else binary32.
use super::ImportError;
use assay_core::graph::{Dtype, Shape};

/// Numbers in the smallest type that holds them all.
#[derive(Debug, PartialEq)]
pub(super) enum Elements {
    /// Every one an integer of 0 to 255.
    Bytes(Vec<u8>),
    /// Finite.
    Floats(Vec<f32>),
}

impl Elements {
    pub(super) fn new() -> Elements {
        Elements::Bytes(Vec::new())
    }

    /// Adds a finite number.
    pub(super) fn push(&mut self, value: f32, limit: u64) -> Result<(), ImportError> {
        if self.bytes() >= limit {
            return Err(ImportError::TooLarge { max: limit });
        }
        match self {
            Elements::Floats(floats) => floats.push(value),
            Elements::Bytes(bytes) => match byte(value) {
                Some(byte) => bytes.push(byte),
                None => {
                    self.widen(limit)?;
                    return self.push(value, limit);
                }
            },
        }
        Ok(())
    }

    /// Turns bytes into binary32.
    pub(super) fn widen(&mut self, limit: u64) -> Result<(), ImportError> {
        if let Elements::Bytes(bytes) = self {
            if bytes.len() as u64 > limit / Dtype::F32.size() {
                return Err(ImportError::TooLarge { max: limit });
            }
            *self = Elements::Floats(bytes.iter().map(|&byte| byte.into()).collect());
        }
        Ok(())
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Elements::Bytes(bytes) => bytes.len() as u64,
            Elements::Floats(floats) => floats.len() as u64,
        }
    }

    pub(super) fn dtype(&self) -> Dtype {
        match self {
            Elements::Bytes(_) => Dtype::U8,
            Elements::Floats(_) => Dtype::F32,
        }
    }

    /// As they are committed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Elements::Bytes(bytes) => bytes,
            Elements::Floats(floats) => crate::bytes::tensor_bytes(floats),
        }
    }

    fn bytes(&self) -> u64 {
        self.len() * self.dtype().size()
    }
}

/// The byte that is this number.
fn byte(value: f32) -> Option<u8> {
    let byte = value as u8; // Saturates, and drops a fraction.
    (f32::from(byte) == value).then_some(byte)
}

/// Rows of numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub(super) elements: Elements,
    /// Shape of a row; empty for one number a row.
    pub(super) row: Vec<u32>,
}

impl Column {
    /// Numbers of a row.
    pub(super) fn width(&self) -> u64 {
        self.row.iter().map(|&dim| u64::from(dim)).product()
    }

    pub(super) fn rows(&self) -> u64 {
        self.elements.len() / self.width().max(1)
    }

    /// Bytes of row `index`.
    pub(super) fn row_bytes(&self, index: u64) -> &[u8] {
        let bytes = self.elements.as_bytes();
        let width = (self.width() * self.elements.dtype().size()) as usize;
        let start = (index as usize).saturating_mul(width);
        bytes.get(start..start.saturating_add(width)).unwrap_or(&[])
    }

    /// Shape of so many rows.
    pub(super) fn shape(&self, rows: u64) -> Result<Shape, ImportError> {
        let rows = u32::try_from(rows).map_err(|_| assay_core::graph::GraphError::TooManyElements)?;
        let dims: Vec<u32> = std::iter::once(rows).chain(self.row.iter().copied()).collect();
        Ok(Shape::new(&dims)?)
    }
}

/// What a source holds: as many rows of inputs as of labels.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) inputs: Column,
    pub(super) labels: super::classes::Labels,
}
