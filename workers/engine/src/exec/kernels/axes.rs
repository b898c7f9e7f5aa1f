//! Axes of strided tensors, and walking along them.
use assay_core::graph::MAX_RANK;

/// An axis: its length, and from one item to the next in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: usize,
    pub(super) stride: usize,
}

/// Row-major strides of these dimensions.
pub(super) fn strides(dims: &[u32]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis] as usize;
    }
    strides
}

/// Product of the lengths.
pub(super) fn count(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.len).product()
}

/// A position on axes (outermost first), and where in memory it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    axes: &'a [Axis],
    at: [usize; MAX_RANK],
    pub(super) offset: usize,
}

impl<'a> Walk<'a> {
    /// Position `index`, counted row by row.
    pub(super) fn new(axes: &'a [Axis], index: usize) -> Walk<'a> {
        let mut at = [0; MAX_RANK];
        let (mut left, mut offset) = (index, 0);
        for (at, axis) in at.iter_mut().zip(axes).take(axes.len()).rev() {
            (left, *at) = (left / axis.len, left % axis.len);
            offset += *at * axis.stride;
        }
        Walk { axes, at, offset }
    }

    /// The next one; behind the last, the first.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        for (at, axis) in self.at.iter_mut().zip(self.axes).take(self.axes.len()).rev() {
            *at += 1;
            self.offset += axis.stride;
            if *at < axis.len {
                return;
            }
            *at = 0;
            self.offset -= axis.len * axis.stride;
        }
    }
}
