//! Plain training step by step: libtorch's own optimiser, nothing read that training doesn't need.
use super::device::place;
use super::loss::loss;
use super::network::{Mode, Network};
use super::samples::{size, Order, Samples};
use super::trainer::training_network;
use super::TorchError;
use crate::data::DataTensor;
use crate::device::Device;
use crate::import::Model;
use crate::task::{Clip, Optimiser, Rule, Task};
use tch::nn::{self, OptimizerConfig};
use tch::{no_grad, Reduction, Tensor};

/// A model in training, as a PyTorch user would write it: what the engine's speed and memory are compared with.
///
/// Weights, data order, learning rates and what dropout drops are the task's.
pub struct PlainTrainer {
    network: Network,
    task: Task,
    /// Steps of the whole task, on which the learning rate depends.
    steps: u64,
    samples: Samples,
    order: Order,
    params: Vec<Tensor>,
    optimiser: nn::Optimizer,
}

impl PlainTrainer {
    /// A trainer that begins with the model's weights. The model is the one for the task's batch, the data are the
    /// training program's: inputs and labels.
    ///
    /// # Errors
    /// A device that can't be had; a model for other batches, or an error of libtorch.
    pub fn new(
        model: &Model,
        task: &Task,
        [inputs, labels]: &[DataTensor; 2],
        device: Device,
    ) -> Result<PlainTrainer, TorchError> {
        let device = place(device, task.terms.arithmetic)?;
        let store = nn::VarStore::new(device);
        let params = parameters(model, &store)?;
        Ok(PlainTrainer {
            network: training_network(model, task)?,
            task: task.clone(),
            steps: task.steps(inputs.rows()),
            samples: Samples::new(task, inputs, labels, device)?,
            order: Order::new(task, inputs.rows(), device),
            params,
            optimiser: optimiser(&task.training.optimiser, &store)?,
        })
    }

    /// One step: forward, backward, optimiser.
    ///
    /// # Errors
    /// An error of libtorch.
    pub fn step(&mut self, step: u64) -> Result<(), TorchError> {
        self.train(step).map(drop)
    }

    /// One step. Returns the loss, not yet read: reading waits, and costs time.
    pub(super) fn train(&mut self, step: u64) -> Result<Tensor, TorchError> {
        let training = &self.task.training;
        self.optimiser.set_lr(training.rate(self.steps, step).into());
        self.optimiser.zero_grad();
        let parts = training.accumulate.max(1);
        let mut sum: Option<Tensor> = None;
        for part in 0..parts {
            let rows = self.order.batch(step * u64::from(parts) + u64::from(part))?;
            let (inputs, labels) = self.samples.pick(&rows)?;
            let output = self.network.forward(&self.params, &inputs, Mode::Training { training, step, part })?;
            let loss = loss(training, &output, &labels, Reduction::Mean)?.f_div_scalar(i64::from(parts))?;
            loss.f_backward()?;
            let loss = loss.f_detach()?;
            sum = Some(sum.map_or(Ok(loss.shallow_clone()), |sum| sum.f_add(&loss))?);
        }
        match training.clip {
            Some(Clip::Norm(norm)) => self.optimiser.clip_grad_norm(norm),
            Some(Clip::Value(value)) => self.optimiser.clip_grad_value(value),
            None => {}
        }
        self.optimiser.step();
        Ok(sum.unwrap_or_else(|| Tensor::from(0.0_f32))) // There is at least one pass.
    }

    /// The parameters as they are now.
    pub(super) fn params(&self) -> &[Tensor] {
        &self.params
    }
}

/// The model's parameters as variables.
fn parameters(model: &Model, store: &nn::VarStore) -> Result<Vec<Tensor>, TorchError> {
    let mut params = Vec::new();
    for (index, param) in model.params.iter().enumerate() {
        let (name, dims) = (format!("p{index}"), size(param.shape));
        let root = store.root();
        let mut place = if param.trained {
            root.f_var(&name, &dims, nn::Init::Const(0.0))?
        } else {
            root.f_zeros_no_train(&name, &dims)?
        };
        let values = Tensor::f_from_slice(&param.values)?.f_view(dims.as_slice())?;
        no_grad(|| place.f_copy_(&values))?;
        params.push(place);
    }
    Ok(params)
}

/// libtorch's optimiser of that name.
fn optimiser(optimiser: &Optimiser, store: &nn::VarStore) -> Result<nn::Optimizer, TorchError> {
    let Optimiser { learning_rate: rate, weight_decay: wd, rule } = *optimiser;
    Ok(match rule {
        Rule::Sgd { momentum, nesterov } => nn::Sgd { momentum, dampening: 0.0, wd, nesterov }.build(store, rate)?,
        Rule::Adam { betas: [beta1, beta2], epsilon: eps, decoupled: false } => {
            nn::Adam { beta1, beta2, wd, eps, amsgrad: false }.build(store, rate)?
        }
        Rule::Adam { betas: [beta1, beta2], epsilon: eps, decoupled: true } => {
            nn::AdamW { beta1, beta2, wd, eps, amsgrad: false }.build(store, rate)?
        }
    })
}
