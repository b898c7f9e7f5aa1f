//! Pooling: a vector of windows at a time. Its gradient: window by window.
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
        let kernel = kernel.map(usize::from);
        let geometry = Geometry::new(&window, kernel, windows, image, Places::Windows);
        let mut pooling = Pooling { kind, window, geometry, kernel, image, windows, sizes: Vec::new() };
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
        pool.split_out((out.len() / windows, windows), GRAIN.div_ceil(windows), work, out, &|part, out| {
            let pixels = self.image[0] * self.image[1];
            let x = &x[part.start * pixels..part.end * pixels];
            STAGED.with_borrow_mut(|staged| isa.run(Forward { pooling: self, x, out, staged }));
        });
    }

    /// The gradient.
    pub(in crate::exec) fn run_gradient(&self, pool: &Pool, inputs: &[&[f32]], out: &mut [f32]) {
        let (windows, pixels) = (self.windows[0] * self.windows[1], self.image[0] * self.image[1]);
        let images = out.len() / pixels;
        let (dy, argmax) = (inputs[0], inputs[inputs.len() - 1]);
        pool.split_out((images, pixels), GRAIN.div_ceil(windows), 4 * out.len(), out, &|part, out| {
            let range = part.start * windows..part.end * windows;
            let images = dy[range.clone()].chunks_exact(windows).zip(argmax[range].chunks_exact(windows));
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
        for (x, out) in x.chunks_exact(pixels).zip(out.chunks_exact_mut(windows)) {
            match pooling.kind {
                PoolKind::Max => {
                    pooling.geometry.stage(x, f32::NEG_INFINITY, staged);
                    pooling.greatest_of::<V>(staged, out);
                }
                PoolKind::Argmax => {
                    pooling.geometry.stage(x, f32::NEG_INFINITY, staged);
                    pooling.positions::<V>(staged, out);
                }
                PoolKind::Average | PoolKind::AverageInside => {
                    pooling.geometry.stage(x, 0.0, staged);
                    pooling.averages::<V>(staged, out);
                }
            }
        }
    }
}

impl Pooling {
    /// The greatest item of each window of a channel.
    #[inline(always)]
    fn greatest_of<V: Lanes>(&self, staged: &[f32], out: &mut [f32]) {
        for (place, count, at) in self.geometry.vectors(V::N) {
            let mut greatest = V::splat(f32::NEG_INFINITY);
            for offset in self.geometry.offsets() {
                // SAFETY: behind the channel is room for a vector.
                greatest = greatest.max(unsafe { V::load(staged[at + offset..].as_ptr()) });
            }
            greatest.canonical().store_before(&mut out[place..], count);
        }
    }

    /// The position of each window's greatest item.
    #[inline(always)]
    fn positions<V: Lanes>(&self, staged: &[f32], out: &mut [f32]) {
        for (place, count, at) in self.geometry.vectors(V::N) {
            let (mut greatest, mut position) = (V::splat(f32::NEG_INFINITY), V::splat(0.0));
            for (k, offset) in self.geometry.offsets().iter().enumerate() {
                // SAFETY: as above.
                let x = unsafe { V::load(staged[at + offset..].as_ptr()) };
                position = x.select_gt(greatest, V::splat(k as f32), position);
                greatest = greatest.max(x);
            }
            position.store_before(&mut out[place..], count);
        }
    }

    /// The sum of each window's items, divided by its size.
    #[inline(always)]
    fn averages<V: Lanes>(&self, staged: &[f32], out: &mut [f32]) {
        for (place, count, at) in self.geometry.vectors(V::N) {
            let mut sum = V::splat(0.0);
            for offset in self.geometry.offsets() {
                // SAFETY: as above.
                sum = sum.add(unsafe { V::load(staged[at + offset..].as_ptr()) });
            }
            // SAFETY: behind the sizes is room for a vector.
            let size = unsafe { V::load(self.sizes[place..].as_ptr()) };
            sum.div(size).canonical().store_before(&mut out[place..], count);
        }
    }
}
