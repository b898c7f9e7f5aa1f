//! Why no program comes out.
use crate::state::StateError;
use assay_core::graph::{GraphError, ProgramError};

/// What is wrong with a model and a task together.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Samples of another length than the model takes.
    #[error("the model takes samples of {model} values, the data to {purpose} has {data}")]
    Features {
        /// Training or testing.
        purpose: &'static str,
        /// The model's.
        model: u32,
        /// The data's.
        data: u32,
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
    /// A parameter's name that leaves no room for its momentum buffer's.
    #[error("parameter name {0:?} is too long: with \".momentum\" a name has at most 64 bytes")]
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
