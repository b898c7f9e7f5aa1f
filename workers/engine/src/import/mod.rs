//! Models from the outside, as a small graph of layers.
mod model;
pub mod onnx;

pub use model::{Layer, Model, Param, Value};
