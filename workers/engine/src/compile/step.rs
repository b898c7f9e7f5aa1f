//! The training step: forward, backward, optimiser.
use super::batch::{Part, Sources};
use super::builder::Builder;
use super::forward::{self, Mode};
use super::{gradient, loss, optimiser, CompileError, Layout};
use crate::exec::{LOGITS, LOSS};
use crate::import::Model;
use crate::task::{Arithmetic, Task, TaskData};
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Op, Program, StateDecl};

/// Seed of the jitter's signs, beside the task's own: data order and jitter don't share theirs.
const JITTER_SEED: u64 = 0x6a69_7474_6572_0000;

/// What tells a profile's step from the training's.
#[derive(Clone, Copy)]
pub(super) struct Noise {
    /// Every gradient is perturbed by this power of two.
    pub(super) exponent: i8,
    /// And products computed with this.
    pub(super) arithmetic: Arithmetic,
}

/// The step program; with `noise`, the one of the task's profile.
pub(super) fn program(
    model: &Model,
    task: &Task,
    data: &TaskData,
    (states, layout): (&[StateDecl], &Layout),
    noise: Option<Noise>,
) -> Result<Program, CompileError> {
    let training = &task.training;
    let parts = training.accumulate.max(1);
    let products = noise.map_or(Arithmetic::Binary32, |noise| noise.arithmetic);
    let mut builder = Builder::new(states).computing(products);
    let sources = Sources::declare(&mut builder, "train", &data.train_inputs, &data.train_labels)?;
    let mut params = forward::state_params(&builder, model, layout);
    let mut total: Option<(Input, Vec<Input>)> = None;
    for part in 0..parts {
        let of_step = Part { part, parts };
        let batch = sources.samples(&mut builder, model, task, of_step)?;
        let labels = sources.labels(&mut builder, model, task, of_step)?;
        let mode = Mode::Training { training, part };
        let forward = forward::layers(&mut builder, model, batch, params, mode)?;
        let output = forward.at(model.output);
        let output = builder.name(output, LOGITS)?;
        let losses = loss::add(&mut builder, training, output, labels, 1.0 / f64::from(parts))?;
        let gradients = gradient::backward(&mut builder, model, &forward, losses.of_output, mode)?;
        total = Some(match total {
            None => (losses.value, gradients),
            Some((value, so_far)) => {
                let value = builder.map(LOSS, Function::Add, [value, losses.value])?;
                let pairs = so_far.into_iter().zip(gradients);
                let sum = |(a, b)| builder.map("grad.sum", Function::Add, [a, b]);
                (value, pairs.map(sum).collect::<Result<_, _>>()?)
            }
        });
        params = forward.params;
    }
    let Some((_, mut gradients)) = total else { return Err(CompileError::Order { layer: 0 }) };
    if let Some(Noise { exponent, .. }) = noise {
        for (index, gradient) in (0..).zip(&mut gradients) {
            let op = Op::Jitter { seed: (training.seed ^ JITTER_SEED).wrapping_add(index), exponent };
            *gradient = builder.node("jitter", op, [*gradient])?;
        }
    }
    let steps = task.steps(data.train_inputs.rows());
    optimiser::add(&mut builder, model, layout, (training, steps), &params, gradients)?;
    builder.finish()
}
