//! The operators: what a node does.
//!
//! Few families instead of many operators: an elementwise operator is a [`Function`], a table; a network's layers and
//! their gradients are made of these families by the compiler.
mod record;
mod shape;
pub(in crate::graph) mod window;

pub use window::Window;

use super::function::Function;
use crate::arith::F32;
use codec::{Decode, Encode};

/// What a node does. Outputs are binary32, row-major.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Op {
    /// A batch of rows of a data set `[rows, c..]`, in the order of [`gather_row`](super::gather_row):
    /// `fma(x, scale, shift)`. The node's shape `[batch, c..]` says how many.
    Gather {
        /// Seed of the order. Inputs and labels share it.
        seed: u64,
        /// Rows of the data set.
        rows: u32,
        /// Factor.
        scale: F32,
        /// Summand.
        shift: F32,
        /// Which of a step's batches, below `parts`.
        part: u16,
        /// Batches of a step, from 1: more than one where gradients are accumulated.
        parts: u16,
    },
    /// `x · (1 + u · 2^exponent)` with `u` from [`jitter_sign`](super::jitter_sign): the perturbation of a profile.
    Jitter {
        /// Seed of the signs.
        seed: u64,
        /// −23 to −1.
        exponent: i8,
    },
    /// `x · (kept ? scale : +0)`, where [`dropout_word`](super::dropout_word) says which elements are kept. Its gradient
    /// is the same operator on the gradient.
    Dropout {
        /// Seed of the draw.
        seed: u64,
        /// An element is kept if its word is below.
        keep_below: u32,
        /// 1 / share kept.
        scale: F32,
    },
    /// A function of the elements at the same place; inputs are broadcast to the node's shape as NumPy does (aligned at
    /// the last axis, where a dimension of 1 serves for any).
    Map {
        /// Which.
        function: Function,
        /// Its parameters, +0 where it has fewer.
        params: [F32; 4],
    },
    /// Products of matrices `[.., m, k]` and `[.., k, n]`, each optionally stored transposed: dot products in blocks.
    /// Leading axes are broadcast.
    MatMul {
        /// The first input is `[.., k, m]`.
        trans_a: bool,
        /// The second input is `[.., n, k]`.
        trans_b: bool,
    },
    /// A convolution of images `[n, c, h, w]`, or one of its gradients: dot products in blocks, over (channel, row, column)
    /// of the kernel; for the weights' gradient over (image, row, column) of the output.
    Conv {
        /// What of it.
        part: ConvPart,
        /// Where the kernel is applied.
        window: Window,
        /// Groups of channels.
        groups: u16,
    },
    /// Pools images `[n, c, h, w]` over windows.
    Pool {
        /// How.
        kind: PoolKind,
        /// Where the windows are.
        window: Window,
        /// Their height and width.
        kernel: [u8; 2],
    },
    /// The gradient of [`Pool`](Op::Pool) by its input: inputs dy and, for `Max`, the windows' `Argmax`.
    PoolGrad {
        /// `Max` or one of the averages.
        kind: PoolKind,
        /// Where the windows are.
        window: Window,
        /// Their height and width.
        kernel: [u8; 2],
    },
    /// Reduces axes to 1 (to the shape `[1]`, if it is all of them); then times `scale`, unless that is 1.
    Reduce {
        /// How.
        kind: ReduceKind,
        /// Bit i: axis i is reduced.
        axes: u8,
        /// Usually 1 or 1 / number.
        scale: F32,
    },
    /// Inputs `x[.., n]`, labels: `x[i, labels[i]]`, by comparing every `j`; +0 for a label that isn't among them.
    Pick,
    /// Inputs `table[v, c]`, ids: row `ids[i]` of the table, by comparing every row's number; +0 for an id that isn't
    /// among them. The shape is the ids' and c.
    Embed,
    /// Gradient of [`Embed`](Op::Embed) by the table: inputs `dy[.., c]`, ids; the node's shape is the table's. Summed in
    /// the order of the ids.
    EmbedGrad,
    /// The same elements in another shape, the node's.
    Reshape,
    /// Axis i of the output is axis `perm[i]` of the input.
    Transpose {
        /// A permutation of the axes; beyond them, i itself.
        perm: [u8; 6],
    },
    /// Items `start + i · step` of an axis, as many as the node's shape says.
    Slice {
        /// Which axis.
        axis: u8,
        /// The first item.
        start: u32,
        /// From one to the next, from 1.
        step: u32,
    },
    /// The gradient of [`Slice`](Op::Slice), and padding: item i goes to `start + i · step`, +0 between and around. The
    /// node's shape says how long the axis is.
    Pad {
        /// Which axis.
        axis: u8,
        /// The first item's place.
        start: u32,
        /// From one to the next, from 1.
        step: u32,
    },
    /// Two tensors behind each other.
    Concat {
        /// Along which axis.
        axis: u8,
    },
    /// A number that depends on the step alone: a learning rate.
    Schedule {
        /// How it goes on after the warm-up.
        kind: ScheduleKind,
        /// Its value after the warm-up.
        base: F32,
        /// Its value at the end (for `Exponential`: the factor per `period`).
        end: F32,
        /// Steps over which it rises from `base / warmup`.
        warmup: u32,
        /// The step at which it is at the end (for `Exponential`: steps after which it is multiplied).
        period: u32,
    },
    /// `1 − β^(step + 1)`: the bias correction of Adam (D. Kingma, J. Ba, *Adam*, 2015, algorithm 1).
    BiasCorrection {
        /// β · 2⁶³.
        beta: u64,
    },
}

/// A convolution or one of its gradients.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConvPart {
    /// Inputs `x[n, c, h, w]`, `weight[o, c / groups, kh, kw]`: `y[n, o, yh, yw]`.
    Forward,
    /// Inputs dy, weight: the gradient of x; the node's shape is x's.
    Input,
    /// Inputs dy, x: the gradient of the weight; the node's shape is the weight's.
    Weight,
}

/// How a window is pooled.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PoolKind {
    /// Its greatest item; what lies outside counts as −∞.
    Max,
    /// The position of its greatest item within it (of several, the first).
    Argmax,
    /// The sum of its items, divided by its size; what lies outside counts as +0.
    Average,
    /// The sum of its items, divided by the number of those that lie inside.
    AverageInside,
}

/// How an axis is reduced.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReduceKind {
    /// The greatest: a chain of `max`.
    Max,
    /// `Σ x`.
    Sum,
    /// `Σ x · y` of two inputs of the same shape.
    Dot,
    /// `Σ (x − y)²` of two inputs of the same shape.
    SquaredDistance,
}

/// How a schedule goes on after its warm-up.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ScheduleKind {
    /// It stays.
    Constant,
    /// On a straight line to `end`.
    Linear,
    /// On half a cosine to `end` (I. Loshchilov, F. Hutter, *SGDR*, 2017, equation 5, without restarts).
    Cosine,
    /// Times `end` whenever `period` steps have passed.
    Exponential,
}

impl Op {
    /// A function without parameters.
    pub const fn map(function: Function) -> Op {
        Op::Map { function, params: [F32::ZERO; 4] }
    }

    /// Its name, as in the documentation.
    pub const fn name(&self) -> &'static str {
        match self {
            Op::Gather { .. } => "gather",
            Op::Jitter { .. } => "jitter",
            Op::Dropout { .. } => "dropout",
            Op::Map { function, .. } => function.name(),
            Op::MatMul { .. } => "matmul",
            Op::Conv { part: ConvPart::Forward, .. } => "conv",
            Op::Conv { part: ConvPart::Input, .. } => "conv_input_grad",
            Op::Conv { part: ConvPart::Weight, .. } => "conv_weight_grad",
            Op::Pool { kind: PoolKind::Max, .. } => "max_pool",
            Op::Pool { kind: PoolKind::Argmax, .. } => "argmax_pool",
            Op::Pool { .. } => "average_pool",
            Op::PoolGrad { kind: PoolKind::Max, .. } => "max_pool_grad",
            Op::PoolGrad { .. } => "average_pool_grad",
            Op::Reduce { kind: ReduceKind::Max, .. } => "reduce_max",
            Op::Reduce { kind: ReduceKind::Sum, .. } => "reduce_sum",
            Op::Reduce { kind: ReduceKind::Dot, .. } => "reduce_dot",
            Op::Reduce { kind: ReduceKind::SquaredDistance, .. } => "squared_distance",
            Op::Pick => "pick",
            Op::Embed => "embed",
            Op::EmbedGrad => "embed_grad",
            Op::Reshape => "reshape",
            Op::Transpose { .. } => "transpose",
            Op::Slice { .. } => "slice",
            Op::Pad { .. } => "pad",
            Op::Concat { .. } => "concat",
            Op::Schedule { .. } => "schedule",
            Op::BiasCorrection { .. } => "bias_correction",
        }
    }

    /// Inputs it takes.
    pub const fn arity(&self) -> u8 {
        match self {
            Op::Schedule { .. } | Op::BiasCorrection { .. } => 0,
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::Dropout { .. }
            | Op::Pool { .. }
            | Op::Reduce { kind: ReduceKind::Max | ReduceKind::Sum, .. }
            | Op::Reshape
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. } => 1,
            Op::PoolGrad { kind: PoolKind::Max, .. } => 2,
            Op::PoolGrad { .. } => 1,
            Op::Map { function, .. } => function.arity(),
            Op::MatMul { .. }
            | Op::Conv { .. }
            | Op::Reduce { .. }
            | Op::Pick
            | Op::Embed
            | Op::EmbedGrad
            | Op::Concat { .. } => 2,
        }
    }
}
