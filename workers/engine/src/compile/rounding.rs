//! Products of coarser arithmetic, simulated by the operators that there are: what an honest solver of a task that allows
//! it does, so that the task's profile shows how far that leads.
//!
//! Veltkamp's splitting: with f = 2^(24 − p) + 1, γ = fl(f · x), δ = fl(x − γ), fl(γ + δ) is x rounded to the nearest number
//! of p significant bits (T. Dekker, *A Floating-Point Technique for Extending the Available Precision*, 1971, section 5).
//! Numbers above 2^(127 − 24 + p) overflow; of a training that has them nothing is left anyway.
use crate::task::Arithmetic;
use assay_core::graph::{Input, Op, Source};
use std::collections::HashMap;

/// How a program's products are rounded.
#[derive(Default)]
pub(super) struct Rounding {
    arithmetic: Arithmetic,
    /// Operands that were rounded, and the nodes that did it.
    done: HashMap<Source, Input>,
}

impl Rounding {
    pub(super) fn new(arithmetic: Arithmetic) -> Rounding {
        Rounding { arithmetic, done: HashMap::new() }
    }

    /// Whether operands of this operator are rounded.
    pub(super) fn concerns(&self, op: Op) -> bool {
        self.arithmetic != Arithmetic::Binary32 && matches!(op, Op::MatMul { .. } | Op::Conv { .. })
    }

    /// Whether results are rounded as well: TF32 leaves them as they are.
    pub(super) fn of_results(&self) -> bool {
        self.arithmetic == Arithmetic::Bf16
    }

    /// f above.
    pub(super) fn factor(&self) -> f64 {
        let cut = Arithmetic::Binary32.significand().saturating_sub(self.arithmetic.significand());
        f64::from((1_u32 << cut) + 1)
    }

    /// What an operand was rounded to.
    pub(super) fn known(&self, operand: Input) -> Option<Input> {
        self.done.get(&operand.source).copied()
    }

    /// An operand was rounded.
    pub(super) fn note(&mut self, operand: Input, rounded: Input) {
        self.done.insert(operand.source, rounded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_core::arith::random::philox;

    fn rounded(rounding: &Rounding, x: f32) -> f32 {
        let scaled = rounding.factor() as f32 * x;
        scaled + (x - scaled)
    }

    /// To the nearest, ties to even, as hardware does: on the bits.
    fn nearest(x: f32, cut: u32) -> f32 {
        let bits = x.to_bits();
        let half = (1 << (cut - 1)) - 1 + (bits >> cut & 1);
        f32::from_bits((bits + half) >> cut << cut)
    }

    #[test]
    fn splitting_is_rounding_to_the_nearest() {
        for arithmetic in [Arithmetic::Tf32, Arithmetic::Bf16] {
            let (rounding, cut) = (Rounding::new(arithmetic), 24 - arithmetic.significand());
            for index in 0..1_000_000 {
                let [word, exponent, ..] = philox(7, 11, index);
                // From 2^-60 to 2^60, both signs.
                let x = f32::from_bits(word & 0x807f_ffff | (67 + exponent % 121) << 23);
                let (got, expected) = (rounded(&rounding, x), nearest(x, cut));
                // Of a tie both neighbours are nearest.
                let tie = x.to_bits() & ((1 << cut) - 1) == 1 << (cut - 1);
                assert!(got == expected || tie && (got - x).abs() == (expected - x).abs(), "{x:e}: {got:e}");
            }
            assert_eq!(rounded(&rounding, 0.0), 0.0);
        }
    }
}
