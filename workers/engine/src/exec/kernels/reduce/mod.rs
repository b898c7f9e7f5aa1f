//! Reductions: a maximum, or sums in blocks of 32 strided lanes and a tree.
//!
//! Two ways: [`rows`] where an output's items lie behind each other in memory, [`columns`] where outputs do.
mod columns;
mod fold;
mod rows;

use super::axes::{count, strides, Axis};
use crate::exec::lanes::{canonical, Isa, Lanes};
use crate::exec::pool::Pool;
use assay_core::arith::F32;
use assay_core::graph::constants::{LANES, REDUCTION_BLOCK};
use assay_core::graph::{Node, ReduceKind};
use fold::{Dot, Greatest, SquaredDistance, Sum};

/// The protocol's constants.
const WIDTH: usize = LANES as usize;
const BLOCK: usize = REDUCTION_BLOCK as usize;

/// A reduction, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Reduce {
    kind: ReduceKind,
    /// `None`: 1, which isn't multiplied by.
    scale: Option<f32>,
    /// Axes that are reduced and that are kept, neighbours merged, without those of length 1.
    reduced: Vec<Axis>,
    kept: Vec<Axis>,
    /// Items of an output.
    items: usize,
}

impl Reduce {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, kind: ReduceKind, axes: u8, scale: F32) -> Reduce {
        let dims = node.inputs[0].shape.dims();
        let (mut reduced, mut kept): (Vec<Axis>, Vec<Axis>) = (Vec::new(), Vec::new());
        let mut before = None;
        for (axis, (&dim, stride)) in dims.iter().zip(strides(dims)).enumerate().filter(|(_, (&dim, _))| dim > 1) {
            let is_reduced = axes >> axis & 1 == 1;
            let list = if is_reduced { &mut reduced } else { &mut kept };
            let len = dim as usize;
            match list.last_mut().filter(|_| before == Some(is_reduced)) {
                Some(last) => *last = Axis { len: last.len * len, stride },
                None => list.push(Axis { len, stride }),
            }
            before = Some(is_reduced);
        }
        let items = count(&reduced);
        let scale = (scale != F32::ONE).then_some(f32::from_bits(scale.0));
        Reduce { kind, scale, reduced, kept, items }
    }

    /// Computes it.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], out: &mut [f32]) {
        let (x, y) = (inputs[0], inputs[inputs.len() - 1]);
        // Items side by side in memory, unless outputs are.
        let by_columns = self.kept.last().is_some_and(|axis| axis.stride == 1);
        match (self.kind, by_columns) {
            (ReduceKind::Max, false) => rows::run(self, Greatest, isa, pool, [x, y], out),
            (ReduceKind::Max, true) => columns::run(self, Greatest, isa, pool, [x, y], out),
            (ReduceKind::Sum, false) => rows::run(self, Sum, isa, pool, [x, y], out),
            (ReduceKind::Sum, true) => columns::run(self, Sum, isa, pool, [x, y], out),
            (ReduceKind::Dot, false) => rows::run(self, Dot, isa, pool, [x, y], out),
            (ReduceKind::Dot, true) => columns::run(self, Dot, isa, pool, [x, y], out),
            (ReduceKind::SquaredDistance, false) => rows::run(self, SquaredDistance, isa, pool, [x, y], out),
            (ReduceKind::SquaredDistance, true) => columns::run(self, SquaredDistance, isa, pool, [x, y], out),
        }
    }

    /// A total, scaled.
    #[inline(always)]
    fn scaled(&self, total: f32) -> f32 {
        canonical(self.scale.map_or(total, |scale| total * scale))
    }

    /// Totals, scaled.
    #[inline(always)]
    fn scaled_lanes<V: Lanes>(&self, totals: V) -> V {
        self.scale.map_or(totals, |scale| totals.mul(V::splat(scale))).canonical()
    }
}
