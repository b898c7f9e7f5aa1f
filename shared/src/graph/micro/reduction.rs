//! Reductions.
//!
//! A maximum is a chain: step 0 is `Max(x_0, x_0)`, which is x₀; step j is `Max(previous, x_j)`.
//!
//! Of sums, the n items are cut into blocks of [`REDUCTION_BLOCK`]; the last may be shorter. Micro-steps, block by block:
//!
//! - for every item i of the block, in order: the steps that add it to lane `i % LANES`. A sum has one,
//!   `Add(lane, x_i)`, a sum of products too, `Fma(x_i, y_i, lane)`; a squared distance has two, `Sub(x_i, y_i)` and
//!   `Fma(d, d, lane)`. A lane begins with +0;
//! - [`TREE_STEPS`] steps `Add(lane[i], lane[i + stride])` for strides 16, 8, 4, 2, 1 and, within a stride, i ascending;
//!   lanes without items are +0;
//! - behind every block but the first: `Add(total so far, block)`.
//!
//! So there are `n · s + blocks · 32 − 1` steps, where s is 1 or 2.
//!
//! Behind either, unless the scale is 1: `Mul(result, scale)`.
use super::blocks::place;
use super::index::{coordinates, Coordinates};
use super::{MicroStep, Operand};
use crate::arith::F32;
use crate::graph::constants::{LANES, REDUCTION_BLOCK, TREE_STEPS};
use crate::graph::{GraphError, Node, ReduceKind, Shape, MAX_RANK};

/// The reduction that one element is.
pub(in crate::graph) struct Reduction {
    kind: ReduceKind,
    scale: F32,
    /// Number of items.
    n: u64,
    shape: Shape,
    /// The reduced axes' lengths, 1 for the others.
    lengths: [u32; MAX_RANK],
    /// Coordinates of item 0.
    first: Coordinates,
}

impl Reduction {
    /// That of an element.
    pub(in crate::graph) fn of(
        node: &Node,
        (kind, axes, scale): (ReduceKind, u8, F32),
        element: u64,
    ) -> Result<Reduction, GraphError> {
        let shape = *node.input_shape(0)?;
        let (mut lengths, mut kept) = ([1; MAX_RANK], [1; MAX_RANK]);
        let mut n = 1_u64;
        for (axis, (&dim, (reduced, kept))) in (0_u32..).zip(shape.dims().iter().zip(lengths.iter_mut().zip(&mut kept)))
        {
            if axes.unbounded_shr(axis) & 1 == 1 {
                *reduced = dim;
                n = n.wrapping_mul(u64::from(dim));
            } else {
                *kept = dim;
            }
        }
        let first = coordinates(kept.get(..shape.dims().len()).unwrap_or_default(), element);
        Ok(Reduction { kind, scale, n, shape, lengths, first })
    }

    /// Micro-steps of an item.
    fn steps_per_item(&self) -> u64 {
        match self.kind {
            ReduceKind::SquaredDistance => 2,
            _ => 1,
        }
    }

    /// Number of micro-steps but for the scale's.
    fn unscaled_len(&self) -> u64 {
        if self.kind == ReduceKind::Max {
            return self.n;
        }
        let blocks = self.n.div_ceil(REDUCTION_BLOCK);
        self.n.wrapping_mul(self.steps_per_item()).wrapping_add(blocks.wrapping_mul(LANES)).saturating_sub(1)
    }

    /// Number of micro-steps.
    pub(super) fn len(&self) -> u64 {
        self.unscaled_len().wrapping_add(u64::from(self.scale != F32::ONE))
    }

    /// Micro-step `t`, which is below [`len`](Self::len).
    pub(super) fn step(&self, t: u64) -> MicroStep {
        let previous = Operand::Prior(t.wrapping_sub(1));
        if t >= self.unscaled_len() {
            return MicroStep::mul(previous, Operand::Const(self.scale));
        }
        if self.kind == ReduceKind::Max {
            let x = self.item(0, t);
            return MicroStep::max(if t == 0 { x } else { previous }, x);
        }
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
            return MicroStep::add(Operand::Prior(at.start.wrapping_sub(1)), previous);
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
        let lane = |i: u64, per_item: u64| match i < LANES {
            true => Operand::Const(F32::ZERO),
            false => Operand::Prior(t.wrapping_sub(LANES.wrapping_mul(per_item))),
        };
        let i = first_item.wrapping_add(offset);
        match self.kind {
            ReduceKind::Dot => MicroStep::fma(self.item(0, i), self.item(1, i), lane(offset, 1)),
            ReduceKind::SquaredDistance if offset & 1 == 0 => {
                let i = first_item.wrapping_add(offset / 2);
                MicroStep::sub(self.item(0, i), self.item(1, i))
            }
            ReduceKind::SquaredDistance => {
                let difference = Operand::Prior(t.wrapping_sub(1));
                MicroStep::fma(difference, difference, lane(offset / 2, 2))
            }
            _ => MicroStep::add(lane(offset, 1), self.item(0, i)),
        }
    }

    /// Item `i` of an input: reduced axes count row by row.
    fn item(&self, input: u8, i: u64) -> Operand {
        let mut at = coordinates(self.lengths.get(..self.shape.dims().len()).unwrap_or_default(), i);
        at.iter_mut().zip(self.first).for_each(|(at, first)| *at = at.wrapping_add(first));
        Operand::Input { input, index: super::index::element(self.shape.dims(), &at) }
    }
}
