//! Training with access to the whole state: what a tolerant solver runs.
use super::device::place;
use super::gradient::{clip, step_gradients};
use super::layout::{tensors, trained, values};
use super::network::Network;
use super::optimiser::update;
use super::samples::{Order, Samples};
use super::TorchError;
use crate::data::DataTensor;
use crate::device::Device;
use crate::import::Model;
use crate::state::State;
use crate::task::Task;
use assay_core::graph::StateDecl;
use std::sync::Arc;
use tch::{no_grad, Tensor};

/// A model in training.
pub struct TorchTrainer {
    network: Network,
    task: Task,
    /// Steps of the whole task, on which the learning rate depends.
    steps: u64,
    decls: Arc<[StateDecl]>,
    device: tch::Device,
    samples: Samples,
    order: Order,
    slots: Vec<Tensor>,
    params: Vec<Tensor>,
}

impl TorchTrainer {
    /// A trainer that begins with `start`. The model is the one for the task's batch, the data are the training program's:
    /// inputs and labels. Products are computed in the task's arithmetic or a finer one.
    ///
    /// # Errors
    /// A device that can't be had; a state that isn't the model's, a model for other batches, or an error of libtorch.
    pub fn new(
        model: &Model,
        task: &Task,
        [inputs, labels]: &[DataTensor; 2],
        start: &State,
        device: Device,
    ) -> Result<TorchTrainer, TorchError> {
        let device = place(device, task.terms.arithmetic)?;
        let network = training_network(model, task)?;
        let (slots, params) = tensors(model, &task.training.optimiser, start, device)?;
        Ok(TorchTrainer {
            network,
            task: task.clone(),
            steps: task.steps(inputs.rows()),
            decls: start.decls().into(),
            device,
            samples: Samples::new(task, inputs, labels, device)?,
            order: Order::new(task, inputs.rows(), device),
            slots,
            params,
        })
    }

    /// Goes on from this state.
    ///
    /// # Errors
    /// A state that isn't the model's, or an error of libtorch.
    pub fn load(&mut self, state: &State) -> Result<(), TorchError> {
        state.check(&self.decls)?;
        let optimiser = &self.task.training.optimiser;
        (self.slots, self.params) = tensors(&self.network.model, optimiser, state, self.device)?;
        Ok(())
    }

    /// One step: forward, backward, optimiser. Returns the loss, not yet read.
    fn train(&mut self, step: u64) -> Result<Tensor, TorchError> {
        let data = (&self.samples, &mut self.order);
        let (loss, mut gradients) = step_gradients(&self.network, &self.task, &self.params, data, step)?;
        let training = &self.task.training;
        let rate = training.rate(self.steps, step);
        no_grad(|| {
            clip(&mut gradients, training.clip)?;
            for (index, (param, gradient)) in trained(&self.network.model).zip(&gradients).enumerate() {
                // Slot i of every kind is that of the i-th trained parameter.
                let mut slots: Vec<&mut Tensor> = self.slots.iter_mut().skip(index).step_by(gradients.len()).collect();
                update(&training.optimiser, (&mut self.params[param], &mut slots), gradient, (rate, step))?;
            }
            Ok::<_, TorchError>(())
        })?;
        Ok(loss)
    }

    /// One step; returns the loss.
    ///
    /// # Errors
    /// An error of libtorch.
    pub fn step(&mut self, step: u64) -> Result<f32, TorchError> {
        let loss = self.train(step)?;
        Ok(loss.f_double_value(&[])? as f32)
    }

    /// Steps `first` to `first + steps - 1`, with a call at every multiple of `interval` and at the end: the number of
    /// steps done so far, the state after them, and the loss of the last one.
    ///
    /// # Errors
    /// An error of libtorch, or of `on_checkpoint`.
    pub fn run<E: From<TorchError>>(
        &mut self,
        first: u64,
        steps: u64,
        interval: u32,
        mut on_checkpoint: impl FnMut(u64, State, f32) -> Result<(), E>,
    ) -> Result<(), E> {
        for step in first..first + steps {
            let loss = self.train(step)?;
            let done = step + 1;
            if done % u64::from(interval.max(1)) == 0 || done == first + steps {
                let loss = loss.f_double_value(&[]).map_err(TorchError::from)? as f32;
                on_checkpoint(done, self.state()?, loss)?;
            }
        }
        Ok(())
    }

    /// The state now.
    ///
    /// # Errors
    /// An error of libtorch.
    pub fn state(&self) -> Result<State, TorchError> {
        let tensors = self.slots.iter().chain(&self.params).map(values).collect::<Result<_, _>>()?;
        Ok(State::new(self.decls.clone(), tensors)?)
    }
}

/// The network of a model that is for the task's batches.
pub(super) fn training_network(model: &Model, task: &Task) -> Result<Network, TorchError> {
    let network = Network::new(model, task.terms.arithmetic);
    if network.batch() != task.training.batch {
        return Err(TorchError::Batch { model: network.batch(), task: task.training.batch });
    }
    Ok(network)
}
