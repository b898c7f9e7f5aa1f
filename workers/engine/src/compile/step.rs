//! The training step: forward, backward, optimiser.
use super::builder::Builder;
use super::{forward, gradient, CompileError, Layout};
use crate::data::DataTensor;
use crate::import::Model;
use crate::task::{Task, TaskData};
use assay_core::arith::F32;
use assay_core::graph::{Input, Op, Program, Shape, StateDecl};

/// Seed of the jitter's signs, beside the task's own: data order and jitter don't share theirs.
const JITTER_SEED: u64 = 0x6a69_7474_6572_0000;

/// The step program; with `jitter`, the one that perturbs every gradient by that power of two.
pub(super) fn program(
    model: &Model,
    task: &Task,
    data: &TaskData,
    states: &[StateDecl],
    jitter: Option<i8>,
) -> Result<Program, CompileError> {
    let training = &task.training;
    let mut builder = Builder::new(states);
    let order = Order { seed: training.seed, batch: training.batch };
    let inputs = builder.data("train-inputs", &data.train_inputs)?;
    let labels = builder.data("train-labels", &data.train_labels)?;
    let batch = gather(&mut builder, "batch", order, inputs, &data.train_inputs, (task.data.scale, task.data.shift))?;
    let labels = gather(&mut builder, "labels", order, labels, &data.train_labels, (1.0, 0.0))?;
    let forward = forward::layers(&mut builder, model, batch, None)?;
    let of_logits = forward::cross_entropy(&mut builder, forward.logits, labels, training.batch)?;
    let mut gradients = gradient::backward(&mut builder, model, &forward, of_logits)?;
    if let Some(exponent) = jitter {
        for (index, gradient) in (0..).zip(&mut gradients) {
            let op = Op::Jitter { seed: (training.seed ^ JITTER_SEED).wrapping_add(index), exponent };
            *gradient = builder.node("jitter", op, [*gradient])?;
        }
    }
    optimiser(&mut builder, model, training, &gradients)?;
    builder.finish()
}

/// Data order.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) seed: u64,
    pub(super) batch: u32,
}

/// A batch of rows.
pub(super) fn gather(
    builder: &mut Builder,
    name: &str,
    order: Order,
    data: Input,
    tensor: &DataTensor,
    (scale, shift): (f64, f64),
) -> Result<Input, CompileError> {
    let bits = |x: f64| F32((x as f32).to_bits());
    let op = Op::Gather { seed: order.seed, rows: tensor.rows(), scale: bits(scale), shift: bits(shift) };
    let mut dims = tensor.shape().dims().to_vec();
    if let Some(rows) = dims.first_mut() {
        *rows = order.batch;
    }
    let shape = Shape::new(&dims).map_err(|error| CompileError::Node { name: name.into(), error })?;
    builder.node_of_shape(name, op, [data], shape)
}

/// The last nodes, the new states: momentum buffers, then the parameters, which need them.
fn optimiser(
    builder: &mut Builder,
    model: &Model,
    training: &crate::task::Training,
    gradients: &[Input],
) -> Result<(), CompileError> {
    let bits = |x: f64| F32((x as f32).to_bits());
    let layout = Layout::of(model);
    let momentum = Op::SgdMomentum { mu: bits(training.momentum), wd: bits(training.weight_decay) };
    let mut buffers = Vec::with_capacity(gradients.len());
    for (param, gradient) in gradients.iter().enumerate() {
        let name = Layout::buffer_name(&model.params[param].name);
        let inputs = [builder.state(layout.buffer(param)), builder.state(layout.param(param)), *gradient];
        buffers.push(builder.node(&name, momentum, inputs)?);
    }
    for (param, buffer) in buffers.into_iter().enumerate() {
        let inputs = [builder.state(layout.param(param)), buffer];
        builder.node(&model.params[param].name, Op::SgdStep { lr: bits(training.learning_rate) }, inputs)?;
    }
    Ok(())
}
