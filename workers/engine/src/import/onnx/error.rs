//! What can be wrong with a model file.
use assay_core::graph::GraphError;
use std::path::PathBuf;

/// Operators that are understood.
pub const SUPPORTED: &str = "Gemm, MatMul, Add, Relu, Flatten, Reshape, Identity, Transpose (of weights), Constant";

/// Why a model file can't be trained here.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The file can't be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file longer than what is accepted.
    #[error("the model file has {got} bytes; at most {max} are read")]
    TooLarge {
        /// Its length.
        got: u64,
        /// [`MAX_BYTES`](super::MAX_BYTES).
        max: u64,
    },
    /// Not a protobuf message, or one cut short.
    #[error("not an onnx file, or a truncated one: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A message without a graph.
    #[error("the onnx file holds no graph")]
    NoGraph,
    /// Too many nodes or initialisers.
    #[error("the graph has {got} {what}; at most {max} are read")]
    TooMany {
        /// Nodes or initialisers.
        what: &'static str,
        /// How many.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// Another number of inputs or outputs than one.
    #[error("the graph has {got} {what} ({names}); exactly one is supported")]
    Ends {
        /// Inputs or outputs.
        what: &'static str,
        /// How many.
        got: usize,
        /// Their names.
        names: String,
    },
    /// An input that isn't a batch of samples of fixed shape.
    #[error("input {name:?} must be a float tensor [batch, ...] with fixed dimensions after the first")]
    InputType {
        /// Its name.
        name: String,
    },
    /// An operator that isn't understood.
    #[error("node {node:?} is a {op}, which isn't supported; supported are: {SUPPORTED}")]
    Unsupported {
        /// The first such node.
        node: String,
        /// Its operator, with its domain if that isn't ONNX's own.
        op: String,
    },
    /// A supported operator used in an unsupported way.
    #[error("node {node:?} ({op}): {why}")]
    Usage {
        /// The node.
        node: String,
        /// Its operator.
        op: String,
        /// What is wrong.
        why: String,
    },
    /// A value that nothing produces.
    #[error("node {node:?} reads {value:?}, which is neither an initialiser, nor an input, nor the output of a node")]
    Missing {
        /// The reader.
        node: String,
        /// The value.
        value: String,
    },
    /// The graph's output is no node's output.
    #[error("the graph's output {0:?} isn't computed by any node")]
    NoOutput(String),
    /// Two producers of one name.
    #[error("the value {0:?} is defined twice")]
    Duplicate(String),
    /// A cycle.
    #[error("the graph has a cycle through node {0:?}")]
    Cycle(String),
    /// A bad tensor.
    #[error("tensor {name:?}: {why}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// NaN or infinity among the weights.
    #[error("weight {name:?} isn't finite: element {index} is {value}")]
    NotFinite {
        /// Its name.
        name: String,
        /// First such element.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// A shape beyond the protocol's limits.
    #[error("tensor {name:?}: {error}")]
    Shape {
        /// Its name.
        name: String,
        /// What is wrong.
        error: GraphError,
    },
    /// No parameter.
    #[error("the model has no weights: nothing to train")]
    NoWeights,
}
