//! Programs at full speed: everything between a model file and a trained, committed model.
//!
//! - [`import`]: models from ONNX files; [`data`]: data from IDX and safetensors files; [`task`]: `task.toml`;
//! - [`project`]: a folder with all of these;
//! - [`compile`]: from these to programs: a training step, its perturbed twin, a distance, an evaluation;
//! - [`exec`]: programs on a CPU, bit for bit as `assay_core::graph` defines them; [`tamper`]: the same, cheating;
//! - [`device`]: where to compute;
//! - [`quality`]: how good a model is; [`state`]: states and their checkpoints; [`bytes`]: commitments to tensors; [`cost`]: work and price;
//! - `cuda` (feature `cuda`): programs on an NVIDIA GPU, with the same bits;
//! - `torch` (feature `torch`): the same training with libtorch, as a PyTorch user would write it.
#![warn(missing_docs)]

pub mod bytes;
pub mod compile;
pub mod cost;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod data;
pub mod device;
pub mod exec;
pub mod import;
pub mod project;
pub mod quality;
pub mod state;
pub mod tamper;
pub mod task;
#[cfg(feature = "torch")]
pub mod torch;
