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

/// Terms `terms` of rows `rows` of the left factor: as they are, or copied if their stride is bad for caches.
#[inline(always)]
pub(super) fn rows<V: Lanes>(a: Factor<'_>, terms: Range<usize>, rows: Range<usize>, to: &mut Vec<f32>) -> Rows {
    let first = &a.values[rows.start * a.rows + terms.start * a.columns..];
    let stride = a.rows.max(a.columns);
    if !stride.is_multiple_of(BAD_STRIDE) {
        return Rows { first: first.as_ptr(), row: a.rows, term: a.columns };
    }
    // Lines of the memory layout, copied one after the other with a little space between.
    let (lines, len) = if a.columns == 1 { (rows.len(), terms.len()) } else { (terms.len(), rows.len()) };
    let padded = len + 16;
    to.resize(to.len().max(lines * padded), 0.0);
    for line in 0..lines {
        to[line * padded..][..len].copy_from_slice(&first[line * stride..][..len]);
    }
    let (row, term) = if a.columns == 1 { (padded, 1) } else { (1, padded) };
    Rows { first: to.as_ptr(), row, term }
}

/// Terms `terms` of columns `columns` of the right factor, as panels of up to [`Lanes::COLUMNS`] vectors: in a panel, all
/// vectors of one term, then those of the next. What the last vector has too much is 0.
#[inline(always)]
pub(super) fn columns<V: Lanes>(b: Factor<'_>, terms: Range<usize>, columns: Range<usize>, to: &mut Vec<f32>) {
    let padded = columns.len().next_multiple_of(V::N);
    to.resize(to.len().max(terms.len() * padded), 0.0);
    let mut panel = to.as_mut_slice();
    for first in columns.clone().step_by(V::N * V::COLUMNS) {
        let count = (V::N * V::COLUMNS).min(columns.end - first);
        let width = count.next_multiple_of(V::N);
        let (this, rest) = panel.split_at_mut(terms.len() * width);
        if b.columns == 1 {
            for (line, term) in this.chunks_exact_mut(width).zip(terms.clone()) {
                let from = &b.values[term * b.rows + first..][..count];
                line[..count].copy_from_slice(from);
                line[count..].fill(0.0);
            }
        } else {
            transposed::<V>(b, terms.clone(), first..first + count, width, this);
        }
        panel = rest;
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
