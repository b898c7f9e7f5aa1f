//! Sums, differences, products and quotients.
use super::{Known, Tensor, Translator};
use crate::import::model::{Binary, Unary};
use crate::import::onnx::constant::{Constant, Items, Kind};
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;

impl<'a> Translator<'a> {
    /// A function of two tensors, broadcast.
    pub(super) fn combine(&mut self, node: &Node, function: Binary, x: Tensor, y: Tensor) -> Result<Tensor, OnnxError> {
        if function == Binary::Mul {
            if let Some(result) = self.known_product(node, x, y)? {
                return Ok(result);
            }
        }
        let dims = Self::fail(node, shapes::broadcast(&x.dims(), &y.dims()))?;
        let shape = self.shape(node, &dims)?;
        self.push(node, LayerOp::Binary(function), &[x, y], shape)
    }

    pub(super) fn binary(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let function = match node.operator() {
            Some("Add") => Binary::Add,
            Some("Sub") => Binary::Sub,
            Some("Mul") => Binary::Mul,
            _ => Binary::Div,
        };
        let result = match (self.look(node, 0)?, self.look(node, 1)?) {
            (Known::Tensor(x), Known::Constant(number)) => self.with_constant(node, function, x, &number)?,
            (Known::Constant(number), Known::Tensor(x)) => match function {
                Binary::Add | Binary::Mul => self.with_constant(node, function, x, &number)?,
                Binary::Sub => {
                    let negative = self.float(node, x)?;
                    let negative = self.affine(node, negative, -1.0, 0.0)?;
                    self.with_constant(node, Binary::Add, negative, &number)?
                }
                Binary::Div => {
                    let x = self.float(node, x)?;
                    let reciprocal = self.apply(node, Unary::Reciprocal, x)?;
                    self.with_constant(node, Binary::Mul, reciprocal, &number)?
                }
            },
            (x, y) => {
                let (x, y) = (self.tensor(node, x, 0)?, self.tensor(node, y, 1)?);
                let (x, y) = (self.float(node, x)?, self.float(node, y)?);
                self.combine(node, function, x, y)?
            }
        };
        Ok(Known::Tensor(result))
    }

    pub(super) fn sum(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let mut sum = self.operand(node, 0)?;
        for position in 1..node.inputs().len() {
            let summand = self.operand(node, position)?;
            sum = self.combine(node, Binary::Add, sum, summand)?;
        }
        Ok(Known::Tensor(sum))
    }

    /// A tensor and a constant, in this order.
    fn with_constant(
        &mut self,
        node: &'a Node,
        function: Binary,
        x: Tensor,
        constant: &Constant,
    ) -> Result<Tensor, OnnxError> {
        let x = self.float(node, x)?;
        if constant.kind() != Kind::Float {
            return Err(node.usage("its inputs have different element types"));
        }
        let dims = Self::fail(node, shapes::broadcast(&x.dims(), constant.dims()))?;
        if let Some(number) = constant.uniform() {
            let (scale, shift) = match function {
                Binary::Add => (1.0, number),
                Binary::Sub => (1.0, -number),
                Binary::Mul => (number, 0.0),
                Binary::Div => (1.0 / number, 0.0),
            };
            let gelu = if (scale, shift) == (0.5, 0.0) { self.half_of_product(node, x)? } else { None };
            let result = match gelu {
                Some(gelu) => gelu,
                None => self.affine(node, x, scale, shift)?,
            };
            return self.expand(node, result, &dims);
        }
        if function == Binary::Add {
            if let Some(visible) = visible(constant) {
                return self.masked(node, x, &visible, f32::NEG_INFINITY, &dims);
            }
        }
        let position = usize::from(matches!(self.look(node, 0)?, Known::Tensor(_)));
        let name = node.input(position).unwrap_or_default();
        let other = self.frozen(node, name, constant)?;
        self.combine(node, function, x, other)
    }

    /// Products that have a name: squares, SiLU (`x · sigmoid(x)`) and [GELU](Self::gelu).
    fn known_product(&mut self, node: &Node, x: Tensor, y: Tensor) -> Result<Option<Tensor>, OnnxError> {
        if x.value == y.value {
            return self.apply(node, Unary::Square, x).map(Some);
        }
        for (x, gate) in [(x, y), (y, x)] {
            let gate = self.layer(gate.value);
            if gate.is_some_and(|gate| gate.op == LayerOp::Unary(Unary::Sigmoid) && gate.inputs == [x.value]) {
                return self.apply(node, Unary::Silu, x).map(Some);
            }
        }
        match self.gelu((x.value, y.value), false) {
            Some((x, function)) => self.apply(node, function, self.tensor_of(x)).map(Some),
            None => Ok(None),
        }
    }

    /// Half of a product that is a [GELU](Self::gelu) then.
    fn half_of_product(&mut self, node: &Node, x: Tensor) -> Result<Option<Tensor>, OnnxError> {
        let layer = self.layer(x.value).filter(|layer| layer.op == LayerOp::Binary(Binary::Mul));
        let factors = layer.map(|layer| (layer.inputs[0], layer.inputs[1]));
        match factors.and_then(|factors| self.gelu(factors, true)) {
            Some((x, function)) => self.apply(node, function, self.tensor_of(x)).map(Some),
            None => Ok(None),
        }
    }
}

/// Where an additive mask of 0 and −∞ lets through; `None` if it isn't one.
fn visible(constant: &Constant) -> Option<Constant> {
    let Items::Float(items) = constant.items() else { return None };
    let infinite = items.contains(&f32::NEG_INFINITY);
    if !infinite || items.iter().any(|&item| item != 0.0 && item != f32::NEG_INFINITY) {
        return None;
    }
    Constant::new(constant.dims().to_vec(), Items::Bool(items.iter().map(|&item| item == 0.0).collect()))
}
