//! What can be wrong with a state or its file.
use assay_core::commit::Hash;
use assay_core::graph::Shape;
use std::path::PathBuf;

/// Why a state can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file can't be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Another number of tensors than declared.
    #[error("the state has {got} tensors, the program declares {expected}")]
    Count {
        /// Declared.
        expected: usize,
        /// There.
        got: usize,
    },
    /// A tensor of another length than declared.
    #[error("state tensor {name:?} of shape {expected} has {got} elements")]
    Elements {
        /// Its name.
        name: String,
        /// Its shape.
        expected: Shape,
        /// Its length.
        got: u64,
    },
    /// A tensor of another name or shape than declared.
    #[error("state tensor {got_name:?} of shape {got} where the program declares {name:?} of shape {expected}")]
    Decl {
        /// Declared name.
        name: String,
        /// Declared shape.
        expected: Shape,
        /// Name.
        got_name: String,
        /// Shape.
        got: Shape,
    },
    /// Not a safetensors file.
    #[error("not a checkpoint: {0}")]
    Format(String),
    /// A tensor that the file lacks.
    #[error("the checkpoint lacks tensor {0:?}")]
    Missing(String),
    /// A tensor of another type or shape.
    #[error("tensor {name:?} of the checkpoint is {got}, the program declares F32 {expected}")]
    Tensor {
        /// Its name.
        name: String,
        /// Declared.
        expected: Shape,
        /// Type and shape in the file.
        got: String,
    },
    /// Another state than claimed.
    #[error("the checkpoint has state root {got}, not {expected}")]
    Root {
        /// Claimed.
        expected: Hash,
        /// Of its tensors.
        got: Hash,
    },
    /// Metadata that isn't what this crate writes.
    #[error("the checkpoint's metadata {key:?} is {got:?}")]
    Metadata {
        /// The key.
        key: &'static str,
        /// Its value; empty if it is missing.
        got: String,
    },
    /// NaN or infinity.
    #[error("state tensor {name:?} isn't finite: element {index} is {value}")]
    NotFinite {
        /// Its name.
        name: String,
        /// First such element.
        index: u64,
        /// What it is.
        value: f32,
    },
}
