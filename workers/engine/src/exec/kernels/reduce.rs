//! Reductions: blocks of 32 strided lanes and a tree.
//!
//! A lane begins with +0 and never becomes −0, so adding +0 to it (where a vector is filled up) changes no bit.
use super::super::lanes::{Isa, Kernel, Lanes, MAX_LANES, NAN};
use super::super::pool::Pool;
use super::lanewise::split;
use assay_core::graph::constants::{LANES, REDUCTION_BLOCK};

/// The protocol's constants.
const WIDTH: usize = LANES as usize;
const BLOCK: usize = REDUCTION_BLOCK as usize;
/// Vectors that hold a block's lanes, at most: with 8 lanes each.
const VECTORS: usize = 4;

/// The tree over the lanes.
#[inline(always)]
fn tree(lanes: &mut [f32; WIDTH]) -> f32 {
    let mut stride = WIDTH / 2;
    while stride > 0 {
        for i in 0..stride {
            lanes[i] += lanes[i + stride];
        }
        stride /= 2;
    }
    lanes[0]
}

fn canonical(x: f32) -> f32 {
    if x.is_nan() {
        NAN
    } else {
        x
    }
}

/// Blocks' results, in order.
fn total(blocks: impl Iterator<Item = f32>) -> f32 {
    canonical(blocks.reduce(|total, block| total + block).unwrap_or(0.0)) // A shape has at least one element.
}

/// Items of one block, one or two inputs.
struct Block<'a, const I: usize>([&'a [f32]; I]);

impl<const I: usize> Kernel for Block<'_, I> {
    type Output = f32;

    #[inline(always)]
    fn run<V: Lanes>(self) -> f32 {
        let x = self.0[0];
        let y = self.0[I - 1];
        let vectors = WIDTH / V::N;
        let mut sums = [V::splat(0.0); VECTORS];
        let whole = x.len() / WIDTH * WIDTH;
        for i in (0..whole).step_by(WIDTH) {
            for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
                // SAFETY: `i + 32` is inside.
                let item = unsafe { (V::load(x.as_ptr().add(i + v * V::N)), V::load(y.as_ptr().add(i + v * V::N))) };
                *sum = accumulate::<V, I>(*sum, item);
            }
        }
        for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
            let begin = (whole + v * V::N).min(x.len());
            let end = (begin + V::N).min(x.len());
            *sum = accumulate::<V, I>(*sum, (V::load_part(&x[begin..end]), V::load_part(&y[begin..end])));
        }
        let mut lanes = [0.0; WIDTH + MAX_LANES];
        for (v, sum) in sums.iter().enumerate().take(vectors) {
            // SAFETY: at most 32 places are written.
            unsafe { sum.store(lanes.as_mut_ptr().add(v * V::N)) };
        }
        let (lanes, _) = lanes.as_chunks_mut::<WIDTH>();
        tree(&mut lanes[0])
    }
}

/// A sum (one input), or a sum of squared differences (two).
#[inline(always)]
fn accumulate<V: Lanes, const I: usize>(sum: V, (x, y): (V, V)) -> V {
    if I == 1 {
        sum.add(x)
    } else {
        let difference = x.sub(y);
        difference.fma(difference, sum)
    }
}

/// Sum of all elements.
pub(in crate::exec) fn sum(isa: Isa, x: &[f32]) -> f32 {
    total(x.chunks(BLOCK).map(|block| isa.run(Block([block]))))
}

/// Squared distance.
pub(in crate::exec) fn sq_dist(isa: Isa, pool: &Pool, x: &[f32], y: &[f32]) -> f32 {
    let mut blocks = vec![0.0; x.len().div_ceil(BLOCK)];
    let compute = |block: usize| {
        let range = block * BLOCK..((block + 1) * BLOCK).min(x.len());
        isa.run(Block([&x[range.clone()], &y[range]]))
    };
    split(pool, 8, x.len(), &mut blocks, &|part, out| {
        for (block, out) in part.zip(out) {
            *out = compute(block);
        }
    });
    total(blocks.into_iter())
}

/// Sum of each row.
pub(in crate::exec) fn row_sum(isa: Isa, x: &[f32], columns: usize, out: &mut [f32]) {
    for (row, out) in x.chunks_exact(columns).zip(out) {
        *out = sum(isa, row);
    }
}

/// Sum of each column.
pub(in crate::exec) fn col_sum(isa: Isa, x: &[f32], columns: usize, out: &mut [f32]) {
    isa.run(ColSum { x, columns, out });
}

struct ColSum<'a> {
    x: &'a [f32],
    columns: usize,
    out: &'a mut [f32],
}

impl Kernel for ColSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.columns;
        for column in (0..n).step_by(V::N) {
            let count = V::N.min(n - column);
            let load = |row: &[f32]| {
                if count == V::N {
                    // SAFETY: a row has n elements, of which N from `column` on.
                    unsafe { V::load(row.as_ptr().add(column)) }
                } else {
                    V::load_part(&row[column..])
                }
            };
            let mut totals = V::splat(0.0);
            for (index, block) in self.x.chunks(BLOCK * n).enumerate() {
                let mut lanes = [V::splat(0.0); WIDTH];
                for (i, row) in block.chunks_exact(n).enumerate() {
                    lanes[i % WIDTH] = lanes[i % WIDTH].add(load(row));
                }
                let mut stride = WIDTH / 2;
                while stride > 0 {
                    for i in 0..stride {
                        lanes[i] = lanes[i].add(lanes[i + stride]);
                    }
                    stride /= 2;
                }
                totals = if index == 0 { lanes[0] } else { totals.add(lanes[0]) };
            }
            totals.canonical().store_part(&mut self.out[column..column + count]);
        }
    }
}
