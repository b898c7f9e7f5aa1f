//! The gradient of the weights: sums over the places of all images.
//!
//! Lanes are output channels; each row is an item of the kernel in one input channel, which reads the images where they
//! are. The sums of the definition's blocks are independent of each other, so that threads share blocks, too; they are
//! added in order.
use super::chain::{chain, most_rows, one_tile, tile_rows, Tiles};
use super::channels::{padded, read_lines, tile_columns, vectors, write_lines, Column, Vector};
use crate::exec::aligned::Aligned;
use crate::exec::kernels::images::Geometry;
use crate::exec::lanes::{Isa, Kernel, Lanes};
use crate::exec::pool::{Out, Pool};
use assay_core::graph::constants::DOT_BLOCK;
use std::cell::RefCell;
use std::ops::Range;

const BLOCK: usize = DOT_BLOCK as usize;
/// Values of sums that are kept before they are added, unless every thread's block takes more.
const KEPT: usize = 1 << 18;

thread_local! {
    /// Where the places of a block are in staged images, and their gradients by place.
    static SCRATCH: RefCell<(Vec<usize>, Aligned)> = RefCell::default();
}

/// A convolution's gradient of the weights, prepared.
#[derive(Debug)]
pub(super) struct WeightGradient {
    groups: usize,
    /// Output and input channels of a group.
    outputs: usize,
    inputs: usize,
    images: usize,
    /// Where the places of an image are in a staged channel.
    places: Vec<usize>,
    /// Where each item of a group's kernel is, for place 0.
    items: Vec<usize>,
    /// Values of a staged channel.
    channel: usize,
}

impl WeightGradient {
    pub(super) fn new(
        geometry: &Geometry,
        windows: [usize; 2],
        images: usize,
        groups: usize,
        [outputs, inputs]: [usize; 2],
    ) -> Self {
        let [row, column] = geometry.steps();
        let columns = 0..windows[1];
        let places = (0..windows[0]).flat_map(|y| columns.clone().map(move |x| y * row + x * column));
        let items = |channel: usize| geometry.offsets().iter().map(move |offset| channel * geometry.channel + offset);
        let (places, items) = (places.collect(), (0..inputs).flat_map(items).collect());
        WeightGradient { groups, outputs, inputs, images, places, items, channel: geometry.channel }
    }

    /// Multiply-adds of it.
    fn work(&self) -> usize {
        self.groups * self.outputs * self.items.len() * self.images * self.places.len()
    }

    /// Values of a block's sums, and room for a square to be read behind the last one.
    #[inline(always)]
    fn sums<V: Lanes>(&self) -> usize {
        self.groups * padded::<V>(self.outputs) * self.items.len() + V::N * V::N
    }

    /// Rows of its tiles: of all, as many as the widest allow.
    #[inline(always)]
    fn tile_rows<V: Lanes>(&self) -> usize {
        let is_wide = tile_columns::<V>(self.outputs).any(|column| matches!(column, Column::Two(_)));
        tile_rows(self.items.len(), most_items::<V>(if is_wide { 2 } else { 1 }))
    }

    /// Computes it into `out`, from gradients of the windows and staged images. `sums` is for anything.
    pub(super) fn run(&self, isa: Isa, pool: &Pool, [dy, staged]: [&[f32]; 2], sums: &mut Aligned, out: &mut [f32]) {
        let blocks = (self.images * self.places.len()).div_ceil(BLOCK);
        let Lengths { sums: len, columns, tiles } = isa.run(Measure(self));
        let wave = (KEPT / len).max(pool.threads()).min(blocks);
        let (totals, kept) = sums.room((1 + wave) * len).split_at_mut(len);
        for first in (0..blocks).step_by(wave) {
            let count = wave.min(blocks - first);
            let units = count * columns * tiles;
            let to = Out::new(kept);
            // A part makes its vectors of channels ready, once where it has all of their tiles.
            let grain = if count * columns < 2 * pool.threads() { 1 } else { tiles };
            pool.share(units, grain, self.work() / 16 * count / blocks, &|units| {
                SCRATCH.with_borrow_mut(|(places, turned)| {
                    isa.run(Blocks { of: self, dy, staged, first, units, to, places, turned });
                });
            });
            for (block, sums) in (first..).zip(kept.chunks_exact(len)).take(count) {
                isa.run(Add { totals, sums, begins: block == 0 });
            }
        }
        isa.run(Write { of: self, totals, out });
    }
}

/// Values of a block's sums, columns of tiles in all groups, and tiles of a column.
struct Lengths {
    sums: usize,
    columns: usize,
    tiles: usize,
}

/// Whose lengths.
struct Measure<'a>(&'a WeightGradient);

impl Kernel for Measure<'_> {
    type Output = Lengths;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Lengths {
        let Measure(of) = self;
        let columns = of.groups * tile_columns::<V>(of.outputs).count();
        Lengths { sums: of.sums::<V>(), columns, tiles: of.items.len().div_ceil(of.tile_rows::<V>()) }
    }
}

/// Rows of a tile at most: each has an address of its own, and of registers for these there are 16, however many there are
/// for vectors.
const ADDRESSES: usize = 9;

/// Rows of a tile of so many vectors at most.
#[inline(always)]
fn most_items<V: Lanes>(vectors: usize) -> usize {
    most_rows::<V>(vectors).min(ADDRESSES)
}

/// Sums of some blocks.
struct Blocks<'a> {
    of: &'a WeightGradient,
    dy: &'a [f32],
    staged: &'a [f32],
    /// The first block that is kept.
    first: usize,
    /// Blocks, columns of tiles, and tiles.
    units: Range<usize>,
    to: Out,
    places: &'a mut Vec<usize>,
    turned: &'a mut Aligned,
}

impl Kernel for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        let (items, size) = (self.of.items.len(), self.of.tile_rows::<V>());
        let (tiles, per_group) = (items.div_ceil(size), tile_columns::<V>(self.of.outputs).count());
        let len = self.of.sums::<V>();
        let (mut now_block, mut now_column) = (None, None);
        for unit in self.units.clone() {
            let (block, column, tile) = (unit / tiles / (per_group * self.of.groups), unit / tiles, unit % tiles);
            let group = column % (per_group * self.of.groups) / per_group;
            if now_block.replace(block) != Some(block) {
                self.find_places(self.first + block);
            }
            let Some(of_group) = tile_columns::<V>(self.of.outputs).nth(column % per_group) else { continue };
            let is_new = now_column.replace(column) != Some(column);
            let at = block * len + group * padded::<V>(self.of.outputs) * items;
            let place = (self.first + block, group);
            match of_group {
                Column::Half(first) => self.tile::<V, V::Half, 1>(place, first, is_new, (tile, size), at),
                Column::One(first) => self.tile::<V, V, 1>(place, first, is_new, (tile, size), at),
                Column::Two(first) => self.tile::<V, V, 2>(place, first, is_new, (tile, size), at),
            }
        }
    }
}

impl Blocks<'_> {
    /// Places of a block.
    fn block(&self, block: usize) -> Range<usize> {
        block * BLOCK..((block + 1) * BLOCK).min(self.of.images * self.of.places.len())
    }

    /// Where they are.
    fn find_places(&mut self, block: usize) {
        let size = self.of.groups * self.of.inputs * self.of.channel;
        let all = self.block(block);
        self.places.clear();
        let mut at = all.start;
        while at < all.end {
            let (image, first) = (at / self.of.places.len(), at % self.of.places.len());
            let end = (first + all.end - at).min(self.of.places.len());
            self.places.extend(self.of.places[first..end].iter().map(|place| image * size + place));
            at += end - first;
        }
    }

    /// Gradients of a block's places for a vector of channels, by place.
    #[inline(always)]
    fn turn<V: Lanes>(&mut self, (block, group): (usize, usize), first: usize, turned: usize) {
        let WeightGradient { groups, outputs, ref places, .. } = *self.of;
        let lanes = V::N.min(outputs - first);
        let all = self.block(block);
        let mut at = all.start;
        while at < all.end {
            let (image, place) = (at / places.len(), at % places.len());
            let count = (all.end - at).min(places.len() - place);
            let from = ((image * groups + group) * outputs + first) * places.len() + place;
            let readable = from + (V::N - 1) * places.len() + count <= self.dy.len();
            let to = &mut self.turned.room(turned + BLOCK * V::N)[turned + (at - all.start) * V::N..][..count * V::N];
            // SAFETY: the channels' lines, of which `readable` says whether there are enough; there is room for so many.
            unsafe {
                let from = self.dy[from..].as_ptr();
                read_lines::<V>(from, places.len(), (count, lanes, readable), to.as_mut_ptr());
            }
            at += count;
        }
    }

    /// A tile of items, for this block and group and C vectors of channels, the sums of whose group go there.
    #[inline(always)]
    fn tile<V: Lanes, H: Lanes, const C: usize>(
        &mut self,
        place: (usize, usize),
        first: usize,
        is_new: bool,
        (tile, size): (usize, usize),
        at: usize,
    ) {
        if is_new {
            for c in 0..C {
                self.turn::<H>(place, first + c * H::N, c * BLOCK * H::N);
            }
        }
        let (items, own) = (&self.of.items[..], tile * size);
        let from = &self.staged[place.1 * self.of.inputs * self.of.channel..];
        let turned = &*self.turned.room(C * BLOCK * H::N);
        let turned = std::array::from_fn(|c| &turned[c * BLOCK * H::N..]);
        let at = at + first * items.len();
        let mut tiles = Items::<C> { items, from, places: self.places, turned, to: self.to, at, own };
        // SAFETY: the last tile ends with the last item.
        unsafe { one_tile::<H>(&mut tiles, most_items::<V>(C), size, own.min(items.len() - size)) };
    }
}

/// Sums of items, for a block's places and C vectors of channels.
struct Items<'a, const C: usize> {
    items: &'a [usize],
    from: &'a [f32],
    places: &'a [usize],
    turned: [&'a [f32]; C],
    to: Out,
    /// Where those of item 0 go.
    at: usize,
    /// The first item whose sums are this tile's to write.
    own: usize,
}

impl<const C: usize> Tiles for Items<'_, C> {
    #[inline(always)]
    unsafe fn tile<V: Lanes, const R: usize>(&mut self, first: usize) {
        let items = &self.items[first..first + R];
        let rows: [*const f32; R] = std::array::from_fn(|r| self.from.as_ptr().wrapping_add(items[r]));
        // SAFETY: staged images hold what their places read, and each place has its vectors.
        let terms = self.places.iter().copied().zip(0..);
        let sums = unsafe { chain::<V, R, C>(rows, terms, self.turned.map(<[f32]>::as_ptr)) };
        for (r, sums) in sums.into_iter().enumerate() {
            // What the tile before has too may be another thread's.
            if first + r >= self.own {
                for (c, sum) in sums.into_iter().enumerate() {
                    let at = self.at + (c * self.items.len() + first + r) * V::N;
                    // SAFETY: a vector for every item.
                    unsafe { sum.canonical().store(self.to.at(at)) };
                }
            }
        }
    }
}

/// `totals[i] = totals[i] + sums[i]`, or the sums, if they are the first.
struct Add<'a> {
    totals: &'a mut [f32],
    sums: &'a [f32],
    begins: bool,
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        if self.begins {
            return self.totals.copy_from_slice(self.sums);
        }
        crate::exec::gemm::add::<V>(self.totals, self.sums);
    }
}

/// Totals to where they belong.
struct Write<'a> {
    of: &'a WeightGradient,
    totals: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Write<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(mut self) {
        let WeightGradient { groups, outputs, ref items, .. } = *self.of;
        for group in 0..groups {
            for Vector { first, half } in vectors::<V>(outputs) {
                let from = (group * padded::<V>(outputs) + first) * items.len();
                if half {
                    self.vector::<V::Half>(from, group, first);
                } else {
                    self.vector::<V>(from, group, first);
                }
            }
        }
    }
}

impl Write<'_> {
    /// A vector of a group's channels, whose totals begin there.
    #[inline(always)]
    fn vector<H: Lanes>(&mut self, from: usize, group: usize, first: usize) {
        let WeightGradient { outputs, ref items, .. } = *self.of;
        let from = &self.totals[from..];
        let to = &mut self.out[(group * outputs + first) * items.len()..];
        let count = (items.len(), H::N.min(outputs - first));
        // SAFETY: every channel has so many items in the output, and behind all totals is room for a square.
        unsafe { write_lines::<H>(from.as_ptr(), count, to.as_mut_ptr(), items.len()) };
    }
}
