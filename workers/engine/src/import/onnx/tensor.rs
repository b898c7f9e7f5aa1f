//! Tensors in a model file.
use super::constant::{self, Constant, Items, Kind};
use super::external::External;
use super::proto::{element, TensorProto, EXTERNAL};
use super::OnnxError;
use crate::import::half::{bfloat16, binary16};
use assay_core::graph::MAX_ELEMENTS;
use prost::bytes::Bytes;

/// A tensor whose data is as long as its dimensions say.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    /// Its name in the file.
    pub(super) name: String,
    /// Its dimensions.
    pub(super) dims: Vec<u64>,
    element: i32,
    data: Data,
}

/// Where the items are.
#[derive(Clone, Debug)]
enum Data {
    /// Little-endian, in the file or in one beside it.
    Raw(Bytes),
    /// Fields of their own.
    Floats(Vec<f32>),
    Int32s(Vec<i32>),
    Int64s(Vec<i64>),
    Doubles(Vec<f64>),
    /// Of a type that nothing here reads, text for example.
    Other,
}

fn bad(name: &str, why: impl Into<String>) -> OnnxError {
    OnnxError::Tensor { name: super::node::shown(name), why: why.into() }
}

/// Bytes of an element.
fn size_of(element: i32) -> Option<u64> {
    Some(match element {
        element::FLOAT | element::INT32 => 4,
        element::INT64 | element::DOUBLE => 8,
        element::INT8 | element::UINT8 | element::BOOL => 1,
        element::FLOAT16 | element::BFLOAT16 => 2,
        _ => return None,
    })
}

/// How long a tensor's data must be.
pub(super) struct Layout {
    dims: Vec<u64>,
    elements: u64,
    /// Bytes of an element; `None` if such elements aren't read.
    size: Option<u64>,
}

impl Layout {
    /// What a message says of it.
    ///
    /// # Errors
    /// Its dimensions are none.
    pub(super) fn of(proto: &TensorProto) -> Result<Layout, OnnxError> {
        let dims: Option<Vec<u64>> = proto.dims.iter().map(|&dim| u64::try_from(dim).ok()).collect();
        let negative = || bad(&proto.name, format!("its dimensions {:?} include a negative one", proto.dims));
        let dims = dims.ok_or_else(negative)?;
        let product = match dims.contains(&0) {
            true => Some(0),
            false => dims.iter().try_fold(1_u64, |product, &dim| product.checked_mul(dim)),
        };
        let Some(elements) = product.filter(|&n| n <= MAX_ELEMENTS) else {
            return Err(bad(&proto.name, format!("its shape {dims:?} has more than {MAX_ELEMENTS} elements")));
        };
        Ok(Layout { dims, elements, size: size_of(proto.data_type) })
    }

    /// Bytes of all elements; `None` if they aren't read.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.size.map(|size| self.elements.saturating_mul(size))
    }
}

impl Tensor {
    /// The tensor of a message, which loses its data. Lengths are checked before anything is read or reserved.
    ///
    /// # Errors
    /// Its dimensions are none, its data isn't as long as they say, or lies in a file that can't be read.
    pub(super) fn take(proto: &mut TensorProto, external: &mut External) -> Result<Tensor, OnnxError> {
        let layout = Layout::of(proto)?;
        let bytes = layout.bytes();
        let Layout { dims, elements, .. } = layout;
        let name = std::mem::take(&mut proto.name);
        let Some(length) = bytes else {
            return Ok(Tensor { name, dims, element: proto.data_type, data: Data::Other });
        };
        let data = if proto.data_location == EXTERNAL {
            Data::Raw(external.read(&name, &proto.external_data, length)?)
        } else if !proto.raw_data.is_empty() {
            Data::Raw(std::mem::take(&mut proto.raw_data))
        } else {
            match proto.data_type {
                element::FLOAT => Data::Floats(std::mem::take(&mut proto.float_data)),
                element::DOUBLE => Data::Doubles(std::mem::take(&mut proto.double_data)),
                element::INT64 => Data::Int64s(std::mem::take(&mut proto.int64_data)),
                _ => Data::Int32s(std::mem::take(&mut proto.int32_data)),
            }
        };
        let (got, expected, what) = match &data {
            Data::Raw(bytes) => (bytes.len(), length, "bytes"),
            Data::Floats(items) => (items.len(), elements, "values"),
            Data::Doubles(items) => (items.len(), elements, "values"),
            Data::Int64s(items) => (items.len(), elements, "values"),
            Data::Int32s(items) => (items.len(), elements, "values"),
            Data::Other => (0, 0, ""),
        };
        if got as u64 != expected {
            let why = format!("its shape {dims:?} needs {expected} {what}, but it holds {got}: the file is damaged");
            return Err(bad(&name, why));
        }
        Ok(Tensor { name, dims, element: proto.data_type, data })
    }

    /// The tensor inside a node, which nothing beside the file can hold.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(super) fn inside(name: &str, proto: &TensorProto) -> Result<Tensor, OnnxError> {
        let mut copy = TensorProto { name: name.into(), ..proto.clone() };
        Tensor::take(&mut copy, &mut External::none())
    }

    /// Number of elements.
    pub(super) fn elements(&self) -> u64 {
        match self.dims.contains(&0) {
            true => 0,
            false => self.dims.iter().product(), // At most 2^40: `take` has seen to that.
        }
    }

    /// Whether its elements are 32-bit floats: it may be a weight.
    pub(super) fn is_binary32(&self) -> bool {
        self.element == element::FLOAT
    }

    /// What its elements are.
    ///
    /// # Errors
    /// Something that isn't understood.
    pub(super) fn kind(&self) -> Result<Kind, OnnxError> {
        Kind::of(self.element).ok_or_else(|| bad(&self.name, format!("its element type {} isn't read", self.element)))
    }

    /// One of its 32-bit floats.
    pub(super) fn item(&self, place: usize) -> Option<f32> {
        match &self.data {
            Data::Raw(bytes) if self.is_binary32() => Some(f32::from_le_bytes(*bytes.as_chunks().0.get(place)?)),
            Data::Floats(items) => items.get(place).copied(),
            _ => None,
        }
    }

    /// Its 32-bit floats.
    ///
    /// # Errors
    /// They aren't.
    pub(super) fn floats(&self) -> Result<Vec<f32>, OnnxError> {
        match (&self.data, self.is_binary32()) {
            (Data::Raw(bytes), true) => Ok(chunks(bytes, f32::from_le_bytes)),
            (Data::Floats(items), true) => Ok(items.clone()),
            _ => {
                let why = "its elements aren't 32-bit floats: call model.float() before the export";
                Err(bad(&self.name, why))
            }
        }
    }

    /// The numbers, for arithmetic while the model is read.
    ///
    /// # Errors
    /// Too many, or not of a type that is understood.
    pub(super) fn constant(&self) -> Result<Constant, OnnxError> {
        let kind = self.kind()?;
        if self.elements() > constant::MAX_ELEMENTS {
            let why = format!("it has more than {} elements, too many for a constant", constant::MAX_ELEMENTS);
            return Err(bad(&self.name, why));
        }
        if kind == Kind::Float && !self.is_binary32() && self.elements() > 1 {
            return Err(bad(&self.name, "its elements aren't 32-bit floats: call model.float() before the export"));
        }
        let items = match (&self.data, self.element) {
            (Data::Floats(items), _) => Items::Float(items.clone()),
            (Data::Int64s(items), _) => Items::Int(items.clone()),
            (Data::Doubles(items), _) => Items::Float(items.iter().map(|&item| item as f32).collect()),
            (Data::Raw(bytes), element::FLOAT) => Items::Float(chunks(bytes, f32::from_le_bytes)),
            (Data::Raw(bytes), element::INT64) => Items::Int(chunks(bytes, i64::from_le_bytes)),
            (Data::Raw(bytes), element::INT32) => Items::Int(chunks(bytes, |item| i32::from_le_bytes(item).into())),
            (Data::Raw(bytes), element::DOUBLE) => Items::Float(chunks(bytes, |item| f64::from_le_bytes(item) as f32)),
            (Data::Raw(bytes), element::BOOL) => Items::Bool(bytes.iter().map(|&byte| byte != 0).collect()),
            (Data::Raw(bytes), element::UINT8) => Items::Int(bytes.iter().map(|&byte| byte.into()).collect()),
            (Data::Raw(bytes), element::INT8) => {
                Items::Int(chunks(bytes, |item: [u8; 1]| i8::from_le_bytes(item).into()))
            }
            (Data::Raw(bytes), element::FLOAT16) => {
                Items::Float(chunks(bytes, |item| binary16(u16::from_le_bytes(item))))
            }
            (Data::Raw(bytes), _) => Items::Float(chunks(bytes, |item| bfloat16(u16::from_le_bytes(item)))),
            (Data::Int32s(items), element::BOOL) => Items::Bool(items.iter().map(|&item| item != 0).collect()),
            (Data::Int32s(items), element::FLOAT16) => {
                Items::Float(items.iter().map(|&bits| binary16(bits as u16)).collect())
            }
            (Data::Int32s(items), element::BFLOAT16) => {
                Items::Float(items.iter().map(|&bits| bfloat16(bits as u16)).collect())
            }
            (Data::Int32s(items), _) => Items::Int(items.iter().map(|&item| item.into()).collect()),
            (Data::Other, _) => return Err(bad(&self.name, "its element type isn't read")),
        };
        Constant::new(self.dims.clone(), items).ok_or_else(|| bad(&self.name, "its data doesn't fit its shape"))
    }
}

fn chunks<T, const N: usize>(bytes: &[u8], of_bytes: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|&bytes| of_bytes(bytes)).collect()
}
