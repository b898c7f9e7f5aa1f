//! Numbers that are known while a model is read: shapes, masks, factors.
use super::proto::element;

/// Elements of one such constant at most.
pub(super) const MAX_ELEMENTS: u64 = 1 << 26;

/// The items of a constant. All integers are 64 bits wide here, all floats 32.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Items {
    Int(Vec<i64>),
    Float(Vec<f32>),
    Bool(Vec<bool>),
}

/// The kind of a constant's or a value's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Bool,
}

impl Kind {
    /// That of one of ONNX's element types; `None` if such elements aren't understood.
    pub(super) fn of(element_type: i32) -> Option<Kind> {
        Some(match element_type {
            element::FLOAT | element::DOUBLE | element::FLOAT16 | element::BFLOAT16 => Kind::Float,
            element::INT64 | element::INT32 | element::INT8 | element::UINT8 => Kind::Int,
            element::BOOL => Kind::Bool,
            _ => return None,
        })
    }
}

/// A tensor of numbers. Unlike a [`Shape`](assay_core::graph::Shape)'s, its dimensions may be 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    dims: Vec<u64>,
    items: Items,
}

/// Dimensions of one at most.
pub(super) const MAX_DIMS: usize = 16;

/// The number of elements of these dimensions, if it is at most [`MAX_ELEMENTS`] and there are at most [`MAX_DIMS`].
pub(super) fn count(dims: &[u64]) -> Option<usize> {
    if dims.len() > MAX_DIMS {
        return None;
    }
    // A zero makes the product zero, wherever it stands: only then may the rest be large.
    let product = match dims.contains(&0) {
        true => Some(0),
        false => dims.iter().try_fold(1_u64, |product, &dim| product.checked_mul(dim)),
    };
    product.filter(|&n| n <= MAX_ELEMENTS).and_then(|n| usize::try_from(n).ok())
}

impl Constant {
    /// `None` if there are not as many items as the dimensions say, or too many.
    pub(super) fn new(dims: Vec<u64>, items: Items) -> Option<Constant> {
        let constant = Constant { dims, items };
        (count(&constant.dims)? == constant.len()).then_some(constant)
    }

    /// A list of integers, or of dimensions.
    pub(super) fn list(items: Vec<i64>) -> Constant {
        Constant { dims: vec![items.len() as u64], items: Items::Int(items) }
    }

    /// One integer, of no dimensions.
    pub(super) fn int(item: i64) -> Constant {
        Constant { dims: Vec::new(), items: Items::Int(vec![item]) }
    }

    /// One number, of no dimensions.
    pub(super) fn float(item: f32) -> Constant {
        Constant { dims: Vec::new(), items: Items::Float(vec![item]) }
    }

    pub(super) fn dims(&self) -> &[u64] {
        &self.dims
    }

    pub(super) fn items(&self) -> &Items {
        &self.items
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        match &self.items {
            Items::Int(items) => items.len(),
            Items::Float(items) => items.len(),
            Items::Bool(items) => items.len(),
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> u64 {
        let size = match self.items {
            Items::Int(_) => 8,
            Items::Float(_) => 4,
            Items::Bool(_) => 1,
        };
        size * self.len() as u64
    }

    pub(super) fn kind(&self) -> Kind {
        match self.items {
            Items::Int(_) => Kind::Int,
            Items::Float(_) => Kind::Float,
            Items::Bool(_) => Kind::Bool,
        }
    }

    /// Its items, if they are integers.
    pub(super) fn ints(&self) -> Option<&[i64]> {
        match &self.items {
            Items::Int(items) => Some(items),
            _ => None,
        }
    }

    /// Its only item, if it is one integer.
    pub(super) fn one_int(&self) -> Option<i64> {
        match self.ints()? {
            [item] => Some(*item),
            _ => None,
        }
    }

    /// Its items as numbers; integers are rounded.
    #[allow(clippy::cast_precision_loss)] // The documented meaning.
    pub(super) fn to_floats(&self) -> Vec<f32> {
        match &self.items {
            Items::Int(items) => items.iter().map(|&item| item as f32).collect(),
            Items::Float(items) => items.clone(),
            Items::Bool(items) => items.iter().map(|&item| f32::from(u8::from(item))).collect(),
        }
    }

    /// The number that all of its items are. `None` if they differ or there are none.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn uniform(&self) -> Option<f32> {
        fn same<T: Copy + PartialEq>(items: &[T]) -> Option<T> {
            let (&first, rest) = items.split_first()?;
            rest.iter().all(|&item| item == first).then_some(first)
        }
        match &self.items {
            Items::Int(items) => same(items).map(|item| item as f32),
            Items::Float(items) => same(items),
            Items::Bool(items) => same(items).map(|item| f32::from(u8::from(item))),
        }
    }

    /// Whether each item is something else than zero.
    pub(super) fn to_bools(&self) -> Vec<bool> {
        match &self.items {
            Items::Int(items) => items.iter().map(|&item| item != 0).collect(),
            Items::Float(items) => items.iter().map(|&item| item != 0.0).collect(),
            Items::Bool(items) => items.clone(),
        }
    }

    /// As another kind: floats are cut towards zero, as PyTorch does.
    pub(super) fn cast(&self, kind: Kind) -> Constant {
        let items = match kind {
            Kind::Float => Items::Float(self.to_floats()),
            Kind::Bool => Items::Bool(self.to_bools()),
            Kind::Int => Items::Int(match &self.items {
                Items::Int(items) => items.clone(),
                Items::Float(items) => items.iter().map(|&item| item as i64).collect(),
                Items::Bool(items) => items.iter().map(|&item| i64::from(item)).collect(),
            }),
        };
        Constant { dims: self.dims.clone(), items }
    }

    /// The same items in another shape of as many elements.
    pub(super) fn reshaped(&self, dims: Vec<u64>) -> Option<Constant> {
        Constant::new(dims, self.items.clone())
    }

    /// The items `offset + Σ index · stride`, over all indices of these dimensions. `None` if there are too many, or one
    /// lies outside.
    pub(super) fn view(&self, dims: Vec<u64>, strides: &[i64], offset: i64) -> Option<Constant> {
        // One item everywhere, or what lies in a row: common and quick.
        let single = strides.iter().all(|&stride| stride == 0);
        let row = (strides == strides_of(&dims)).then_some(usize::try_from(offset).ok()).flatten();
        let places = Places::new(&dims, strides, offset)?;
        let pick = Pick { single, row };
        let items = match &self.items {
            Items::Int(items) => Items::Int(pick.of(items, places)?),
            Items::Float(items) => Items::Float(pick.of(items, places)?),
            Items::Bool(items) => Items::Bool(pick.of(items, places)?),
        };
        Some(Constant { dims, items })
    }

    /// Broadcast to these dimensions, as NumPy does. `None` if it can't be.
    pub(super) fn broadcast(&self, dims: &[u64]) -> Option<Constant> {
        self.view(dims.to_vec(), &broadcast_strides(&self.dims, dims)?, 0)
    }
}

/// How items are picked.
struct Pick {
    /// All are the first one.
    single: bool,
    /// They follow each other from here.
    row: Option<usize>,
}

impl Pick {
    fn of<T: Copy>(&self, items: &[T], places: Places<'_>) -> Option<Vec<T>> {
        if places.left == 0 {
            return Some(Vec::new());
        }
        if self.single {
            return Some(vec![*items.get(usize::try_from(places.place).ok()?)?; places.left]);
        }
        if let Some(first) = self.row {
            return items.get(first..first.checked_add(places.left)?).map(<[T]>::to_vec);
        }
        let mut picked = Vec::with_capacity(places.left);
        for place in places {
            picked.push(*items.get(usize::try_from(place).ok()?)?);
        }
        Some(picked)
    }
}

/// From one item to the next along each of `dims`, where a tensor of dimensions `own` is broadcast to them. `None` if it
/// can't be.
pub(super) fn broadcast_strides(own: &[u64], dims: &[u64]) -> Option<Vec<i64>> {
    let lead = dims.len().checked_sub(own.len())?;
    let mut strides = vec![0; lead];
    for ((&length, stride), &dim) in own.iter().zip(strides_of(own)).zip(&dims[lead..]) {
        match length {
            1 => strides.push(0),
            _ if length == dim => strides.push(stride),
            _ => return None,
        }
    }
    Some(strides)
}

/// From one item to the next along each axis, row-major.
pub(super) fn strides_of(dims: &[u64]) -> Vec<i64> {
    let mut strides = vec![0; dims.len()];
    let mut stride = 1_i64;
    for (place, &dim) in strides.iter_mut().zip(dims).rev() {
        *place = stride;
        stride = stride.saturating_mul(i64::try_from(dim).unwrap_or(i64::MAX));
    }
    strides
}

/// Places of items, in the order of their indices.
pub(super) struct Places<'a> {
    dims: &'a [u64],
    strides: &'a [i64],
    index: Vec<u64>,
    place: i64,
    left: usize,
}

impl<'a> Places<'a> {
    /// From `offset` on; `None` if there are too many.
    pub(super) fn new(dims: &'a [u64], strides: &'a [i64], offset: i64) -> Option<Places<'a>> {
        let left = count(dims)?;
        (dims.len() == strides.len()).then(|| Places { dims, strides, index: vec![0; dims.len()], place: offset, left })
    }
}

impl Iterator for Places<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        let place = self.place;
        for ((index, &dim), &stride) in self.index.iter_mut().zip(self.dims).zip(self.strides).rev() {
            *index += 1;
            if *index < dim {
                self.place = self.place.wrapping_add(stride);
                break;
            }
            // Back to the start of this axis, and on with the one before.
            *index = 0;
            self.place = self.place.wrapping_sub(stride.wrapping_mul(i64::try_from(dim).unwrap_or(0) - 1));
        }
        Some(place)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views() {
        let matrix = Constant::new(vec![2, 3], Items::Int(vec![1, 2, 3, 4, 5, 6])).unwrap();
        let transposed = matrix.view(vec![3, 2], &[1, 3], 0).unwrap();
        assert_eq!(transposed.ints().unwrap(), [1, 4, 2, 5, 3, 6]);
        let backwards = matrix.view(vec![2, 2], &[-3, -2], 5).unwrap();
        assert_eq!(backwards.ints().unwrap(), [6, 4, 3, 1]);
        assert_eq!(matrix.view(vec![2], &[6], 0), None);
        assert_eq!(matrix.view(vec![0, u64::MAX], &[6, 1], 0).unwrap().len(), 0);
        assert_eq!(matrix.view(vec![1 << 20, 1 << 20], &[0, 0], 0), None);
    }

    #[test]
    fn broadcasts() {
        let row = Constant::list(vec![1, 2]);
        assert_eq!(row.broadcast(&[2, 2]).unwrap().ints().unwrap(), [1, 2, 1, 2]);
        assert_eq!(row.broadcast(&[3]), None);
        assert_eq!(Constant::int(7).broadcast(&[2, 1]).unwrap().ints().unwrap(), [7, 7]);
        assert_eq!(row.reshaped(vec![2, 1]).unwrap().broadcast(&[2, 3]).unwrap().ints().unwrap(), [1, 1, 1, 2, 2, 2]);
    }
}
