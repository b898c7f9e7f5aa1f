//! Evaluation: outputs, labels and losses of batches of the test data.
use super::batch::{Part, Sources};
use super::builder::Builder;
use super::forward::{self, Mode};
use super::{loss, CompileError, Layout};
use crate::exec::{LABELS, LOGITS};
use crate::import::Model;
use crate::task::{Task, TaskData};
use assay_core::graph::function::Function;
use assay_core::graph::{Program, StateDecl};

/// Samples of a batch at most.
const MAX_BATCH: u32 = 512;

/// The greatest batch that divides the test data: every sample is in exactly one.
pub fn evaluation_batch(rows: u32) -> u32 {
    (1..=MAX_BATCH.min(rows)).rev().find(|batch| rows.is_multiple_of(*batch)).unwrap_or(1)
}

/// A step program that leaves the state as it is: so evaluations can be committed to and disputed like everything else.
pub(super) fn program(
    model: &Model,
    task: &Task,
    data: &TaskData,
    (states, layout): (&[StateDecl], &Layout),
) -> Result<Program, CompileError> {
    let mut builder = Builder::new(states);
    let sources = Sources::declare(&mut builder, "test", &data.test_inputs, &data.test_labels)?;
    let samples = sources.samples(&mut builder, model, task, Part::WHOLE)?;
    let labels = sources.labels(&mut builder, model, task, Part::WHOLE)?;
    let labels = builder.name(labels, LABELS)?;
    let params = forward::state_params(&builder, model, layout);
    let forward = forward::layers(&mut builder, model, samples, params, Mode::Evaluation)?;
    let output = builder.name(forward.at(model.output), LOGITS)?;
    loss::add(&mut builder, &task.training, output, labels, 1.0)?;
    for (index, state) in states.iter().enumerate() {
        let same = builder.state(index);
        builder.map(state.name.as_str(), Function::Copy, [same])?;
    }
    builder.finish()
}
