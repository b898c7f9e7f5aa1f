//! From ONNX nodes to layers.
use super::order::{name_of, topological};
use super::proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto, FLOAT};
use super::tensor::{self, Constant};
use super::OnnxError;
use crate::import::{Layer, Model, Param, Value};
use assay_core::graph::Shape;
use std::collections::HashMap;

/// What a name stands for.
#[derive(Clone, Debug)]
enum Known {
    /// A batch of samples of these dimensions each.
    Activation { value: Value, sample: Vec<u64> },
    /// A constant, perhaps transposed.
    Constant { constant: usize, transposed: bool },
}

struct Translator<'a> {
    known: HashMap<&'a str, Known>,
    constants: Vec<(String, Constant)>,
    /// Position among the parameters of each constant that became one.
    param_of: HashMap<usize, usize>,
    /// First dimension of the input, if it is a number.
    batch: Option<i64>,
    model: Model,
}

/// The model of a graph.
pub(super) fn translate(graph: &GraphProto) -> Result<Model, OnnxError> {
    let mut constants = Vec::new();
    let mut known = HashMap::new();
    for initialiser in &graph.initializer {
        let constant = constants.len();
        constants.push((initialiser.name.clone(), tensor::read(&initialiser.name, initialiser)?));
        if known.insert(initialiser.name.as_str(), Known::Constant { constant, transposed: false }).is_some() {
            return Err(OnnxError::Duplicate(initialiser.name.clone()));
        }
    }
    // Old exporters list initialisers among the inputs.
    let inputs: Vec<_> = graph.input.iter().filter(|input| !known.contains_key(input.name.as_str())).collect();
    let input = single("inputs", &inputs)?;
    let output = single("outputs", &graph.output.iter().collect::<Vec<_>>())?;
    let (batch, sample) = input_dims(input)?;
    let features = u32::try_from(sample.iter().product::<u64>()).map_err(|_| input_type(input))?;
    known.insert(&input.name, Known::Activation { value: Value::Batch, sample });
    let model = Model { features, classes: 0, params: Vec::new(), layers: Vec::new() };
    let mut translator = Translator { known, constants, param_of: HashMap::new(), batch, model };
    for index in topological(graph)? {
        translator.node(&graph.node[index])?;
    }
    translator.finish(&output.name)
}

fn single<'a>(what: &'static str, values: &[&'a ValueInfoProto]) -> Result<&'a ValueInfoProto, OnnxError> {
    match values {
        [one] => Ok(one),
        _ => {
            let names = values.iter().take(8).map(|value| value.name.as_str()).collect::<Vec<_>>().join(", ");
            Err(OnnxError::Ends { what, got: values.len(), names })
        }
    }
}

fn input_type(input: &ValueInfoProto) -> OnnxError {
    OnnxError::InputType { name: input.name.clone() }
}

/// The batch dimension, if it is a number, and the dimensions of one sample.
fn input_dims(input: &ValueInfoProto) -> Result<(Option<i64>, Vec<u64>), OnnxError> {
    let tensor =
        input.r#type.as_ref().and_then(|ty| ty.tensor_type.as_ref()).filter(|tensor| tensor.elem_type == FLOAT);
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map_or(&[][..], |shape| &shape.dim);
    let [batch, sample @ ..] = dims else {
        return Err(input_type(input));
    };
    // The product of at most 8 dimensions below 2^32 each is checked against 2^32 as it grows.
    let mut product = 1_u64;
    let mut dims = Vec::new();
    for dim in sample {
        let size = dim
            .dim_value
            .and_then(|size| u32::try_from(size).ok())
            .filter(|&size| size > 0)
            .ok_or_else(|| input_type(input))?;
        product = product
            .checked_mul(u64::from(size))
            .filter(|&n| n <= u64::from(u32::MAX))
            .ok_or_else(|| input_type(input))?;
        dims.push(u64::from(size));
    }
    Ok((batch.dim_value, dims))
}

impl<'a> Translator<'a> {
    fn node(&mut self, node: &'a NodeProto) -> Result<(), OnnxError> {
        let standard = matches!(node.domain.as_str(), "" | "ai.onnx");
        let known = match node.op_type.as_str() {
            "Gemm" if standard => self.gemm(node)?,
            "MatMul" if standard => {
                let (x, sample) = self.matrix(node, 0)?;
                self.mat_mul(node, x, &sample, false)?
            }
            "Add" if standard => self.add(node)?,
            "Relu" if standard => {
                let (x, sample) = self.activation(node, 0)?;
                self.layer(Layer::Relu { x }, sample)
            }
            "Flatten" if standard => self.flatten(node)?,
            "Reshape" if standard => self.reshape(node)?,
            "Identity" if standard => self.input(node, 0)?.clone(),
            "Transpose" if standard => self.transpose(node)?,
            "Constant" if standard => self.constant(node)?,
            op => {
                let op = if standard { op.into() } else { format!("{}.{op}", node.domain) };
                return Err(OnnxError::Unsupported { node: name_of(node), op });
            }
        };
        match node.output.as_slice() {
            [output] => {
                self.known.insert(output, known);
                Ok(())
            }
            outputs => Err(usage(node, format!("{} outputs instead of one", outputs.len()))),
        }
    }

    fn layer(&mut self, layer: Layer, sample: Vec<u64>) -> Known {
        self.model.layers.push(layer);
        Known::Activation { value: Value::Layer(self.model.layers.len() - 1), sample }
    }

    fn input(&self, node: &NodeProto, position: usize) -> Result<&Known, OnnxError> {
        let name = node.input.get(position).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| usage(node, format!("input {position} is missing")))?;
        // Nodes come in topological order: a name that nothing produces was reported there.
        self.known.get(name.as_str()).ok_or_else(|| OnnxError::Missing { node: name_of(node), value: name.clone() })
    }

    fn activation(&self, node: &NodeProto, position: usize) -> Result<(Value, Vec<u64>), OnnxError> {
        match self.input(node, position)? {
            Known::Activation { value, sample } => Ok((*value, sample.clone())),
            Known::Constant { .. } => {
                Err(usage(node, format!("input {position} is a constant, not computed from the input")))
            }
        }
    }

    /// An activation that is a matrix `[batch, n]`.
    fn matrix(&self, node: &NodeProto, position: usize) -> Result<(Value, Vec<u64>), OnnxError> {
        let (value, sample) = self.activation(node, position)?;
        if sample.len() == 1 {
            Ok((value, sample))
        } else {
            Err(usage(node, format!("input {position} has {} dimensions, not 2: flatten it first", sample.len() + 1)))
        }
    }

    /// The parameter that an input is, and whether it is transposed.
    fn param(&mut self, node: &NodeProto, position: usize) -> Result<(usize, bool), OnnxError> {
        let Known::Constant { constant, transposed } = *self.input(node, position)? else {
            return Err(usage(node, format!("input {position} is computed, not a weight")));
        };
        if let Some(&param) = self.param_of.get(&constant) {
            return Ok((param, transposed));
        }
        let (name, tensor) = &mut self.constants[constant];
        let Constant::Float { shape, values } = tensor else {
            return Err(usage(node, format!("weight {name:?} isn't of 32-bit floats")));
        };
        let param = self.model.params.len();
        self.model.params.push(Param { name: name.clone(), shape: *shape, values: std::mem::take(values) });
        self.param_of.insert(constant, param);
        Ok((param, transposed))
    }

    fn gemm(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        for factor in ["alpha", "beta"] {
            let value = attribute(node, factor).and_then(|attribute| attribute.f).unwrap_or(1.0);
            if value != 1.0 {
                return Err(usage(node, format!("{factor} is {value}; only 1 is supported")));
            }
        }
        if integer(node, "transA", 0) != 0 {
            return Err(usage(node, "transA is set: the batch would be the inner dimension"));
        }
        let (x, sample) = self.matrix(node, 0)?;
        let product = self.mat_mul(node, x, &sample, integer(node, "transB", 0) != 0)?;
        match node.input.get(2).filter(|name| !name.is_empty()) {
            None => Ok(product),
            Some(_) => {
                let Known::Activation { value, sample } = product else {
                    return Ok(product);
                };
                self.bias(node, value, sample, 2)
            }
        }
    }

    /// `x · W` with W in input 1.
    fn mat_mul(&mut self, node: &NodeProto, x: Value, sample: &[u64], transposed: bool) -> Result<Known, OnnxError> {
        let (weight, flipped) = self.param(node, 1)?;
        let transposed = transposed != flipped;
        let shape = self.model.params[weight].shape;
        let &[rows, columns] = shape.dims() else {
            return Err(usage(
                node,
                format!("weight {:?} has shape {shape}, not rank 2", self.model.params[weight].name),
            ));
        };
        let (k, n) = if transposed { (columns, rows) } else { (rows, columns) };
        if sample != [u64::from(k)] {
            let name = &self.model.params[weight].name;
            return Err(usage(
                node,
                format!("weight {name:?} of shape {shape} takes {k} columns, the input has {sample:?}"),
            ));
        }
        Ok(self.layer(Layer::MatMul { x, weight, transposed }, vec![u64::from(n)]))
    }

    /// `x + b` with b in input `position`.
    fn bias(&mut self, node: &NodeProto, x: Value, sample: Vec<u64>, position: usize) -> Result<Known, OnnxError> {
        let (bias, _) = self.param(node, position)?;
        let param = &mut self.model.params[bias];
        let columns = match *param.shape.dims() {
            [n] | [1, n] => n,
            _ => 0, // No matrix has 0 columns.
        };
        if sample != [u64::from(columns)] {
            return Err(usage(
                node,
                format!("bias {:?} of shape {} doesn't fit {sample:?} columns", param.name, param.shape),
            ));
        }
        let name = &param.name;
        param.shape = Shape::new(&[columns]).map_err(|error| OnnxError::Shape { name: name.clone(), error })?;
        Ok(self.layer(Layer::Bias { x, bias }, sample))
    }

    fn add(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        let is_constant = |known: &Known| matches!(known, Known::Constant { .. });
        let constants = (is_constant(self.input(node, 0)?), is_constant(self.input(node, 1)?));
        if constants == (false, false) {
            let ((x, sample), (y, other)) = (self.activation(node, 0)?, self.activation(node, 1)?);
            return if sample == other {
                Ok(self.layer(Layer::Add { x, y }, sample))
            } else {
                Err(usage(node, format!("summands of {sample:?} and {other:?} columns")))
            };
        }
        let (matrix, bias) = if constants.1 { (0, 1) } else { (1, 0) };
        let (x, sample) = self.matrix(node, matrix)?;
        self.bias(node, x, sample, bias)
    }

    fn flatten(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        let (value, sample) = self.activation(node, 0)?;
        match integer(node, "axis", 1) {
            1 => Ok(Known::Activation { value, sample: vec![sample.iter().product()] }),
            axis => Err(usage(node, format!("axis is {axis}; only 1 keeps samples apart"))),
        }
    }

    fn reshape(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        let (value, sample) = self.activation(node, 0)?;
        let Known::Constant { constant, .. } = *self.input(node, 1)? else {
            return Err(usage(node, "its target shape is computed; export with a fixed sample shape"));
        };
        let Constant::Int64(target) = &self.constants[constant].1 else {
            return Err(usage(node, "its target shape isn't a list of 64-bit integers"));
        };
        let elements: u64 = sample.iter().product();
        let sample = samples_kept(target, self.batch, elements);
        let sample = sample.ok_or_else(|| {
            usage(node, format!("target shape {target:?} doesn't keep samples of {elements} values apart"))
        })?;
        Ok(Known::Activation { value, sample })
    }

    fn transpose(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        let Known::Constant { constant, transposed } = *self.input(node, 0)? else {
            return Err(usage(node, "only weights can be transposed"));
        };
        match attribute(node, "perm").map_or(&[][..], |attribute| &attribute.ints) {
            [] | [1, 0] => Ok(Known::Constant { constant, transposed: !transposed }),
            other => Err(usage(node, format!("perm is {other:?}; only [1, 0] is supported"))),
        }
    }

    fn constant(&mut self, node: &NodeProto) -> Result<Known, OnnxError> {
        let value: Option<&TensorProto> = attribute(node, "value").and_then(|attribute| attribute.t.as_ref());
        let value = value.ok_or_else(|| usage(node, "it has no tensor in its attribute `value`"))?;
        let name = node.output.first().cloned().unwrap_or_default();
        let constant = self.constants.len();
        let tensor = tensor::read(&name, value)?;
        self.constants.push((name, tensor));
        Ok(Known::Constant { constant, transposed: false })
    }

    fn finish(mut self, output: &str) -> Result<Model, OnnxError> {
        let last = match self.known.get(output) {
            Some(Known::Activation { value: Value::Layer(index), sample }) if sample.len() == 1 => (*index, sample[0]),
            _ => return Err(OnnxError::NoOutput(output.into())),
        };
        // Whatever the output doesn't depend on is not part of the model.
        self.model.layers.truncate(last.0 + 1);
        self.model.prune();
        if self.model.params.is_empty() {
            return Err(OnnxError::NoWeights);
        }
        self.model.classes = u32::try_from(last.1).map_err(|_| OnnxError::NoOutput(output.into()))?;
        Ok(self.model)
    }
}

/// Dimensions of a sample after a reshape to `target`, if that leaves the batch dimension alone.
fn samples_kept(target: &[i64], batch: Option<i64>, elements: u64) -> Option<Vec<u64>> {
    let (&first, rest) = target.split_first()?;
    if !(first == -1 || first == 0 || Some(first) == batch) {
        return None;
    }
    let mut known = 1_u64;
    for &dim in rest.iter().filter(|&&dim| dim != -1) {
        known = known.checked_mul(u64::try_from(dim).ok().filter(|&dim| dim > 0)?)?;
    }
    let open = rest.iter().filter(|&&dim| dim == -1).count();
    let fits = match open {
        0 => known == elements,
        1 => first != -1 && elements.is_multiple_of(known),
        _ => false,
    };
    let size = |&dim: &i64| u64::try_from(dim).unwrap_or(elements / known); // −1 is the only negative one left.
    fits.then(|| rest.iter().map(size).collect())
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a super::proto::AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn integer(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).and_then(|attribute| attribute.i).unwrap_or(default)
}

fn usage(node: &NodeProto, why: impl Into<String>) -> OnnxError {
    OnnxError::Usage { node: name_of(node), op: node.op_type.clone(), why: why.into() }
}
