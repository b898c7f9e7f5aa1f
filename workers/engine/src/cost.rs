//! What a task costs, in counted operations.
use assay_core::graph::Program;

/// Operations that a price is per.
pub const UNIT: u64 = 1_000_000_000;

/// The price of counted work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Counted primitive operations of one step.
    pub work_per_step: u64,
    /// Steps.
    pub steps: u64,
}

impl Cost {
    /// The cost of so many steps of a program.
    pub fn of(program: &Program, steps: u64) -> Cost {
        Cost { work_per_step: program.work(), steps }
    }

    /// Counted operations in all.
    pub fn work(&self) -> u128 {
        u128::from(self.work_per_step) * u128::from(self.steps)
    }

    /// The price at so much per 10⁹ operations, begun ones included.
    pub fn price(&self, per_unit: u128) -> u128 {
        self.work().div_ceil(u128::from(UNIT)).saturating_mul(per_unit)
    }
}
