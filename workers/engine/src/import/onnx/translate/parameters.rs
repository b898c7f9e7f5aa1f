//! Which of a file's tensors are parameters, and what else the model's state holds.
use super::{Known, Tensor, Translator};
use crate::import::onnx::constant::{Constant, Kind};
use crate::import::onnx::node::Node;
use crate::import::onnx::{tensor, File, OnnxError};
use crate::import::{LayerOp, Param, Value};
use assay_core::graph::Shape;
use std::collections::{HashMap, HashSet};

/// Bytes of a constant's name that it keeps as a parameter: state has short names.
const MAX_NAME: usize = 40;

/// Where a parameter's values are.
enum Source {
    /// In a tensor of the file.
    File(usize),
    /// Computed.
    Values(Vec<f32>),
}

struct Draft {
    name: String,
    shape: Shape,
    source: Source,
    trained: bool,
}

/// The parameters so far.
pub(super) struct Parameters<'a> {
    file: &'a File,
    drafts: Vec<Draft>,
    /// By position in the file.
    of_tensor: HashMap<usize, usize>,
    /// By what they hold: equal masks are one parameter.
    of_constant: HashMap<[u8; 32], usize>,
    names: HashSet<String>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(file: &'a File) -> Parameters<'a> {
        let names = file.tensors.iter().map(|tensor| tensor.name.clone()).collect();
        Parameters { file, drafts: Vec::new(), of_tensor: HashMap::new(), of_constant: HashMap::new(), names }
    }

    pub(super) fn shape(&self, index: usize) -> Shape {
        self.drafts[index].shape
    }

    pub(super) fn name(&self, index: usize) -> &str {
        &self.drafts[index].name
    }

    /// Whether it is of the file and all its elements are one number.
    pub(super) fn is_uniform_weight(&self, index: usize) -> bool {
        matches!(self.drafts[index].source, Source::File(tensor) if is_uniform(&self.file.tensors[tensor]))
    }

    /// Training leaves it alone: a running statistic.
    pub(super) fn freeze(&mut self, index: usize) {
        self.drafts[index].trained = false;
    }

    /// Positions of the parameters, those of the file first, in its order.
    pub(super) fn ordered(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.drafts.len()).collect();
        order.sort_by_key(|&index| match self.drafts[index].source {
            Source::File(tensor) => tensor,
            Source::Values(_) => self.file.tensors.len() + index,
        });
        order
    }

    /// A parameter with its values, which it loses.
    pub(super) fn take(&mut self, index: usize) -> Result<Param, OnnxError> {
        let draft = &mut self.drafts[index];
        let values = match &mut draft.source {
            Source::File(tensor) => self.file.tensors[*tensor].floats()?,
            Source::Values(values) => std::mem::take(values),
        };
        Ok(Param { name: std::mem::take(&mut draft.name), shape: draft.shape, values, trained: draft.trained })
    }

    fn unused_name(&mut self, wish: &str) -> String {
        let wish = if wish.is_empty() || wish.len() > MAX_NAME { "constant" } else { wish };
        let mut name = String::from(wish);
        let mut number = self.drafts.len();
        while !self.names.insert(name.clone()) {
            name = format!("{wish}.{number}");
            number += 1;
        }
        name
    }

    fn add(&mut self, draft: Draft) -> usize {
        self.drafts.push(draft);
        self.drafts.len() - 1
    }
}

/// Whether a name is one that an exporter made up: of a folded constant, not of a parameter.
fn is_made_up(name: &str) -> bool {
    name.starts_with("onnx::") || name.strip_prefix("val_").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

impl<'a> Translator<'a> {
    /// What an initialiser stands for; `None` if there is none of that name.
    ///
    /// Floats with dimensions are parameters. What can't be trained is a constant: integers, single numbers, and masks
    /// of 0 and infinity.
    pub(super) fn initializer(&mut self, name: &str) -> Result<Option<Known>, OnnxError> {
        let file = self.file;
        let Some(&index) = file.tensor_of.get(name) else { return Ok(None) };
        if let Some(&original) = file.ties.get(&index) {
            return self.transposed_tie(name, original).map(Some);
        }
        let tensor = &file.tensors[index];
        let note = file.notes.get(name).map(String::as_str);
        let folded = note.is_none() && (is_made_up(name) || !file.notes.is_empty());
        // Exporters fold weights as well as factors: a factor is one number, or a row of the same.
        let factor = folded && tensor.dims.len() == 1 && is_uniform(tensor);
        if !tensor.is_binary32() || tensor.dims.is_empty() || tensor.elements() == 0 || factor || is_mask(tensor) {
            return Ok(Some(Known::Constant(tensor.constant()?.into())));
        }
        self.parameter(index).map(|tensor| Some(Known::Tensor(tensor)))
    }

    /// The parameter that is a tensor of the file.
    fn parameter(&mut self, index: usize) -> Result<Tensor, OnnxError> {
        let tensor = &self.file.tensors[index];
        let position = match self.parameters.of_tensor.get(&index) {
            Some(&position) => position,
            None => {
                if let Some((index, value)) = not_finite(tensor) {
                    return Err(OnnxError::NotFinite { name: tensor.name.clone(), index, value });
                }
                let error = |error| OnnxError::Shape { what: format!("tensor {:?}", tensor.name), error };
                let too_large = |_| error(assay_core::graph::GraphError::TooManyElements);
                let dims: Result<Vec<u32>, _> = tensor.dims.iter().map(|&dim| u32::try_from(dim)).collect();
                let shape = Shape::new(&dims.map_err(too_large)?).map_err(error)?;
                // What PyTorch calls a buffer stays as it is.
                let trained = self.file.notes.get(&tensor.name).is_none_or(|kind| kind == "PARAMETER");
                let draft = Draft { name: tensor.name.clone(), shape, source: Source::File(index), trained };
                let position = self.parameters.add(draft);
                self.parameters.of_tensor.insert(index, position);
                position
            }
        };
        let shape = self.parameters.shape(position);
        Ok(Tensor { value: Value::Param(position), shape, kind: Kind::Float, fixed: true })
    }

    /// The transpose of a parameter that the exporter stored a second time.
    fn transposed_tie(&mut self, name: &str, original: usize) -> Result<Known, OnnxError> {
        let tensor = self.parameter(original)?;
        let [rows, columns] = *tensor.shape.dims() else { return Ok(Known::Tensor(tensor)) };
        let error = |error| OnnxError::Shape { what: format!("tensor {name:?}"), error };
        let shape = Shape::new(&[columns, rows]).map_err(error)?;
        let op = LayerOp::Transpose { perm: [1, 0, 2, 3, 4, 5] };
        self.layers.push(crate::import::Layer { name: name.into(), op, inputs: vec![tensor.value], shape });
        self.fixed.push(true);
        let value = Value::Layer(self.layers.len() - 1);
        Ok(Known::Tensor(Tensor { value, shape, kind: Kind::Float, fixed: true }))
    }

    /// A constant as a parameter that stays as it is.
    pub(super) fn frozen(&mut self, node: &Node, name: &str, constant: &Constant) -> Result<Tensor, OnnxError> {
        self.frozen_as(node, name, constant, true)
    }

    /// As [`frozen`](Self::frozen); `shared`: with all constants of the same numbers.
    pub(super) fn frozen_as(
        &mut self,
        node: &Node,
        name: &str,
        constant: &Constant,
        shared: bool,
    ) -> Result<Tensor, OnnxError> {
        let shape = self.shape(node, constant.dims())?;
        let values = constant.to_floats();
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(OnnxError::NotFinite { name: name.into(), index, value: values[index] });
        }
        let kind = constant.kind();
        let mut hasher = blake3::Hasher::new();
        for dim in shape.dims() {
            hasher.update(&dim.to_le_bytes());
        }
        hasher.update(&[0; 4]).update(bytemuck::cast_slice(&values));
        let hash = *hasher.finalize().as_bytes();
        let position = match self.parameters.of_constant.get(&hash).filter(|_| shared) {
            Some(&position) => position,
            None => {
                self.budget.hold(node, 4 * values.len() as u64)?;
                let name = self.parameters.unused_name(name);
                let draft = Draft { name, shape, source: Source::Values(values), trained: false };
                let position = self.parameters.add(draft);
                if shared {
                    self.parameters.of_constant.insert(hash, position);
                }
                position
            }
        };
        Ok(Tensor { value: Value::Param(position), shape, kind, fixed: true })
    }
}

fn not_finite(tensor: &tensor::Tensor) -> Option<(usize, f32)> {
    let len = usize::try_from(tensor.elements()).ok()?;
    (0..len).filter_map(|index| Some((index, tensor.item(index)?))).find(|(_, value)| !value.is_finite())
}

/// Whether all items of a tensor are the same.
fn is_uniform(tensor: &tensor::Tensor) -> bool {
    let Ok(len) = usize::try_from(tensor.elements()) else { return false };
    (1..len).all(|index| tensor.item(index) == tensor.item(0))
}

/// Whether a tensor is an additive mask: zeros and infinities.
fn is_mask(tensor: &tensor::Tensor) -> bool {
    let Ok(len) = usize::try_from(tensor.elements()) else { return false };
    let mut items = (0..len).map_while(|index| tensor.item(index));
    let mut infinite = false;
    let all = items.all(|item| {
        infinite |= item.is_infinite();
        item == 0.0 || item.is_infinite()
    });
    all && infinite
}
