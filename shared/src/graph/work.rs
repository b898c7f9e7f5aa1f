//! What a node counts for the price.
use super::micro::reduction::Reduction;
use super::{Env, Node, Op, ReduceKind};

impl Node {
    /// Counted primitive operations of the whole node: the sum of [`Prim::work`](super::Prim::work) over all micro-steps of all elements
    /// (a fused multiply-add is 2, anything else 1, whatever it costs a machine). `u64::MAX` if it is more, which no
    /// node has that [`check`](Self::check) accepts.
    pub fn work(&self) -> u64 {
        let len = self.micro_len();
        let per_element = match self.op {
            // All steps but the additions between blocks are fused; there are `len = k + additions` steps.
            Op::MatMul { .. } | Op::Conv { .. } => len.saturating_add(self.dot_terms().unwrap_or(u64::MAX)),
            // One step of an item is fused.
            Op::Reduce { kind: kind @ (ReduceKind::Dot | ReduceKind::SquaredDistance), axes, scale } => {
                let items = Reduction::of(self, (kind, axes, scale), 0).map_or(u64::MAX, |it| it.items());
                len.saturating_add(items)
            }
            Op::Reduce { .. } | Op::Pool { .. } | Op::PoolGrad { .. } | Op::Pick | Op::Embed | Op::EmbedGrad => len,
            // Few steps, the same primitives in every element.
            _ => (0..len)
                .filter_map(|t| self.micro_step(Env { step: 0 }, 0, t).ok())
                .fold(0_u64, |sum, step| sum.saturating_add(step.prim.work())),
        };
        per_element.saturating_mul(self.shape.elements())
    }
}
