//! Factors rearranged so that tiles read them front to back.
use super::{Aligned, Factor, Lanes};
use std::ops::Range;

/// Some terms of some rows of a left factor.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    /// Line by line: where the first begins, and from one to the next.
    Lines(*const f32, usize),
    /// Term by term: where the first term's rows begin, and from one term to the next.
    Columns(*const f32, usize),
    /// Tile by tile, of the heights that `height` says, one behind the other: in a tile, all rows of one term, then
    /// those of the next.
    Packed(*const f32),
}

/// Rows of the next tile where so many are left.
fn height<V: Lanes>(left: usize) -> usize {
    match left {
        left if left >= V::ROWS => V::ROWS,
        8.. => 8,
        left => left.min(4),
    }
}

/// Row strides (in values) that are multiples of this make rows compete for the same places of a cache.
const BAD_STRIDE: usize = 1024;

/// Values of a transposed left factor that a level-1 cache holds as they are, beside a panel.
const SMALL: usize = 4096;
/// The same of a level-2 cache, from which tall tiles read them as fast.
const MEDIUM: usize = 1 << 17;
/// Columns of the product for which the latter pays: for more, packing is little beside what is done with it.
const FEW: usize = 512;

impl Factor<'_> {
    /// Whether a left factor is packed, or read where it is; of a transposed one, small slices are read there nevertheless.
    pub(super) fn is_packed(&self) -> bool {
        self.columns != 1 || self.rows.is_multiple_of(BAD_STRIDE)
    }

    /// These terms of these rows of a left factor, where they are or copied to the buffer, for so many columns of the
    /// product.
    #[inline(always)]
    pub(super) fn rows<V: Lanes>(
        &self,
        terms: Range<usize>,
        rows: Range<usize>,
        columns: usize,
        to: &mut Aligned,
    ) -> Rows {
        let first = &self.values[rows.start * self.rows + terms.start * self.columns..];
        let most = if super::is_tall::<V>() && columns <= FEW { MEDIUM } else { SMALL };
        if self.columns != 1 && terms.len() * self.columns <= most {
            return Rows::Columns(first.as_ptr(), self.columns);
        }
        if self.columns != 1 {
            return self.packed::<V>(first, terms.len(), rows.len(), to);
        }
        if !self.is_packed() {
            return Rows::Lines(first.as_ptr(), self.rows);
        }
        // With a little space between.
        let padded = terms.len() + 16;
        let to = to.room(rows.len() * padded);
        for (from, to) in first.chunks(self.rows).zip(to.chunks_exact_mut(padded)).take(rows.len()) {
            to[..terms.len()].copy_from_slice(&from[..terms.len()]);
        }
        Rows::Lines(to.as_ptr(), padded)
    }

    /// The same of a factor whose columns are contiguous.
    #[inline(always)]
    fn packed<V: Lanes>(&self, from: &[f32], terms: usize, rows: usize, to: &mut Aligned) -> Rows {
        let to = to.room(rows * terms);
        // Some terms of all tiles before the next ones: what is read then lies side by side.
        for first in (0..terms).step_by(LINES_AT_ONCE) {
            let some = first..(first + LINES_AT_ONCE).min(terms);
            let mut row = 0;
            while row < rows {
                let height = height::<V>(rows - row);
                let tile = &mut to[row * terms..][..height * terms];
                let from = &from[row..];
                match height {
                    14 => lines::<14, 16>(from, self.columns, some.clone(), tile),
                    8 => lines::<8, 8>(from, self.columns, some.clone(), tile),
                    6 => lines::<6, 8>(from, self.columns, some.clone(), tile),
                    4 => lines::<4, 4>(from, self.columns, some.clone(), tile),
                    3 => lines::<3, 4>(from, self.columns, some.clone(), tile),
                    2 => lines::<2, 2>(from, self.columns, some.clone(), tile),
                    _ => lines::<1, 1>(from, self.columns, some.clone(), tile),
                }
                row += height;
            }
        }
        Rows::Packed(to.as_ptr())
    }
}

/// Terms of a transposed left factor that are packed at once.
const LINES_AT_ONCE: usize = 64;

/// The first R values of lines that are so far apart, one behind the other. W are copied at once, where what is too much
/// is written over by the next line's.
#[inline(always)]
fn lines<const R: usize, const W: usize>(from: &[f32], stride: usize, terms: Range<usize>, to: &mut [f32]) {
    let last = terms.end - 1;
    assert!(stride >= R && last * stride + R <= from.len() && (last + 1) * R <= to.len());
    for term in terms.start..last {
        // SAFETY: less than R behind the line's R values, and so before the end of the next one's.
        unsafe {
            let from = from.as_ptr().add(term * stride).cast::<[f32; W]>();
            to.as_mut_ptr().add(term * R).cast::<[f32; W]>().write_unaligned(from.read_unaligned());
        }
    }
    to[last * R..][..R].copy_from_slice(&from[last * stride..][..R]);
}

/// Panels, which lie one behind the other: the columns of each, its width and where it begins.
#[inline(always)]
fn panels<V: Lanes>(
    terms: usize,
    columns: Range<usize>,
    base: *mut f32,
) -> impl Iterator<Item = (Range<usize>, usize, *mut f32)> + Clone {
    columns.clone().step_by(V::N * V::COLUMNS).map(move |first| {
        let count = (V::N * V::COLUMNS).min(columns.end - first);
        // All panels before are full, and have as many values as terms and columns.
        let panel = base.wrapping_add(terms * (first - columns.start));
        (first..first + count, count.next_multiple_of(V::N), panel)
    })
}

/// A right factor's panels, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    /// Where the first begins.
    pub(super) packed: *mut f32,
    /// Where the first one's values are, unless all panels are packed already, and from one term to the next. A last one
    /// that isn't of whole vectors always is.
    pub(super) unpacked: Option<(*const f32, usize)>,
}

impl Factor<'_> {
    /// These terms of these columns of a right factor, as panels of up to [`Lanes::COLUMNS`] vectors: in a panel, all
    /// vectors of one term, then those of the next. What the last vector has too much is 0. `later`: tiles can pack what
    /// has only to be copied.
    #[inline(always)]
    pub(super) fn pack<V: Lanes>(
        &self,
        terms: Range<usize>,
        columns: Range<usize>,
        later: bool,
        to: &mut Aligned,
    ) -> Panels {
        // A vector more than there are.
        let base = to.room(terms.len() * columns.len().next_multiple_of(V::N) + V::N).as_mut_ptr();
        let first = self.values[terms.start * self.rows + columns.start * self.columns..].as_ptr();
        let unpacked = (later && self.columns == 1).then_some((first, self.rows));
        let panels = panels::<V>(terms.len(), columns, base);
        let panels = panels.filter(move |(columns, ..)| unpacked.is_none() || !columns.len().is_multiple_of(V::N));
        let panel = |width: usize, panel: *mut f32| {
            // SAFETY: the panel has so many values.
            unsafe { std::slice::from_raw_parts_mut(panel, terms.len() * width) }
        };
        if self.columns != 1 {
            for (columns, width, to) in panels {
                transposed::<V>(*self, terms.clone(), columns, width, panel(width, to));
            }
            return Panels { packed: base, unpacked };
        }
        // Some terms of all panels before the next ones: what is read then lies side by side.
        for first in terms.clone().step_by(AT_ONCE) {
            let some = first..(first + AT_ONCE).min(terms.end);
            for (columns, width, to) in panels.clone() {
                let lines = panel(width, to)[(first - terms.start) * width..].chunks_exact_mut(width);
                for (line, term) in lines.zip(some.clone()) {
                    copy::<V>(&self.values[term * self.rows + columns.start..][..columns.len()], line);
                }
            }
        }
        Panels { packed: base, unpacked }
    }
}

/// Terms of a right factor that are packed at once.
const AT_ONCE: usize = 16;

/// Copies a line and fills it up with 0.
#[inline(always)]
fn copy<V: Lanes>(from: &[f32], to: &mut [f32]) {
    let mut vectors = from.chunks_exact(V::N);
    for (from, to) in vectors.by_ref().zip(to.chunks_exact_mut(V::N)) {
        // SAFETY: chunks of N.
        unsafe { V::load(from.as_ptr()).store(to.as_mut_ptr()) };
    }
    let rest = vectors.remainder();
    if !rest.is_empty() {
        let (used, behind) = to[from.len() - rest.len()..].split_at_mut(rest.len());
        used.copy_from_slice(rest);
        behind.fill(0.0);
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
