//! Loss and gradients by autograd, to compare with.
use super::gradient::step_gradients;
use super::layout::{tensors, trained, values};
use super::network::Mode;
use super::samples::{Order, Samples};
use super::trainer::training_network;
use super::TorchError;
use crate::import::Model;
use crate::state::State;
use crate::task::{Task, TaskData};
use tch::Device;

/// What autograd finds for one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The mean loss of the step's forward passes.
    pub loss: f32,
    /// What the model gives for the batch of the step's first forward pass.
    pub output: Vec<f32>,
    /// For every trained parameter in the model's order, before clipping: its position, and the mean of the forward
    /// passes' gradients.
    pub params: Vec<(usize, Vec<f32>)>,
    /// For every parameter that isn't trained: its position, and its values after the forward passes. They differ from
    /// those before in running statistics.
    pub others: Vec<(usize, Vec<f32>)>,
}

/// Loss and gradients of a step, on the processor.
///
/// # Errors
/// A state that isn't the model's, a model for other batches, or an error of libtorch.
pub fn gradients(
    model: &Model,
    task: &Task,
    data: &TaskData,
    state: &State,
    step: u64,
) -> Result<Gradients, TorchError> {
    let network = training_network(model, task)?;
    let samples = Samples::new(task, &data.train_inputs, &data.train_labels, Device::Cpu)?;
    let mut order = Order::new(task, data.train_inputs.rows(), Device::Cpu);
    let training = &task.training;
    let first = {
        // Apart from the rest: a forward pass moves running statistics.
        let (_, params) = tensors(model, &training.optimiser, state, Device::Cpu)?;
        let (inputs, _) = samples.pick(&order.batch(step * u64::from(training.accumulate.max(1)))?)?;
        network.forward(&params, &inputs, Mode::Training { training, step, part: 0 })?
    };
    let (_, params) = tensors(model, &training.optimiser, state, Device::Cpu)?;
    let (loss, gradients) = step_gradients(&network, task, &params, (&samples, &mut order), step)?;
    let of_trained = trained(model).zip(&gradients).map(|(param, gradient)| Ok((param, values(gradient)?)));
    let others = (0..params.len()).filter(|&param| !model.params[param].trained);
    Ok(Gradients {
        loss: loss.f_double_value(&[])? as f32,
        output: values(&first)?,
        params: of_trained.collect::<Result<_, TorchError>>()?,
        others: others.map(|param| Ok((param, values(&params[param])?))).collect::<Result<_, TorchError>>()?,
    })
}
