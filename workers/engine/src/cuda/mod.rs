//! Programs at full speed on an NVIDIA GPU, with the bits of the [CPU executor](crate::exec).
//!
//! ```no_run
//! # use assay_engine::{cuda::CudaExecutor, state::State, data::DataTensor};
//! # fn run(program: assay_core::graph::Program, data: Vec<DataTensor>, state: State) -> anyhow::Result<()> {
//! let mut executor = CudaExecutor::new(program, data, 0)?;
//! executor.load(&state)?;
//! let loss = executor.step(0)?;
//! let next = executor.state()?;
//! # Ok(()) }
//! ```
//!
//! Kernels are CUDA C (`kernels/*.cu`), compiled by nvrtc when an executor is made, maps from their functions' tables.
//! Which kernels do a node, and how, is a plan (`plan`) that knows no device. A [`Device`] carries it out: a [`Gpu`], or
//! for tests an [`Emulated`] one, on which the C++ compiler's translation of the same kernels runs.
mod args;
mod axes;
mod device;
mod emulated;
mod error;
mod executor;
mod gpu;
mod maps;
mod memory;
mod nvrtc;
mod plan;
mod source;

pub use device::{Address, Device};
pub use emulated::Emulated;
pub use error::CudaError;
pub use executor::CudaExecutor;
pub use gpu::Gpu;

/// Elements of a state or an output at most: kernels count in 32 bits.
pub const MAX_ELEMENTS: u64 = (1 << 31) - 1;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
