//! Operators that move elements: each has one step, `Max(x, x)`, which is x.
use super::index::{coordinates, div_rem, element};
use super::{MicroStep, Operand};
use crate::arith::F32;
use crate::graph::{GraphError, Node, Op};

/// The only step.
pub(super) fn step(node: &Node, element: u64) -> Result<MicroStep, GraphError> {
    let x = match source(node, element)? {
        Some((input, index)) => Operand::Input { input, index },
        None => Operand::Const(F32::ZERO),
    };
    Ok(MicroStep::max(x, x))
}

/// Input and element that an element comes from; `None` for one that is +0.
fn source(node: &Node, e: u64) -> Result<Option<(u8, u64)>, GraphError> {
    if node.op == Op::Reshape {
        return Ok(Some((0, e)));
    }
    let input = node.input_shape(0)?.dims();
    let mut at = coordinates(node.shape.dims(), e);
    match node.op {
        Op::Transpose { perm } => {
            let mut from = [0; 6];
            for (&axis, &place) in perm.iter().zip(&at) {
                *along(&mut from, axis)? = place;
            }
            at = from;
        }
        Op::Slice { axis, start, step } => {
            let place = along(&mut at, axis)?;
            *place = place.wrapping_mul(u64::from(step)).wrapping_add(u64::from(start));
        }
        Op::Pad { axis, start, step } => {
            let place = along(&mut at, axis)?;
            let Some(from) = place.checked_sub(u64::from(start)) else { return Ok(None) };
            let (item, rest) = div_rem(from, u64::from(step));
            if rest != 0 || item >= u64::from(input.get(usize::from(axis)).copied().unwrap_or(0)) {
                return Ok(None);
            }
            *place = item;
        }
        Op::Concat { axis } => {
            let place = along(&mut at, axis)?;
            let first = u64::from(input.get(usize::from(axis)).copied().unwrap_or(0));
            if let Some(behind) = place.checked_sub(first) {
                *place = behind;
                return Ok(Some((1, element(node.input_shape(1)?.dims(), &at))));
            }
        }
        _ => return Err(GraphError::Attribute),
    }
    Ok(Some((0, element(input, &at))))
}

/// The coordinate along an axis.
fn along(at: &mut [u64; 6], axis: u8) -> Result<&mut u64, GraphError> {
    at.get_mut(usize::from(axis)).ok_or(GraphError::NoDimension(axis))
}
