//! The same training with libtorch, as a PyTorch user would write it: autograd, its own kernels, its own rounding.
//!
//! Data order ([`gather_row`]), what dropout drops, learning rates and initial weights are those of the task; nothing else
//! is shared with the executor. Products are computed in the task's arithmetic, on the processor or a GPU.
//!
//! Needs libtorch 2.11 at build time (`LIBTORCH`, see `scripts/libtorch`) and at run time. A binary that enables the
//! feature finds it at run time if its own build script prints
//! `cargo:rustc-link-arg=-Wl,-rpath,$LIBTORCH/lib`, as this crate's does for its examples and tests.
mod baseline;
mod device;
mod error;
mod evaluate;
mod gradient;
mod layout;
mod loss;
mod network;
mod optimiser;
mod oracle;
mod plain;
mod samples;
mod tf32;
mod trainer;

pub use baseline::{baseline, Baseline};
pub use device::check;
pub use error::TorchError;
pub use evaluate::evaluate;
pub use oracle::{gradients, Gradients};
pub use plain::PlainTrainer;
pub use tf32::environment as tf32_environment;
pub use trainer::TorchTrainer;

#[cfg(doc)]
use assay_core::graph::gather_row;

/// Threads that libtorch uses within an operator on the processor. Its bits depend on it.
pub fn set_threads(threads: usize) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}
