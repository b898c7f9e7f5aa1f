//! Training with access to the whole state: what a tolerant solver runs.
use super::network::{forward, loss, size, Order, Samples};
use super::TorchError;
use crate::compile::Layout;
use crate::data::DataTensor;
use crate::import::Model;
use crate::state::State;
use crate::task::Task;
use assay_core::graph::StateDecl;
use std::sync::Arc;
use tch::{no_grad, Kind, Tensor};

/// A model in training.
pub struct TorchTrainer {
    model: Model,
    decls: Arc<[StateDecl]>,
    samples: Samples,
    order: Order,
    params: Vec<Tensor>,
    buffers: Vec<Tensor>,
    momentum: f64,
    /// Scalars as tensors: `addcmul_` multiplies by them without a temporary.
    weight_decay: Tensor,
    minus_rate: Tensor,
}

impl TorchTrainer {
    /// A trainer that begins with `start`. The data are the training program's: inputs and labels.
    ///
    /// # Errors
    /// A state that isn't the model's, or an error of libtorch.
    pub fn new(
        model: &Model,
        task: &Task,
        [inputs, labels]: &[DataTensor; 2],
        start: &State,
    ) -> Result<TorchTrainer, TorchError> {
        let training = &task.training;
        let samples = Samples::new(inputs, labels, (task.data.scale, task.data.shift))?;
        let mut trainer = TorchTrainer {
            model: model.clone(),
            decls: start.decls().into(),
            samples,
            order: Order::new(training.seed, inputs.rows(), training.batch),
            params: Vec::new(),
            buffers: Vec::new(),
            momentum: training.momentum,
            weight_decay: Tensor::from(training.weight_decay as f32),
            minus_rate: Tensor::from(-training.learning_rate as f32),
        };
        trainer.load(start)?;
        Ok(trainer)
    }

    /// Goes on from this state.
    ///
    /// # Errors
    /// A state that isn't the model's, or an error of libtorch.
    pub fn load(&mut self, state: &State) -> Result<(), TorchError> {
        state.check(&self.decls)?;
        let layout = Layout::of(&self.model);
        let tensor = |index: usize| -> Result<Tensor, TorchError> {
            Ok(Tensor::f_from_data_size(state.bytes(index), &size(self.decls[index].shape), Kind::Float)?)
        };
        let params = (0..layout.len()).map(|param| Ok(tensor(layout.param(param))?.f_set_requires_grad(true)?));
        self.params = params.collect::<Result<_, TorchError>>()?;
        self.buffers = (0..layout.len()).map(|param| tensor(layout.buffer(param))).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// One step: forward, backward, stochastic gradient descent with momentum. Returns the loss, not yet read.
    fn train(&mut self, step: u64) -> Result<Tensor, TorchError> {
        let rows = self.order.batch(step)?;
        let (inputs, labels) =
            (self.samples.inputs.f_index_select(0, &rows)?, self.samples.labels.f_index_select(0, &rows)?);
        let loss = loss(&forward(&self.model, &self.params, &inputs)?, &labels)?;
        let gradients = Tensor::f_run_backward(&[&loss], &self.params, false, false)?;
        no_grad(|| {
            for ((param, buffer), gradient) in self.params.iter_mut().zip(&mut self.buffers).zip(&gradients) {
                let mut gradient = gradient.shallow_clone();
                let _ = gradient.f_addcmul_(param, &self.weight_decay)?;
                let _ = buffer.f_mul_scalar_(self.momentum)?.f_add_(&gradient)?;
                let _ = param.f_addcmul_(buffer, &self.minus_rate)?;
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
        let tensors = self.buffers.iter().chain(&self.params).map(values).collect::<Result<_, _>>()?;
        Ok(State::new(self.decls.clone(), tensors)?)
    }
}

/// A tensor's values. A NaN becomes the protocol's.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>, TorchError> {
    let mut values = vec![0.0_f32; tensor.numel()];
    let len = values.len();
    tensor.detach().f_contiguous()?.f_copy_data(&mut values, len)?;
    for value in values.iter_mut().filter(|value| value.is_nan()) {
        *value = f32::from_bits(assay_core::arith::F32::NAN.0);
    }
    Ok(values)
}
