//! Lengths that indices are divided by, and axes of strided tensors.
use assay_core::graph::{MAX_INPUTS, MAX_RANK};
use bytemuck_derive::{Pod, Zeroable};

/// A length, with what a kernel multiplies and shifts by to divide indices below 2³¹ by it.
///
/// T. Granlund, P. Montgomery, *Division by invariant integers using multiplication*, 1994: with `shift` = 31 + ⌈log₂ len⌉
/// and `factor` = ⌈2^shift / len⌉, which is below 2³², `index · factor / 2^shift` is right for those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Length {
    pub(super) len: u32,
    factor: u32,
    shift: u32,
}

impl Length {
    /// That of 1 to 2³¹.
    pub(super) fn new(len: u32) -> Length {
        let len = len.max(1);
        let shift = 31 + len.next_power_of_two().trailing_zeros();
        let factor = (1_u64 << shift).div_ceil(u64::from(len));
        Length { len, factor: factor as u32, shift }
    }
}

/// Axes, innermost first, and the distances between their items in several tensors.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Axes {
    rank: u32,
    lengths: [Length; MAX_RANK],
    strides: [[u32; MAX_RANK]; MAX_INPUTS],
}

/// One axis: its length, and its stride in each tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: u32,
    pub(super) strides: [u32; MAX_INPUTS],
}

impl Axes {
    /// These axes, at most six, innermost first.
    pub(super) fn new(axes: &[Axis]) -> Axes {
        let mut all = Axes { rank: 0, lengths: [Length::new(1); MAX_RANK], strides: [[0; MAX_RANK]; MAX_INPUTS] };
        for (i, axis) in axes.iter().enumerate().take(MAX_RANK) {
            all.rank += 1;
            all.lengths[i] = Length::new(axis.len);
            all.strides.iter_mut().zip(axis.strides).for_each(|(strides, stride)| strides[i] = stride);
        }
        all
    }
}

/// Axes of these dimensions (outermost first, as everywhere) with these strides, innermost first; neighbours that are
/// one in every tensor are merged, and those of length 1 left out.
pub(super) fn merged(dims: &[u32], strides: &[Vec<u32>]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    for (at, &len) in dims.iter().enumerate().rev().filter(|(_, &len)| len != 1) {
        let mut axis = Axis { len, strides: [0; MAX_INPUTS] };
        axis.strides.iter_mut().zip(strides).for_each(|(to, strides)| *to = strides[at]);
        let continues = |inner: &&mut Axis| {
            inner
                .strides
                .iter()
                .zip(axis.strides)
                .all(|(&stride, outer)| u64::from(stride) * u64::from(inner.len) == u64::from(outer))
        };
        match axes.last_mut().filter(continues) {
            Some(inner) => inner.len *= len,
            None => axes.push(axis),
        }
    }
    axes
}

/// Row-major strides of these dimensions.
pub(super) fn strides(dims: &[u32]) -> Vec<u32> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// Strides of a tensor of dimensions `own` along the axes of one that it is broadcast to: 0 where it repeats.
pub(super) fn broadcast(own: &[u32], rank: usize) -> Vec<u32> {
    let of_own = strides(own).into_iter().zip(own).map(|(stride, &dim)| if dim == 1 { 0 } else { stride });
    std::iter::repeat_n(0, rank - own.len()).chain(of_own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lengths_divide(len in 1_u32..=1 << 31, small in 1_u32..5000, index in 0_u32..1 << 31) {
            for len in [len, small] {
                let Length { factor, shift, .. } = Length::new(len);
                for index in [index, index / len * len, (index / len * len).saturating_sub(1), (1 << 31) - 1] {
                    prop_assert_eq!((u64::from(index) * u64::from(factor)) >> shift, u64::from(index / len));
                }
            }
        }
    }
}
