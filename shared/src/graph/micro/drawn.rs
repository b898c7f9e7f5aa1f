//! Operators that read what is drawn for the step: a row of the data, a sign, what is kept. Each has one step.
use super::index::div_rem;
use super::{Env, MicroStep, Operand, Prim};
use crate::arith::{add, from_i32, scale_b, F32};
use crate::graph::{dropout_word, gather_row, jitter_sign, GraphError, Node};

/// `Fma(x, scale, shift)` with x from the row that data order puts there.
pub(super) fn gather(
    node: &Node,
    env: Env,
    element: u64,
    (seed, rows): (u64, u32),
    (scale, shift): (F32, F32),
    (part, parts): (u16, u16),
) -> Result<MicroStep, GraphError> {
    let Some((&batch, rest)) = node.shape.dims().split_first() else {
        return Err(GraphError::NoDimension(0));
    };
    let row_len = rest.iter().fold(1, |len: u64, &dim| len.wrapping_mul(u64::from(dim)));
    let (b, column) = div_rem(element, row_len);
    let of_step = env.step.wrapping_mul(u64::from(parts)).wrapping_add(u64::from(part));
    let row = gather_row(seed, rows, batch, of_step, u32::try_from(b).unwrap_or(u32::MAX)); // Below batch.
    let index = row.wrapping_mul(row_len).wrapping_add(column);
    let x = Operand::Input { input: 0, index };
    Ok(MicroStep {
        prim: Prim::Fma,
        args: [x, Operand::Const(scale), Operand::Const(shift), Operand::Const(F32::ZERO)],
    })
}

/// `Mul(x, 1 + u · 2^exponent)`: the factor is a constant of seed, step and element.
pub(super) fn jitter(env: Env, element: u64, seed: u64, exponent: i8) -> MicroStep {
    let sign = from_i32(jitter_sign(seed, env.step, element));
    scaled(element, add(F32::ONE, scale_b(sign, i32::from(exponent))))
}

/// `Mul(x, kept ? scale : +0)`.
pub(super) fn dropout(env: Env, element: u64, seed: u64, keep_below: u32, scale: F32) -> MicroStep {
    let kept = dropout_word(seed, env.step, element) < keep_below;
    scaled(element, if kept { scale } else { F32::ZERO })
}

fn scaled(element: u64, factor: F32) -> MicroStep {
    MicroStep::mul(Operand::Input { input: 0, index: element }, Operand::Const(factor))
}
