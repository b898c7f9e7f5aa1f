//! Softmax and cross-entropy: RowMax, SubExp, Pick, XentLoss, XentGrad. (RowSum is a [`reduction`](super::reduction).)
use super::super::{GraphError, Node};
use super::elementary::{exp_step, log_step, EXP_LEN, LOG_LEN};
use super::{MicroStep, Operand};
use crate::arith::{from_u32, F32};

/// Micro-steps of an element of SubExp: the difference and `exp`.
pub const SUB_EXP_LEN: u64 = 1 + EXP_LEN;
/// Micro-steps of an element of XentLoss: `log`, a sum and a difference.
pub const XENT_LOSS_LEN: u64 = LOG_LEN + 2;
/// Micro-steps of an element of XentGrad.
pub const XENT_GRAD_LEN: u64 = 4;

/// Step 0 is `Max(x_0, x_0)`, which is x₀; step j is `Max(previous, x_j)`.
pub(super) fn row_max(node: &Node, element: u64, t: u64) -> Result<MicroStep, GraphError> {
    let x = x_of_row(node, element, t)?;
    Ok(MicroStep::max(if t == 0 { x } else { Operand::Prior(t.wrapping_sub(1)) }, x))
}

/// Step j is `SelectEq(label, j, x_j, previous)`, with +0 before the first.
pub(super) fn pick(node: &Node, element: u64, t: u64) -> Result<MicroStep, GraphError> {
    let previous = if t == 0 { Operand::Const(F32::ZERO) } else { Operand::Prior(t.wrapping_sub(1)) };
    let label = Operand::Input { input: 1, index: element };
    Ok(MicroStep::select_eq(label, class(t), x_of_row(node, element, t)?, previous))
}

/// `Sub(x, max)`, then `exp` of it.
pub(super) fn sub_exp(node: &Node, element: u64, t: u64) -> Result<MicroStep, GraphError> {
    let Some(t) = t.checked_sub(1) else {
        let (row, _) = node.row_column(0, element)?;
        return Ok(MicroStep::sub(
            Operand::Input { input: 0, index: element },
            Operand::Input { input: 1, index: row },
        ));
    };
    Ok(exp_step(Operand::Prior(0), 1, t))
}

/// `log` of the sum, then `Add(that, max)` and `Sub(that, picked)`.
pub(super) fn xent_loss(element: u64, t: u64) -> MicroStep {
    let input = |input| Operand::Input { input, index: element };
    let previous = Operand::Prior(t.wrapping_sub(1));
    match t.checked_sub(LOG_LEN) {
        None => log_step(input(0), 0, t),
        Some(0) => MicroStep::add(previous, input(1)),
        Some(_) => MicroStep::sub(previous, input(2)),
    }
}

/// `Div(e, sum)`, `SelectEq(label, j, 1, 0)`, `Sub` of the two, `Mul(that, scale)`.
pub(super) fn xent_grad(node: &Node, element: u64, t: u64, scale: F32) -> Result<MicroStep, GraphError> {
    let (row, column) = node.row_column(0, element)?;
    let input = |input, index| Operand::Input { input, index };
    Ok(match t {
        0 => MicroStep::div(input(0, element), input(1, row)),
        1 => {
            let (one, zero) = (Operand::Const(F32::ONE), Operand::Const(F32::ZERO));
            MicroStep::select_eq(input(2, row), class(column), one, zero)
        }
        2 => MicroStep::sub(Operand::Prior(0), Operand::Prior(1)),
        _ => MicroStep::mul(Operand::Prior(2), Operand::Const(scale)),
    })
}

/// Item `j` of the row that an element sums up.
fn x_of_row(node: &Node, row: u64, j: u64) -> Result<Operand, GraphError> {
    let columns = node.input_shape(0)?.dim(1)?;
    Ok(Operand::Input { input: 0, index: row.wrapping_mul(columns).wrapping_add(j) })
}

/// The label of class `j`: exact, as there are at most 2²⁴.
fn class(j: u64) -> Operand {
    Operand::Const(from_u32(u32::try_from(j).unwrap_or(u32::MAX)))
}
