//! Gather: a batch of rows of a data set.
use super::super::{gather_row, GraphError, Node};
use super::{Env, MicroStep, Operand, Prim};
use crate::arith::F32;

/// The only step: `Fma(x, scale, shift)` with x from the row that data order puts there.
pub(super) fn step(
    node: &Node,
    env: Env,
    element: u64,
    (seed, rows): (u64, u32),
    (scale, shift): (F32, F32),
) -> Result<MicroStep, GraphError> {
    let Some((&batch, rest)) = node.shape.dims().split_first() else {
        return Err(GraphError::NoDimension(0));
    };
    let row_len = rest.iter().fold(1, |len: u64, &dim| len.wrapping_mul(u64::from(dim)));
    let (b, column) = super::div_rem(element, row_len);
    let row = gather_row(seed, rows, batch, env.step, u32::try_from(b).unwrap_or(u32::MAX)); // Below batch.
    let index = row.wrapping_mul(row_len).wrapping_add(column);
    let x = Operand::Input { input: 0, index };
    Ok(MicroStep {
        prim: Prim::Fma,
        args: [x, Operand::Const(scale), Operand::Const(shift), Operand::Const(F32::ZERO)],
    })
}
