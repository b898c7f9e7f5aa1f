//! Whether a model, a task and data fit each other.
use super::batch::target_shape;
use super::CompileError;
use crate::data::DataTensor;
use crate::import::Model;
use crate::task::{Loss, Task, TaskData};
use assay_core::graph::Shape;

/// Checks batches, sizes of samples and labels, and every label.
pub(super) fn fits(model: &Model, evaluation: &Model, task: &Task, data: &TaskData) -> Result<(), CompileError> {
    if model.batch() != task.training.batch {
        return Err(CompileError::Batch { model: model.batch(), task: task.training.batch });
    }
    let shapes = |model: &Model| model.params.iter().map(|param| (param.name.clone(), param.shape)).collect::<Vec<_>>();
    if shapes(model) != shapes(evaluation) {
        return Err(CompileError::OtherModel);
    }
    let loss = task.training.loss;
    let purposes = [
        ("train", model, &data.train_inputs, &data.train_labels),
        ("test", evaluation, &data.test_inputs, &data.test_labels),
    ];
    for (purpose, model, inputs, labels) in purposes {
        let batch = u64::from(model.batch());
        let per_sample = |shape: Shape| shape.elements() / batch.max(1);
        let (expected, got) = (per_sample(model.input), row(inputs));
        if expected != got {
            return Err(CompileError::Features { purpose, model: expected, data: got });
        }
        let output = model.shape(model.output);
        if output.dims().first() != Some(&model.batch()) || output.rank() < 2 {
            return Err(CompileError::Output { got: output, batch: model.batch() });
        }
        let (expected, got) = (per_sample(target_shape(output, loss)?), row(labels));
        if expected != got {
            return Err(CompileError::Labels { purpose, loss: loss.name(), model: expected, data: got });
        }
        if loss == Loss::CrossEntropy {
            classes(purpose, labels, output.dims().last().copied().unwrap_or(1), task.training.ignore_index)?;
        }
    }
    Ok(())
}

/// Values in a row of data.
fn row(tensor: &DataTensor) -> u64 {
    tensor.shape().elements() / u64::from(tensor.rows().max(1))
}

fn classes(purpose: &'static str, labels: &DataTensor, classes: u32, ignored: Option<i64>) -> Result<(), CompileError> {
    let values = (0..).map_while(|index| labels.get(index).map(|label| (index as u64, label)));
    for (row, label) in values {
        let is_class = label >= 0.0 && label < classes as f32 && label.fract() == 0.0;
        if !is_class && ignored.is_none_or(|ignored| label != ignored as f32) {
            return Err(CompileError::Label { purpose, row, label, classes });
        }
    }
    Ok(())
}
