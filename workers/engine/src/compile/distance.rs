//! The distance of two states: how far apart they are, in units of how far training moved.
use super::builder::Builder;
use super::{CompileError, Layout};
use assay_core::graph::{Input, Op, Program, StateDecl};

/// Snapshots of a distance program.
const START: u8 = 0;
const REPLAYED: u8 = 1;
const CLAIMED: u8 = 2;

/// The greater one, over parameters and over momentum buffers, of `Σ‖claimed − replayed‖² / Σ‖replayed − start‖²`.
///
/// Two groups, since they differ by orders of magnitude: the greater would hide the smaller.
pub(super) fn program(states: &[StateDecl], layout: Layout) -> Result<Program, CompileError> {
    let mut builder = Builder::new(states);
    let params = ratio(&mut builder, "parameters", layout.param(0), layout.len())?;
    let buffers = ratio(&mut builder, "momentum", layout.buffer(0), layout.len())?;
    builder.node("distance", Op::Max, [params, buffers])?;
    builder.finish()
}

/// The squared distance of a group of states, normalised.
fn ratio(builder: &mut Builder, group: &str, first: usize, count: usize) -> Result<Input, CompileError> {
    let difference = sum(builder, &format!("{group}/difference"), first, count, CLAIMED)?;
    let update = sum(builder, &format!("{group}/update"), first, count, START)?;
    builder.node(&format!("{group}/ratio"), Op::Ratio, [difference, update])
}

/// `Σ‖replayed − other‖²`.
fn sum(builder: &mut Builder, name: &str, first: usize, count: usize, other: u8) -> Result<Input, CompileError> {
    let mut total: Option<Input> = None;
    for state in first..first + count {
        let inputs = [builder.snapshot(REPLAYED, state), builder.snapshot(other, state)];
        let distance = builder.node(name, Op::SqDist, inputs)?;
        total = Some(match total {
            None => distance,
            Some(total) => builder.node(name, Op::Add, [total, distance])?,
        });
    }
    total.ok_or(CompileError::Order { layer: 0 }) // A model has at least one parameter.
}
