//! Elementwise operators: BiasAdd, Relu, ReluGrad, Add, Max, Ratio, Jitter.
use super::super::constants::RATIO_FLOOR;
use super::super::{jitter_sign, GraphError, Node, Op};
use super::{Env, MicroStep, Operand};
use crate::arith::{add, from_i32, scale_b, F32};

const ZERO: Operand = Operand::Const(F32::ZERO);

/// All but Jitter. Ratio has two steps, `Max(y, 2^-126)` and `Div(x, that)`; the others have one.
pub(super) fn step(node: &Node, element: u64, t: u64) -> Result<MicroStep, GraphError> {
    let x = Operand::Input { input: 0, index: element };
    let y = Operand::Input { input: 1, index: element };
    Ok(match (node.op, t) {
        (Op::BiasAdd, _) => {
            let (_, column) = node.row_column(0, element)?;
            MicroStep::add(x, Operand::Input { input: 1, index: column })
        }
        (Op::Relu, _) => MicroStep::max(x, ZERO),
        (Op::ReluGrad, _) => MicroStep::select_gt(y, ZERO, x, ZERO),
        (Op::Max, _) => MicroStep::max(x, y),
        (Op::Ratio, 0) => MicroStep::max(y, Operand::Const(RATIO_FLOOR)),
        (Op::Ratio, _) => MicroStep::div(x, Operand::Prior(0)),
        _ => MicroStep::add(x, y),
    })
}

/// `Mul(x, 1 + u · 2^exponent)`: the factor is a constant of seed, step and element.
pub(super) fn jitter(env: Env, element: u64, seed: u64, exponent: i8) -> MicroStep {
    let sign = from_i32(jitter_sign(seed, env.step, element));
    let factor = add(F32::ONE, scale_b(sign, i32::from(exponent)));
    MicroStep::mul(Operand::Input { input: 0, index: element }, Operand::Const(factor))
}
