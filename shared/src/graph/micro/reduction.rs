//! Reductions: RowSum, ColSum, SumAll, SqDist.
//!
//! The n items are cut into blocks of [`REDUCTION_BLOCK`]; the last may be shorter. Micro-steps, block by block:
//!
//! - for every item i of the block, in order: the steps that add it to lane `i % LANES`. A sum has one,
//!   `Add(lane, x_i)`; a squared distance has two, `Sub(x_i, y_i)` and `Fma(d, d, lane)`. A lane begins with +0;
//! - [`TREE_STEPS`] steps `Add(lane[i], lane[i + stride])` for strides 16, 8, 4, 2, 1 and, within a stride, i ascending;
//!   lanes without items are +0;
//! - behind every block but the first: `Add(total so far, block)`.
//!
//! So there are `n · s + blocks · 32 − 1` steps, where s is 1 or 2. SumAll has one more, the multiplication by its scale.
use super::super::constants::{LANES, REDUCTION_BLOCK, TREE_STEPS};
use super::blocks::place;
use super::{MicroStep, Operand};
use crate::arith::F32;

/// What is added up.
pub(super) enum Items {
    /// `x[first + i · stride]` of input 0.
    Sum {
        /// Item 0.
        first: u64,
        /// Distance between items.
        stride: u64,
    },
    /// `(x[i] − y[i])²` of inputs 0 and 1.
    SquaredDifference,
}

/// The reduction that one element is.
pub(super) struct Reduction {
    /// Number of items.
    pub(super) n: u64,
    /// The items.
    pub(super) items: Items,
}

impl Reduction {
    /// Micro-steps of an item.
    fn steps_per_item(&self) -> u64 {
        match self.items {
            Items::Sum { .. } => 1,
            Items::SquaredDifference => 2,
        }
    }

    /// Number of micro-steps.
    pub(super) fn len(&self) -> u64 {
        let blocks = self.n.div_ceil(REDUCTION_BLOCK);
        self.n.wrapping_mul(self.steps_per_item()).wrapping_add(blocks.wrapping_mul(LANES)).saturating_sub(1)
    }

    /// Micro-step `t`, which is below [`len`](Self::len).
    pub(super) fn step(&self, t: u64) -> MicroStep {
        let per_item = self.steps_per_item();
        let at = place(t, REDUCTION_BLOCK.wrapping_mul(per_item).wrapping_add(TREE_STEPS));
        let first_item = at.block.wrapping_mul(REDUCTION_BLOCK);
        let items = self.n.saturating_sub(first_item).min(REDUCTION_BLOCK);
        let tree = items.wrapping_mul(per_item);
        if at.offset < tree {
            return self.item_step(t, first_item, at.offset);
        }
        let q = at.offset.wrapping_sub(tree);
        if q >= TREE_STEPS {
            return MicroStep::add(Operand::Prior(at.start.wrapping_sub(1)), Operand::Prior(t.wrapping_sub(1)));
        }
        // Steps 0..16 of the tree have stride 16, 16..24 stride 8, …: stride s begins at 32 − 2s.
        let stride = LANES.wrapping_sub(q).next_power_of_two() / 2;
        let lane = q.wrapping_sub(LANES.wrapping_sub(stride.wrapping_mul(2)));
        let tree_start = at.start.wrapping_add(tree);
        let value = |lane: u64| {
            if stride < LANES / 2 {
                // Left by the stride before, which began at 32 − 4s.
                let before = LANES.wrapping_sub(stride.wrapping_mul(4));
                return Operand::Prior(tree_start.wrapping_add(before).wrapping_add(lane));
            }
            match items.checked_sub(lane.wrapping_add(1)) {
                None => Operand::Const(F32::ZERO),
                Some(after) => {
                    let last_item = lane.wrapping_add((after / LANES).wrapping_mul(LANES));
                    let end = last_item.wrapping_add(1).wrapping_mul(per_item);
                    Operand::Prior(at.start.wrapping_add(end).wrapping_sub(1))
                }
            }
        };
        MicroStep::add(value(lane), value(lane.wrapping_add(stride)))
    }

    /// Step `offset` of a block, one that belongs to an item.
    fn item_step(&self, t: u64, first_item: u64, offset: u64) -> MicroStep {
        match self.items {
            Items::Sum { first, stride } => {
                let i = first_item.wrapping_add(offset);
                let index = first.wrapping_add(i.wrapping_mul(stride));
                MicroStep::add(lane(t, offset, 1), Operand::Input { input: 0, index })
            }
            Items::SquaredDifference => {
                let i = offset / 2;
                if offset & 1 == 0 {
                    let index = first_item.wrapping_add(i);
                    MicroStep::sub(Operand::Input { input: 0, index }, Operand::Input { input: 1, index })
                } else {
                    let difference = Operand::Prior(t.wrapping_sub(1));
                    MicroStep::fma(difference, difference, lane(t, i, 2))
                }
            }
        }
    }
}

/// The lane of item `i` of a block before step `t` adds the item to it.
fn lane(t: u64, i: u64, per_item: u64) -> Operand {
    if i < LANES {
        Operand::Const(F32::ZERO)
    } else {
        Operand::Prior(t.wrapping_sub(LANES.wrapping_mul(per_item)))
    }
}
