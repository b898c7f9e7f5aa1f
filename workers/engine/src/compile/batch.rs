//! A step's batch: samples and labels, in the order of the data.
use super::builder::{bits, Builder};
use super::forward::named;
use super::CompileError;
use crate::data::DataTensor;
use crate::import::Model;
use crate::task::{Loss, Task};
use assay_core::graph::{Input, Op, Shape};

/// The data sets of a program, as inputs.
pub(super) struct Sources<'a> {
    inputs: (Input, &'a DataTensor),
    labels: (Input, &'a DataTensor),
}

/// Which batch of a step, of how many.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) part: u16,
    pub(super) parts: u16,
}

impl Part {
    /// The only one.
    pub(super) const WHOLE: Part = Part { part: 0, parts: 1 };
}

impl<'a> Sources<'a> {
    /// Declares the data sets.
    pub(super) fn declare(
        builder: &mut Builder,
        purpose: &str,
        inputs: &'a DataTensor,
        labels: &'a DataTensor,
    ) -> Result<Sources<'a>, CompileError> {
        Ok(Sources {
            inputs: (builder.data(&format!("{purpose}-inputs"), inputs)?, inputs),
            labels: (builder.data(&format!("{purpose}-labels"), labels)?, labels),
        })
    }

    /// A batch of samples, as the model takes them.
    pub(super) fn samples(
        &self,
        builder: &mut Builder,
        model: &Model,
        task: &Task,
        part: Part,
    ) -> Result<Input, CompileError> {
        let batch = model.batch();
        let scale = (task.data.scale, task.data.shift);
        let rows = gather(builder, "batch", (task.training.seed, batch, part), self.inputs, scale)?;
        builder.reshape("samples", rows, model.input)
    }

    /// Their labels: of classes `[.., 1]`, one for every row of the output; otherwise of the output's shape.
    pub(super) fn labels(
        &self,
        builder: &mut Builder,
        model: &Model,
        task: &Task,
        part: Part,
    ) -> Result<Input, CompileError> {
        let output = model.shape(model.output);
        let shape = target_shape(output, task.training.loss)?;
        let rows = gather(builder, "labels", (task.training.seed, model.batch(), part), self.labels, (1.0, 0.0))?;
        builder.reshape("labels", rows, shape)
    }
}

/// Shape of what an output is compared with.
pub(super) fn target_shape(output: Shape, loss: Loss) -> Result<Shape, CompileError> {
    match loss {
        Loss::CrossEntropy => {
            output.with_dim(output.rank().saturating_sub(1), 1).map_err(|error| named("labels", error))
        }
        Loss::Mse | Loss::BceWithLogits => Ok(output),
    }
}

/// A batch of rows.
fn gather(
    builder: &mut Builder,
    name: &str,
    (seed, batch, Part { part, parts }): (u64, u32, Part),
    (data, tensor): (Input, &DataTensor),
    (scale, shift): (f64, f64),
) -> Result<Input, CompileError> {
    let op = Op::Gather { seed, rows: tensor.rows(), scale: bits(scale), shift: bits(shift), part, parts };
    let shape = tensor.shape().with_dim(0, batch).map_err(|error| named(name, error))?;
    builder.node_of_shape(name, op, [data], shape)
}
