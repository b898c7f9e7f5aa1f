//! Places of a result, by channels: forward, and the gradient of the images.
//!
//! Lanes are channels, so that a place needs nothing of its neighbours, however small images are; and a vector holds
//! weights, which are the same for all places.
use super::chain::{all_tiles, chain, most_rows, one_tile, tile_rows, Tiles};
use super::channels::{padded, tile_columns, vectors, write_lines, Column, Vector};
use super::class::{Class, Shapes};
use super::few;
use crate::exec::aligned::Aligned;
use crate::exec::kernels::images::Geometry;
use crate::exec::lanes::{Kernel, Lanes, MAX_LANES};
use crate::exec::pool::Out;
use assay_core::graph::constants::DOT_BLOCK;
use std::ops::Range;

/// Places whose sums are kept at once: with 16 lanes, 16 KiB.
const BAND: usize = 256;

/// Sizes of a convolution as this module sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) groups: usize,
    /// Channels of a group's result.
    pub(super) results: usize,
    /// Channels of a group that are read.
    pub(super) channels: usize,
    /// Items of a kernel in one channel.
    pub(super) kernel: usize,
    /// Rows and columns of the result.
    pub(super) places: [usize; 2],
    /// In the weights, from a channel of the result to the next, and from a channel read to the next.
    pub(super) weights: [usize; 2],
}

impl Sizes {
    /// Terms of an element.
    pub(super) fn terms(&self) -> usize {
        self.channels * self.kernel
    }

    /// Where a weight is.
    pub(super) fn weight(&self, group: usize, result: usize, term: usize) -> usize {
        let (channel, item) = (term / self.kernel, term % self.kernel);
        group * self.results * self.terms() + result * self.weights[0] + channel * self.weights[1] + item
    }

    /// Rows of a band; bands of an image.
    fn bands(&self) -> (usize, usize) {
        let [rows, columns] = self.places;
        let bands = (rows * columns).div_ceil(BAND).min(rows);
        let size = rows.div_ceil(bands);
        (size, rows.div_ceil(size))
    }

    /// What threads share: bands of all images.
    pub(super) fn units(&self, images: usize) -> usize {
        images * self.bands().1
    }
}

/// Weights as vectors: by group, vector of channels and term; or as [`few`] has them. Returns how many values they are.
pub(super) struct Packing<'a> {
    pub(super) sizes: Sizes,
    pub(super) classes: &'a [Class],
    pub(super) weights: &'a [f32],
    pub(super) to: &'a mut Aligned,
}

impl Kernel for Packing<'_> {
    type Output = usize;

    #[inline(always)]
    fn run<V: Lanes>(self) -> usize {
        let Packing { sizes, classes, weights, to } = self;
        if few::is_better::<V>(&sizes, classes) {
            let len = weights.len();
            few::pack(&sizes, weights, to.room(len));
            return len;
        }
        let len = sizes.groups * padded::<V>(sizes.results) * sizes.terms();
        let mut to = to.room(len);
        for group in 0..sizes.groups {
            for Vector { first, half } in vectors::<V>(sizes.results) {
                let lanes = if half { V::Half::N } else { V::N };
                let used = lanes.min(sizes.results - first);
                let (vectors, rest) = to.split_at_mut(sizes.terms() * lanes);
                let mut vectors = vectors.chunks_exact_mut(lanes);
                for channel in 0..sizes.channels {
                    let weights = &weights[sizes.weight(group, first, channel * sizes.kernel)..];
                    for (item, vector) in vectors.by_ref().take(sizes.kernel).enumerate() {
                        let (vector, behind) = vector.split_at_mut(used);
                        for (lane, to) in vector.iter_mut().enumerate() {
                            *to = weights[lane * sizes.weights[0] + item];
                        }
                        behind.fill(0.0);
                    }
                }
                to = rest;
            }
        }
        len
    }
}

/// What a thread needs for bands.
#[derive(Default)]
pub(super) struct Scratch {
    /// Sums of a band.
    sums: Aligned,
    /// A staged image.
    image: Vec<f32>,
}

/// A convolution of certain values.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) sizes: Sizes,
    pub(super) classes: &'a [Class],
    /// How what is read is staged, an image at a time.
    pub(super) geometry: &'a Geometry,
    pub(super) values: &'a [f32],
    /// See [`Packing`].
    pub(super) packed: &'a [f32],
    pub(super) out: Out,
    /// If terms that are +0 were left out: what has all terms.
    pub(super) complete: Option<Complete<'a>>,
}

/// Bands of a result.
pub(super) struct Bands<'a> {
    pub(super) of: Call<'a>,
    /// See [`Sizes::units`].
    pub(super) units: Range<usize>,
    pub(super) scratch: &'a mut Scratch,
}

/// Elements by all their terms.
#[derive(Clone, Copy)]
pub(super) struct Complete<'a> {
    pub(super) weights: &'a [f32],
    /// What is read, not staged.
    pub(super) values: &'a [f32],
    pub(super) shapes: &'a Shapes,
}

impl Kernel for Bands<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Bands { of, units, scratch } = self;
        let ((size, bands), columns) = (of.sizes.bands(), of.sizes.places[1]);
        let Scratch { sums, image: staged } = scratch;
        let sums = sums.room((2 * size * columns + V::N) * V::N);
        let channels = of.sizes.groups * of.sizes.channels;
        let (is_plain, are_few) = (of.geometry.is_plain(), few::is_better::<V>(&of.sizes, of.classes));
        if !is_plain {
            staged.clear();
            staged.resize(channels * of.geometry.channel, 0.0);
        }
        let (size_of_image, mut now) = (channels * of.geometry.pixels(), None);
        for unit in units {
            let image = unit / bands;
            let values = &of.values[image * size_of_image..][..size_of_image];
            let read = if is_plain {
                values
            } else {
                if now.replace(image) != Some(image) {
                    of.geometry.stage_inside(values, staged);
                }
                &staged[..]
            };
            let first = unit % bands * size;
            let rows = first..(first + size).min(of.sizes.places[0]);
            for group in 0..of.sizes.groups {
                let read = &read[group * of.sizes.channels * of.geometry.channel..];
                let at = (image, group);
                if are_few {
                    of.few::<V>(at, &rows, read);
                    of.mend::<V>(at, 0..of.sizes.results, &rows);
                    continue;
                }
                for column in tile_columns::<V>(of.sizes.results) {
                    match column {
                        Column::Half(first) => of.band::<V, V::Half, 1>(at, first, rows.clone(), read, sums),
                        Column::One(first) => of.band::<V, V, 1>(at, first, rows.clone(), read, sums),
                        Column::Two(first) => of.band::<V, V, 2>(at, first, rows.clone(), read, sums),
                    }
                }
            }
        }
    }
}

impl Call<'_> {
    /// Rows of the result in an image, for C vectors H of a group's channels.
    #[inline(always)]
    fn band<V: Lanes, H: Lanes, const C: usize>(
        &self,
        (image, group): (usize, usize),
        first: usize,
        rows: Range<usize>,
        read: &[f32],
        sums: &mut [f32],
    ) {
        let (sizes, most) = (self.sizes, most_rows::<V>(C));
        let columns = sizes.places[1];
        let weights = &self.packed[(group * padded::<V>(sizes.results) + first) * sizes.terms()..];
        let weights = std::array::from_fn(|c| &weights[c * sizes.terms() * H::N..][..sizes.terms() * H::N]);
        let count = rows.len() * columns;
        for class in self.classes {
            let of_class = class.rows(&rows);
            let mut next = of_class.start;
            while next < of_class.end {
                let place = (class.first[0] + next * class.step[0] - rows.start) * columns + class.first[1];
                let (from, to) = (&read[next * class.steps[0]..], &mut sums[place * H::N..]);
                let row = Row::<C> { class, from, weights, to, vector: count * H::N, second: class.step[0] * columns };
                let both = 2 * class.places[1];
                // SAFETY: there are so many places in a row, and as many in the next ones.
                unsafe {
                    if C > 1 && V::REGISTERS < 32 && class.is_better_all_at_once(most) {
                        let places = (of_class.end - next) * class.places[1];
                        all_tiles::<H>(&mut All(row), most, places);
                        next = of_class.end;
                    } else if (1..=most).contains(&both) && next + 1 < of_class.end {
                        one_tile::<H>(&mut Two(row), most, both, 0);
                        next += 2;
                    } else {
                        all_tiles::<H>(&mut One(row), most, class.places[1]);
                        next += 1;
                    }
                }
            }
        }
        for (c, sums) in sums.chunks_mut(count * H::N).enumerate().take(C) {
            let first = first + c * H::N;
            let lanes = H::N.min(sizes.results - first);
            // SAFETY: places that only this thread writes; behind all sums is room for a vector's places more.
            unsafe {
                let to = self.line((image, group, first), rows.start);
                write_lines::<H>(sums.as_ptr(), (count, lanes), to, sizes.places[0] * columns);
            }
            self.mend::<H>((image, group), first..first + lanes, &rows);
        }
    }

    /// Where a row of a channel of a group of an image's result is.
    ///
    /// # Safety
    /// There is such a row.
    #[inline(always)]
    pub(super) unsafe fn line(&self, (image, group, result): (usize, usize, usize), row: usize) -> *mut f32 {
        let Sizes { groups, results, places: [rows, columns], .. } = self.sizes;
        // SAFETY: the caller's promise.
        unsafe { self.out.at((((image * groups + group) * results + result) * rows + row) * columns) }
    }

    /// Computes what is −0 in rows of these channels once more, with the terms that were left out.
    #[inline(always)]
    fn mend<V: Lanes>(&self, (image, group): (usize, usize), results: Range<usize>, rows: &Range<usize>) {
        const NEGATIVE: u32 = 0x8000_0000;
        let (Some(complete), columns) = (self.complete, self.sizes.places[1]) else {
            return;
        };
        for at in results.map(|result| (image, group, result)) {
            // SAFETY: rows that this thread has just written.
            let line = unsafe { std::slice::from_raw_parts_mut(self.line(at, rows.start), rows.len() * columns) };
            if line.iter().fold(false, |any, x| any | (x.to_bits() == NEGATIVE)) {
                for (place, x) in (rows.start * columns..).zip(line).filter(|(_, x)| x.to_bits() == NEGATIVE) {
                    *x = complete.element::<V>(self.sizes, at, place);
                }
            }
        }
    }
}

/// Places of a class in a row, for C vectors of channels.
struct Row<'a, const C: usize> {
    class: &'a Class,
    from: &'a [f32],
    weights: [&'a [f32]; C],
    to: &'a mut [f32],
    /// From a vector's sums to the next one's.
    vector: usize,
    /// From a place to the one in the class's next row.
    second: usize,
}

impl<const C: usize> Row<'_, C> {
    /// R places, of which `columns` are in the first row, from this column on, and the others in the next one, from its
    /// first on.
    ///
    /// # Safety
    /// There are so many.
    #[inline(always)]
    unsafe fn places<V: Lanes, const R: usize>(&mut self, first: usize, columns: usize) {
        // SAFETY: the caller's promise. Steps that the compiler knows need no registers.
        unsafe {
            match self.class.steps[1] {
                1 => self.neighbours::<V, R>(first, columns, 1),
                2 => self.neighbours::<V, R>(first, columns, 2),
                stride => self.neighbours::<V, R>(first, columns, stride),
            }
        }
    }

    /// The same, where neighbours read values so far apart.
    #[inline(always)]
    unsafe fn neighbours<V: Lanes, const R: usize>(&mut self, first: usize, columns: usize, stride: usize) {
        let one = self.from.as_ptr().wrapping_add(first * stride);
        let two = one.wrapping_add(self.class.steps[0]);
        let (mut rows, mut to) = ([one; R], [0; R]);
        for r in 0..R {
            (rows[r], to[r]) = match r.checked_sub(columns) {
                None => (one.wrapping_add(r * stride), (first + r) * self.class.step[1]),
                Some(r) => (two.wrapping_add(r * stride), self.second + r * self.class.step[1]),
            };
        }
        // SAFETY: the caller's promise.
        unsafe { self.sums::<V, R>(rows, to) };
    }

    /// Sums of R places that read from there, to there.
    ///
    /// # Safety
    /// They are places of the class.
    #[inline(always)]
    unsafe fn sums<V: Lanes, const R: usize>(&mut self, rows: [*const f32; R], to: [usize; R]) {
        let mut begin = 0;
        for (block, &end) in self.class.ends.iter().enumerate() {
            let terms = self.class.terms[begin..end].iter().map(|term| (term.at, term.number));
            // SAFETY: staged channels hold what their places read, and there is a vector for each term.
            let sums = unsafe { chain::<V, R, C>(rows, terms, self.weights.map(<[f32]>::as_ptr)) };
            for (sums, to) in sums.into_iter().zip(to) {
                for (c, mut sum) in sums.into_iter().enumerate() {
                    let to = &mut self.to[c * self.vector + to * V::N..][..V::N];
                    // SAFETY: slices of V::N.
                    unsafe {
                        if block > 0 {
                            sum = V::load(to.as_ptr()).add(sum);
                        }
                        sum.canonical().store(to.as_mut_ptr());
                    }
                }
            }
            begin = end;
        }
    }
}

/// Tiles of one row.
struct One<'a, const C: usize>(Row<'a, C>);

impl<const C: usize> Tiles for One<'_, C> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const R: usize>(&mut self, first: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.0.places::<V, R>(first, R) };
    }
}

/// A tile of two whole rows: weights are read once for both.
struct Two<'a, const C: usize>(Row<'a, C>);

impl<const C: usize> Tiles for Two<'_, C> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const R: usize>(&mut self, _first: usize) {
        // Two rows have an even number of places: tiles of others aren't compiled.
        if R.is_multiple_of(2) {
            // SAFETY: the caller's promise.
            unsafe { self.0.places::<V, R>(0, R / 2) };
        }
    }
}

impl Class {
    /// Whether tiles of the places of all its rows take less time than those of single rows, if tiles have `most` places:
    /// where a row isn't made of whole tiles, or small ones, and there are enough terms for what finding each place takes.
    fn is_better_all_at_once(&self, most: usize) -> bool {
        let columns = self.places[1];
        let size = tile_rows(columns, most);
        self.terms.len() >= 64 && (!columns.is_multiple_of(size) || 3 * size <= 2 * most)
    }
}

/// Tiles of the places of all rows, one row behind the other. Two vectors leave room for few places, and so few have
/// registers for an address each.
struct All<'a, const C: usize>(Row<'a, C>);

impl<const C: usize> Tiles for All<'_, C> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const R: usize>(&mut self, first: usize) {
        let All(Row { class, from, second, .. }) = self;
        let (mut row, mut column) = (first / class.places[1], first % class.places[1]);
        let (mut rows, mut to) = ([from.as_ptr(); R], [0; R]);
        for r in 0..R {
            rows[r] = from.as_ptr().wrapping_add(row * class.steps[0] + column * class.steps[1]);
            to[r] = row * *second + column * class.step[1];
            column += 1;
            if column == class.places[1] {
                (row, column) = (row + 1, 0);
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.0.sums::<V, R>(rows, to) };
    }
}

impl Complete<'_> {
    /// An element by its definition.
    #[inline(always)]
    fn element<V: Lanes>(&self, sizes: Sizes, (image, group, result): (usize, usize, usize), place: usize) -> f32 {
        let at = [place / sizes.places[1], place % sizes.places[1]];
        let (block, mut total, mut sum) = (DOT_BLOCK as usize, V::splat(0.0), V::splat(0.0));
        for term in 0..sizes.terms() {
            let (channel, item) = (term / sizes.kernel, term % sizes.kernel);
            let first = ((image * sizes.groups + group) * sizes.channels + channel) * self.shapes.pixels();
            let value = self.shapes.read(at, item).map_or(0.0, |pixel| self.values[first + pixel]);
            let weight = self.weights[sizes.weight(group, result, term)];
            sum = V::splat(value).fma(V::splat(weight), sum);
            if (term + 1) % block == 0 || term + 1 == sizes.terms() {
                total = if term < block { sum } else { total.add(sum) };
                sum = V::splat(0.0);
            }
        }
        let mut lanes = [0.0; MAX_LANES];
        // SAFETY: MAX_LANES are at least V::N.
        unsafe { total.canonical().store(lanes.as_mut_ptr()) };
        lanes[0]
    }
}
