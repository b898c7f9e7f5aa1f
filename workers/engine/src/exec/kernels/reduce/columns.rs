//! Outputs that lie side by side: sums of columns. A vector holds the same lane of many outputs.
use super::super::axes::{count, Walk};
use super::fold::Fold;
use super::{Reduce, BLOCK, WIDTH};
use crate::exec::lanes::{Isa, Kernel, Lanes};
use crate::exec::pool::{Out, Pool};
use std::marker::PhantomData;
use std::ops::Range;

/// Vectors of a strip at most: their lanes fit a level-1 cache.
const STRIP: usize = 4;
/// Columns that a thread takes at least.
const GRAIN: usize = 64;

/// All outputs.
pub(super) fn run<F: Fold>(reduce: &Reduce, _: F, isa: Isa, pool: &Pool, x: [&[f32]; 2], out: &mut [f32]) {
    let len = out.len();
    let columns = reduce.kept.last().map_or(1, |axis| axis.len);
    let out = Out::new(out);
    // Threads take whole matrices, or columns of the only one.
    let matrices = len / columns;
    let (units, grain) = if matrices > 1 { (matrices, 1) } else { (columns, GRAIN) };
    pool.share(units, grain, len * reduce.items, &|part| {
        let (matrices, columns) = if matrices > 1 { (part, 0..columns) } else { (0..1, part) };
        isa.run(Matrices::<F> { reduce, x, matrices, columns, out, fold: PhantomData });
    });
}

/// Some columns of some matrices.
struct Matrices<'a, F> {
    reduce: &'a Reduce,
    x: [&'a [f32]; 2],
    matrices: Range<usize>,
    columns: Range<usize>,
    out: Out,
    fold: PhantomData<F>,
}

impl<F: Fold> Kernel for Matrices<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Matrices { reduce, x, matrices, columns, out, .. } = self;
        let Some((inner, outer)) = reduce.kept.split_last() else {
            return;
        };
        debug_assert!(matrices.end <= count(outer));
        let mut walk = Walk::new(outer, matrices.start);
        for matrix in matrices {
            for column in columns.clone().step_by(STRIP * V::N) {
                let end = (column + STRIP * V::N).min(columns.end);
                // SAFETY: columns of this thread's own matrices.
                let to = unsafe { std::slice::from_raw_parts_mut(out.at(matrix * inner.len + column), end - column) };
                let first = walk.offset + column;
                match (end - column).div_ceil(V::N) {
                    1 => strip::<V, F, 1>(reduce, x, first, to),
                    2 => strip::<V, F, 2>(reduce, x, first, to),
                    3 => strip::<V, F, 3>(reduce, x, first, to),
                    _ => strip::<V, F, STRIP>(reduce, x, first, to),
                }
            }
            walk.step();
        }
    }
}

/// Up to `C` vectors of columns, of which the first items are at `first`.
#[inline(always)]
fn strip<V: Lanes, F: Fold, const C: usize>(reduce: &Reduce, x: [&[f32]; 2], first: usize, to: &mut [f32]) {
    let mut totals = [V::splat(F::FIRST); C];
    let mut walk = Walk::new(&reduce.reduced, 0);
    let block = if F::ANY_ORDER { reduce.items } else { BLOCK };
    for begin in (0..reduce.items).step_by(block) {
        let mut lanes = [[V::splat(F::FIRST); C]; WIDTH];
        for i in begin..(begin + block).min(reduce.items) {
            let item = first + walk.offset;
            let lane = &mut lanes[i % WIDTH];
            let a = row::<V, C>(x[0], item, to.len());
            let b = if F::PAIRS { row::<V, C>(x[1], item, to.len()) } else { a };
            for c in 0..C {
                lane[c] = F::item(lane[c], a[c], b[c]);
            }
            walk.step();
        }
        let mut stride = WIDTH / 2;
        while stride > 0 {
            let (left, right) = lanes.split_at_mut(stride);
            for (left, right) in left.iter_mut().zip(right) {
                for (left, right) in left.iter_mut().zip(right) {
                    *left = F::join(*left, *right);
                }
            }
            stride /= 2;
        }
        for c in 0..C {
            totals[c] = if begin == 0 { lanes[0][c] } else { F::join(totals[c], lanes[0][c]) };
        }
    }
    for (to, total) in to.chunks_mut(V::N).zip(totals) {
        reduce.scaled_lanes(total).store_part(to);
    }
}

/// `C` vectors from `at` on, of which `count` values matter.
#[inline(always)]
fn row<V: Lanes, const C: usize>(x: &[f32], at: usize, count: usize) -> [V; C] {
    if at + C * V::N <= x.len() {
        // SAFETY: so many values are there, if only the next row's.
        return std::array::from_fn(|c| unsafe { V::load(x.as_ptr().add(at + c * V::N)) });
    }
    let x = &x[at..at + count];
    std::array::from_fn(|c| V::load_part(&x[(c * V::N).min(count)..((c + 1) * V::N).min(count)]))
}
