//! Matrix products whose every element is the protocol's dot product.
//!
//! Speed comes from computing tiles of many elements at once (BLIS's scheme: F. Van Zee, R. van de Geijn, *BLIS: a
//! framework for rapidly instantiating BLAS functionality*, 2015), never from reordering: along k each element is one
//! chain. Cutting k into slices changes nothing, since the chain's value is stored and loaded again in between.
pub(super) mod pack;
mod tile;

use super::lanes::{Isa, Kernel, Lanes};
use super::pool::{Out, Pool};
use assay_core::graph::constants::DOT_BLOCK;
use std::cell::RefCell;
use std::ops::Range;

/// A block of the protocol.
const BLOCK: usize = DOT_BLOCK as usize;
/// Terms of a slice: with it the panels of both factors fit the caches. Divides [`BLOCK`].
pub(super) const SLICE: usize = 256;

/// A left factor, `[m, k]`.
pub(super) trait Left: Copy + Sync {
    /// These terms of these rows, where they are or copied to the buffer.
    fn rows(&self, terms: Range<usize>, rows: Range<usize>, to: &mut Vec<f32>) -> pack::Rows;
}

/// A right factor, `[k, n]`.
pub(super) trait Right: Copy + Sync {
    /// What packing an element takes, in multiply-adds.
    const PACKING: usize;
    /// These terms of these columns, as panels of up to [`Lanes::COLUMNS`] vectors: in a panel, all vectors of one term,
    /// then those of the next. What the last vector has too much is 0. The last buffer is for anything.
    fn pack<V: Lanes>(&self, terms: Range<usize>, columns: Range<usize>, to: &mut Vec<f32>, scratch: &mut Vec<f32>);
}

/// Where a product goes: element (i, j) is at `first + i · row + (j / run) · jump + j % run`.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) first: usize,
    pub(super) row: usize,
    pub(super) run: usize,
    pub(super) jump: usize,
}

/// A factor: element (i, j) is at `i · rows + j · columns`, one of which is 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl<'a> Factor<'a> {
    /// A matrix stored row by row, each of `width` values, or the transpose of one.
    pub(crate) fn new(values: &'a [f32], width: usize, transposed: bool) -> Self {
        if transposed {
            Factor { values, rows: 1, columns: width }
        } else {
            Factor { values, rows: width, columns: 1 }
        }
    }
}

/// `[m, n] = [m, k] · [k, n]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
}

thread_local! {
    /// Packed factors, and the sums of a block that isn't the first.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

#[derive(Default)]
struct Scratch {
    a: Vec<f32>,
    b: Vec<f32>,
    other: Vec<f32>,
    block: Vec<f32>,
}

/// The product, into `c`.
#[cfg(test)]
pub(crate) fn gemm(isa: Isa, pool: &Pool, sizes: Sizes, a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) {
    assert_eq!(c.len(), sizes.m * sizes.n);
    // SAFETY: c has these sizes, and nobody else refers to it.
    unsafe { share(isa, pool, sizes, a, b, (Out::new(c), Target::rows(sizes.n))) };
}

impl Target {
    /// A matrix stored row by row.
    pub(super) fn rows(n: usize) -> Target {
        Target { first: 0, row: n, run: n, jump: 0 }
    }
}

/// The product, by all threads.
///
/// # Safety
/// The target is inside of what `c` was made of, and nobody else writes or reads it.
pub(super) unsafe fn share(isa: Isa, pool: &Pool, sizes: Sizes, a: impl Left, b: impl Right, to: (Out, Target)) {
    let by_columns = by_columns(sizes, pool.threads(), packing(&b));
    let (len, grain) = if by_columns { (sizes.n, GRAIN) } else { (sizes.m, ROW_GRAIN) };
    let work = sizes.m * sizes.k * sizes.n;
    pool.split(len, grain, work / 16, &|part| {
        let (rows, columns) = if by_columns { (0..sizes.m, part) } else { (part, 0..sizes.n) };
        // SAFETY: the caller's promise; threads write different rows or columns.
        unsafe { part_of(isa, sizes, (rows, columns), a, b, to) };
    });
}

fn packing<B: Right>(_: &B) -> usize {
    B::PACKING
}

/// Whether columns are shared out, in whole tiles, or rows, for which every thread packs all columns: whichever keeps the
/// busiest thread less busy.
fn by_columns(Sizes { m, n, .. }: Sizes, threads: usize, packing: usize) -> bool {
    let most = |len: usize, grain: usize| (len.div_ceil(grain).div_ceil(threads) * grain).min(len);
    let (columns, rows) = (most(n, GRAIN), most(m, ROW_GRAIN));
    (m + packing) * columns <= (rows + packing) * n
}

/// Some rows and columns of a product, by this thread.
///
/// # Safety
/// As [`share`], of these rows and columns.
pub(super) unsafe fn part_of(
    isa: Isa,
    sizes: Sizes,
    (rows, columns): (Range<usize>, Range<usize>),
    a: impl Left,
    b: impl Right,
    (c, target): (Out, Target),
) {
    SCRATCH.with_borrow_mut(|scratch| {
        isa.run(Product { k: sizes.k, rows, columns, a, b, c, target, scratch });
    });
}

struct Product<'a, A, B> {
    k: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    a: A,
    b: B,
    c: Out,
    target: Target,
    scratch: &'a mut Scratch,
}

/// Rows of whole tiles of any instruction set, nearly.
const ROW_GRAIN: usize = 8;
/// Columns of whole tiles of any instruction set.
pub(super) const GRAIN: usize = 48;
/// Columns of a packed stripe of b at most: half a megabyte with a slice of k, which level-2 caches hold.
pub(super) const STRIPE: usize = 11 * GRAIN;
/// Rows whose sums of a block that isn't the first are kept at once.
const ROWS: usize = 4 * BAND;
/// Rows for which a panel is used before the next one: a slice of theirs is 192 KiB.
const BAND: usize = 192;

impl<A: Left, B: Right> Kernel for Product<'_, A, B> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Product { k, rows: all, columns, a, b, c, target, scratch } = self;
        let at_once = if k > BLOCK { ROWS } else { all.len() };
        let pieces = columns.clone().step_by(STRIPE).flat_map(|stripe| {
            let rows = all.clone().step_by(at_once).map(move |first| first..(first + at_once).min(all.end));
            rows.map(move |rows| (rows, stripe..(stripe + STRIPE).min(columns.end)))
        });
        for (rows, stripe) in pieces {
            // Later blocks get sums of their own, which are then added to the total; so does a stripe in pieces.
            let whole = stripe.start / target.run == (stripe.end - 1) / target.run;
            for block in (0..k).step_by(BLOCK) {
                let block_end = (block + BLOCK).min(k);
                let (to, stride) = if block == 0 && whole {
                    // SAFETY: the stripe begins inside c.
                    (unsafe { c.at(target.place(rows.start, stripe.start)) }, target.row)
                } else {
                    scratch.block.resize(scratch.block.len().max(rows.len() * STRIPE), 0.0);
                    (scratch.block.as_mut_ptr(), STRIPE)
                };
                for slice in (block..block_end).step_by(SLICE) {
                    let slice = slice..(slice + SLICE).min(block_end);
                    b.pack::<V>(slice.clone(), stripe.clone(), &mut scratch.b, &mut scratch.other);
                    for band in rows.clone().step_by(BAND) {
                        let band = band..(band + BAND).min(rows.end);
                        let a = a.rows(slice.clone(), band.clone(), &mut scratch.a);
                        let continues = slice.start != block;
                        // SAFETY: the band begins inside the rows.
                        let to = unsafe { to.add((band.start - rows.start) * stride) };
                        let sizes = (band.len(), slice.len(), stripe.len());
                        // SAFETY: the factors are packed for these sizes, and the output holds them.
                        unsafe { panels::<V>(sizes, a, scratch.b.as_ptr(), to, stride, continues) };
                    }
                }
                if block > 0 || !whole {
                    for (row, sums) in rows.clone().zip(scratch.block.chunks(STRIPE)) {
                        // SAFETY: this thread's part of c, which nothing else refers to.
                        unsafe { add_to::<V>(c, target, (row, stripe.clone()), &sums[..stripe.len()], block > 0) };
                    }
                }
            }
        }
    }
}

/// Tiles of a band of rows (m), a slice of terms (k) and a stripe of columns (n).
///
/// # Safety
/// The factors are packed for these sizes, and `to` holds rows of `n` values, `stride` apart.
#[inline(always)]
unsafe fn panels<V: Lanes>(
    (m, k, n): (usize, usize, usize),
    a: pack::Rows,
    mut panel: *const f32,
    to: *mut f32,
    stride: usize,
    continues: bool,
) {
    for column in (0..n).step_by(V::N * V::COLUMNS) {
        let columns = (V::N * V::COLUMNS).min(n - column);
        let vectors = columns.div_ceil(V::N);
        // SAFETY: the column is one of n.
        let to = unsafe { to.add(column) };
        let tiles = tile::Tiles { a, panel, terms: k, rows: m, columns, to, stride, continues };
        // SAFETY: the caller's promise; panels lie one behind the other.
        unsafe {
            tiles.run::<V>(vectors);
            panel = panel.add(k * vectors * V::N);
        }
    }
}

impl Target {
    fn place(&self, row: usize, column: usize) -> usize {
        self.first + row * self.row + column / self.run * self.jump + column % self.run
    }
}

/// Adds sums to the totals of some columns of a row, or makes them the totals.
///
/// # Safety
/// The columns are the target's, and nobody else refers to them.
#[inline(always)]
unsafe fn add_to<V: Lanes>(c: Out, target: Target, (row, columns): (usize, Range<usize>), sums: &[f32], adds: bool) {
    let mut column = columns.start;
    while column < columns.end {
        let run = (target.run - column % target.run).min(columns.end - column);
        // SAFETY: the caller's promise; a run is in one piece.
        let totals = unsafe { std::slice::from_raw_parts_mut(c.at(target.place(row, column)), run) };
        let sums = &sums[column - columns.start..][..run];
        if adds {
            add::<V>(totals, sums);
        } else {
            totals.copy_from_slice(sums);
        }
        column += run;
    }
}

/// `totals[i] = totals[i] + sums[i]`.
#[inline(always)]
fn add<V: Lanes>(totals: &mut [f32], sums: &[f32]) {
    let mut totals = totals.chunks_exact_mut(V::N);
    let mut sums = sums.chunks_exact(V::N);
    for (total, sum) in totals.by_ref().zip(sums.by_ref()) {
        // SAFETY: chunks of N.
        unsafe { V::load(total.as_ptr()).add(V::load(sum.as_ptr())).canonical().store(total.as_mut_ptr()) };
    }
    let rest = totals.into_remainder();
    V::load_part(rest).add(V::load_part(sums.remainder())).canonical().store_part(rest);
}

#[cfg(test)]
mod tests;
