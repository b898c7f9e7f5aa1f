//! Models as ONNX files, as PyTorch's exporters write them.
//!
//! ```no_run
//! let model = assay_engine::import::onnx::read_file("examples/fashion-mlp/model.onnx".as_ref())?;
//! println!("{} parameters", model.parameters());
//! # Ok::<(), assay_engine::import::onnx::OnnxError>(())
//! ```
mod error;
mod order;
mod proto;
mod tensor;
mod translate;

pub use error::{OnnxError, SUPPORTED};

use super::Model;
use prost::Message;
use std::io::Read;
use std::path::Path;

/// Bytes of a model file at most: protobuf's own limit.
pub const MAX_BYTES: u64 = (1 << 31) - 1;
/// Nodes, and initialisers, at most.
pub const MAX_RECORDS: usize = 65_536;

/// Reads a model file.
///
/// # Errors
/// It can't be read, or [`read`] says why not.
pub fn read_file(path: &Path) -> Result<Model, OnnxError> {
    read(&read_bytes(path)?)
}

/// The bytes of a model file, not more than [`MAX_BYTES`] and one.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, OnnxError> {
    let io = |error| OnnxError::Io { path: path.into(), error };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// The model in the bytes of an ONNX file.
///
/// # Errors
/// Anything but a well-formed multi-layer perceptron, with the node or tensor at fault.
pub fn read(bytes: &[u8]) -> Result<Model, OnnxError> {
    let got = bytes.len() as u64;
    if got > MAX_BYTES {
        return Err(OnnxError::TooLarge { got, max: MAX_BYTES });
    }
    let file = proto::ModelProto::decode(bytes)?;
    let graph = file.graph.ok_or(OnnxError::NoGraph)?;
    for (what, got) in [("nodes", graph.node.len()), ("initialisers", graph.initializer.len())] {
        if got > MAX_RECORDS {
            return Err(OnnxError::TooMany { what, got, max: MAX_RECORDS });
        }
    }
    let opset = file.opset_import.iter().find(|set| set.domain.is_empty()).map(|set| set.version);
    tracing::debug!(ir_version = file.ir_version, opset, nodes = graph.node.len(), "read an onnx graph");
    translate::translate(&graph)
}

#[cfg(test)]
mod tests;
