//! Optimisers: SgdMomentum, SgdStep.
use super::{MicroStep, Operand};
use crate::arith::{neg, F32};

/// Inputs v, w, g: `Fma(wd, w, g)`, then `Fma(mu, v, that)`.
pub(super) fn momentum(element: u64, t: u64, mu: F32, wd: F32) -> MicroStep {
    let input = |input| Operand::Input { input, index: element };
    if t == 0 {
        MicroStep::fma(Operand::Const(wd), input(1), input(2))
    } else {
        MicroStep::fma(Operand::Const(mu), input(0), Operand::Prior(0))
    }
}

/// Inputs w, v: `Fma(−lr, v, w)`.
pub(super) fn step(element: u64, lr: F32) -> MicroStep {
    let input = |input| Operand::Input { input, index: element };
    MicroStep::fma(Operand::Const(neg(lr)), input(1), input(0))
}
