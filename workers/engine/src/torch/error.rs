//! What can go wrong with libtorch.
use crate::state::StateError;
use assay_core::graph::Shape;

/// Why training with libtorch failed.
#[derive(Debug, thiserror::Error)]
pub enum TorchError {
    /// libtorch's own error.
    #[error("libtorch: {0}")]
    Tch(#[from] tch::TchError),
    /// libtorch's own error in a layer.
    #[error("layer {name:?}: libtorch: {error}")]
    InLayer {
        /// The layer's name.
        name: String,
        /// What libtorch says.
        error: tch::TchError,
    },
    /// A state of another shape.
    #[error(transparent)]
    State(#[from] StateError),
    /// A layer that reads something that isn't computed before it, or lacks an input.
    #[error("layer {layer} reads a layer or parameter that doesn't exist")]
    Layer {
        /// Its position.
        layer: usize,
    },
    /// A layer that doesn't compute what the model says.
    #[error("layer {name:?} gives {got:?} where the model has {expected}")]
    Shape {
        /// Its name.
        name: String,
        /// The model's.
        expected: Shape,
        /// libtorch's.
        got: Vec<i64>,
    },
    /// A trained parameter without a gradient.
    #[error("parameter {0:?} doesn't influence the output: it can't be trained")]
    Unused(String),
    /// A model of another size of batch.
    #[error("the model is for batches of {model} samples, the task has batches of {task}")]
    Batch {
        /// The model's.
        model: u32,
        /// The task's.
        task: u32,
    },
}
