//! What can be wrong with data.
use assay_core::commit::Hash;
use assay_core::graph::{GraphError, Shape};
use std::path::PathBuf;

/// Why data can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// What is wrong, and with which file.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<DataError>,
    },
    /// A relative path that none of the folders has.
    #[error("{file} is in none of {searched}; run scripts/datasets, or name its folder in ASSAY_DATA")]
    NotFound {
        /// As in the task.
        file: String,
        /// Folders.
        searched: String,
    },
    /// The file can't be read or unpacked.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not an IDX file.
    #[error(
        "not an idx file: it begins with {0:02x?} (idx begins with two zero bytes, a type and a number of dimensions)"
    )]
    NotIdx([u8; 4]),
    /// An element type that isn't read.
    #[error("idx element type {0:#04x}: only 0x08 (bytes) and 0x0d (32-bit floats) are read")]
    IdxType(u8),
    /// A file that ends too early.
    #[error("truncated: {expected} bytes of data announced, {got} there")]
    Truncated {
        /// By the header.
        expected: u64,
        /// In the file.
        got: u64,
    },
    /// A file that goes on behind its end.
    #[error("more bytes than the {expected} announced")]
    Trailing {
        /// By the header.
        expected: u64,
    },
    /// A file longer than what is accepted.
    #[error("{got} bytes of data; at most {max} are read")]
    TooLarge {
        /// Its length, unpacked.
        got: u64,
        /// [`MAX_BYTES`](super::MAX_BYTES).
        max: u64,
    },
    /// A malformed safetensors file.
    #[error("not a safetensors file: {0}")]
    Safetensors(String),
    /// A safetensors file without the tensor, or several and none named.
    #[error("tensor {asked:?} isn't in the file; it has: {there}")]
    NoTensor {
        /// Name, empty if none was given.
        asked: String,
        /// Names of what is there.
        there: String,
    },
    /// An element type that isn't read.
    #[error("element type {0}: only U8, F32, I32 and I64 are read")]
    Dtype(String),
    /// An integer that binary32 doesn't have.
    #[error("element {index} is {value}: integers must be -2^24 to 2^24")]
    Integer {
        /// First such element.
        index: u64,
        /// What it is.
        value: i64,
    },
    /// NaN or infinity.
    #[error("element {index} is {value}")]
    NotFinite {
        /// First such element.
        index: u64,
        /// What it is.
        value: f32,
    },
    /// Bytes that don't fit the shape.
    #[error("shape {shape} has {expected} bytes, not {got}")]
    Length {
        /// The shape.
        shape: Shape,
        /// Bytes it needs.
        expected: u64,
        /// Bytes there are.
        got: u64,
    },
    /// Other data than the program's.
    #[error("data {name:?} has root {got}, the program's is {expected}")]
    Root {
        /// Name in the program.
        name: String,
        /// In the program.
        expected: Hash,
        /// Of the bytes.
        got: Hash,
    },
    /// A single number.
    #[error("a tensor without dimensions isn't a data set")]
    Scalar,
    /// A shape beyond the protocol's limits.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
