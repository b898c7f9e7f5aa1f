//! Maps: a function of the elements at the same place, one step per row of its table.
use super::index::{broadcast, coordinates};
use super::{MicroStep, Operand};
use crate::arith::{from_u32, F32};
use crate::graph::function::{source, Function, Source};
use crate::graph::{GraphError, Node};

/// Step `t`, which is below the number of rows.
pub(super) fn step(
    node: &Node,
    (function, params): (Function, [F32; 4]),
    element: u64,
    t: u64,
) -> Result<MicroStep, GraphError> {
    let rows = function.rows();
    let row = usize::try_from(t).ok().and_then(|t| rows.get(t));
    let &(prim, args) = row.ok_or(GraphError::StepIndex { index: t, len: 0 })?;
    let dims = node.shape.dims();
    let at = coordinates(dims, element);
    let mut operands = [Operand::Const(F32::ZERO); 4];
    for (operand, arg) in operands.iter_mut().zip(args) {
        *operand = match source(arg) {
            Source::Row(row) => Operand::Prior(u64::from(row)),
            Source::Input(input) => {
                Operand::Input { input, index: broadcast(node.input_shape(input)?.dims(), dims.len(), &at) }
            }
            Source::Param(param) => Operand::Const(params.get(usize::from(param)).copied().unwrap_or(F32::ZERO)),
            Source::Column => {
                let column = at.get(dims.len().saturating_sub(1)).copied().unwrap_or(0);
                Operand::Const(from_u32(u32::try_from(column).unwrap_or(u32::MAX)))
            }
            Source::Const(value) => Operand::Const(value),
        };
    }
    Ok(MicroStep { prim, args: operands })
}
