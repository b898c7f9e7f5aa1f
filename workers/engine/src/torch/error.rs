//! What can go wrong with libtorch.
use crate::state::StateError;

/// Why training with libtorch failed.
#[derive(Debug, thiserror::Error)]
pub enum TorchError {
    /// libtorch's own error.
    #[error("libtorch: {0}")]
    Tch(#[from] tch::TchError),
    /// A state of another shape.
    #[error(transparent)]
    State(#[from] StateError),
    /// A layer that reads something that isn't computed before it.
    #[error("layer {layer} reads a layer or parameter that doesn't exist")]
    Layer {
        /// Its position.
        layer: usize,
    },
}
