//! From a model and a task to programs.
//!
//! The forward pass is taken from the model; the backward pass follows from it by reverse-mode differentiation
//! (`gradient.rs`); the optimiser's nodes come last and are the new states: momentum buffers, then the parameters, which
//! are computed from them.
mod builder;
mod distance;
mod error;
mod evaluation;
mod forward;
mod gradient;
mod step;

pub use error::CompileError;

use crate::data::DataTensor;
use crate::exec::{ExecError, Executor};
use crate::import::{Model, Param};
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
    /// The same with a perturbation on every gradient.
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
    /// Compiles a task.
    ///
    /// # Errors
    /// A model that doesn't fit the data.
    pub fn new(model: &Model, task: &Task, data: &TaskData) -> Result<Compiled, CompileError> {
        check(model, data)?;
        let states = states(model)?;
        let start = start(model, &states)?;
        let batch = evaluation::batch(data.test_inputs.rows());
        Ok(Compiled {
            step: step::program(model, task, data, &states, None)?,
            jitter: step::program(model, task, data, &states, Some(JITTER_EXPONENT))?,
            distance: distance::program(&states, Layout::of(model))?,
            evaluation: evaluation::program(model, task, data, &states, batch)?,
            start,
            steps: task.steps(data.train_inputs.rows()),
            evaluation_batches: steps_per_epoch(data.test_inputs.rows(), batch),
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

    /// An executor of the evaluation: [`Executor::accuracy`] with `evaluation_batches`.
    ///
    /// # Errors
    /// Those of [`Executor::new`].
    pub fn evaluator(&self) -> Result<Executor, ExecError> {
        Executor::new(self.evaluation.clone(), self.evaluation_data())
    }
}

/// Where parameters and their momentum buffers are among the states: buffers first.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    params: usize,
}

impl Layout {
    /// That of a model's states.
    pub fn of(model: &Model) -> Layout {
        Layout { params: model.params.len() }
    }

    /// Number of parameters.
    pub fn len(self) -> usize {
        self.params
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.params == 0
    }

    /// Position of a parameter's momentum buffer.
    pub fn buffer(self, param: usize) -> usize {
        param
    }

    /// Position of a parameter.
    pub fn param(self, param: usize) -> usize {
        self.params + param
    }

    /// Name of a parameter's momentum buffer.
    pub fn buffer_name(param: &str) -> String {
        format!("{param}.momentum")
    }
}

fn states(model: &Model) -> Result<Vec<StateDecl>, CompileError> {
    let decl = |name: String, param: &Param| {
        let name = Name::new(name).map_err(|_| CompileError::Name(param.name.clone()))?;
        Ok(StateDecl { name, shape: param.shape })
    };
    let buffers = model.params.iter().map(|param| decl(Layout::buffer_name(&param.name), param));
    let params = model.params.iter().map(|param| decl(param.name.clone(), param));
    buffers.chain(params).collect()
}

fn start(model: &Model, states: &[StateDecl]) -> Result<State, CompileError> {
    let buffers = model.params.iter().map(|param| vec![0.0; param.values.len()]);
    let weights = model.params.iter().map(|param| param.values.clone());
    Ok(State::new(states, buffers.chain(weights).collect())?)
}

fn check(model: &Model, data: &TaskData) -> Result<(), CompileError> {
    for (purpose, inputs) in [("train", &data.train_inputs), ("test", &data.test_inputs)] {
        let columns = inputs.shape().dims().get(1).copied().unwrap_or(1);
        if columns != model.features {
            return Err(CompileError::Features { purpose, model: model.features, data: columns });
        }
    }
    for (purpose, labels) in [("train", &data.train_labels), ("test", &data.test_labels)] {
        let values = (0..labels.rows() as usize).filter_map(|row| labels.get(row).map(|label| (row as u64, label)));
        for (row, label) in values {
            if !(label >= 0.0 && label < model.classes as f32 && label.fract() == 0.0) {
                return Err(CompileError::Label { purpose, row, label, classes: model.classes });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
