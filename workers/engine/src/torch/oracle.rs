//! Loss and gradients by autograd, to compare with.
use super::network::{forward, loss, size, Order, Samples};
use super::trainer::values;
use super::TorchError;
use crate::compile::Layout;
use crate::import::Model;
use crate::state::State;
use crate::task::{Task, TaskData};
use tch::{Kind, Tensor};

/// What autograd finds for one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Mean cross-entropy.
    pub loss: f32,
    /// For every parameter.
    pub params: Vec<Vec<f32>>,
}

/// Loss and gradients of a step's batch.
///
/// # Errors
/// An error of libtorch.
pub fn gradients(
    model: &Model,
    task: &Task,
    data: &TaskData,
    state: &State,
    step: u64,
) -> Result<Gradients, TorchError> {
    let layout = Layout::of(model);
    let param = |param: usize| -> Result<Tensor, TorchError> {
        let index = layout.param(param);
        let tensor = Tensor::f_from_data_size(state.bytes(index), &size(state.decls()[index].shape), Kind::Float)?;
        Ok(tensor.f_set_requires_grad(true)?)
    };
    let params: Vec<Tensor> = (0..layout.len()).map(param).collect::<Result<_, _>>()?;
    let samples = Samples::new(&data.train_inputs, &data.train_labels, (task.data.scale, task.data.shift))?;
    let rows = Order::new(task.training.seed, data.train_inputs.rows(), task.training.batch).batch(step)?;
    let logits = forward(model, &params, &samples.inputs.f_index_select(0, &rows)?)?;
    let loss = loss(&logits, &samples.labels.f_index_select(0, &rows)?)?;
    let gradients = Tensor::f_run_backward(&[&loss], &params, false, false)?;
    Ok(Gradients {
        loss: loss.f_double_value(&[])? as f32,
        params: gradients.iter().map(values).collect::<Result<_, _>>()?,
    })
}
