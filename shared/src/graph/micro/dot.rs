//! Dot products: MatMul.
//!
//! The k terms are cut into blocks of [`DOT_BLOCK`]; the last may be shorter. Micro-steps, block by block:
//!
//! - one `Fma(a_i, b_i, previous)` for every term, the first one of a block with +0 instead of the previous value;
//! - behind every block but the first: `Add(total so far, block)`.
//!
//! So there are `k + ceil(k / DOT_BLOCK) − 1` steps.
use super::super::constants::DOT_BLOCK;
use super::super::{GraphError, Node, Op};
use super::blocks::place;
use super::{MicroStep, Operand};
use crate::arith::F32;

/// The dot product that one element of a matrix product is: terms `x[first + i · stride]`, `i < k`, of either input.
pub(super) struct Dot {
    k: u64,
    a: (u64, u64),
    b: (u64, u64),
}

impl Dot {
    /// That of an element.
    pub(super) fn of(node: &Node, element: u64) -> Result<Dot, GraphError> {
        let Op::MatMul { trans_a, trans_b } = node.op else {
            return Err(GraphError::NoInput(0));
        };
        let (a, b) = (node.input_shape(0)?, node.input_shape(1)?);
        let (m, k) = if trans_a { (a.dim(1)?, a.dim(0)?) } else { (a.dim(0)?, a.dim(1)?) };
        let n = b.dim(u8::from(!trans_b))?;
        let (i, j) = super::div_rem(element, n);
        Ok(Dot {
            k,
            a: if trans_a { (i, m) } else { (i.wrapping_mul(k), 1) },
            b: if trans_b { (j.wrapping_mul(k), 1) } else { (j, n) },
        })
    }

    /// Number of terms.
    pub(super) fn terms(&self) -> u64 {
        self.k
    }

    /// Number of micro-steps.
    pub(super) fn len(&self) -> u64 {
        self.k.wrapping_add(self.k.saturating_sub(1) / DOT_BLOCK)
    }

    /// Micro-step `t`, which is below [`len`](Self::len).
    pub(super) fn step(&self, t: u64) -> MicroStep {
        let at = place(t, DOT_BLOCK);
        let first_term = at.block.wrapping_mul(DOT_BLOCK);
        let previous = Operand::Prior(t.wrapping_sub(1));
        if at.offset >= self.k.wrapping_sub(first_term).min(DOT_BLOCK) {
            return MicroStep::add(Operand::Prior(at.start.wrapping_sub(1)), previous);
        }
        let i = first_term.wrapping_add(at.offset);
        let term = |input, (first, stride): (u64, u64)| Operand::Input {
            input,
            index: first.wrapping_add(i.wrapping_mul(stride)),
        };
        let sum = if at.offset == 0 { Operand::Const(F32::ZERO) } else { previous };
        MicroStep::fma(term(0, self.a), term(1, self.b), sum)
    }
}
