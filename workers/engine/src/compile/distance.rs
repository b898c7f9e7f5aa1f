//! The distance of two states: how far apart they are, in units of how far training moved.
use super::builder::Builder;
use super::{CompileError, Layout};
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Program, ReduceKind, StateDecl};

/// Snapshots of a distance program.
const START: u8 = 0;
const REPLAYED: u8 = 1;
const CLAIMED: u8 = 2;

/// The greatest, over groups of states, of `Σ‖claimed − replayed‖² / Σ‖replayed − start‖²`.
///
/// Groups, since they differ by orders of magnitude: the greater would hide the smaller. What training doesn't touch
/// is a group of its own, whose update is 0: any difference there is as good as infinite.
pub(super) fn program(states: &[StateDecl], layout: &Layout) -> Result<Program, CompileError> {
    let mut builder = Builder::new(states);
    let mut greatest: Option<Input> = None;
    for (group, members) in layout.groups() {
        let ratio = ratio(&mut builder, group, &members)?;
        greatest = Some(match greatest {
            None => ratio,
            Some(so_far) => builder.map("distance", Function::Max, [so_far, ratio])?,
        });
    }
    builder.finish()
}

/// The squared distance of a group of states, normalised.
fn ratio(builder: &mut Builder, group: &str, members: &[usize]) -> Result<Input, CompileError> {
    let difference = sum(builder, &format!("{group}/difference"), members, CLAIMED)?;
    let update = sum(builder, &format!("{group}/update"), members, START)?;
    builder.map(&format!("{group}/ratio"), Function::Ratio, [difference, update])
}

/// `Σ‖replayed − other‖²`.
fn sum(builder: &mut Builder, name: &str, members: &[usize], other: u8) -> Result<Input, CompileError> {
    let mut total: Option<Input> = None;
    for &state in members {
        let inputs = [builder.snapshot(REPLAYED, state), builder.snapshot(other, state)];
        let axes = super::builder::all_axes(&inputs[0].shape);
        let distance = builder.reduce(name, ReduceKind::SquaredDistance, axes, 1.0, inputs)?;
        total = Some(match total {
            None => distance,
            Some(total) => builder.map(name, Function::Add, [total, distance])?,
        });
    }
    total.ok_or(CompileError::Order { layer: 0 }) // Groups have members.
}
