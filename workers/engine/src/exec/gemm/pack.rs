//! Factors rearranged so that tiles read them front to back.
use super::{Factor, Lanes};
use std::ops::Range;

/// A packed or unpacked left factor: element (i, p) is at `i · row + p · term`, counted from its first.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) first: *const f32,
    pub(super) row: usize,
    pub(super) term: usize,
}

/// Row strides (in values) that are multiples of this make rows compete for the same places of a cache.
const BAD_STRIDE: usize = 1024;

impl Factor<'_> {
    /// These terms of these rows of a left factor, where they are or copied to the buffer.
    #[inline(always)]
    pub(super) fn rows(&self, terms: Range<usize>, rows: Range<usize>, to: &mut Vec<f32>) -> Rows {
        let first = &self.values[rows.start * self.rows + terms.start * self.columns..];
        let stride = self.rows.max(self.columns);
        if !stride.is_multiple_of(BAD_STRIDE) {
            return Rows { first: first.as_ptr(), row: self.rows, term: self.columns };
        }
        // Lines of the memory layout, copied one after the other with a little space between.
        let (lines, len) = if self.columns == 1 { (rows.len(), terms.len()) } else { (terms.len(), rows.len()) };
        let padded = len + 16;
        to.resize(to.len().max(lines * padded), 0.0);
        for line in 0..lines {
            to[line * padded..][..len].copy_from_slice(&first[line * stride..][..len]);
        }
        let (row, term) = if self.columns == 1 { (padded, 1) } else { (1, padded) };
        Rows { first: to.as_ptr(), row, term }
    }
}

/// Makes room for panels, which lie one behind the other, and a vector behind: the columns of each, its width and where
/// it begins.
#[inline(always)]
fn panels<V: Lanes>(
    terms: usize,
    columns: Range<usize>,
    to: &mut Vec<f32>,
) -> impl Iterator<Item = (Range<usize>, usize, *mut f32)> {
    let padded = columns.len().next_multiple_of(V::N);
    to.resize(to.len().max(terms * padded + V::N), 0.0);
    let base = to.as_mut_ptr();
    columns.clone().step_by(V::N * V::COLUMNS).map(move |first| {
        let count = (V::N * V::COLUMNS).min(columns.end - first);
        // SAFETY: all panels before are full, and have as many values as terms and columns.
        let panel = unsafe { base.add(terms * (first - columns.start)) };
        (first..first + count, count.next_multiple_of(V::N), panel)
    })
}

impl Factor<'_> {
    /// These terms of these columns of a right factor, as panels of up to [`Lanes::COLUMNS`] vectors: in a panel, all
    /// vectors of one term, then those of the next. What the last vector has too much is 0.
    #[inline(always)]
    pub(super) fn pack<V: Lanes>(&self, terms: Range<usize>, columns: Range<usize>, to: &mut Vec<f32>) {
        for (columns, width, panel) in panels::<V>(terms.len(), columns, to) {
            // SAFETY: the panel has so many values.
            let panel = unsafe { std::slice::from_raw_parts_mut(panel, terms.len() * width) };
            if self.columns != 1 {
                transposed::<V>(*self, terms.clone(), columns, width, panel);
                continue;
            }
            for (line, term) in panel.chunks_exact_mut(width).zip(terms.clone()) {
                let (used, rest) = line.split_at_mut(columns.len());
                used.copy_from_slice(&self.values[term * self.rows + columns.start..][..columns.len()]);
                rest.fill(0.0);
            }
        }
    }
}

/// A panel from columns that are contiguous in memory.
#[inline(always)]
fn transposed<V: Lanes>(b: Factor<'_>, terms: Range<usize>, columns: Range<usize>, width: usize, panel: &mut [f32]) {
    let stride = b.columns;
    let whole_terms = terms.len() / V::N * V::N;
    for vector in 0..width / V::N {
        let first = columns.start + vector * V::N;
        let count = V::N.min(columns.end - first);
        let squares = if count == V::N { whole_terms } else { 0 };
        for p in (0..squares).step_by(V::N) {
            let from = &b.values[first * stride + terms.start + p..][..(V::N - 1) * stride + V::N];
            let to = &mut panel[p * width + vector * V::N..][..(V::N - 1) * width + V::N];
            // SAFETY: the slices hold N rows of N values at these strides.
            unsafe { V::transpose(from.as_ptr(), stride, to.as_mut_ptr(), width) };
        }
        for p in squares..terms.len() {
            let line = &mut panel[p * width + vector * V::N..][..V::N];
            for (i, place) in line.iter_mut().enumerate() {
                *place = if i < count { b.values[(first + i) * stride + terms.start + p] } else { 0.0 };
            }
        }
    }
}
