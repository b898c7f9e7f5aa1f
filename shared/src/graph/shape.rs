//! Shapes and element types.
use super::GraphError;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::fmt;

/// Dimensions of a shape at most.
pub const MAX_RANK: usize = 6;
/// Elements of a tensor at most: 4 TiB of binary32.
pub const MAX_ELEMENTS: u64 = 1 << 40;

/// The shape of a tensor, row-major: 0 to 6 dimensions of at least 1, at most 2⁴⁰ elements in all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<u32>", into = "Vec<u32>"))]
pub struct Shape {
    rank: u8,
    dims: [u32; MAX_RANK], // zero where unused
}

impl Shape {
    /// `[1]`, the shape of a loss or a distance.
    pub const SCALAR: Shape = Shape { rank: 1, dims: [1, 0, 0, 0, 0, 0] };

    /// The shape of these dimensions.
    ///
    /// # Errors
    /// More than 6 dimensions, one of zero, or more than 2⁴⁰ elements.
    pub fn new(dims: &[u32]) -> Result<Shape, GraphError> {
        let mut padded = [0; MAX_RANK];
        let (true, Some(used)) = (dims.len() <= MAX_RANK, padded.get_mut(..dims.len())) else {
            return Err(GraphError::Rank(u64::try_from(dims.len()).unwrap_or(u64::MAX)));
        };
        used.copy_from_slice(dims);
        let rank = u8::try_from(dims.len()).unwrap_or(u8::MAX); // At most 6.
        Shape { rank, dims: padded }.checked()
    }

    /// The shape of rank `rank` with these dimensions, zero where unused: the form in records and in SCALE.
    pub(super) fn from_padded(rank: u8, dims: [u32; MAX_RANK]) -> Result<Shape, GraphError> {
        let shape = Shape { rank, dims };
        let unused = dims.get(usize::from(rank)..).ok_or(GraphError::Rank(u64::from(rank)))?;
        if unused.iter().any(|&dim| dim != 0) {
            return Err(GraphError::Rank(u64::from(rank)));
        }
        shape.checked()
    }

    fn checked(self) -> Result<Shape, GraphError> {
        let mut elements = 1_u64;
        for (axis, &dim) in (0_u8..).zip(self.dims()) {
            if dim == 0 {
                return Err(GraphError::ZeroDimension { axis });
            }
            // At most 2^40 · 2^32 in 128 bits; checked every time so that it stays small.
            elements = elements
                .checked_mul(u64::from(dim))
                .filter(|&n| n <= MAX_ELEMENTS)
                .ok_or(GraphError::TooManyElements)?;
        }
        Ok(self)
    }

    /// The dimensions, outermost first.
    #[inline]
    pub fn dims(&self) -> &[u32] {
        self.dims.get(..usize::from(self.rank)).unwrap_or(&self.dims)
    }

    /// The dimensions, zero where unused.
    pub(super) fn padded(&self) -> [u32; MAX_RANK] {
        self.dims
    }

    /// Number of dimensions.
    #[inline]
    pub fn rank(&self) -> u8 {
        self.rank
    }

    /// Dimension `axis`.
    ///
    /// # Errors
    /// There are fewer.
    #[inline]
    pub fn dim(&self, axis: u8) -> Result<u64, GraphError> {
        match self.dims().get(usize::from(axis)) {
            Some(&dim) => Ok(u64::from(dim)),
            None => Err(GraphError::NoDimension(axis)),
        }
    }

    /// Number of elements, 1 to 2⁴⁰.
    #[inline]
    pub fn elements(&self) -> u64 {
        self.dims().iter().fold(1, |product: u64, &dim| product.wrapping_mul(u64::from(dim)))
    }

    /// The same with another length of an axis.
    ///
    /// # Errors
    /// There is no such axis; those of [`new`](Self::new).
    pub fn with_dim(mut self, axis: u8, length: u32) -> Result<Shape, GraphError> {
        let place = self.dims.get_mut(usize::from(axis)).filter(|_| axis < self.rank);
        *place.ok_or(GraphError::NoDimension(axis))? = length;
        self.checked()
    }
}

impl Decode for Shape {
    fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
        let (rank, dims) = Decode::decode(input)?;
        Shape::from_padded(rank, dims).map_err(|_| "not a shape".into())
    }
}

impl TryFrom<Vec<u32>> for Shape {
    type Error = GraphError;

    fn try_from(dims: Vec<u32>) -> Result<Self, GraphError> {
        Shape::new(&dims)
    }
}

impl From<Shape> for Vec<u32> {
    fn from(shape: Shape) -> Self {
        shape.dims().to_vec()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.dims()).finish()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({self})")
    }
}

/// How a tensor is stored. Values are binary32 either way.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Dtype {
    /// Bytes: each stands for the number 0 to 255. Only data sets are stored so.
    U8,
    /// Binary32, little-endian.
    F32,
}

impl Dtype {
    /// Bytes per element.
    pub const fn size(self) -> u64 {
        match self {
            Dtype::U8 => 1,
            Dtype::F32 => 4,
        }
    }

    /// The number that stands for it in a record.
    pub(super) const fn tag(self) -> u8 {
        match self {
            Dtype::U8 => 1,
            Dtype::F32 => 2,
        }
    }

    /// The type that a record's number stands for.
    pub(super) const fn of_tag(tag: u8) -> Result<Self, GraphError> {
        match tag {
            1 => Ok(Dtype::U8),
            2 => Ok(Dtype::F32),
            other => Err(GraphError::UnknownDtype(other)),
        }
    }
}
