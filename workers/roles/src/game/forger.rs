//! Lies, for demonstrations and tests: what a cheating asserter's [`Replayer`](super::Replayer) has to change.
//!
//! Each lie is as late as possible: everything before it is honest, so that the game has to go all the way down.
use super::Target;
use assay_core::arith::F32;
use assay_core::graph::Program;
use assay_engine::state::State;
use assay_engine::tamper::{Change, Tamper};

/// The execution ends in another state: all steps are honest, but the last one puts out the false tensors.
pub fn end_state(program: &Program, last_step: u64, end: &State) -> Vec<Tamper> {
    let first = program.nodes.len().saturating_sub(program.states.len());
    let nodes = first..program.nodes.len();
    let replace =
        |(node, tensor): (usize, &Vec<f32>)| Tamper { step: last_step, node, change: Change::Replace(tensor.clone()) };
    nodes.zip(end.tensors()).map(replace).collect()
}

/// The distance is another: the last node puts out the false value.
pub fn value(program: &Program, value: F32) -> Vec<Tamper> {
    let node = program.nodes.len().saturating_sub(1);
    vec![Tamper { step: 0, node, change: Change::Replace(vec![f32::from_bits(value.0)]) }]
}

/// One element of one node's output has its last bit flipped, in one step; everything after that follows from it.
pub fn flip(target: &Target) -> Vec<Tamper> {
    let node = usize::try_from(target.node).unwrap_or(usize::MAX);
    vec![Tamper::flip(target.step, node, target.element)]
}
