//! Matrix products whose every element is the protocol's dot product.
//!
//! Speed comes from computing tiles of many elements at once (BLIS's scheme: F. Van Zee, R. van de Geijn, *BLIS: a
//! framework for rapidly instantiating BLAS functionality*, 2015), never from reordering: along k each element is one
//! chain. Cutting k into slices changes nothing, since the chain's value is stored and loaded again in between.
mod pack;
mod tile;

use super::aligned::Aligned;
use super::lanes::{Isa, Kernel, Lanes};
use super::pool::{Out, Pool};
use assay_core::graph::constants::DOT_BLOCK;
use std::cell::RefCell;
use std::ops::Range;
use tile::Begin;

/// A block of the protocol.
const BLOCK: usize = DOT_BLOCK as usize;

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
    a: Aligned,
    b: Aligned,
    block: Aligned,
}

/// The product, into `c`.
#[cfg(test)]
pub(crate) fn gemm(isa: Isa, pool: &Pool, sizes: Sizes, a: Factor<'_>, b: Factor<'_>, c: &mut [f32]) {
    assert_eq!(c.len(), sizes.m * sizes.n);
    // SAFETY: c has these sizes, and nobody else refers to it.
    unsafe { share(isa, pool, sizes, [a, b], (Out::new(c), 0)) };
}

/// The product, by all threads, row by row from this place of an output on.
///
/// # Safety
/// The product is inside of the output, and nobody else writes or reads it there.
pub(super) unsafe fn share(isa: Isa, pool: &Pool, sizes: Sizes, factors: [Factor<'_>; 2], to: (Out, usize)) {
    let by_columns = by_columns(sizes, pool.threads());
    let (len, grain) = if by_columns { (sizes.n, COLUMN_GRAIN) } else { (sizes.m, ROW_GRAIN) };
    let each = if by_columns && pool.threads() > 1 {
        parts_each(sizes.n, isa.run(Width), pool.threads(), factors[0])
    } else {
        1
    };
    let work = sizes.m * sizes.k * sizes.n;
    pool.split_into(pool.threads() * each, len, grain, work / 16, &|part| {
        let (rows, columns) = if by_columns { (0..sizes.m, part) } else { (part, 0..sizes.n) };
        // SAFETY: the caller's promise; threads write different rows or columns.
        unsafe { part_of(isa, sizes, (rows, columns), factors, to) };
    });
}

/// Columns of a tile.
struct Width;

impl Kernel for Width {
    type Output = usize;

    #[inline(always)]
    fn run<V: Lanes>(self) -> usize {
        V::N * V::COLUMNS
    }
}

/// Parts that each thread takes of so many columns: several, where all are alike and of whole tiles, as then they cost
/// nothing more, and a thread whose processor is slower for a while takes fewer. What every part packs of the left factor
/// should be little beside what it does with it.
fn parts_each(columns: usize, tile: usize, threads: usize, a: Factor<'_>) -> usize {
    let least = if a.is_packed() { PACKED_FOR } else { tile };
    let fits = |each: &usize| {
        let parts = threads * each;
        columns.is_multiple_of(parts * tile) && columns / parts >= least
    };
    (2..=MOST_EACH).rev().find(fits).unwrap_or(1)
}

/// Whether columns are shared out, some in tiles that aren't whole, or rows, for which every thread packs all columns:
/// whichever keeps the busiest thread less busy.
fn by_columns(Sizes { m, n, .. }: Sizes, threads: usize) -> bool {
    let most = |len: usize, grain: usize| (len.div_ceil(grain).div_ceil(threads) * grain).min(len);
    let (columns, rows) = (most(n, COLUMN_GRAIN), most(m, ROW_GRAIN));
    let columns = columns + if columns.is_multiple_of(GRAIN) { 0 } else { CUT };
    (m + PACKING) * columns <= (rows + PACKING) * n
}

/// Some rows and columns of a product, by this thread.
///
/// # Safety
/// As [`share`], of these rows and columns.
pub(super) unsafe fn part_of(
    isa: Isa,
    sizes: Sizes,
    (rows, columns): (Range<usize>, Range<usize>),
    [a, b]: [Factor<'_>; 2],
    (c, first): (Out, usize),
) {
    SCRATCH.with_borrow_mut(|scratch| {
        isa.run(Product { sizes, rows, columns, a, b, c, first, scratch });
    });
}

struct Product<'a> {
    sizes: Sizes,
    rows: Range<usize>,
    columns: Range<usize>,
    a: Factor<'a>,
    b: Factor<'a>,
    c: Out,
    /// Where in c the product begins.
    first: usize,
    scratch: &'a mut Scratch,
}

/// What packing an element of b takes, in multiply-adds.
const PACKING: usize = 10;
/// Columns that one tile that isn't whole takes the time of in vain.
const CUT: usize = 4;
/// Columns of a part at least, if it packs the left factor for them.
const PACKED_FOR: usize = 512;
/// Parts that a thread takes at most.
const MOST_EACH: usize = 4;
/// Columns that a thread gets: whole vectors of any instruction set.
const COLUMN_GRAIN: usize = 16;
/// Rows of whole tiles of any instruction set, nearly.
const ROW_GRAIN: usize = 8;
/// Columns of whole tiles of any instruction set.
const GRAIN: usize = 48;
/// Rows whose sums of a block that isn't the first are kept at once.
const ROWS: usize = 768;

/// Whether tiles have so many rows that they pack panels, and read transposed left factors where they are, in the time
/// that their multiply-adds take. With 16 registers neither gains anything.
const fn is_tall<V: Lanes>() -> bool {
    V::ROWS > 8
}

/// How much of a product is done before what follows. A panel for a slice is 32 KiB, which level-1 caches hold, or up to
/// 128 KiB, where there is time enough to fetch it from the next one; a band of the left factor 192 to 800 KiB, which
/// level-2 caches hold; a stripe is read from wherever it fits, once for each band. Longer slices load and store sums less
/// often, wider stripes pack the left factor less often.
struct Extent {
    /// Terms of a slice, for which tiles keep their sums in registers. Divides [`BLOCK`].
    slice: usize,
    /// Columns of a packed stripe of b at most.
    stripe: usize,
    /// Rows for which a panel is used before the next one.
    band: usize,
}

impl Extent {
    /// That of a product whose left factor is transposed, or isn't.
    const fn of<V: Lanes>(transposed: bool) -> Extent {
        if is_tall::<V>() {
            Extent { slice: if transposed { 256 } else { BLOCK }, stripe: 22 * GRAIN, band: 14 * V::ROWS }
        } else {
            Extent { slice: 512, stripe: 22 * GRAIN, band: 96 }
        }
    }
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Product { sizes: Sizes { k, n, .. }, rows: all, columns, a, b, c, first, scratch } = self;
        let extent = Extent::of::<V>(a.columns != 1);
        let at_once = if k > BLOCK && extent.slice < BLOCK { ROWS } else { all.len() };
        let pieces = columns.clone().step_by(extent.stripe).flat_map(|stripe| {
            let rows = all.clone().step_by(at_once).map(move |row| row..(row + at_once).min(all.end));
            rows.map(move |rows| (rows, stripe..(stripe + extent.stripe).min(columns.end)))
        });
        for (rows, stripe) in pieces {
            for block in (0..k).step_by(BLOCK) {
                let block_end = (block + BLOCK).min(k);
                // Later blocks have sums of their own, which are added to the total: by tiles, if they have all of them.
                let apart = block > 0 && block_end - block > extent.slice;
                let (to, stride) = if apart {
                    (scratch.block.room(rows.len() * extent.stripe).as_mut_ptr(), extent.stripe)
                } else {
                    // SAFETY: the stripe begins inside c.
                    (unsafe { c.at(first + rows.start * n + stripe.start) }, n)
                };
                for slice in (block..block_end).step_by(extent.slice) {
                    let slice = slice..(slice + extent.slice).min(block_end);
                    let begin = match slice.start {
                        start if start > block => Begin::Continue,
                        _ if block > 0 && !apart => Begin::Add,
                        _ => Begin::Zero,
                    };
                    let later = is_tall::<V>() && rows.len() >= V::ROWS;
                    let mut panels = b.pack::<V>(slice.clone(), stripe.clone(), later, &mut scratch.b);
                    for band in rows.clone().step_by(extent.band) {
                        let band = band..(band + extent.band).min(rows.end);
                        let a = a.rows::<V>(slice.clone(), band.clone(), stripe.len(), &mut scratch.a);
                        // SAFETY: the band begins inside the rows.
                        let to = unsafe { to.add((band.start - rows.start) * stride) };
                        let sizes = (band.len(), slice.len(), stripe.len());
                        // SAFETY: the factors are packed for these sizes, and the output holds them.
                        unsafe { tiles::<V>(sizes, a, panels, (to, stride), begin) };
                        panels.unpacked = None;
                    }
                }
                if apart {
                    let sums = scratch.block.room(rows.len() * extent.stripe);
                    for (row, sums) in rows.clone().zip(sums.chunks(extent.stripe)) {
                        // SAFETY: this thread's part of c, which nothing else refers to.
                        let totals = unsafe {
                            std::slice::from_raw_parts_mut(c.at(first + row * n + stripe.start), stripe.len())
                        };
                        add::<V>(totals, &sums[..stripe.len()]);
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
unsafe fn tiles<V: Lanes>(
    (m, k, n): (usize, usize, usize),
    a: pack::Rows,
    pack::Panels { packed: mut panel, unpacked }: pack::Panels,
    (to, stride): (*mut f32, usize),
    begin: Begin,
) {
    for column in (0..n).step_by(V::N * V::COLUMNS) {
        let columns = (V::N * V::COLUMNS).min(n - column);
        let vectors = columns.div_ceil(V::N);
        let unpacked = unpacked.filter(|_| columns.is_multiple_of(V::N));
        let unpacked = unpacked.map(|(first, stride)| (first.wrapping_add(column), stride));
        // SAFETY: the column is one of n.
        let to = unsafe { to.add(column) };
        let tiles = tile::Tiles { a, panel, unpacked, terms: k, rows: m, columns, to, stride, begin };
        // SAFETY: the caller's promise; panels lie one behind the other.
        unsafe {
            tiles.run::<V>(vectors);
            panel = panel.add(k * vectors * V::N);
        }
    }
}

/// `totals[i] = totals[i] + sums[i]`.
#[inline(always)]
pub(super) fn add<V: Lanes>(totals: &mut [f32], sums: &[f32]) {
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
