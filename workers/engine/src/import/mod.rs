//! Models from the outside, as a small graph of layers.
mod adapt;
mod check;
mod half;
mod model;
pub mod onnx;

pub use adapt::AdaptError;
pub use check::{CheckError, Fault};
pub use model::{Binary, Layer, LayerOp, Model, Param, Reduction, Unary, Value};
