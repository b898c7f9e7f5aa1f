//! Places of a result whose groups have few channels: what [`places`](super::places) does, where those would leave most
//! lanes of a vector empty.
//!
//! Lanes are neighbouring places, which lie in the image as they are read, and a channel's weight is broadcast.
use super::channels::vectors;
use super::class::Class;
use super::places::{Call, Sizes};
use crate::exec::lanes::Lanes;
use std::ops::Range;

/// Channels at most: there are registers for two vectors of places of each.
const MOST: usize = 6;

/// Whether a group's channels are so few that this takes fewer products of vectors.
#[inline(always)]
pub(super) fn is_better<V: Lanes>(sizes: &Sizes, classes: &[Class]) -> bool {
    let of_channels = vectors::<V>(sizes.results).count();
    sizes.results <= MOST
        && classes.iter().all(|class| {
            let columns = class.places[1];
            // Neighbours read neighbours, and the last vector of a row may overlap the one before.
            [class.steps[1], class.step[1]] == [1; 2]
                && columns >= V::N
                && sizes.results * columns.div_ceil(V::N) < columns * of_channels
        })
}

/// Weights by group, term and channel.
pub(super) fn pack(sizes: &Sizes, weights: &[f32], to: &mut [f32]) {
    for (group, to) in to.chunks_exact_mut(sizes.terms() * sizes.results).enumerate() {
        for (term, to) in to.chunks_exact_mut(sizes.results).enumerate() {
            for (result, to) in to.iter_mut().enumerate() {
                *to = weights[sizes.weight(group, result, term)];
            }
        }
    }
}

impl Call<'_> {
    /// Rows of the result in an image, for all channels of a group.
    #[inline(always)]
    pub(super) fn few<V: Lanes>(&self, at: (usize, usize), rows: &Range<usize>, read: &[f32]) {
        match self.sizes.results {
            1 => self.few_of::<V, 1, 4>(at, rows, read),
            2 => self.few_of::<V, 2, 4>(at, rows, read),
            3 => self.few_of::<V, 3, 2>(at, rows, read),
            4 => self.few_of::<V, 4, 2>(at, rows, read),
            5 => self.few_of::<V, 5, 2>(at, rows, read),
            MOST => self.few_of::<V, MOST, 2>(at, rows, read),
            results => unreachable!("{results} channels aren't few"),
        }
    }

    /// The same for R channels, in tiles of C vectors.
    #[inline(always)]
    fn few_of<V: Lanes, const R: usize, const C: usize>(&self, at: (usize, usize), rows: &Range<usize>, read: &[f32]) {
        let ((image, group), terms) = (at, self.sizes.terms());
        let weights = &self.packed[group * R * terms..][..R * terms];
        let columns = self.sizes.places[1];
        // SAFETY: there are such rows.
        let first = unsafe { self.line((image, group, 0), 0) };
        for class in self.classes {
            let (of_class, in_row) = (class.rows(rows), class.places[1].div_ceil(V::N));
            // Where a vector is read, and where it is in a channel of the result.
            let vector = |i: usize| {
                let (row, column) = (of_class.start + i / in_row, (i % in_row * V::N).min(class.places[1] - V::N));
                let place = (class.first[0] + row * class.step[0]) * columns + class.first[1] + column;
                (row * class.steps[0] + column, place)
            };
            let tile = Tile { class, read, weights, first, line: self.sizes.places[0] * columns };
            let count = of_class.len() * in_row;
            // SAFETY: these vectors are of places that only this thread writes.
            unsafe {
                if count < C {
                    for i in 0..count {
                        tile.run::<V, R, 1>([vector(i)]);
                    }
                } else {
                    for i in (0..count).step_by(C).map(|i| i.min(count - C)) {
                        tile.run::<V, R, C>(std::array::from_fn(|c| vector(i + c)));
                    }
                }
            }
        }
    }
}

/// What tiles have in common.
struct Tile<'a> {
    class: &'a Class,
    /// A group's staged channels.
    read: &'a [f32],
    /// Its weights, as [`pack`] lays them.
    weights: &'a [f32],
    /// Its result's first channel, and from one to the next.
    first: *mut f32,
    line: usize,
}

impl Tile<'_> {
    /// C vectors of R channels: where each is read, and where it is in a channel of the result.
    ///
    /// # Safety
    /// They are vectors of the class.
    #[inline(always)]
    unsafe fn run<V: Lanes, const R: usize, const C: usize>(&self, vectors: [(usize, usize); C]) {
        let from = vectors.map(|(from, _)| self.read.as_ptr().wrapping_add(from));
        let to = |r: usize, c: usize| self.first.wrapping_add(r * self.line + vectors[c].1);
        let mut begin = 0;
        for (block, &end) in self.class.ends.iter().enumerate() {
            let mut sums = [[V::splat(0.0); C]; R];
            for term in &self.class.terms[begin..end] {
                // SAFETY: staged channels hold what their places read, and there are weights for each term.
                unsafe {
                    let weights = self.weights.as_ptr().add(term.number * R);
                    let values = from.map(|from| V::load(from.add(term.at)));
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let weight = V::splat(*weights.add(r));
                        for (sum, value) in sums.iter_mut().zip(values) {
                            *sum = value.fma(weight, *sum);
                        }
                    }
                }
            }
            // Vectors may overlap: all are read before one is written.
            // SAFETY: the caller's promise.
            unsafe {
                if block > 0 {
                    for (r, sums) in sums.iter_mut().enumerate() {
                        for (c, sum) in sums.iter_mut().enumerate() {
                            *sum = V::load(to(r, c)).add(*sum);
                        }
                    }
                }
                for (r, sums) in sums.into_iter().enumerate() {
                    for (c, sum) in sums.into_iter().enumerate() {
                        sum.canonical().store(to(r, c));
                    }
                }
            }
            begin = end;
        }
    }
}
