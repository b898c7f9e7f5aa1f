//! Convolutions and their gradients as products of matrices, one for each group:
//!
//! | | rows | columns | terms |
//! |---|---|---|---|
//! | forward | output channels | windows of all images | items of the kernel |
//! | gradient of the images | input channels | items of all images | items of the kernel |
//! | gradient of the weights | output channels | items of the kernel | windows of all images |
//!
//! Where groups have one channel each, the first two are computed directly.
//!
//! The factor made of images exists only in the panels that a product is packed into.
mod depthwise;
mod factors;

use super::images::{Geometry, Images, Places};
use crate::exec::gemm::{part_of, share, Factor, Sizes, Target};
use crate::exec::lanes::Isa;
use crate::exec::pool::{Out, Pool};
use assay_core::graph::constants::DOT_BLOCK;
use assay_core::graph::{ConvPart, Node, Window};
use depthwise::Depthwise;
use factors::{Gradients, Items, Windows};
use std::cell::RefCell;

/// Places that a thread takes at least, where groups have one channel.
const GRAIN: usize = 1 << 10;
/// Groups whose products are smaller are shared out whole.
const LARGE: usize = 1 << 21;

thread_local! {
    /// Weights with rows and columns changed, and staged images.
    static SCRATCH: RefCell<(Vec<f32>, Vec<f32>)> = RefCell::default();
}

/// A convolution, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Conv {
    part: ConvPart,
    geometry: Geometry,
    groups: usize,
    /// Images.
    n: usize,
    /// Output channels of a group.
    outputs: usize,
    /// Input channels of a group.
    inputs: usize,
    /// Items of a kernel in one channel.
    kernel: usize,
    image: [usize; 2],
    windows: [usize; 2],
}

impl Conv {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, part: ConvPart, window: &Window, groups: u16) -> Conv {
        let dims = |shape: &assay_core::graph::Shape| {
            let mut dims = [1; 4];
            dims.iter_mut().zip(shape.dims()).for_each(|(to, &dim)| *to = dim as usize);
            dims
        };
        let [a, b] = [0, 1].map(|input: usize| dims(&node.inputs[input].shape));
        let output = dims(&node.shape);
        let (x, weight, y) = match part {
            ConvPart::Forward => (a, b, output),
            ConvPart::Input => (output, b, a),
            ConvPart::Weight => (b, output, a),
        };
        let groups = usize::from(groups);
        let [o, inputs, kh, kw] = weight;
        let (image, windows) = ([x[2], x[3]], [y[2], y[3]]);
        let places = if part == ConvPart::Input { Places::Items } else { Places::Windows };
        let geometry = Geometry::new(window, [kh, kw], windows, image, places);
        Conv { part, geometry, groups, n: x[0], outputs: o / groups, inputs, kernel: kh * kw, image, windows }
    }

    /// Computes it.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: [&[f32]; 2], out: &mut [f32]) {
        SCRATCH.with_borrow_mut(|scratch| self.run_in(scratch, isa, pool, inputs, out));
    }

    fn run_in(
        &self,
        (turned, staged): &mut (Vec<f32>, Vec<f32>),
        isa: Isa,
        pool: &Pool,
        [a, b]: [&[f32]; 2],
        out: &mut [f32],
    ) {
        let Conv { groups, n, outputs, inputs, kernel, .. } = *self;
        let (places, pixels) = (self.windows[0] * self.windows[1], self.image[0] * self.image[1]);
        let is_weight = self.part == ConvPart::Weight;
        if outputs == 1 && inputs == 1 && kernel <= DOT_BLOCK as usize && !is_weight {
            let staged = self.geometry.copied(pool, a, staged);
            let size = if self.part == ConvPart::Forward { places } else { pixels };
            let work = out.len() * kernel / 4;
            return pool.split_out((n * groups, size), GRAIN.div_ceil(size), work, out, &|part, out| {
                let first = part.start;
                isa.run(Depthwise { geometry: &self.geometry, staged, weights: b, groups, first, out });
            });
        }
        let out = Out::new(out);
        let values = self.geometry.staged(pool, if is_weight { b } else { a }, staged);
        let images = |channels: usize, group: usize| {
            let size = channels * self.geometry.channel;
            Images { values, first: group * size, image: groups * size, geometry: &self.geometry }
        };
        // Items of a group's kernels.
        let items = inputs * kernel;
        match self.part {
            ConvPart::Forward => {
                let sizes = Sizes { m: outputs, k: items, n: n * places };
                self.each_group(pool, sizes, &|group, whole| {
                    let weights = Factor::new(&b[group * outputs * items..][..outputs * items], items, false);
                    let first = group * outputs * places;
                    let target = Target { first, row: places, run: places, jump: groups * outputs * places };
                    // SAFETY: the group's channels, which nobody else writes.
                    unsafe { product(isa, pool, sizes, weights, Windows(images(inputs, group)), (out, target), whole) };
                });
            }
            ConvPart::Input => {
                let sizes = Sizes { m: inputs, k: outputs * kernel, n: n * pixels };
                turn(b, [groups, outputs, inputs, kernel], turned);
                self.each_group(pool, sizes, &|group, whole| {
                    let len = outputs * items;
                    let weights = Factor::new(&turned[group * len..][..len], outputs * kernel, false);
                    let first = group * inputs * pixels;
                    let target = Target { first, row: pixels, run: pixels, jump: groups * inputs * pixels };
                    // SAFETY: the group's channels, which nobody else writes.
                    unsafe {
                        product(isa, pool, sizes, weights, Windows(images(outputs, group)), (out, target), whole)
                    };
                });
            }
            ConvPart::Weight => {
                let sizes = Sizes { m: outputs, k: n * places, n: items };
                self.each_group(pool, sizes, &|group, whole| {
                    let first = group * outputs * places;
                    let dy = Gradients { values: a, first, image: groups * outputs * places, places };
                    let target = Target { first: group * outputs * items, ..Target::rows(items) };
                    // SAFETY: the group's kernels, which nobody else writes.
                    unsafe { product(isa, pool, sizes, dy, Items(images(inputs, group)), (out, target), whole) };
                });
            }
        }
    }

    /// Calls `f(group, whole)` for all groups: `whole` ones are one thread's, others every thread's.
    fn each_group(&self, pool: &Pool, sizes: Sizes, f: &(dyn Fn(usize, bool) + Sync)) {
        let work = sizes.m * sizes.k * sizes.n;
        if work >= LARGE || self.groups < pool.threads() {
            (0..self.groups).for_each(|group| f(group, false));
        } else {
            pool.split(self.groups, 1, self.groups * work / 4, &|part| part.for_each(|group| f(group, true)));
        }
    }
}

/// # Safety
/// As [`share`].
unsafe fn product(
    isa: Isa,
    pool: &Pool,
    sizes: Sizes,
    a: impl crate::exec::gemm::Left,
    b: impl crate::exec::gemm::Right,
    to: (Out, Target),
    whole: bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if whole {
            part_of(isa, sizes, (0..sizes.m, 0..sizes.n), a, b, to);
        } else {
            share(isa, pool, sizes, a, b, to);
        }
    }
}

/// Weights `[group, o, c, kernel]` as `[group, c, o, kernel]`.
fn turn(weights: &[f32], [groups, outputs, inputs, kernel]: [usize; 4], to: &mut Vec<f32>) {
    to.clear();
    to.reserve(weights.len());
    for group in 0..groups {
        for c in 0..inputs {
            for o in 0..outputs {
                to.extend_from_slice(&weights[((group * outputs + o) * inputs + c) * kernel..][..kernel]);
            }
        }
    }
}
