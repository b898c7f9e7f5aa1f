//! Evaluation: logits and labels of batches of the test data.
use super::builder::Builder;
use super::step::{gather, Order};
use super::{forward, CompileError};
use crate::exec::{LABELS, LOGITS};
use crate::import::Model;
use crate::task::{Task, TaskData};
use assay_core::graph::{Op, Program, StateDecl};

/// Samples of a batch at most.
const MAX_BATCH: u32 = 512;

/// The greatest batch that divides the test data: every sample is in exactly one.
pub(super) fn batch(rows: u32) -> u32 {
    (1..=MAX_BATCH.min(rows)).rev().find(|batch| rows.is_multiple_of(*batch)).unwrap_or(1)
}

/// A step program that leaves the state as it is, by `Max(x, x)`: so evaluations can be committed to and disputed like
/// everything else.
pub(super) fn program(
    model: &Model,
    task: &Task,
    data: &TaskData,
    states: &[StateDecl],
    batch: u32,
) -> Result<Program, CompileError> {
    let mut builder = Builder::new(states);
    let order = Order { seed: task.training.seed, batch };
    let inputs = builder.data("test-inputs", &data.test_inputs)?;
    let labels = builder.data("test-labels", &data.test_labels)?;
    let samples = gather(&mut builder, "batch", order, inputs, &data.test_inputs, (task.data.scale, task.data.shift))?;
    gather(&mut builder, LABELS, order, labels, &data.test_labels, (1.0, 0.0))?;
    forward::layers(&mut builder, model, samples, Some(LOGITS))?;
    for (index, state) in states.iter().enumerate() {
        let same = builder.state(index);
        builder.node(state.name.as_str(), Op::Max, [same, same])?;
    }
    builder.finish()
}
