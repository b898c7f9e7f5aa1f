//! From a model and a task to programs.
//!
//! The forward pass is taken from the model; the backward pass follows from it by reverse-mode differentiation
//! (`gradient.rs`); the optimiser's nodes come last and are the new states: what it keeps of every trained parameter, then
//! all parameters. The profile's step is the same with noise, and in the task's arithmetic (`rounding.rs`).
mod batch;
mod builder;
mod check;
mod distance;
mod error;
mod evaluation;
mod forward;
mod gradient;
mod layout;
mod loss;
mod norm;
mod optimiser;
mod rounding;
mod step;

pub use error::CompileError;
pub use evaluation::evaluation_batch;
pub use layout::Layout;

use crate::data::DataTensor;
use crate::exec::{ExecError, Executor};
use crate::import::Model;
use crate::state::State;
use crate::task::{Task, TaskData};
use assay_core::graph::{steps_per_epoch, Name, Program, StateDecl};

/// Strength of the profile's perturbation: every gradient is multiplied by 1 + u · 2⁻²², u in {−1, 0, 1}.
///
/// One unit in the last place is 2⁻²³ to 2⁻²⁴ of a number: it is what another order of summation does to a gradient,
/// doubled for safety.
pub const JITTER_EXPONENT: i8 = -22;

/// Everything that is computed for a task.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// A training step, over the training data.
    pub step: Program,
    /// The same as an honest solver may compute it: products in the task's arithmetic, a perturbation on every gradient.
    pub jitter: Program,
    /// The distance of two states.
    pub distance: Program,
    /// Logits and labels of batches of the test data; it leaves the state as it is.
    pub evaluation: Program,
    /// The first state: the model's weights, and momentum 0.
    pub start: State,
    /// Steps in all.
    pub steps: u64,
    /// Batches that the test data makes: steps of `evaluation`.
    pub evaluation_batches: u64,
    data: TaskData,
}

impl Compiled {
    /// Compiles a task: `model` for its batches, `evaluation`, the same model, for those of the test data.
    ///
    /// # Errors
    /// A model that doesn't fit the data.
    pub fn new(model: &Model, evaluation: &Model, task: &Task, data: &TaskData) -> Result<Compiled, CompileError> {
        check::fits(model, evaluation, task, data)?;
        let layout = Layout::new(model, &task.training.optimiser);
        let states = states(model, &layout)?;
        let start = start(model, &layout, &states)?;
        let of_states = (states.as_slice(), &layout);
        let noise = step::Noise { exponent: JITTER_EXPONENT, arithmetic: task.terms.arithmetic };
        Ok(Compiled {
            step: step::program(model, task, data, of_states, None)?,
            jitter: step::program(model, task, data, of_states, Some(noise))?,
            distance: distance::program(&states, &layout)?,
            evaluation: evaluation::program(evaluation, task, data, of_states)?,
            start,
            steps: task.steps(data.train_inputs.rows()),
            evaluation_batches: steps_per_epoch(data.test_inputs.rows(), evaluation.batch()),
            data: data.clone(),
        })
    }

    /// Data of `step` and `jitter`, in their order.
    pub fn training_data(&self) -> [DataTensor; 2] {
        [self.data.train_inputs.clone(), self.data.train_labels.clone()]
    }

    /// Data of `evaluation`, in its order.
    pub fn evaluation_data(&self) -> [DataTensor; 2] {
        [self.data.test_inputs.clone(), self.data.test_labels.clone()]
    }

    /// An executor of the training step.
    ///
    /// # Errors
    /// Those of [`Executor::new`].
    pub fn trainer(&self) -> Result<Executor, ExecError> {
        Executor::new(self.step.clone(), self.training_data())
    }

    /// An executor of the perturbed training step.
    ///
    /// # Errors
    /// Those of [`Executor::new`].
    pub fn jittered_trainer(&self) -> Result<Executor, ExecError> {
        Executor::new(self.jitter.clone(), self.training_data())
    }

    /// An executor of the distance.
    ///
    /// # Errors
    /// Those of [`Executor::new`].
    pub fn meter(&self) -> Result<Executor, ExecError> {
        Executor::new(self.distance.clone(), [])
    }

    /// An executor of the evaluation: [`Executor::evaluate`] with `evaluation_batches`.
    ///
    /// # Errors
    /// Those of [`Executor::new`].
    pub fn evaluator(&self) -> Result<Executor, ExecError> {
        Executor::new(self.evaluation.clone(), self.evaluation_data())
    }
}

fn states(model: &Model, layout: &Layout) -> Result<Vec<StateDecl>, CompileError> {
    let decl = |name: String, param: usize| {
        let name = Name::new(name).map_err(|_| CompileError::Name(model.params[param].name.clone()))?;
        Ok(StateDecl { name, shape: model.params[param].shape })
    };
    let slots = layout.slots().iter();
    let slots = slots.map(|&(param, suffix)| decl(Layout::slot_name(&model.params[param].name, suffix), param));
    let params = model.params.iter().enumerate().map(|(index, param)| decl(param.name.clone(), index));
    slots.chain(params).collect()
}

fn start(model: &Model, layout: &Layout, states: &[StateDecl]) -> Result<State, CompileError> {
    let slots = layout.slots().iter().map(|&(param, _)| vec![0.0; model.params[param].values.len()]);
    let weights = model.params.iter().map(|param| param.values.clone());
    Ok(State::new(states, slots.chain(weights).collect())?)
}

#[cfg(test)]
mod tests;
