//! Micro-programs: one element of a node's output as a list of primitives, each found in O(1).
//!
//! The list is in single-assignment form: step `t` reads constants, elements of the node's inputs and values of earlier
//! steps, and the value of the last step is the element. All elements of a node have the same number of steps.
//!
//! | family | operators | steps of an element |
//! |---|---|---|
//! | [`dot`] | MatMul | blocks of a chain; see there |
//! | [`reduction`] | RowSum, ColSum, SumAll, SqDist | blocks of lanes and a tree; see there |
//! | [`softmax`] | RowMax, Pick | one per item of the row |
//! | | SubExp, XentLoss, XentGrad | 14, 26, 4; `exp` and `log` are in [`elementary`] |
//! | [`elementwise`] | BiasAdd, Relu, ReluGrad, Add, Max, Jitter, Ratio | 1; Ratio 2 |
//! | [`gather`] | Gather | 1 |
//! | [`optimiser`] | SgdMomentum, SgdStep | 2, 1 |
mod blocks;
pub mod dot;
pub mod elementary;
pub mod elementwise;
pub mod gather;
pub mod optimiser;
pub mod reduction;
pub mod softmax;
mod step;

pub use step::{Env, MicroStep, Operand, Prim};

use super::{GraphError, Node, Op};
use alloc::vec::Vec;
use core::ops::Range;
use dot::Dot;
use reduction::{Items, Reduction};

impl Node {
    /// Micro-steps of every element.
    ///
    /// 0 if inputs are missing or not of the operator's ranks, which [`check`](Self::check) rejects.
    pub fn micro_len(&self) -> u64 {
        self.try_len().unwrap_or(0)
    }

    fn try_len(&self) -> Result<u64, GraphError> {
        Ok(match self.op {
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::BiasAdd
            | Op::Relu
            | Op::ReluGrad
            | Op::SgdStep { .. }
            | Op::Add
            | Op::Max => 1,
            Op::SgdMomentum { .. } | Op::Ratio => 2,
            Op::XentGrad { .. } => softmax::XENT_GRAD_LEN,
            Op::SubExp => softmax::SUB_EXP_LEN,
            Op::XentLoss => softmax::XENT_LOSS_LEN,
            Op::RowMax | Op::Pick => self.input_shape(0)?.dim(1)?,
            Op::MatMul { .. } => Dot::of(self, 0)?.len(),
            Op::RowSum | Op::ColSum | Op::SqDist => self.reduction(0)?.len(),
            Op::SumAll { .. } => self.reduction(0)?.len().wrapping_add(1),
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
            Op::Gather { seed, rows, scale, shift } => gather::step(self, env, element, (seed, rows), (scale, shift)),
            Op::Jitter { seed, exponent } => Ok(elementwise::jitter(env, element, seed, exponent)),
            Op::MatMul { .. } => Ok(Dot::of(self, element)?.step(t)),
            Op::BiasAdd | Op::Relu | Op::ReluGrad | Op::Add | Op::Max | Op::Ratio => {
                elementwise::step(self, element, t)
            }
            Op::RowMax => softmax::row_max(self, element, t),
            Op::Pick => softmax::pick(self, element, t),
            Op::SubExp => softmax::sub_exp(self, element, t),
            Op::XentLoss => Ok(softmax::xent_loss(element, t)),
            Op::XentGrad { scale } => softmax::xent_grad(self, element, t, scale),
            Op::RowSum | Op::ColSum | Op::SqDist => Ok(self.reduction(element)?.step(t)),
            Op::SumAll { scale } if t.wrapping_add(1) == len => {
                Ok(MicroStep::mul(Operand::Prior(t.wrapping_sub(1)), Operand::Const(scale)))
            }
            Op::SumAll { .. } => Ok(self.reduction(element)?.step(t)),
            Op::SgdMomentum { mu, wd } => Ok(optimiser::momentum(element, t, mu, wd)),
            Op::SgdStep { lr } => Ok(optimiser::step(element, lr)),
        }
    }

    /// Terms of the dot product that every element of a matrix product is.
    pub(super) fn dot_terms(&self) -> Result<u64, GraphError> {
        Dot::of(self, 0).map(|dot| dot.terms())
    }

    /// The reduction that an element of such a node is.
    fn reduction(&self, element: u64) -> Result<Reduction, GraphError> {
        let shape = self.input_shape(0)?;
        Ok(match self.op {
            Op::RowSum => {
                let n = shape.dim(1)?;
                Reduction { n, items: Items::Sum { first: element.wrapping_mul(n), stride: 1 } }
            }
            Op::ColSum => Reduction { n: shape.dim(0)?, items: Items::Sum { first: element, stride: shape.dim(1)? } },
            Op::SqDist => Reduction { n: shape.elements(), items: Items::SquaredDifference },
            _ => Reduction { n: shape.elements(), items: Items::Sum { first: 0, stride: 1 } },
        })
    }

    /// Whether a contract performs a whole element at once: few steps that read few inputs (at most 26 and 3), so that
    /// there is no micro-trace to dispute.
    pub const fn at_once(&self) -> bool {
        match self.op {
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::BiasAdd
            | Op::Relu
            | Op::ReluGrad
            | Op::SubExp
            | Op::XentLoss
            | Op::XentGrad { .. }
            | Op::SgdMomentum { .. }
            | Op::SgdStep { .. }
            | Op::Add
            | Op::Max
            | Op::Ratio => true,
            Op::MatMul { .. } | Op::RowMax | Op::RowSum | Op::Pick | Op::SumAll { .. } | Op::ColSum | Op::SqDist => {
                false
            }
        }
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

    /// Row and column of an element of a matrix with as many columns as the given input.
    fn row_column(&self, input: u8, element: u64) -> Result<(u64, u64), GraphError> {
        Ok(div_rem(element, self.input_shape(input)?.dim(1)?))
    }
}

/// Quotient and remainder; (0, 0) for a divisor of zero, which no shape has.
fn div_rem(a: u64, b: u64) -> (u64, u64) {
    (a.checked_div(b).unwrap_or(0), a.checked_rem(b).unwrap_or(0))
}
