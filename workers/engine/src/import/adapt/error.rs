//! What can be wrong with a change of a model.
use crate::data::DataError;
use assay_core::graph::{GraphError, Shape};
use std::path::PathBuf;

/// Why a model can't be changed as the task asks.
#[derive(Debug, thiserror::Error)]
pub enum AdaptError {
    /// A pattern that no name matches.
    #[error("{field}: {pattern:?} matches no {what}; close: {close}")]
    NoMatch {
        /// Where it stands.
        field: &'static str,
        /// What it could match.
        what: &'static str,
        /// The pattern.
        pattern: String,
        /// Names that are close to it.
        close: String,
    },
    /// Nothing to train.
    #[error("training.parameters freezes every parameter")]
    AllFrozen,
    /// An adapter as large as what it adapts.
    #[error("training.parameters.lora.rank is {rank}: {name:?} of shape {shape} has no greater one")]
    Rank {
        /// The rank.
        rank: u32,
        /// The weight.
        name: String,
        /// Its shape.
        shape: Shape,
    },
    /// A weight that is multiplied by as it is and also transposed: it would need two adapters.
    #[error("training.parameters.lora.on: {0:?} is multiplied by both ways round, as it is and transposed")]
    BothWays(String),
    /// A parameter that has an adapter's name.
    #[error("the model already has a parameter {0:?}")]
    Name(String),
    /// A shape beyond the protocol's limits.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The file isn't there.
    #[error("training.parameters.start: {0}")]
    Find(#[from] DataError),
    /// The file can't be read.
    #[error("training.parameters.start: {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Not a safetensors file.
    #[error("training.parameters.start: {}: {error}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        error: String,
    },
    /// A file without anything of the model.
    #[error("training.parameters.start: {}: no parameter of the model is in the file; it has: {there}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Names of what is there.
        there: String,
    },
    /// A tensor that isn't what the model has under its name.
    #[error("training.parameters.start: {}: {name:?} is {got}, the model has {expected}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The model's.
        expected: Shape,
        /// What there is.
        got: String,
    },
}
