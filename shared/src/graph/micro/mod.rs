//! Micro-programs: one element of a node's output as a list of primitives, each found in O(1).
//!
//! The list is in single-assignment form: step `t` reads constants, elements of the node's inputs and values of earlier
//! steps, and the value of the last step is the element. All elements of a node have the same number of steps.
//!
//! | family | operators | steps of an element |
//! |---|---|---|
//! | [`dot`] | MatMul, Conv | blocks of a chain; see there |
//! | [`reduction`] | Reduce | blocks of lanes and a tree; see there |
//! | [`map`] | Map | one per row of the function's table |
//! | [`pool`] | Pool, PoolGrad | 1 or 2 per item of a window |
//! | [`lookup`] | Pick, Embed, EmbedGrad | 1 or 2 per candidate |
//! | [`drawn`] | Gather, Jitter, Dropout | 1 |
//! | [`view`] | Reshape, Transpose, Slice, Pad, Concat | 1 |
//! | | Schedule, BiasCorrection | 1: a constant of the step |
mod blocks;
mod conv;
pub mod dot;
pub mod drawn;
mod index;
pub mod lookup;
pub mod map;
pub mod pool;
pub mod reduction;
mod step;
pub mod view;

pub use step::{Env, MicroStep, Operand, Prim};

use super::{bias_correction, scheduled, GraphError, Node, Op};
use crate::arith::F32;
use alloc::vec::Vec;
use core::ops::Range;
use dot::Dot;
use pool::Pooling;
use reduction::Reduction;

impl Node {
    /// Micro-steps of every element.
    ///
    /// 0 if inputs are missing or not of the operator's ranks, which [`check`](Self::check) rejects.
    pub fn micro_len(&self) -> u64 {
        self.try_len().unwrap_or(0)
    }

    fn try_len(&self) -> Result<u64, GraphError> {
        Ok(match self.op {
            Op::Map { function, .. } => u64::try_from(function.rows().len()).unwrap_or(0),
            Op::MatMul { .. } | Op::Conv { .. } => Dot::of(self, 0)?.len(),
            Op::Reduce { kind, axes, scale } => Reduction::of(self, (kind, axes, scale), 0)?.len(),
            Op::Pool { kind, window, kernel } => Pooling::of(self, (kind, window, kernel), false, 0)?.len(),
            Op::PoolGrad { kind, window, kernel } => Pooling::of(self, (kind, window, kernel), true, 0)?.len(),
            Op::Pick => self.input_shape(0)?.dims().last().map_or(0, |&n| u64::from(n)),
            Op::Embed => self.input_shape(0)?.dim(0)?,
            Op::EmbedGrad => self.input_shape(1)?.elements().wrapping_mul(2),
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::Dropout { .. }
            | Op::Reshape
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Schedule { .. }
            | Op::BiasCorrection { .. } => 1,
        })
    }

    /// Micro-step `t` of an element.
    ///
    /// # Errors
    /// No such element or step, or a node that [`check`](Self::check) rejects.
    pub fn micro_step(&self, env: Env, element: u64, t: u64) -> Result<MicroStep, GraphError> {
        let elements = self.shape.elements();
        if element >= elements {
            return Err(GraphError::ElementIndex { index: element, elements });
        }
        let len = self.try_len()?;
        if t >= len {
            return Err(GraphError::StepIndex { index: t, len });
        }
        match self.op {
            Op::Gather { seed, rows, scale, shift, part, parts } => {
                drawn::gather(self, env, element, (seed, rows), (scale, shift), (part, parts))
            }
            Op::Jitter { seed, exponent } => Ok(drawn::jitter(env, element, seed, exponent)),
            Op::Dropout { seed, keep_below, scale } => Ok(drawn::dropout(env, element, seed, keep_below, scale)),
            Op::Map { function, params } => map::step(self, (function, params), element, t),
            Op::MatMul { .. } | Op::Conv { .. } => Ok(Dot::of(self, element)?.step(t)),
            Op::Reduce { kind, axes, scale } => Ok(Reduction::of(self, (kind, axes, scale), element)?.step(t)),
            Op::Pool { kind, window, kernel } => Ok(Pooling::of(self, (kind, window, kernel), false, element)?.step(t)),
            Op::PoolGrad { kind, window, kernel } => {
                Ok(Pooling::of(self, (kind, window, kernel), true, element)?.step(t))
            }
            Op::Pick => lookup::pick(self, element, t),
            Op::Embed => lookup::embed(self, element, t),
            Op::EmbedGrad => lookup::embed_grad(self, element, t),
            Op::Reshape | Op::Transpose { .. } | Op::Slice { .. } | Op::Pad { .. } | Op::Concat { .. } => {
                view::step(self, element)
            }
            Op::Schedule { kind, base, end, warmup, period } => {
                Ok(constant(scheduled(kind, (base, end), (warmup, period), env.step)))
            }
            Op::BiasCorrection { beta } => Ok(constant(bias_correction(beta, env.step))),
        }
    }

    /// Terms of the dot product that every element is.
    pub(super) fn dot_terms(&self) -> Result<u64, GraphError> {
        Dot::of(self, 0).map(|dot| dot.terms())
    }

    /// Whether a contract performs a whole element at once: few steps that read few inputs (at most 96 and 4), so that
    /// there is no micro-trace to dispute.
    pub const fn at_once(&self) -> bool {
        !matches!(
            self.op,
            Op::MatMul { .. }
                | Op::Conv { .. }
                | Op::Reduce { .. }
                | Op::Pool { .. }
                | Op::PoolGrad { .. }
                | Op::Pick
                | Op::Embed
                | Op::EmbedGrad
        )
    }

    /// The elements of inputs that these micro-steps read, as (input, index): each once, in order of first use.
    ///
    /// For a dispute's few steps: time grows with the square of the answer.
    ///
    /// # Errors
    /// As [`micro_step`](Self::micro_step).
    pub fn operands(&self, env: Env, element: u64, steps: Range<u64>) -> Result<Vec<(u8, u64)>, GraphError> {
        let mut operands = Vec::new();
        for t in steps {
            for operand in self.micro_step(env, element, t)?.args {
                if let Operand::Input { input, index } = operand {
                    if !operands.contains(&(input, index)) {
                        operands.push((input, index));
                    }
                }
            }
        }
        Ok(operands)
    }
}

/// `Max(x, x)`, which is x.
fn constant(x: F32) -> MicroStep {
    MicroStep::max(Operand::Const(x), Operand::Const(x))
}
