//! One wrong element.
use super::{Plan, What};
use assay_core::protocol::dispute::boundaries;
use assay_engine::tamper::{Change, Tamper};

/// Some bits of one element of one node are wrong in one step; what follows from that is computed honestly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lie {
    /// The step.
    pub step: u64,
    /// Of what, in the tensor that is [alive](Plan::alive).
    pub what: What,
    /// The sample of the batch, of products and slopes; of the others the word.
    pub row: u32,
    /// The unit, one that [fires](Plan::firing).
    pub column: u32,
    /// Which bits are flipped.
    pub bits: u32,
}

impl Lie {
    /// A lie that shows in the state after all steps, in a place to which the game is as long as it can be: in the longest
    /// parts of the steps, near the middle of a tensor.
    pub fn of(plan: &Plan, steps: u32, what: What) -> Lie {
        let row = match what {
            What::Product | What::Slope => plan.batch,
            _ => plan.words(),
        };
        // What is smaller drowns when a step is added to a parameter, which is ten million times as large.
        let bits = if what == What::Weight { 1 << 12 } else { 1 << 22 };
        Lie { step: deepest(steps).into(), what, row: row / 2, column: plan.firing() / 2, bits }
    }

    /// The node.
    pub fn node(&self, plan: &Plan) -> u32 {
        plan.node(self.what, plan.alive())
    }

    /// The element of its output.
    pub fn element(&self, plan: &Plan) -> u64 {
        let row = match self.what {
            What::Product | What::Slope => self.row.into(),
            _ => plan.feature(self.row),
        };
        row * u64::from(plan.outputs) + u64::from(self.column)
    }

    /// The same for an executor.
    pub fn tamper(&self, plan: &Plan) -> Tamper {
        let change = Change::Flip { element: self.element(plan), bits: self.bits };
        Tamper { step: self.step, node: self.node(plan) as usize, change }
    }

    /// The value that the liar puts for one.
    pub(super) fn apply(&self, what: What, row: u32, column: u32, value: &mut f32) {
        if (what, row, column) == (self.what, self.row, self.column) {
            *value = f32::from_bits(value.to_bits() ^ self.bits);
        }
    }
}

/// A step that it takes as many splits to come to as any: the middle one of the longest parts.
fn deepest(steps: u32) -> u32 {
    let (mut lo, mut hi) = (0, steps);
    while hi - lo > 1 {
        let cuts = boundaries(lo, hi);
        let parts: Vec<_> = cuts.iter().zip(cuts.iter().skip(1)).map(|(from, to)| (*from, *to)).collect();
        let longest = parts.iter().map(|(from, to)| to - from).max().unwrap_or(1);
        let of_them: Vec<_> = parts.into_iter().filter(|(from, to)| to - from == longest).collect();
        (lo, hi) = of_them[of_them.len() / 2];
    }
    lo
}
