//! Lookups by number, without an index that depends on data: every candidate is compared.
use super::index::div_rem;
use super::{MicroStep, Operand};
use crate::arith::{from_u32, F32};
use crate::graph::{GraphError, Node};

const ZERO: Operand = Operand::Const(F32::ZERO);

/// Step j is `SelectEq(label, j, x_j, previous)`, with +0 before the first.
pub(super) fn pick(node: &Node, row: u64, j: u64) -> Result<MicroStep, GraphError> {
    let x = node.input_shape(0)?;
    let columns = x.dim(x.rank().saturating_sub(1))?;
    let x = Operand::Input { input: 0, index: row.wrapping_mul(columns).wrapping_add(j) };
    Ok(select((1, row), j, x))
}

/// Step v is `SelectEq(id, v, table[v, c], previous)`, with +0 before the first.
pub(super) fn embed(node: &Node, element: u64, v: u64) -> Result<MicroStep, GraphError> {
    let columns = node.input_shape(0)?.dim(1)?;
    let (id, column) = div_rem(element, columns);
    let x = Operand::Input { input: 0, index: v.wrapping_mul(columns).wrapping_add(column) };
    Ok(select((1, id), v, x))
}

/// For id i: `Add(sum so far, dy[i, c])`, then `SelectEq(id, v, that, sum so far)`.
pub(super) fn embed_grad(node: &Node, element: u64, t: u64) -> Result<MicroStep, GraphError> {
    let (v, column) = div_rem(element, node.shape.dim(1)?);
    let columns = node.shape.dim(1)?;
    let (i, second) = (t / 2, t & 1 == 1);
    let sum = match i.wrapping_mul(2).checked_sub(1) {
        Some(last) => Operand::Prior(last),
        None => ZERO,
    };
    if second {
        let id = Operand::Input { input: 1, index: i };
        return Ok(MicroStep::select_eq(id, number(v), Operand::Prior(t.wrapping_sub(1)), sum));
    }
    let dy = Operand::Input { input: 0, index: i.wrapping_mul(columns).wrapping_add(column) };
    Ok(MicroStep::add(sum, dy))
}

fn select((input, index): (u8, u64), candidate: u64, x: Operand) -> MicroStep {
    let previous = candidate.checked_sub(1).map_or(ZERO, Operand::Prior);
    MicroStep::select_eq(Operand::Input { input, index }, number(candidate), x, previous)
}

/// A row's number: exact, as there are at most 2²⁴.
fn number(n: u64) -> Operand {
    Operand::Const(from_u32(u32::try_from(n).unwrap_or(u32::MAX)))
}
