//! Pooling: a vector of windows at a time. Its gradient: window by window.
//!
//! Windows of two by two that lie side by side ("halves") are read and written where they are, and their gradient too
//! is done a vector of windows at a time.
//!
//! The definition adds +0 for what lies outside or isn't a window's greatest; a sum that began with +0 is never −0, so
//! that leaving it out changes no bit.
use super::images::{Geometry, Places};
use super::lookup::candidate;
use crate::exec::lanes::{canonical, Isa, Kernel, Lanes, MAX_LANES};
use crate::exec::pool::Pool;
use assay_core::graph::{Node, PoolKind, Window};
use std::cell::RefCell;
use std::ops::Range;

/// Windows that a thread takes at least.
const GRAIN: usize = 1 << 10;

thread_local! {
    /// Staged images.
    static STAGED: RefCell<Vec<f32>> = RefCell::default();
}

/// A pooling or its gradient, prepared. Images and channels make no difference.
#[derive(Debug)]
pub(in crate::exec) struct Pooling {
    kind: PoolKind,
    window: Window,
    geometry: Geometry,
    kernel: [usize; 2],
    image: [usize; 2],
    windows: [usize; 2],
    /// Two by two items, side by side, from the image's first on.
    halves: bool,
    /// What the sums of an image's windows are divided by; behind them is room for a vector.
    sizes: Vec<f32>,
}

impl Pooling {
    /// That of a node.
    pub(in crate::exec) fn new(
        node: &Node,
        kind: PoolKind,
        window: Window,
        kernel: [u8; 2],
        is_gradient: bool,
    ) -> Pooling {
        let size = |shape: &assay_core::graph::Shape| [2, 3].map(|axis: usize| shape.dims()[axis] as usize);
        let (input, output) = (size(&node.inputs[0].shape), size(&node.shape));
        let (image, windows) = if is_gradient { (output, input) } else { (input, output) };
        let Window { stride, dilation, before, .. } = window;
        let fits = (0..2).all(|axis| 2 * windows[axis] <= image[axis]);
        let halves = (kernel, stride, dilation, before) == ([2; 2], [2; 2], [1; 2], [0; 2]) && fits;
        let kernel = kernel.map(usize::from);
        let geometry = Geometry::new(&window, kernel, windows, image, Places::Lines);
        let mut pooling = Pooling { kind, window, geometry, kernel, image, windows, halves, sizes: Vec::new() };
        let inside =
            |axis: usize, at: usize| (0..kernel[axis]).filter(|&k| pooling.item(axis, at, k).is_some()).count();
        let size = |row, column| match kind {
            PoolKind::AverageInside => inside(0, row) * inside(1, column),
            _ => kernel[0] * kernel[1],
        };
        let sizes = (0..windows[0]).flat_map(|row| (0..windows[1]).map(move |column| (row, column)));
        let room = std::iter::repeat_n(1.0, MAX_LANES);
        pooling.sizes = sizes.map(|(row, column)| size(row, column) as f32).chain(room).collect();
        pooling
    }

    /// Where item `k` of window `at` is along an axis, if that is inside.
    fn item(&self, axis: usize, at: usize, k: usize) -> Option<usize> {
        let [stride, dilation, before] =
            [self.window.stride, self.window.dilation, self.window.before].map(|pair| usize::from(pair[axis]));
        (at * stride + k * dilation).checked_sub(before).filter(|&place| place < self.image[axis])
    }

    /// Pools x.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, x: &[f32], out: &mut [f32]) {
        let work = out.len() * self.geometry.items();
        let windows = self.windows[0] * self.windows[1];
        pool.share_out((out.len() / windows, windows), GRAIN.div_ceil(windows), work, out, &|part, out| {
            let pixels = self.image[0] * self.image[1];
            let x = &x[part.start * pixels..part.end * pixels];
            if self.halves {
                isa.run(Halves { pooling: self, x, out });
            } else {
                STAGED.with_borrow_mut(|staged| isa.run(Forward { pooling: self, x, out, staged }));
            }
        });
    }

    /// The gradient.
    pub(in crate::exec) fn run_gradient(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], out: &mut [f32]) {
        let (windows, pixels) = (self.windows[0] * self.windows[1], self.image[0] * self.image[1]);
        let images = out.len() / pixels;
        let (dy, argmax) = (inputs[0], inputs[inputs.len() - 1]);
        pool.share_out((images, pixels), GRAIN.div_ceil(windows), 4 * out.len(), out, &|part, out| {
            let range = part.start * windows..part.end * windows;
            let (dy, argmax) = (&dy[range.clone()], &argmax[range]);
            if self.halves {
                return isa.run(HalvesGradient { pooling: self, dy, argmax, out });
            }
            let images = dy.chunks_exact(windows).zip(argmax.chunks_exact(windows));
            for ((dy, argmax), dx) in images.zip(out.chunks_exact_mut(pixels)) {
                dx.fill(0.0);
                if self.kind == PoolKind::Max {
                    self.greatest(dy, argmax, dx);
                } else {
                    self.shares(dy, dx);
                }
                dx.iter_mut().for_each(|x| *x = canonical(*x));
            }
        });
    }

    /// Every window's dy goes to its greatest item. The last window comes first: of an item it is the first in the
    /// order of the kernel, in which the definition adds.
    fn greatest(&self, dy: &[f32], argmax: &[f32], dx: &mut [f32]) {
        let items: Vec<[usize; 2]> =
            (0..self.geometry.items()).map(|k| [k / self.kernel[1], k % self.kernel[1]]).collect();
        for row in (0..self.windows[0]).rev() {
            for column in (0..self.windows[1]).rev() {
                let window = row * self.windows[1] + column;
                let Some(k) = candidate(argmax[window], items.len()) else { continue };
                if let (Some(y), Some(x)) = (self.item(0, row, items[k][0]), self.item(1, column, items[k][1])) {
                    dx[y * self.image[1] + x] += dy[window];
                }
            }
        }
    }

    /// Every window's dy is shared among its items, in the same order.
    fn shares(&self, dy: &[f32], dx: &mut [f32]) {
        let columns: Vec<Range<usize>> = (0..self.windows[1]).map(|column| self.inside(1, column)).collect();
        for row in (0..self.windows[0]).rev() {
            let lines = self.inside(0, row);
            for (column, items) in columns.iter().enumerate().rev() {
                let window = row * self.windows[1] + column;
                let share = dy[window] / self.sizes[window];
                let dilation = self.window.dilation.map(usize::from);
                for y in lines.clone().step_by(dilation[0]) {
                    let line = &mut dx[y * self.image[1]..][items.clone()];
                    if dilation[1] == 1 {
                        line.iter_mut().for_each(|x| *x += share);
                    } else {
                        line.iter_mut().step_by(dilation[1]).for_each(|x| *x += share);
                    }
                }
            }
        }
    }

    /// From the first to the last item of a window that is inside, along an axis.
    fn inside(&self, axis: usize, at: usize) -> Range<usize> {
        let mut items = (0..self.kernel[axis]).filter_map(|k| self.item(axis, at, k));
        let first = items.next();
        first.map_or(0..0, |first| first..items.next_back().unwrap_or(first) + 1)
    }
}

/// Some images' channels.
struct Forward<'a> {
    pooling: &'a Pooling,
    x: &'a [f32],
    out: &'a mut [f32],
    staged: &'a mut Vec<f32>,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Forward { pooling, x, out, staged } = self;
        let (windows, pixels) = (pooling.windows[0] * pooling.windows[1], pooling.image[0] * pooling.image[1]);
        staged.resize(staged.len().max(pooling.geometry.channel + MAX_LANES), 0.0);
        let outside = if matches!(pooling.kind, PoolKind::Max | PoolKind::Argmax) { f32::NEG_INFINITY } else { 0.0 };
        for (x, out) in x.chunks_exact(pixels).zip(out.chunks_exact_mut(windows)) {
            pooling.geometry.stage(x, outside, staged);
            for (place, count, at) in pooling.geometry.vectors(V::N) {
                let items = pooling.geometry.offsets().iter();
                // SAFETY: behind the channel is room for a vector.
                let items = items.map(|offset| unsafe { V::load(staged[at + offset..].as_ptr()) });
                pooling.pooled(items, place).store_before(&mut out[place..], count);
            }
        }
    }
}

impl Pooling {
    /// A vector of windows of a channel, the first of which is at `place`, given their items in the kernel's order.
    #[inline(always)]
    fn pooled<V: Lanes>(&self, items: impl Iterator<Item = V>, place: usize) -> V {
        // Loops, not folds: what is called in vectors has to be inlined, and functions given to iterators may not be.
        match self.kind {
            PoolKind::Max => {
                let mut greatest = V::splat(f32::NEG_INFINITY);
                for x in items {
                    greatest = greatest.max(x);
                }
                greatest.canonical()
            }
            PoolKind::Argmax => {
                let (mut greatest, mut position) = (V::splat(f32::NEG_INFINITY), V::splat(0.0));
                for (k, x) in items.enumerate() {
                    position = x.select_gt(greatest, V::splat(k as f32), position);
                    greatest = greatest.max(x);
                }
                position
            }
            PoolKind::Average | PoolKind::AverageInside => {
                let mut sum = V::splat(0.0);
                for x in items {
                    sum = sum.add(x);
                }
                // SAFETY: behind the sizes is room for a vector.
                let size = unsafe { V::load(self.sizes[place..].as_ptr()) };
                sum.div(size).canonical()
            }
        }
    }
}

/// Some images' channels, of halves.
struct Halves<'a> {
    pooling: &'a Pooling,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Halves<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Halves { pooling, x, out } = self;
        let ([rows, columns], [height, width]) = (pooling.windows, pooling.image);
        for image in 0..out.len() / (rows * columns) {
            for row in 0..rows {
                let (first, from) = (row * columns, (image * height + 2 * row) * width);
                for column in (0..columns).step_by(V::N) {
                    let [a, b] = pairs::<V>(&x[from + 2 * column..]);
                    let [c, d] = pairs::<V>(&x[from + width + 2 * column..]);
                    let pooled = pooling.pooled([a, b, c, d].into_iter(), first + column);
                    let place = image * rows * columns + first + column;
                    pooled.store_before(&mut out[place..], V::N.min(columns - column));
                }
            }
        }
    }
}

/// The gradient for some images' channels, of halves.
struct HalvesGradient<'a> {
    pooling: &'a Pooling,
    dy: &'a [f32],
    argmax: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for HalvesGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let HalvesGradient { pooling, dy, argmax, out } = self;
        let ([rows, columns], [height, width]) = (pooling.windows, pooling.image);
        let zero = V::splat(0.0);
        for image in 0..out.len() / (height * width) {
            let dx = image * height * width;
            // A row of items at a time: what is written beyond its windows is written again later.
            for line in 0..2 * rows {
                let (row, begin) = (line / 2, dx + line * width);
                for column in (0..columns).step_by(V::N) {
                    let place = row * columns + column;
                    let at = image * rows * columns + place;
                    let dy = vector::<V>(&dy[at..]);
                    // What the two items get, added to +0.
                    let items = if pooling.kind == PoolKind::Max {
                        let argmax = vector::<V>(&argmax[at..]);
                        let first = (line % 2 * 2) as f32;
                        [first, first + 1.0].map(|k| argmax.select_eq(V::splat(k), dy, zero))
                    } else {
                        // SAFETY: behind the sizes is room for a vector.
                        let size = unsafe { V::load(pooling.sizes[place..].as_ptr()) };
                        [dy.div(size); 2]
                    };
                    let items = items.map(|x| zero.add(x).canonical());
                    store_pairs_before(items, &mut out[begin + 2 * column..], V::N.min(columns - column));
                }
                out[begin + 2 * columns..begin + width].fill(0.0);
            }
            out[dx + 2 * rows * width..dx + height * width].fill(0.0);
        }
    }
}

/// Neighbours of a row apart, +0 behind the end.
#[inline(always)]
fn pairs<V: Lanes>(from: &[f32]) -> [V; 2] {
    if from.len() >= 2 * V::N {
        // SAFETY: so many values are there.
        return unsafe { V::load_pairs(from.as_ptr()) };
    }
    let mut values = [0.0; 2 * MAX_LANES];
    values[..from.len()].copy_from_slice(from);
    // SAFETY: at least 2 N values are there.
    unsafe { V::load_pairs(values.as_ptr()) }
}

/// A vector of values, +0 behind the end.
#[inline(always)]
fn vector<V: Lanes>(from: &[f32]) -> V {
    if from.len() >= V::N {
        // SAFETY: so many values are there.
        return unsafe { V::load(from.as_ptr()) };
    }
    V::load_part(from)
}

/// Writes the first `count` pairs, where what is behind them is written later and may be overwritten now.
#[inline(always)]
fn store_pairs_before<V: Lanes>([even, odd]: [V; 2], to: &mut [f32], count: usize) {
    if to.len() >= 2 * V::N {
        // SAFETY: so many places are there.
        return unsafe { even.store_pairs(odd, to.as_mut_ptr()) };
    }
    let mut values = [0.0; 2 * MAX_LANES];
    // SAFETY: at least 2 N places are there.
    unsafe { even.store_pairs(odd, values.as_mut_ptr()) };
    to[..2 * count].copy_from_slice(&values[..2 * count]);
}
