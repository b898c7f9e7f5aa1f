//! Why no program comes out.
use crate::state::StateError;
use assay_core::graph::{GraphError, ProgramError, Shape};

/// What is wrong with a model and a task together.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Samples of another length than the model takes.
    #[error("the model takes samples of {model} values, the data to {purpose} has {data}")]
    Features {
        /// Training or testing.
        purpose: &'static str,
        /// The model's.
        model: u64,
        /// The data's.
        data: u64,
    },
    /// Labels of another number than the model gives outputs.
    #[error("for the loss {loss:?} the model needs {model} labels for each sample, the data to {purpose} has {data}")]
    Labels {
        /// Training or testing.
        purpose: &'static str,
        /// Which loss.
        loss: &'static str,
        /// The model's.
        model: u64,
        /// The data's.
        data: u64,
    },
    /// A model for another size of batch.
    #[error("the model is for batches of {model}, the task has batches of {task}: export it with a dynamic batch dimension, or set training.batch")]
    Batch {
        /// The model's.
        model: u32,
        /// The task's.
        task: u32,
    },
    /// Another model for evaluation than for training.
    #[error("the model for evaluation has other parameters than the one for training")]
    OtherModel,
    /// An output that isn't one row (or more) for every sample.
    #[error("the model gives {got}, where something like [{batch}, classes] is needed")]
    Output {
        /// Its shape.
        got: Shape,
        /// Samples of the batch.
        batch: u32,
    },
    /// A layer that gives another shape than the model says.
    #[error("layer {layer:?} gives shape {got}, the model says {expected} (a bug of the importer)")]
    LayerShape {
        /// Which.
        layer: String,
        /// What the model says.
        expected: Shape,
        /// What it gives.
        got: Shape,
    },
    /// A layer with another number of inputs than it takes.
    #[error("layer {layer:?} can't have {got} inputs")]
    LayerInputs {
        /// Which.
        layer: String,
        /// How many.
        got: usize,
    },
    /// Running statistics that aren't parameters.
    #[error("the running mean and variance of layer {layer:?} have to be parameters of the model")]
    RunningStatistics {
        /// Which.
        layer: String,
    },
    /// More rows than a shape can say.
    #[error("{shape} has too many rows")]
    Rows {
        /// The shape.
        shape: Shape,
    },
    /// A label that isn't a class.
    #[error("label {row} of the data to {purpose} is {label}: the model has classes 0 to {}", classes - 1)]
    Label {
        /// Training or testing.
        purpose: &'static str,
        /// Which.
        row: u64,
        /// What it is.
        label: f32,
        /// How many the model has.
        classes: u32,
    },
    /// A parameter's name that leaves no room for its optimiser slots'.
    #[error(
        "parameter name {0:?} is too long: with the optimiser's suffix (\".exp_avg_sq\") a name has at most 64 bytes"
    )]
    Name(String),
    /// A value that no layer computes yet.
    #[error("layer {layer} reads something that isn't computed before it")]
    Order {
        /// Its position.
        layer: usize,
    },
    /// A parameter that no layer has.
    #[error("layer {layer} reads parameter {param}, which doesn't exist")]
    Param {
        /// The layer.
        layer: usize,
        /// The parameter.
        param: usize,
    },
    /// A parameter that the loss doesn't depend on.
    #[error("parameter {0:?} doesn't influence the output: it can't be trained")]
    Unused(String),
    /// A shape or attribute that the protocol doesn't know.
    #[error("node {name:?}: {error}")]
    Node {
        /// The node that would be.
        name: String,
        /// What is wrong.
        error: GraphError,
    },
    /// A program that the protocol rejects.
    #[error("the compiled program is invalid (a bug): {0}")]
    Program(#[from] ProgramError),
    /// A data set that can't be declared.
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    /// A state that doesn't fit.
    #[error(transparent)]
    State(#[from] StateError),
}
