//! Convolutions and their gradients, from images that are only staged: no window is ever laid out.
//!
//! | | lanes | rows of a tile | terms |
//! |---|---|---|---|
//! | forward | output channels | windows | items of the kernel |
//! | gradient of the images | input channels | items of an image | items of the kernel |
//! | gradient of the weights | output channels | items of the kernel | windows of all images |
//!
//! Where groups have one channel each, the first two have places as lanes, as they have where few channels would leave
//! lanes empty.
mod chain;
mod channels;
mod class;
mod depthwise;
mod few;
mod places;
mod weights;

use super::images::{Geometry, Places};
use crate::exec::aligned::Aligned;
use crate::exec::lanes::Isa;
use crate::exec::pool::{Out, Pool};
use assay_core::graph::constants::DOT_BLOCK;
use assay_core::graph::{ConvPart, Node, Window};
use class::{Classes, Shapes};
use depthwise::Depthwise;
use places::{Bands, Call, Complete, Packing, Sizes};
use std::cell::RefCell;
use weights::WeightGradient;

/// Places that a thread takes at least, where groups have one channel.
const GRAIN: usize = 1 << 10;

thread_local! {
    /// Staged images, and weights as vectors or sums of blocks: the calling thread's.
    static SCRATCH: RefCell<(Vec<f32>, Aligned)> = RefCell::default();
    /// What each thread needs for bands.
    static BAND: RefCell<places::Scratch> = RefCell::default();
}

/// A convolution, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Conv(Box<Plan>);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the largest is the usual one, and the plan is in a box")]
enum Plan {
    /// Groups of one channel.
    Depthwise { geometry: Geometry, groups: usize },
    /// Groups of several.
    Places {
        sizes: Sizes,
        images: usize,
        shapes: Shapes,
        whole: Classes,
        /// For finite weights.
        skipping: Option<Classes>,
    },
    /// The gradient of the weights.
    Weights { geometry: Geometry, gradient: WeightGradient },
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
        let (groups, images) = (usize::from(groups), x[0]);
        let [o, inputs, kh, kw] = weight;
        let (outputs, kernel) = (o / groups, kh * kw);
        let (image, windows) = ([x[2], x[3]], [y[2], y[3]]);
        let is_gradient = part == ConvPart::Input;
        let geometry = |places| Geometry::new(window, [kh, kw], windows, image, places);
        if part == ConvPart::Weight {
            let geometry = geometry(Places::Windows);
            let gradient = WeightGradient::new(&geometry, windows, images, groups, [outputs, inputs]);
            return Conv(Box::new(Plan::Weights { geometry, gradient }));
        }
        if [outputs, inputs] == [1; 2] && kernel <= DOT_BLOCK as usize {
            let places = if is_gradient { Places::Items } else { Places::Lines };
            return Conv(Box::new(Plan::Depthwise { geometry: geometry(places), groups }));
        }
        let ((results, result), (channels, channel)) = ((outputs, inputs * kernel), (inputs, kernel));
        let sizes = Sizes { groups, results, channels, kernel, places: windows, weights: [result, channel] };
        let swapped =
            Sizes { results: channels, channels: results, places: image, weights: [channel, result], ..sizes };
        let sizes = if is_gradient { swapped } else { sizes };
        let window = *window;
        let shapes = Shapes { window, kernel: [kh, kw], windows, image, channels: sizes.channels, is_gradient };
        Conv(Box::new(Plan::Places { sizes, images, shapes, whole: shapes.whole(), skipping: shapes.skipping() }))
    }

    /// Computes it.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, [a, b]: [&[f32]; 2], out: &mut [f32]) {
        SCRATCH.with_borrow_mut(|(staged, other)| match &*self.0 {
            Plan::Depthwise { geometry, groups } => {
                let staged = geometry.copied(pool, a, staged);
                let (work, size, groups) = (out.len() * geometry.items() / 4, geometry.places(), *groups);
                pool.share_out((out.len() / size, size), GRAIN.div_ceil(size), work, out, &|part, out| {
                    let first = part.start;
                    isa.run(Depthwise { geometry, staged, weights: b, groups, first, out });
                });
            }
            Plan::Weights { geometry, gradient } => {
                let staged = geometry.staged(pool, b, staged);
                gradient.run(isa, pool, [a, staged], other, out);
            }
            Plan::Places { sizes, images, shapes, whole, skipping } => {
                // Infinity times +0 is NaN.
                let skipping = skipping.as_ref().filter(|_| b.iter().all(|weight| weight.is_finite()));
                let Classes { geometry, classes } = skipping.unwrap_or(whole);
                let complete = skipping.map(|_| Complete { weights: b, values: a, shapes });
                let len = isa.run(Packing { sizes: *sizes, classes, weights: b, to: other });
                let (packed, work) = (&*other.room(len), out.len() * sizes.terms() / 16);
                let out = Out::new(out);
                let of = Call { sizes: *sizes, classes, geometry, values: a, packed, out, complete };
                pool.share(sizes.units(*images), 1, work, &|units| {
                    BAND.with_borrow_mut(|scratch| isa.run(Bands { of, units, scratch }));
                });
            }
        });
    }
}
