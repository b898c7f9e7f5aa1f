//! Matrix products whose every element is the protocol's dot product.
//!
//! Speed comes from computing tiles of many elements at once (BLIS's scheme: F. Van Zee, R. van de Geijn, *BLIS: a
//! framework for rapidly instantiating BLAS functionality*, 2015), never from reordering: along k each element is one
//! chain. Cutting k into slices changes nothing, since the chain's value is stored and loaded again in between.
mod pack;
mod tile;

use super::lanes::{Isa, Kernel, Lanes};
use super::pool::Pool;
use assay_core::graph::constants::DOT_BLOCK;
use std::cell::RefCell;
use std::ops::Range;

/// A block of the protocol.
const BLOCK: usize = DOT_BLOCK as usize;
/// Terms of a slice: with it the panels of both factors fit the caches. Divides [`BLOCK`].
const SLICE: usize = 256;

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
    block: Vec<f32>,
}

/// The product, into `c`.
pub(crate) fn gemm(isa: Isa, pool: &Pool, sizes: Sizes, a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) {
    assert_eq!(c.len(), sizes.m * sizes.n);
    assert_eq!(a.values.len(), sizes.m * sizes.k);
    assert_eq!(b.values.len(), sizes.k * sizes.n);
    let out = Out(c.as_mut_ptr());
    // Columns are shared out in whole tiles; a product of few columns is shared out by rows.
    let by_columns = sizes.n >= 32 * pool.threads();
    let (len, grain) = if by_columns { (sizes.n, GRAIN) } else { (sizes.m, 8) };
    let work = sizes.m * sizes.k * sizes.n;
    pool.split(len, grain, work / 16, &|part| {
        let (rows, columns) = if by_columns { (0..sizes.m, part) } else { (part, 0..sizes.n) };
        SCRATCH.with_borrow_mut(|scratch| isa.run(Product { sizes, rows, columns, a, b, c: out, scratch }));
    });
}

/// Where the product goes: threads write different elements.
#[derive(Clone, Copy)]
struct Out(*mut f32);
// SAFETY: see `gemm`: every thread writes only the rows and columns that are its own.
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

struct Product<'a> {
    sizes: Sizes,
    rows: Range<usize>,
    columns: Range<usize>,
    a: Factor<'a>,
    b: Factor<'a>,
    c: Out,
    scratch: &'a mut Scratch,
}

/// Columns of whole tiles of any instruction set.
const GRAIN: usize = 48;
/// Columns of a packed stripe of b at most: half a megabyte with a slice of k, which level-2 caches hold.
const STRIPE: usize = 11 * GRAIN;
/// Rows for which a panel is used before the next one: a slice of theirs is 192 KiB.
const BAND: usize = 192;

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Product { sizes: Sizes { k, n, .. }, rows, columns, a, b, c, scratch } = self;
        for stripe in columns.clone().step_by(STRIPE) {
            let stripe = stripe..(stripe + STRIPE).min(columns.end);
            for block in (0..k).step_by(BLOCK) {
                let block_end = (block + BLOCK).min(k);
                for slice in (block..block_end).step_by(SLICE) {
                    let slice = slice..(slice + SLICE).min(block_end);
                    pack::columns::<V>(b, slice.clone(), stripe.clone(), &mut scratch.b);
                    // Later blocks get sums of their own, which are then added to the total.
                    let (to, stride) = if block == 0 {
                        // SAFETY: the stripe begins inside c.
                        (unsafe { c.0.add(rows.start * n + stripe.start) }, n)
                    } else {
                        scratch.block.resize(scratch.block.len().max(rows.len() * STRIPE), 0.0);
                        (scratch.block.as_mut_ptr(), STRIPE)
                    };
                    for band in rows.clone().step_by(BAND) {
                        let band = band..(band + BAND).min(rows.end);
                        let a = pack::rows::<V>(a, slice.clone(), band.clone(), &mut scratch.a);
                        let continues = slice.start != block;
                        // SAFETY: the band begins inside the rows.
                        let to = unsafe { to.add((band.start - rows.start) * stride) };
                        let sizes = (band.len(), slice.len(), stripe.len());
                        // SAFETY: the factors are packed for these sizes, and the output holds them.
                        unsafe { panels::<V>(sizes, a, scratch.b.as_ptr(), to, stride, continues) };
                    }
                }
                if block > 0 {
                    for row in 0..rows.len() {
                        let sums = &scratch.block[row * STRIPE..][..stripe.len()];
                        // SAFETY: this thread's part of c, which nothing else refers to.
                        let totals = unsafe {
                            std::slice::from_raw_parts_mut(c.0.add((rows.start + row) * n + stripe.start), stripe.len())
                        };
                        add_to::<V>(totals, sums);
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

/// `totals[i] = totals[i] + sums[i]`.
#[inline(always)]
fn add_to<V: Lanes>(totals: &mut [f32], sums: &[f32]) {
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
