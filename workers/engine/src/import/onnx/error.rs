//! What can be wrong with a model file.
use crate::import::CheckError;
use assay_core::graph::GraphError;
use std::fmt;
use std::path::PathBuf;

/// Operators that are understood.
pub const SUPPORTED: &str =
    "Abs, Add, AveragePool, BatchNormalization, Cast, Clip, Concat, Constant, Conv, Div, Dropout, \
Erf, Exp, Expand, Flatten, Gather, Gelu, Gemm, GlobalAveragePool, GlobalMaxPool, GroupNormalization, HardSigmoid, \
HardSwish, Identity, InstanceNormalization, LayerNormalization, LeakyRelu, Log, LogSoftmax, MatMul, MaxPool, Mul, Neg, \
Pad, Pow, PRelu, Reciprocal, ReduceL2, ReduceMax, ReduceMean, ReduceMin, ReduceSum, ReduceSumSquare, Relu, Reshape, \
RMSNormalization, Sigmoid, Slice, Softmax, Softplus, Split, Sqrt, Squeeze, Sub, Sum, Tanh, Tile, Transpose, Unsqueeze, \
Where; and arithmetic on shapes and constants";

/// Where in a file something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position of the node in the file, from 1.
    pub position: usize,
    /// Nodes of the file.
    pub count: usize,
    /// The node's name, or its first output if it has none.
    pub node: String,
    /// Its operator, with its domain if that isn't ONNX's own.
    pub operator: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of {}, `{}`, operator {}", self.position, self.count, self.node, self.operator)
    }
}

/// Why a model file can't be trained here.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A file can't be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file longer than what is accepted.
    #[error("the model file has {got} bytes; at most {max} are read: export with external_data=True")]
    TooLarge {
        /// Its length.
        got: u64,
        /// [`MAX_BYTES`](super::MAX_BYTES).
        max: u64,
    },
    /// A file that would be longer with the data of those beside it inside.
    #[error("with the data beside it, the model file would have more than {max} bytes: it can't be published")]
    TooLargeWhole {
        /// [`MAX_BYTES`](super::MAX_BYTES).
        max: u64,
    },
    /// A file whose structure, not its data, is huge.
    #[error("the model file's nodes and names would take more than {max} bytes of memory: this is no real model")]
    TooComplex {
        /// The limit.
        max: u64,
    },
    /// Not a protobuf message, or one cut short.
    #[error("not an onnx file, or a truncated one: nothing valid at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
    },
    /// A protobuf message, but not one of ONNX.
    #[error("not an onnx file, or a truncated one: {0}")]
    Decode(#[from] prost::DecodeError),
    /// A message without a graph.
    #[error("the onnx file holds no graph")]
    NoGraph,
    /// An unknown version of ONNX's operators.
    #[error("the file uses version {got} of onnx's operators; {min} to {max} are read: export with opset_version=18")]
    OperatorSet {
        /// The version, 0 if the file names none.
        got: i64,
        /// The first version that is read.
        min: i64,
        /// The last.
        max: i64,
    },
    /// Too many nodes, initialisers or layers.
    #[error("the graph has {got} {what}; at most {max} are read")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// Another number of inputs or outputs than one.
    #[error("the graph has {got} {what} ({names}); exactly one is supported: wrap the model in a module that has one")]
    Ends {
        /// Inputs or outputs.
        what: &'static str,
        /// How many.
        got: usize,
        /// Their names.
        names: String,
    },
    /// An input that isn't a batch of samples of fixed shape.
    #[error("input {name:?} {why}")]
    InputType {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The file was exported for another size of batch.
    #[error(
        "input {name:?} has a fixed batch of {got}, but the task's batch is {batch}: set the task's batch to {got}, or \
         export with a dynamic first dimension (dynamic_axes or dynamic_shapes)"
    )]
    Batch {
        /// The input.
        name: String,
        /// What the file says.
        got: i64,
        /// What was asked for.
        batch: u32,
    },
    /// An operator that isn't understood.
    #[error("{place}, isn't supported{hint}. Supported are: {SUPPORTED}")]
    Unsupported {
        /// The first such node.
        place: Place,
        /// What to do instead.
        hint: &'static str,
    },
    /// A supported operator used in an unsupported or wrong way.
    #[error("{place}: {why}")]
    Usage {
        /// The node.
        place: Place,
        /// What is wrong.
        why: String,
    },
    /// A value that nothing produces.
    #[error("{place} reads {value:?}, which is neither an initialiser, nor the input, nor the output of a node")]
    Missing {
        /// The reader.
        place: Place,
        /// The value.
        value: String,
    },
    /// The graph's output is no node's output.
    #[error("the graph's output {0:?} isn't computed from its input by any node")]
    NoOutput(String),
    /// Two producers of one name.
    #[error("the value {0:?} is defined twice")]
    Duplicate(String),
    /// A cycle.
    #[error("the graph has a cycle through {0}")]
    Cycle(Place),
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
    /// One weight where the model may have several that are equal at the start.
    #[error(
        "several layers read weight {0:?}, and all its elements are equal: PyTorch's exporter merges equal weights, which \
         would then be trained as one. Export with optimize=False (dynamo=True) or with \
         training=torch.onnx.TrainingMode.TRAINING and do_constant_folding=False (dynamo=False); if the layers do share \
         this weight, give its elements different values"
    )]
    Merged(String),
    /// A shape beyond the protocol's limits.
    #[error("{what}: {error}")]
    Shape {
        /// Whose.
        what: String,
        /// What is wrong.
        error: GraphError,
    },
    /// The importer's own mistake: a layer's shape doesn't follow from its inputs.
    #[error("this model was misunderstood, please report it: {0}")]
    Check(#[from] CheckError),
    /// No parameter.
    #[error("the model has no weights: nothing to train")]
    NoWeights,
}
