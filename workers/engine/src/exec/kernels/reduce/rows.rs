//! Outputs whose items lie behind each other, at least in runs: rows, images of a channel, whole tensors.
use super::super::axes::{count, Axis, Walk};
use super::fold::Fold;
use super::{Reduce, BLOCK, WIDTH};
use crate::exec::lanes::{Isa, Kernel, Lanes, MAX_LANES, MIN_LANES};
use crate::exec::pool::Pool;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

/// Vectors that hold a block's lanes, at most.
const VECTORS: usize = WIDTH / MIN_LANES;
/// Items that a thread takes at least.
const GRAIN: usize = 1 << 13;

thread_local! {
    /// The results of blocks.
    static BLOCKS: RefCell<Vec<f32>> = RefCell::default();
    /// Items of a block that are in several runs.
    static ITEMS: RefCell<[Vec<f32>; 2]> = RefCell::default();
}

/// All outputs.
pub(super) fn run<F: Fold>(reduce: &Reduce, _: F, isa: Isa, pool: &Pool, x: [&[f32]; 2], out: &mut [f32]) {
    let block = if F::ANY_ORDER { reduce.items } else { BLOCK };
    let blocks = reduce.items.div_ceil(block);
    let len = out.len() * blocks;
    let grain = (GRAIN / reduce.items.min(block)).max(1);
    let work = out.len() * reduce.items;
    let kernel = |pairs: Range<usize>, to: &mut [f32]| {
        ITEMS.with_borrow_mut(|buffers| {
            isa.run(Blocks::<F> { reduce, x, block, blocks, pairs, to, buffers, fold: PhantomData });
        });
    };
    if blocks == 1 {
        pool.share_out((len, 1), grain, work, out, &kernel);
        out.iter_mut().for_each(|out| *out = reduce.scaled(*out));
        return;
    }
    BLOCKS.with_borrow_mut(|results| {
        results.resize(results.len().max(len), 0.0);
        pool.share_out((len, 1), grain, work, &mut results[..len], &kernel);
        for (out, results) in out.iter_mut().zip(results.chunks_exact(blocks)) {
            let total = results.iter().copied().reduce(|total, block| total + block);
            *out = reduce.scaled(total.unwrap_or(0.0)); // There is at least one block.
        }
    });
}

/// Results of some blocks: pair `output · blocks + block`.
struct Blocks<'a, F> {
    reduce: &'a Reduce,
    x: [&'a [f32]; 2],
    /// Items of a block.
    block: usize,
    /// Blocks of an output.
    blocks: usize,
    pairs: Range<usize>,
    to: &'a mut [f32],
    buffers: &'a mut [Vec<f32>; 2],
    fold: PhantomData<F>,
}

impl<F: Fold> Kernel for Blocks<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Blocks { reduce, x, block, blocks, pairs, to, buffers, .. } = self;
        let single = [Axis { len: 1, stride: 1 }];
        let (inner, outer) = match reduce.reduced.split_last() {
            Some((inner, outer)) => (*inner, outer),
            None => (single[0], [].as_slice()),
        };
        if F::ANY_ORDER {
            return any_order::<V, F>(reduce, x[0], (inner.len, outer), pairs.start, to);
        }
        let mut output = Walk::new(&reduce.kept, pairs.start / blocks);
        let mut index = pairs.start % blocks;
        let mut outputs = Outputs::<F>::new();
        let other = usize::from(F::PAIRS && !std::ptr::eq(x[0], x[1]));
        for to in to.chunks_mut(V::N) {
            for row in 0..to.len() {
                let items = index * block..((index + 1) * block).min(reduce.items);
                let runs = Runs { inner: inner.len, outer, first: output.offset };
                let lanes = if let Some(range) = runs.contiguous(&items) {
                    let [a, b] = [0, other].map(|input| &x[input][range.clone()]);
                    lanes::<V, F>(a, b)
                } else {
                    for (buffer, x) in buffers.iter_mut().zip(x).take(1 + other) {
                        buffer.resize(BLOCK, 0.0);
                        runs.each(items.clone(), |run, at| buffer[at..at + run.len()].copy_from_slice(&x[run]));
                    }
                    let [a, b] = [0, other].map(|input| &buffers[input][..items.len()]);
                    lanes::<V, F>(a, b)
                };
                outputs.put(row, lanes);
                index += 1;
                if index == blocks {
                    index = 0;
                    output.step();
                }
            }
            outputs.join::<V>(to);
        }
    }
}

/// Lanes of as many outputs as a vector has, a row for each; turned, so that they are joined all at once.
struct Outputs<F> {
    rows: [f32; MAX_LANES * MAX_LANES],
    turned: [f32; MAX_LANES * MAX_LANES],
    fold: PhantomData<F>,
}

impl<F: Fold> Outputs<F> {
    #[inline(always)]
    fn new() -> Self {
        let first = [F::FIRST; MAX_LANES * MAX_LANES];
        Outputs { rows: first, turned: first, fold: PhantomData }
    }

    /// An output's lanes.
    #[inline(always)]
    fn put<V: Lanes>(&mut self, row: usize, lanes: V) {
        let to = &mut self.rows[row * V::N..][..V::N];
        // SAFETY: N places.
        unsafe { lanes.store(to.as_mut_ptr()) };
    }

    /// The first outputs: the lower half of the lanes with the upper one, and so on.
    #[inline(always)]
    fn join<V: Lanes>(&mut self, to: &mut [f32]) {
        let mut lanes = [V::splat(F::FIRST); MAX_LANES];
        // SAFETY: both have N rows of N values.
        unsafe {
            V::transpose(self.rows.as_ptr(), V::N, self.turned.as_mut_ptr(), V::N);
            for (lane, lanes) in lanes.iter_mut().enumerate().take(V::N) {
                *lanes = V::load(self.turned.as_ptr().add(lane * V::N));
            }
        }
        fold::<V, F>(&mut lanes, V::N);
        match to.len() == V::N {
            // SAFETY: N places.
            true => unsafe { lanes[0].store(to.as_mut_ptr()) },
            false => lanes[0].store_part(to),
        }
    }
}

/// Joins the lower half of so many vectors, a power of two, with the upper one, and so on: the first is what is left.
#[inline(always)]
fn fold<V: Lanes, F: Fold>(vectors: &mut [V], count: usize) {
    let mut stride = count / 2;
    while stride > 0 {
        for i in 0..stride {
            vectors[i] = F::join(vectors[i], vectors[i + stride]);
        }
        stride /= 2;
    }
}

/// Where an output's items are: runs along the innermost reduced axis.
#[derive(Clone, Copy)]
struct Runs<'a> {
    inner: usize,
    outer: &'a [Axis],
    first: usize,
}

impl Runs<'_> {
    /// Where these items are, if they are in one run.
    #[inline(always)]
    fn contiguous(&self, items: &Range<usize>) -> Option<Range<usize>> {
        let at = items.start % self.inner;
        let one = self.inner - at >= items.len();
        let first = self.first + if one { Walk::new(self.outer, items.start / self.inner).offset + at } else { 0 };
        one.then_some(first..first + items.len())
    }

    /// Every run of these items: where it is, and its position among them.
    #[inline(always)]
    fn each(&self, items: Range<usize>, mut f: impl FnMut(Range<usize>, usize)) {
        debug_assert!(items.end <= self.inner * count(self.outer));
        let mut walk = Walk::new(self.outer, items.start / self.inner);
        let mut at = items.start % self.inner;
        let mut done = 0;
        while done < items.len() {
            let run = (self.inner - at).min(items.len() - done);
            let first = self.first + walk.offset + at;
            f(first..first + run, done);
            done += run;
            at = 0;
            walk.step();
        }
    }
}

/// Outputs from number `first` on, of items in any order.
#[inline(always)]
fn any_order<V: Lanes, F: Fold>(
    reduce: &Reduce,
    x: &[f32],
    (inner, outer): (usize, &[Axis]),
    first: usize,
    to: &mut [f32],
) {
    let runs = count(outer);
    let mut output = Walk::new(&reduce.kept, first);
    let mut outputs = Outputs::<F>::new();
    for to in to.chunks_mut(V::N) {
        for row in 0..to.len() {
            let mut lanes = V::splat(F::FIRST);
            let mut walk = Walk::new(outer, 0);
            for _ in 0..runs {
                lanes = over::<V, F>(lanes, &x[output.offset + walk.offset..][..inner]);
                walk.step();
            }
            outputs.put(row, lanes);
            output.step();
        }
        outputs.join::<V>(to);
    }
}

/// A lane with all of a run's items, in any order and some of them twice.
#[inline(always)]
fn over<V: Lanes, F: Fold>(lane: V, x: &[f32]) -> V {
    if x.len() < V::N {
        let mut items = [F::FIRST; MAX_LANES];
        items[..x.len()].copy_from_slice(x);
        // SAFETY: MAX_LANES >= N values.
        let x = unsafe { V::load(items.as_ptr()) };
        return F::item(lane, x, x);
    }
    // Several chains side by side.
    let mut lanes = [lane, V::splat(F::FIRST), V::splat(F::FIRST), V::splat(F::FIRST)];
    let four = x.len() / (4 * V::N) * (4 * V::N);
    for at in (0..four).step_by(4 * V::N) {
        for (i, lane) in lanes.iter_mut().enumerate() {
            // SAFETY: `at + 4 · N` is inside.
            let x = unsafe { V::load(x.as_ptr().add(at + i * V::N)) };
            *lane = F::item(*lane, x, x);
        }
    }
    for at in (four..x.len()).step_by(V::N) {
        // SAFETY: there are N values or more.
        let x = unsafe { V::load(x.as_ptr().add(at.min(x.len() - V::N))) };
        lanes[0] = F::item(lanes[0], x, x);
    }
    F::join(F::join(lanes[0], lanes[1]), F::join(lanes[2], lanes[3]))
}

/// A block's 32 lanes, and the tree over them as far as vectors go.
#[inline(always)]
fn lanes<V: Lanes, F: Fold>(x: &[f32], y: &[f32]) -> V {
    let vectors = WIDTH / V::N;
    let y = &y[..x.len()];
    let mut sums = [V::splat(F::FIRST); VECTORS];
    let whole = x.len() / WIDTH * WIDTH;
    for i in (0..whole).step_by(WIDTH) {
        for (v, sum) in sums.iter_mut().enumerate().take(vectors) {
            // SAFETY: `i + 32` is inside.
            let (x, y) = unsafe { (V::load(x.as_ptr().add(i + v * V::N)), V::load(y.as_ptr().add(i + v * V::N))) };
            *sum = F::item(*sum, x, y);
        }
    }
    // In arrays of their own: a variable index would have the sums kept in memory.
    let mut joined = if whole < x.len() { rest::<V, F>(sums, &x[whole..], &y[whole..]) } else { sums };
    fold::<V, F>(&mut joined, vectors);
    joined[0]
}

/// The last items, fewer than there are lanes. Lanes without one stay as they are: even +0 · +0 could change a sum that is
/// −0.
#[inline(always)]
fn rest<V: Lanes, F: Fold>(mut sums: [V; VECTORS], x: &[f32], y: &[f32]) -> [V; VECTORS] {
    for ((x, y), sum) in x.chunks(V::N).zip(y.chunks(V::N)).zip(&mut sums) {
        let with = F::item(*sum, V::load_part(x), V::load_part(y));
        let (mut lanes, mut items) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        // SAFETY: MAX_LANES >= N values and places.
        *sum = unsafe {
            sum.store(lanes.as_mut_ptr());
            with.store(items.as_mut_ptr());
            lanes[..x.len()].copy_from_slice(&items[..x.len()]);
            V::load(lanes.as_ptr())
        };
    }
    sums
}
