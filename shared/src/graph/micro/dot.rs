//! Dot products: MatMul and Conv.
//!
//! The k terms are cut into blocks of [`DOT_BLOCK`]; the last may be shorter. Micro-steps, block by block:
//!
//! - one `Fma(a_i, b_i, previous)` for every term, the first one of a block with +0 instead of the previous value;
//! - behind every block but the first: `Add(total so far, block)`.
//!
//! So there are `k + ceil(k / DOT_BLOCK) − 1` steps.
use super::blocks::place;
use super::conv::Convolution;
use super::index::{broadcast, coordinates, div_rem};
use super::{MicroStep, Operand};
use crate::arith::F32;
use crate::graph::constants::DOT_BLOCK;
use crate::graph::{GraphError, Node, Op};

/// The dot product that one element is.
pub(super) struct Dot {
    k: u64,
    terms: Terms,
}

/// Its terms.
enum Terms {
    /// `x[first + i · stride]`, `i < k`, of either input.
    Matrices([(u64, u64); 2]),
    /// Those of a convolution.
    Convolution(Convolution),
}

impl Dot {
    /// That of an element.
    pub(super) fn of(node: &Node, element: u64) -> Result<Dot, GraphError> {
        match node.op {
            Op::MatMul { trans_a, trans_b } => matrices(node, element, trans_a, trans_b),
            Op::Conv { part, window, groups } => {
                let convolution = Convolution::of(node, (part, window, groups), element)?;
                Ok(Dot { k: convolution.terms(), terms: Terms::Convolution(convolution) })
            }
            _ => Err(GraphError::Attribute),
        }
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
        let sum = if at.offset == 0 { Operand::Const(F32::ZERO) } else { previous };
        let [a, b] = self.term(first_term.wrapping_add(at.offset));
        MicroStep::fma(a, b, sum)
    }

    /// Both factors of a term.
    fn term(&self, i: u64) -> [Operand; 2] {
        match &self.terms {
            Terms::Matrices([a, b]) => [(0, a), (1, b)].map(|(input, &(first, stride))| Operand::Input {
                input,
                index: first.wrapping_add(i.wrapping_mul(stride)),
            }),
            Terms::Convolution(convolution) => convolution.term(i),
        }
    }
}

fn matrices(node: &Node, element: u64, trans_a: bool, trans_b: bool) -> Result<Dot, GraphError> {
    let (a, b) = (node.input_shape(0)?.dims(), node.input_shape(1)?.dims());
    let ([lead_a @ .., a0, a1], [lead_b @ .., b0, b1]) = (a, b) else {
        return Err(GraphError::NoDimension(1));
    };
    let [lead @ .., _, _] = node.shape.dims() else {
        return Err(GraphError::NoDimension(1));
    };
    let [a0, a1, b0, b1] = [*a0, *a1, *b0, *b1].map(u64::from);
    let (m, k) = if trans_a { (a1, a0) } else { (a0, a1) };
    let n = if trans_b { b0 } else { b1 };
    let (row, j) = div_rem(element, n);
    let (matrix, i) = div_rem(row, m);
    let at = coordinates(lead, matrix);
    let first = |own: &[u32], size: u64| broadcast(own, lead.len(), &at).wrapping_mul(size);
    let (of_a, of_b) = (first(lead_a, m.wrapping_mul(k)), first(lead_b, n.wrapping_mul(k)));
    let a = if trans_a { (i, m) } else { (i.wrapping_mul(k), 1) };
    let b = if trans_b { (j.wrapping_mul(k), 1) } else { (j, n) };
    let terms = [(of_a.wrapping_add(a.0), a.1), (of_b.wrapping_add(b.0), b.1)];
    Ok(Dot { k, terms: Terms::Matrices(terms) })
}
