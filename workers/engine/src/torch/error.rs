//! What can go wrong with libtorch.
use crate::state::StateError;
use crate::task::Arithmetic;
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
    /// A GPU was asked for.
    #[error(
        "this build's libtorch has no CUDA: build with LIBTORCH set to a libtorch 2.11.0 for CUDA (download.pytorch.org, \
         shared with dependencies, cxx11 ABI), or take --device cpu"
    )]
    NoCuda,
    /// A GPU that isn't there.
    #[error("libtorch has no cuda:{ordinal}: it sees {gpus} GPUs; see that NVIDIA's driver is installed, or take another --device")]
    NoGpu {
        /// The one that was asked for, counted from 0.
        ordinal: usize,
        /// How many there are.
        gpus: usize,
    },
    /// Coarser arithmetic than the task allows.
    #[error(
        "the task's arithmetic is {arithmetic}, but libtorch may compute with TF32 here: {variable} is {value:?}, it must be \"0\" \
         when the process starts (start without --tf32)"
    )]
    Tf32 {
        /// The task's.
        arithmetic: Arithmetic,
        /// Which variable of the environment decides.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}
