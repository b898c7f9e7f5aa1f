//! Models as ONNX files, as PyTorch's exporters write them.
//!
//! ```no_run
//! use assay_engine::import::onnx::File;
//!
//! let file = File::read("examples/fashion-mlp/model.onnx".as_ref())?;
//! println!("{} parameters", file.model(64)?.parameters());
//! # Ok::<(), assay_engine::import::onnx::OnnxError>(())
//! ```
//!
//! A file is untrusted: its lengths are checked before memory is reserved, everything in it is bounded, and nothing here
//! recurses. What a node computes of shapes and constants alone is computed while the model is read (`fold`); the rest
//! becomes layers (`translate`).
mod constant;
mod error;
mod external;
mod fold;
mod inline;
mod node;
mod order;
mod proto;
mod shapes;
mod skim;
mod tensor;
mod ties;
mod translate;

pub use error::{OnnxError, Place, SUPPORTED};
pub use external::MAX_EXTERNAL_BYTES;

use super::Model;
use external::External;
use node::Node;
use prost::bytes::Bytes;
use prost::Message;
use proto::{element, GraphProto, ModelProto, ValueInfoProto};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;
use tensor::Tensor;

/// Bytes of a model file at most: protobuf's own limit.
pub const MAX_BYTES: u64 = (1 << 31) - 1;
/// Nodes, and initialisers, at most.
pub const MAX_RECORDS: usize = 65_536;
/// Inputs, and outputs, of a node at most.
pub const MAX_EDGES: usize = 4096;
/// Bytes of a name at most.
pub const MAX_NAME: usize = 1024;
/// Versions of ONNX's operators that are read.
pub const OPERATOR_SETS: std::ops::RangeInclusive<i64> = 13..=23;

/// A model file, well-formed as far as that can be said without a size of batch.
#[derive(Clone, Debug)]
pub struct File {
    /// Version of the operators.
    version: i64,
    /// In topological order; only those that the output depends on.
    nodes: Vec<Node>,
    /// Initialisers, in the order of the file.
    tensors: Vec<Tensor>,
    /// Position of each, by name.
    tensor_of: HashMap<String, usize>,
    /// What PyTorch notes about an initialiser: PARAMETER, BUFFER or CONSTANT_TENSOR.
    notes: HashMap<String, String>,
    /// Whether the exporter may have merged equal weights.
    merges: bool,
    /// Initialisers that are another one transposed, by position.
    ties: HashMap<usize, usize>,
    input: Input,
    output: String,
}

/// The batch of samples.
#[derive(Clone, Debug)]
struct Input {
    name: String,
    /// Whether its elements are integers.
    ids: bool,
    /// The first dimension, if it is a number.
    batch: Option<i64>,
    /// The others.
    sample: Vec<u32>,
}

impl File {
    /// Reads a model file, and the files beside it that hold its data.
    ///
    /// # Errors
    /// A file can't be read; otherwise as [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<File, OnnxError> {
        File::decode(read_bytes(path)?, External::beside(path))
    }

    /// The model in the bytes of an ONNX file that has its data inside.
    ///
    /// # Errors
    /// They aren't an ONNX file with one input and one output, a tensor's data doesn't fit its shape, names are missing
    /// or defined twice, or a limit is exceeded.
    pub fn parse(bytes: impl Into<Bytes>) -> Result<File, OnnxError> {
        let bytes = bytes.into();
        check_size(&bytes)?;
        File::decode(bytes, External::none())
    }

    fn decode(bytes: Bytes, mut external: External) -> Result<File, OnnxError> {
        skim::check(&bytes)?;
        let file = ModelProto::decode(bytes)?;
        let mut graph = file.graph.ok_or(OnnxError::NoGraph)?;
        let version = file.opset_import.iter().find(|set| node::is_standard(&set.domain)).map_or(0, |set| set.version);
        if !OPERATOR_SETS.contains(&version) {
            let (min, max) = (*OPERATOR_SETS.start(), *OPERATOR_SETS.end());
            return Err(OnnxError::OperatorSet { got: version, min, max });
        }
        tracing::debug!(ir_version = file.ir_version, version, nodes = graph.node.len(), "read an onnx graph");
        limits(&graph)?;

        let mut tensors = Vec::with_capacity(graph.initializer.len());
        let mut tensor_of = HashMap::new();
        for proto in &mut graph.initializer {
            let tensor = Tensor::take(proto, &mut external)?;
            if tensor_of.insert(tensor.name.clone(), tensors.len()).is_some() {
                return Err(OnnxError::Duplicate(tensor.name));
            }
            tensors.push(tensor);
        }
        let notes = notes(&graph);
        let ties = ties::find(&tensors, &notes);
        let merges = merges(&graph, &tensors, &notes);
        // Old exporters list initialisers among the inputs.
        let inputs = graph.input.iter().filter(|input| !tensor_of.contains_key(&input.name));
        let input = Input::of(single("inputs", &inputs.collect::<Vec<_>>())?)?;
        let output = single("outputs", &graph.output.iter().collect::<Vec<_>>())?.name.clone();

        let count = graph.node.len();
        let protos = std::mem::take(&mut graph.node).into_iter().enumerate();
        let mut nodes: Vec<_> = protos.map(|(position, proto)| Some(Node::new(proto, position, count))).collect();
        let order = {
            let all: Vec<&Node> = nodes.iter().flatten().collect();
            let given: HashSet<&str> = tensor_of.keys().chain([&input.name]).map(String::as_str).collect();
            order::topological(&all, &given, &output)?
        };
        let nodes = order.into_iter().filter_map(|position| nodes[position].take()).collect();
        Ok(File { version, nodes, tensors, tensor_of, notes, merges, ties, input, output })
    }

    /// The only size of batch that the model was exported for; `None` if it takes any.
    pub fn batch(&self) -> Option<u32> {
        self.input.batch.and_then(|batch| u32::try_from(batch).ok())
    }

    /// The model for batches of this many samples.
    ///
    /// # Errors
    /// The file was exported for another size of batch; the first node that isn't understood, with its place; a weight
    /// that isn't finite; a limit that is exceeded.
    pub fn model(&self, batch: u32) -> Result<Model, OnnxError> {
        let model = translate::translate(self, batch)?;
        model.check()?;
        Ok(model)
    }
}

/// The bytes of a model file with the data of the files beside it inside: what [`File::parse`] reads where there is
/// nothing beside. A file that has its data inside stays as it is; equal files give equal bytes.
///
/// # Errors
/// A file can't be read, or isn't a message; a tensor's data doesn't fit its shape; the bytes would be more than
/// [`MAX_BYTES`].
pub fn read_whole(path: &Path) -> Result<Bytes, OnnxError> {
    let bytes = read_bytes(path)?;
    skim::check(&bytes)?;
    inline::inline(bytes, &mut External::beside(path))
}

/// The bytes of a model file.
fn read_bytes(path: &Path) -> Result<Bytes, OnnxError> {
    let io = |error| OnnxError::Io { path: path.into(), error };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    check_size(&bytes)?;
    Ok(bytes.into())
}

fn check_size(bytes: &[u8]) -> Result<(), OnnxError> {
    match bytes.len() as u64 {
        got if got > MAX_BYTES => Err(OnnxError::TooLarge { got, max: MAX_BYTES }),
        _ => Ok(()),
    }
}

fn limits(graph: &GraphProto) -> Result<(), OnnxError> {
    let within = |what, got, max| if got > max { Err(OnnxError::TooMany { what, got, max }) } else { Ok(()) };
    within("nodes", graph.node.len(), MAX_RECORDS)?;
    within("initialisers", graph.initializer.len(), MAX_RECORDS)?;
    for node in &graph.node {
        within("inputs of one node", node.input.len(), MAX_EDGES)?;
        within("outputs of one node", node.output.len(), MAX_EDGES)?;
        let names = node.input.iter().chain(&node.output).chain([&node.name]);
        within("bytes in a name", names.map(String::len).max().unwrap_or(0), MAX_NAME)?;
    }
    let ends = graph.input.iter().chain(&graph.output).map(|value| &value.name);
    let names = ends.chain(graph.initializer.iter().map(|tensor| &tensor.name));
    within("bytes in a name", names.map(String::len).max().unwrap_or(0), MAX_NAME)
}

/// What `torch.export` said of initialisers.
fn notes(graph: &GraphProto) -> HashMap<String, String> {
    let values = graph.value_info.iter().chain(&graph.input).map(|info| (&info.name, &info.metadata_props));
    let mut notes = HashMap::new();
    for (name, entries) in values {
        let kind = entries.iter().find(|entry| entry.key.ends_with("InputSpec.kind"));
        if let Some(entry) = kind {
            notes.insert(name.clone(), entry.value.clone());
        }
    }
    notes
}

/// Whether the exporter may have merged weights of equal values. Two exports don't: one by `torch.export` that wasn't
/// optimised, where every initialiser has a note; and one of a model in training, by the older exporter, which shows in
/// layers that know the mode.
fn merges(graph: &GraphProto, tensors: &[Tensor], notes: &HashMap<String, String>) -> bool {
    if !notes.is_empty() {
        return tensors.iter().any(|tensor| !notes.contains_key(&tensor.name));
    }
    !graph.node.iter().any(|node| match node.op_type.as_str() {
        "BatchNormalization" => {
            node.attribute.iter().any(|attribute| attribute.name == "training_mode" && attribute.i == Some(1))
        }
        // The older exporter writes it for a model in training only.
        "Dropout" => true,
        _ => false,
    })
}

fn single<'a>(what: &'static str, values: &[&'a ValueInfoProto]) -> Result<&'a ValueInfoProto, OnnxError> {
    match values {
        [one] => Ok(one),
        _ => {
            let names: Vec<_> = values.iter().take(8).map(|value| node::shown(&value.name)).collect();
            Err(OnnxError::Ends { what, got: values.len(), names: names.join(", ") })
        }
    }
}

impl Input {
    fn of(info: &ValueInfoProto) -> Result<Input, OnnxError> {
        let bad = |why: String| OnnxError::InputType { name: info.name.clone(), why };
        let tensor = info.r#type.as_ref().and_then(|ty| ty.tensor_type.as_ref());
        let Some(tensor) = tensor else { return Err(bad("isn't a tensor".into())) };
        let ids = match tensor.elem_type {
            element::FLOAT => false,
            element::INT64 | element::INT32 => true,
            other => {
                return Err(bad(format!("has element type {other}; float32 and int64 are read: cast it in the model")))
            }
        };
        let dims = tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim);
        let [batch, rest @ ..] = dims else {
            return Err(bad("has no dimensions; the first must be the batch".into()));
        };
        let mut sample = Vec::new();
        for (axis, dim) in (1..).zip(rest) {
            let size = dim.dim_value.and_then(|size| u32::try_from(size).ok()).filter(|&size| size > 0);
            let why = || {
                let what = match (&dim.dim_param, dim.dim_value) {
                    (Some(name), None) => format!("is {:?}", node::shown(name)),
                    (_, Some(size)) => format!("is {size}"),
                    (None, None) => "is unknown".into(),
                };
                format!("has a dimension {axis} that {what}; only the first may be dynamic: export with it fixed")
            };
            sample.push(size.ok_or_else(|| bad(why()))?);
        }
        Ok(Input { name: info.name.clone(), ids, batch: batch.dim_value, sample })
    }
}

#[cfg(test)]
mod tests;
