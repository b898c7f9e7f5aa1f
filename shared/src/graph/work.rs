//! What a node counts for the price, in work units.
//!
//! A unit is the time that one primitive operation of a large matrix product takes, so that a fused multiply-add counts
//! 2. Everything else is counted by what takes the time when it is done fast, not by its micro-steps: a table of weights
//! for things of which every node has so many, measured on the CPU executor (decision 0009; `calibrate` of
//! `assay-engine` compares them with time).
//!
//! | operators | count, besides [`NODE`] |
//! |---|---|
//! | MatMul | per fused multiply-add [`MULTIPLY_ADD`]; per element of the right factor [`PACKED`], of the output [`STORED`] |
//! | Conv | per fused multiply-add [`MULTIPLY_ADD`], terms left out between strides not counted; per item that a window reads, for all channels of a group at once (and not where groups have one channel on both sides), [`WINDOW`]; per element of either input [`STAGED`], of the output [`TURNED_BACK`] |
//! | Pool | per element of the input [`STAGED`]; per item of every window [`WINDOW`], a row of fewer than [`WIDE`] windows counting as so many |
//! | PoolGrad | per element of the output [`SPREAD`] |
//! | Map | per element of the output: [`MOVED`] for it and for each input, [`ROW`] for each row of the function |
//! | Reshape, Slice, Pad, Concat, Embed | per element of the output as a map of one input and one row |
//! | Transpose | the same, and [`TURNED`] |
//! | EmbedGrad | per element of dy and of the output, as a movement |
//! | Reduce | per item of each input [`MOVED`], per item [`ROW`]; per element of the output [`REDUCED`] |
//! | Pick | per label [`PICKED`] |
//! | Gather | per element of the output [`READ`]; per row and try of the permutation [`ORDER`] |
//! | Jitter, Dropout | per element of the output [`DRAWN`] |
//! | Schedule, BiasCorrection | nothing |
use super::function::Function;
use super::{ConvPart, Node, Op, ReduceKind};
use crate::arith::random::permute_domain;

/// Any node: to begin it.
const NODE: u64 = 10_000;
/// A fused multiply-add of a product. The unit is half of this.
const MULTIPLY_ADD: u64 = 2;
/// An element of a product's right factor: it is rearranged.
const PACKED: u64 = 20;
/// An element of a product's output.
const STORED: u64 = 20;
/// An element of an image: it is laid out channel by channel, or with its margins.
const STAGED: u64 = 15;
/// An item read through a window.
const WINDOW: u64 = 12;
/// An element of a convolution's output: channels lay side by side while it was computed.
const TURNED_BACK: u64 = 55;
/// Windows of a row that are read side by side, however few there are.
const WIDE: u64 = 16;
/// An element that windows' gradients are added to.
const SPREAD: u64 = 55;
/// An element read or written.
const MOVED: u64 = 10;
/// A row of a function, for one element: whatever its primitive is.
const ROW: u64 = 2;
/// An element of a transpose, besides.
const TURNED: u64 = 30;
/// An element of a reduction's output.
const REDUCED: u64 = 1_000;
/// A label that is looked up.
const PICKED: u64 = 400;
/// An element of a batch, read from the data.
const READ: u64 = 80;
/// A try of the permutation for a row of a batch: half of one, since a batch's inputs and labels share theirs.
const ORDER: u64 = 13_000;
/// An element for which a random word is drawn.
const DRAWN: u64 = 260;
/// An element that is moved: a map of one input and one row.
const MOVEMENT: u64 = MOVED + MOVED + ROW;

impl Node {
    /// Work units of the node, at least 1; `u64::MAX` if there are more.
    pub fn work(&self) -> u64 {
        let out = self.shape.elements();
        let input = |input: u8| self.input_shape(input).map_or(0, |shape| shape.elements());
        let node = (1, NODE);
        match self.op {
            Op::Map { function, .. } => total([node, (out, of_map(function))]),
            Op::MatMul { .. } => {
                let terms = self.dot_terms().unwrap_or(0);
                let products = out.saturating_mul(terms);
                total([node, (products, MULTIPLY_ADD), (input(1), PACKED), (out, STORED)])
            }
            Op::Conv { part, groups, .. } => {
                let products = self.window_products(part);
                let windows = products.checked_div(self.sharers(part, groups)).unwrap_or(0);
                let images = input(0).saturating_add(input(1));
                total([node, (products, MULTIPLY_ADD), (windows, WINDOW), (images, STAGED), (out, TURNED_BACK)])
            }
            Op::Pool { kernel, .. } => {
                let [h, w] = kernel.map(u64::from);
                let columns = self.shape.dim(3).unwrap_or(1);
                let rows = out.checked_div(columns).unwrap_or(0);
                let items = rows.saturating_mul(columns.max(WIDE)).saturating_mul(h).saturating_mul(w);
                total([node, (items, WINDOW), (input(0), STAGED)])
            }
            Op::PoolGrad { .. } => total([node, (out, SPREAD)]),
            Op::Reduce { kind, .. } => {
                let of_item = match kind {
                    ReduceKind::Max | ReduceKind::Sum => MOVED + ROW,
                    ReduceKind::Dot | ReduceKind::SquaredDistance => MOVED + MOVED + ROW,
                };
                total([node, (input(0), of_item), (out, REDUCED)])
            }
            Op::Reshape | Op::Slice { .. } | Op::Pad { .. } | Op::Concat { .. } | Op::Embed => {
                total([node, (out, MOVEMENT)])
            }
            Op::Transpose { .. } => total([node, (out, MOVEMENT + TURNED)]),
            Op::EmbedGrad => total([node, (input(0), MOVEMENT), (out, MOVEMENT)]),
            Op::Pick => total([node, (out, PICKED)]),
            Op::Gather { rows, .. } => {
                let batch = self.shape.dim(0).unwrap_or(1);
                let rows = u64::from(rows);
                let tries = batch.saturating_mul(permute_domain(rows)).checked_div(rows).unwrap_or(0);
                total([node, (tries, ORDER), (out, READ)])
            }
            Op::Jitter { .. } | Op::Dropout { .. } => total([node, (out, DRAWN)]),
            Op::Schedule { .. } | Op::BiasCorrection { .. } => NODE,
        }
    }

    /// Multiply-adds of a convolution. Its gradient by the images has as many as the convolution itself: between strides
    /// there is nothing to add.
    fn window_products(&self, part: ConvPart) -> u64 {
        if part != ConvPart::Input {
            return self.shape.elements().saturating_mul(self.dot_terms().unwrap_or(0));
        }
        let (Ok(gradient), Ok(weight)) = (self.input_shape(0), self.input_shape(1)) else {
            return 0;
        };
        let window = weight.elements().checked_div(weight.dim(0).unwrap_or(0)).unwrap_or(0);
        gradient.elements().saturating_mul(window)
    }

    /// Channels of a convolution's group that share what a window reads; 0 if none has to be laid out for them, since
    /// groups have one channel on both sides.
    fn sharers(&self, part: ConvPart, groups: u16) -> u64 {
        let groups = u64::from(groups);
        let axis = if part == ConvPart::Weight { 0 } else { 1 };
        let channels = self.shape.dim(axis).unwrap_or(0);
        let weight = self.input_shape(1).map(|weight| [0, 1].map(|axis| weight.dim(axis).unwrap_or(0)));
        if part != ConvPart::Weight && weight == Ok([groups, 1]) {
            return 0;
        }
        channels.checked_div(groups).unwrap_or(0)
    }
}

/// Of every element.
fn of_map(function: Function) -> u64 {
    let rows = u64::try_from(function.rows().len()).unwrap_or(u64::MAX);
    total([(1, MOVED), (function.arity().into(), MOVED), (rows, ROW)])
}

/// So many things of these weights each.
fn total<const N: usize>(things: [(u64, u64); N]) -> u64 {
    things.into_iter().fold(0, |sum, (count, weight)| count.saturating_mul(weight).saturating_add(sum))
}
