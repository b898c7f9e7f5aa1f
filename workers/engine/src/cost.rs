//! What a task costs, in work units.
use assay_core::graph::Program;
use assay_core::protocol::WORK_PER_PRICE;

/// The price of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Work units of one step.
    pub work_per_step: u64,
    /// Steps.
    pub steps: u64,
}

impl Cost {
    /// The cost of so many steps of a program.
    pub fn of(program: &Program, steps: u64) -> Cost {
        Cost { work_per_step: program.work(), steps }
    }

    /// Work units in all.
    pub fn work(&self) -> u128 {
        u128::from(self.work_per_step) * u128::from(self.steps)
    }

    /// The price at so much per 10⁹ work units, begun ones included.
    pub fn price(&self, per_unit: u128) -> u128 {
        self.work().div_ceil(WORK_PER_PRICE).saturating_mul(per_unit)
    }
}
