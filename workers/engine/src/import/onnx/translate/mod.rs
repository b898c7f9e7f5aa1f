//! From ONNX nodes to layers, for one size of batch.
//!
//! Every name of the file stands for something [`Known`]: a constant, or a value that layers compute. Nodes of constants
//! alone are computed at once ([`fold`](super::fold)).
mod activation;
mod arithmetic;
mod attention;
mod budget;
mod convolution;
mod gelu;
mod linear;
mod movement;
mod normalization;
mod parameters;
mod prune;
mod reduction;
mod select;
mod statics;

use super::constant::{Constant, Kind};
use super::node::Node;
use super::{fold, File, OnnxError};
use crate::import::{Layer, LayerOp, Model, Value};
use assay_core::graph::{GraphError, Shape};
use budget::Budget;
use parameters::Parameters;
use std::collections::HashMap;
use std::rc::Rc;

/// Layers at most, before those that nothing reads are dropped.
const MAX_LAYERS: usize = 1 << 18;

/// Something that is computed when the model runs.
#[derive(Clone, Copy, Debug)]
struct Tensor {
    value: Value,
    shape: Shape,
    kind: Kind,
    /// Whether it depends on parameters only.
    fixed: bool,
}

impl Tensor {
    /// Its dimensions.
    fn dims(&self) -> Vec<u64> {
        self.shape.dims().iter().map(|&dim| u64::from(dim)).collect()
    }

    fn rank(&self) -> usize {
        self.shape.dims().len()
    }
}

/// What a name stands for.
#[derive(Clone, Debug)]
enum Known {
    /// Numbers.
    Constant(Rc<Constant>),
    /// What layers compute.
    Tensor(Tensor),
    /// Where a tensor isn't a number: PyTorch asks that of attention weights.
    IsNan(Value),
    /// Where a tensor is above a number: PyTorch asks that before a softplus.
    Above(Value, f32),
    /// Parts of a tensor.
    Sequence(Rc<Vec<Known>>),
    /// An output that isn't computed: the mask of a Dropout, the statistics of a BatchNormalization.
    Absent,
}

struct Translator<'a> {
    file: &'a File,
    known: HashMap<&'a str, Known>,
    /// How many nodes still read a name.
    reads: HashMap<&'a str, usize>,
    /// Which node gives a name.
    producers: HashMap<&'a str, &'a Node>,
    parameters: Parameters<'a>,
    layers: Vec<Layer>,
    /// Whether a layer depends on parameters only.
    fixed: Vec<bool>,
    input: Shape,
    budget: Budget,
}

/// The model of a file.
pub(super) fn translate(file: &File, batch: u32) -> Result<Model, OnnxError> {
    let input = &file.input;
    if let Some(got) = input.batch.filter(|&got| got != i64::from(batch)) {
        return Err(OnnxError::Batch { name: input.name.clone(), got, batch });
    }
    let dims: Vec<u32> = std::iter::once(batch).chain(input.sample.iter().copied()).collect();
    let shape =
        Shape::new(&dims).map_err(|error| OnnxError::Shape { what: format!("input {:?}", input.name), error })?;
    let kind = if input.ids { Kind::Int } else { Kind::Float };
    let batch = Tensor { value: Value::Input, shape, kind, fixed: false };
    let mut reads = HashMap::new();
    let mut producers = HashMap::new();
    for node in &file.nodes {
        for name in node.inputs() {
            *reads.entry(name.as_str()).or_insert(0) += 1;
        }
        producers.extend(node.outputs().iter().map(|name| (name.as_str(), node)));
    }
    let mut translator = Translator {
        file,
        known: HashMap::from([(input.name.as_str(), Known::Tensor(batch))]),
        reads,
        producers,
        parameters: Parameters::of(file),
        layers: Vec::new(),
        fixed: Vec::new(),
        input: shape,
        budget: Budget::default(),
    };
    for node in &file.nodes {
        translator.node(node)?;
    }
    translator.finish()
}

/// Whether nothing is learnt through a node: what it reads of parameters can only be a mask or the like.
fn is_discrete(node: &Node) -> Result<bool, OnnxError> {
    Ok(match node.operator().unwrap_or_default() {
        "Equal" | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" | "And" | "Or" | "Xor" | "Not" | "Range"
        | "ConstantOfShape" | "Mod" | "Sign" | "Floor" | "Ceil" | "IsNaN" => true,
        "Cast" => fold::cast_kind(node)? != Kind::Float,
        _ => false,
    })
}

impl<'a> Translator<'a> {
    fn node(&mut self, node: &'a Node) -> Result<(), OnnxError> {
        let results = match self.folded(node)? {
            Some(results) => results,
            None => self.translated(node)?,
        };
        let mut results = results.into_iter();
        // Inputs of what may have to be evaluated later must stay.
        let mut keep = false;
        for output in node.outputs() {
            let result = results.next().unwrap_or(Known::Absent);
            if let Known::Constant(constant) = &result {
                self.budget.hold(node, constant.bytes())?;
            }
            keep |= matches!(&result, Known::Tensor(Tensor { fixed: true, .. }) | Known::Sequence(_));
            if !output.is_empty() {
                self.known.insert(output, result);
            }
        }
        for name in node.inputs().iter().filter(|_| !keep) {
            self.forget(name);
        }
        Ok(())
    }

    /// A node has read a name: if it was the last one, its numbers are dropped.
    fn forget(&mut self, name: &'a str) {
        let Some(left) = self.reads.get_mut(name) else { return };
        *left -= 1;
        if *left == 0 {
            if let Some(Known::Constant(constant)) = self.known.get(name) {
                self.budget.release(constant.bytes());
                self.known.remove(name);
            }
        }
    }

    /// The results of a node that needs no layers.
    fn folded(&mut self, node: &'a Node) -> Result<Option<Vec<Known>>, OnnxError> {
        match node.operator() {
            // Shapes are known of everything.
            Some("Shape" | "Size") => {
                let dims = match self.look(node, 0)? {
                    Known::Constant(constant) => constant.dims().to_vec(),
                    Known::Tensor(tensor) => tensor.dims(),
                    _ => return Err(node.usage("its input has no shape")),
                };
                let result = if node.operator() == Some("Size") {
                    let size = super::shapes::product(&dims).and_then(|size| i64::try_from(size).ok());
                    Constant::int(size.ok_or_else(|| node.usage("its input is too large"))?)
                } else {
                    Constant::list(fold::shape_part(node, &dims)?)
                };
                return Ok(Some(vec![Known::Constant(Rc::new(result))]));
            }
            Some("CastLike") => return self.cast_like(node).map(Some),
            _ => {}
        }
        let discrete = is_discrete(node)?;
        let mut inputs = Vec::with_capacity(node.inputs().len());
        for position in 0..node.inputs().len() {
            inputs.push(match self.optional(node, position)? {
                None => None,
                Some(Known::Constant(constant)) => Some(constant),
                Some(Known::Tensor(Tensor { fixed: true, .. })) if discrete => self.constant(node, position)?,
                Some(_) => return Ok(None),
            });
        }
        let results = self.evaluated(node, &inputs)?;
        Ok(results.map(|results| results.into_iter().map(|result| Known::Constant(Rc::new(result))).collect()))
    }

    /// What a node makes of constants.
    fn evaluated(&mut self, node: &Node, inputs: &[Option<Rc<Constant>>]) -> Result<Option<Vec<Constant>>, OnnxError> {
        let read = inputs.iter().flatten().map(|constant| constant.len() as u64).sum();
        self.budget.work(node, read)?;
        let results = fold::evaluate(node, inputs)?;
        let made = results.iter().flatten().map(|constant| constant.len() as u64).sum();
        self.budget.work(node, made)?;
        Ok(results)
    }

    /// The results of a node by layers.
    fn translated(&mut self, node: &'a Node) -> Result<Vec<Known>, OnnxError> {
        let result = match node.operator().unwrap_or_default() {
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.mat_mul(node)?,
            "Conv" => self.conv(node)?,
            "MaxPool" | "AveragePool" => self.pool(node)?,
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(node)?,
            "BatchNormalization" => self.batch_norm(node)?,
            "LayerNormalization" | "RMSNormalization" => self.layer_norm(node)?,
            "InstanceNormalization" => self.instance_norm(node)?,
            "GroupNormalization" => self.group_norm(node)?,
            "Add" | "Sub" | "Mul" | "Div" => self.binary(node)?,
            "Sum" => self.sum(node)?,
            "Min" | "Max" => self.bound(node)?,
            "Pow" => self.pow(node)?,
            "Where" => self.choose(node)?,
            "IsNaN" => Known::IsNan(self.operand(node, 0)?.value),
            "Greater" => self.above(node)?,
            "Softmax" | "LogSoftmax" => self.softmax(node)?,
            "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceL2" | "ReduceSumSquare" => {
                self.reduce(node)?
            }
            "Gather" => self.gather(node)?,
            "GatherND" => self.gather_nd(node)?,
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => self.reshape_node(node)?,
            "Transpose" => self.transpose_node(node)?,
            "Concat" => self.concat(node)?,
            "Slice" => self.slice(node)?,
            "Split" => return self.split(node),
            "SplitToSequence" => self.split_to_sequence(node)?,
            "SequenceAt" => self.sequence_at(node)?,
            "Pad" => self.pad(node)?,
            "Expand" => self.expand_node(node)?,
            "Tile" => self.tile(node)?,
            "Identity" => self.look(node, 0)?,
            "Cast" => self.cast(node)?,
            "Dropout" => self.dropout(node)?,
            operator => match self.unary(node, operator)? {
                Some(result) => result,
                None => return Err(self.unsupported(node)),
            },
        };
        Ok(vec![result])
    }

    fn unsupported(&self, node: &Node) -> OnnxError {
        let hint = match node.operator() {
            None => " (an operator outside of ONNX's own set): export without custom operators",
            Some("Attention") => ": export with opset_version=18, which writes it as MatMul and Softmax",
            Some("If" | "Loop" | "Scan") => ": the model decides by data; export it with fixed shapes",
            Some("LSTM" | "GRU" | "RNN") => ": recurrent layers aren't",
            Some("Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "Not" | "And" | "Or") => {
                " on data that depends on the input: only constant masks are"
            }
            _ => "",
        };
        OnnxError::Unsupported { place: node.place(), hint }
    }

    /// What an input stands for, if there is one.
    fn optional(&mut self, node: &'a Node, position: usize) -> Result<Option<Known>, OnnxError> {
        let Some(name) = node.input(position) else { return Ok(None) };
        if let Some(known) = self.known.get(name) {
            return match known {
                Known::Absent => Err(node.usage(format!("it reads {name:?}, an output that isn't supported"))),
                known => Ok(Some(known.clone())),
            };
        }
        match self.initializer(name)? {
            Some(known) => {
                if let Known::Constant(constant) = &known {
                    self.budget.hold(node, constant.bytes())?;
                }
                self.known.insert(name, known.clone());
                Ok(Some(known))
            }
            None => Err(OnnxError::Missing { place: node.place(), value: name.into() }),
        }
    }

    /// What an input stands for.
    fn look(&mut self, node: &'a Node, position: usize) -> Result<Known, OnnxError> {
        let known = self.optional(node, position)?;
        known.ok_or_else(|| node.usage(format!("input {position} is missing")))
    }

    /// An input as a tensor of any kind; constants become parameters that stay as they are.
    fn any_operand(&mut self, node: &'a Node, position: usize) -> Result<Tensor, OnnxError> {
        let known = self.look(node, position)?;
        self.tensor(node, known, position)
    }

    /// What is known as a tensor.
    fn tensor(&mut self, node: &'a Node, known: Known, position: usize) -> Result<Tensor, OnnxError> {
        match known {
            Known::Tensor(tensor) => Ok(tensor),
            Known::Constant(constant) => self.frozen(node, node.input(position).unwrap_or_default(), &constant),
            _ => Err(node.usage(format!("input {position} is no tensor of numbers"))),
        }
    }

    /// An input as a tensor of floats.
    fn operand(&mut self, node: &'a Node, position: usize) -> Result<Tensor, OnnxError> {
        let tensor = self.any_operand(node, position)?;
        self.float(node, tensor)
    }

    fn float(&self, node: &Node, tensor: Tensor) -> Result<Tensor, OnnxError> {
        match tensor.kind {
            Kind::Float => Ok(tensor),
            _ => Err(node.usage("arithmetic on integers that depend on the input isn't supported; cast them to float")),
        }
    }

    /// An input whose numbers must be known now, if there is one.
    fn constant(&mut self, node: &'a Node, position: usize) -> Result<Option<Rc<Constant>>, OnnxError> {
        match self.optional(node, position)? {
            None => Ok(None),
            Some(Known::Constant(constant)) => Ok(Some(constant)),
            Some(Known::Tensor(Tensor { fixed: true, .. })) => {
                self.evaluate(node, node.input(position).unwrap_or_default()).map(Some)
            }
            Some(_) => {
                Err(node.usage(format!("input {position} depends on the model's input; only constants are supported")))
            }
        }
    }

    /// An input of integers that must be known now, if there is one.
    fn ints(&mut self, node: &'a Node, position: usize) -> Result<Option<Vec<i64>>, OnnxError> {
        let Some(constant) = self.constant(node, position)? else { return Ok(None) };
        match constant.ints() {
            Some(ints) if ints.len() <= super::MAX_EDGES => Ok(Some(ints.to_vec())),
            _ => Err(node.usage(format!("input {position} isn't a short list of integers"))),
        }
    }

    /// As [`ints`](Self::ints), where there must be one.
    fn needed_ints(&mut self, node: &'a Node, position: usize) -> Result<Vec<i64>, OnnxError> {
        self.ints(node, position)?.ok_or_else(|| node.usage(format!("input {position} is missing")))
    }

    /// The shape of these dimensions.
    fn shape(&self, node: &Node, dims: &[u64]) -> Result<Shape, OnnxError> {
        let error = |error| OnnxError::Shape { what: node.place().to_string(), error };
        if dims.len() > assay_core::graph::MAX_RANK {
            return Err(error(GraphError::Rank(dims.len() as u64)));
        }
        let dims: Result<Vec<u32>, _> = dims.iter().map(|&dim| u32::try_from(dim)).collect();
        Shape::new(&dims.map_err(|_| error(GraphError::TooManyElements))?).map_err(error)
    }

    /// Adds a layer.
    fn push(&mut self, node: &Node, op: LayerOp, inputs: &[Tensor], shape: Shape) -> Result<Tensor, OnnxError> {
        if self.layers.len() == MAX_LAYERS {
            return Err(OnnxError::TooMany { what: "layers", got: MAX_LAYERS + 1, max: MAX_LAYERS });
        }
        let fixed = inputs.iter().all(|input| input.fixed);
        let kind = inputs.first().map_or(Kind::Float, |input| input.kind);
        let value = Value::Layer(self.layers.len());
        let inputs = inputs.iter().map(|input| input.value).collect();
        self.layers.push(Layer { name: node.name(), op, inputs, shape });
        self.fixed.push(fixed);
        Ok(Tensor { value, shape, kind, fixed })
    }

    /// The layer that a value is the output of.
    fn layer(&self, value: Value) -> Option<&Layer> {
        match value {
            Value::Layer(index) => self.layers.get(index),
            _ => None,
        }
    }

    /// A value whose shape and so on are looked up again.
    fn tensor_of(&self, value: Value) -> Tensor {
        let (shape, fixed) = match value {
            Value::Input => (self.input, false),
            Value::Param(index) => (self.parameters.shape(index), true),
            Value::Layer(index) => (self.layers[index].shape, self.fixed[index]),
        };
        Tensor { value, shape, kind: Kind::Float, fixed }
    }

    fn fail<T>(node: &Node, result: Result<T, String>) -> Result<T, OnnxError> {
        result.map_err(|why| node.usage(why))
    }
}
