//! Functions of one element.
use super::{Kind, Known, Tensor, Translator};
use crate::import::model::{Binary, Unary};
use crate::import::onnx::node::Node;
use crate::import::onnx::{fold, OnnxError};
use crate::import::{LayerOp, Value};

impl<'a> Translator<'a> {
    /// A function applied to a tensor.
    pub(super) fn apply(&mut self, node: &Node, function: Unary, x: Tensor) -> Result<Tensor, OnnxError> {
        self.push(node, LayerOp::Unary(function), &[x], x.shape)
    }

    /// `x · scale + shift`; nothing if that is x.
    pub(super) fn affine(&mut self, node: &Node, x: Tensor, scale: f32, shift: f32) -> Result<Tensor, OnnxError> {
        if !scale.is_finite() || !shift.is_finite() {
            return Err(node.usage(format!("factor {scale} and summand {shift} must be finite")));
        }
        if (scale, shift) == (1.0, 0.0) {
            return Ok(x);
        }
        self.apply(node, Unary::Affine { scale, shift }, x)
    }

    /// A node that applies a function; `None` if it isn't one.
    pub(super) fn unary(&mut self, node: &'a Node, operator: &str) -> Result<Option<Known>, OnnxError> {
        let function = match operator {
            "Relu" => Unary::Relu,
            "LeakyRelu" => Unary::LeakyRelu(node.float("alpha")?.unwrap_or(0.01)),
            "Gelu" if node.string("approximate")?.unwrap_or("none") == "tanh" => Unary::GeluTanh,
            "Gelu" => Unary::Gelu,
            "Sigmoid" => Unary::Sigmoid,
            "Tanh" => Unary::Tanh,
            "Exp" => Unary::Exp,
            "Log" => Unary::Log,
            "Sqrt" => Unary::Sqrt,
            "Erf" => Unary::Erf,
            "Reciprocal" => Unary::Reciprocal,
            "Neg" => Unary::Affine { scale: -1.0, shift: 0.0 },
            "Abs" | "Softplus" | "HardSigmoid" | "HardSwish" | "PRelu" | "Clip" => {
                let x = self.operand(node, 0)?;
                let result = match operator {
                    "Abs" => self.abs(node, x)?,
                    "Softplus" => self.softplus(node, x)?,
                    "HardSigmoid" => {
                        let (alpha, beta) = (node.float("alpha")?.unwrap_or(0.2), node.float("beta")?.unwrap_or(0.5));
                        self.hard_sigmoid(node, x, alpha, beta)?
                    }
                    "HardSwish" => {
                        let gate = self.hard_sigmoid(node, x, 1.0 / 6.0, 0.5)?;
                        self.combine(node, Binary::Mul, x, gate)?
                    }
                    "PRelu" => self.prelu(node, x)?,
                    _ => self.clip(node, x)?,
                };
                return Ok(Some(Known::Tensor(result)));
            }
            _ => return Ok(None),
        };
        if let Unary::LeakyRelu(slope) = function {
            if !slope.is_finite() {
                return Err(node.usage(format!("alpha is {slope}")));
            }
        }
        let x = self.operand(node, 0)?;
        self.apply(node, function, x).map(|result| Some(Known::Tensor(result)))
    }

    /// `max(x, 0) + max(−x, 0)`.
    fn abs(&mut self, node: &Node, x: Tensor) -> Result<Tensor, OnnxError> {
        let negative = self.affine(node, x, -1.0, 0.0)?;
        let parts = [self.apply(node, Unary::Relu, x)?, self.apply(node, Unary::Relu, negative)?];
        self.combine(node, Binary::Add, parts[0], parts[1])
    }

    /// `max(x, 0) + log(1 + exp(−|x|))`, which never overflows.
    fn softplus(&mut self, node: &Node, x: Tensor) -> Result<Tensor, OnnxError> {
        let magnitude = self.abs(node, x)?;
        let negative = self.affine(node, magnitude, -1.0, 0.0)?;
        let decay = self.apply(node, Unary::Exp, negative)?;
        let more = self.affine(node, decay, 1.0, 1.0)?;
        let rest = self.apply(node, Unary::Log, more)?;
        let positive = self.apply(node, Unary::Relu, x)?;
        self.combine(node, Binary::Add, positive, rest)
    }

    /// A comparison with a number, for [`chosen_above`](Self::chosen_above).
    pub(super) fn above(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        match (self.look(node, 0)?, self.look(node, 1)?) {
            (Known::Tensor(x), Known::Constant(number)) if number.uniform().is_some() => {
                Ok(Known::Above(x.value, number.uniform().unwrap_or(0.0)))
            }
            _ => Err(self.unsupported(node)),
        }
    }

    /// PyTorch's `x > 20 ? x : softplus(x)` is just the softplus, which doesn't overflow here and is x there.
    pub(super) fn chosen_above(&self, x: Value, threshold: f32, yes: &Known, no: &Known) -> Option<Tensor> {
        let (Known::Tensor(yes), Known::Tensor(no)) = (yes, no) else { return None };
        let sum = self.layer(no.value).filter(|layer| layer.op == LayerOp::Binary(Binary::Add))?;
        let applies = |place: usize, function: Unary| {
            let layer = sum.inputs.get(place).and_then(|&value| self.layer(value))?;
            (layer.op == LayerOp::Unary(function)).then_some(layer)
        };
        let of_x = applies(0, Unary::Relu)?.inputs == [x] && applies(1, Unary::Log).is_some();
        (of_x && yes.value == x && threshold >= 16.0).then_some(*no)
    }

    fn hard_sigmoid(&mut self, node: &Node, x: Tensor, alpha: f32, beta: f32) -> Result<Tensor, OnnxError> {
        let line = self.affine(node, x, alpha, beta)?;
        self.apply(node, Unary::Clamp(0.0, 1.0), line)
    }

    /// `max(x, 0) − slope · max(−x, 0)`.
    fn prelu(&mut self, node: &'a Node, x: Tensor) -> Result<Tensor, OnnxError> {
        let slope = self.operand(node, 1)?;
        let negative = self.affine(node, x, -1.0, 0.0)?;
        let (positive, negative) = (self.apply(node, Unary::Relu, x)?, self.apply(node, Unary::Relu, negative)?);
        let sloped = self.combine(node, Binary::Mul, negative, slope)?;
        if sloped.shape != x.shape {
            return Err(node.usage("its slopes don't fit its input"));
        }
        self.combine(node, Binary::Sub, positive, sloped)
    }

    fn clip(&mut self, node: &'a Node, x: Tensor) -> Result<Tensor, OnnxError> {
        let mut bounds = [f32::MIN, f32::MAX];
        for (position, bound) in (1..).zip(&mut bounds) {
            if let Some(constant) = self.constant(node, position)? {
                let number = constant.uniform().filter(|_| constant.len() == 1);
                *bound = number.ok_or_else(|| node.usage("its bounds must be single numbers"))?;
            }
        }
        self.clamp(node, x, bounds)
    }

    /// Cut to the least and the greatest value.
    pub(super) fn clamp(&mut self, node: &Node, x: Tensor, [least, greatest]: [f32; 2]) -> Result<Tensor, OnnxError> {
        // An infinite bound is none.
        let (least, greatest) = (least.max(f32::MIN), greatest.min(f32::MAX));
        if least > greatest {
            return Err(node.usage(format!("its bounds {least} and {greatest} are in the wrong order")));
        }
        self.apply(node, Unary::Clamp(least, greatest), x)
    }

    /// The smallest or greatest of a tensor and a number.
    pub(super) fn bound(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let why = "only the minimum or maximum of a tensor and a number is supported";
        if node.inputs().len() == 1 {
            return self.look(node, 0);
        }
        let (first, second) = (self.look(node, 0)?, self.look(node, 1)?);
        let (x, number) = match (first, second) {
            (Known::Tensor(x), Known::Constant(number)) | (Known::Constant(number), Known::Tensor(x)) => (x, number),
            _ => return Err(node.usage(why)),
        };
        let number = number.uniform().filter(|_| number.len() == 1 && node.inputs().len() == 2);
        let number = number.ok_or_else(|| node.usage(why))?;
        let x = self.float(node, x)?;
        let bounds = if node.operator() == Some("Min") { [f32::MIN, number] } else { [number, f32::MAX] };
        self.clamp(node, x, bounds).map(Known::Tensor)
    }

    /// Powers that are products, roots and quotients.
    pub(super) fn pow(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let why = "only constant exponents are supported: -2, -1, -0.5, 0.5, 1, 1.5, 2, 3 and 4";
        let exponent = self.constant(node, 1)?.and_then(|exponent| exponent.uniform());
        let exponent = exponent.ok_or_else(|| node.usage(why))?;
        let result = match exponent {
            1.0 => x,
            2.0 => self.apply(node, Unary::Square, x)?,
            3.0 => {
                let square = self.apply(node, Unary::Square, x)?;
                self.combine(node, Binary::Mul, square, x)?
            }
            4.0 => {
                let square = self.apply(node, Unary::Square, x)?;
                self.apply(node, Unary::Square, square)?
            }
            0.5 => self.apply(node, Unary::Sqrt, x)?,
            1.5 => {
                let root = self.apply(node, Unary::Sqrt, x)?;
                self.combine(node, Binary::Mul, root, x)?
            }
            -0.5 => {
                let root = self.apply(node, Unary::Sqrt, x)?;
                self.apply(node, Unary::Reciprocal, root)?
            }
            -1.0 => self.apply(node, Unary::Reciprocal, x)?,
            -2.0 => {
                let square = self.apply(node, Unary::Square, x)?;
                self.apply(node, Unary::Reciprocal, square)?
            }
            _ => return Err(node.usage(why)),
        };
        Ok(Known::Tensor(result))
    }

    pub(super) fn dropout(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let probability = match self.constant(node, 1)? {
            Some(ratio) => ratio.uniform().filter(|_| ratio.len() == 1),
            None => Some(node.float("ratio")?.unwrap_or(0.5)),
        };
        match probability {
            Some(0.0) => Ok(Known::Tensor(x)),
            Some(probability) if probability > 0.0 && probability < 1.0 => {
                self.push(node, LayerOp::Dropout { probability }, &[x], x.shape).map(Known::Tensor)
            }
            _ => Err(node.usage("its ratio must be a number from 0 to below 1")),
        }
    }

    /// All values are binary32 when the model runs: a cast changes what may be done with them.
    pub(super) fn cast(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let to = fold::cast_kind(node)?;
        self.converted(node, x, to)
    }

    pub(super) fn cast_like(&mut self, node: &'a Node) -> Result<Vec<Known>, OnnxError> {
        let to = match self.look(node, 1)? {
            Known::Constant(constant) => constant.kind(),
            Known::Tensor(tensor) => tensor.kind,
            _ => return Err(node.usage("input 1 is no tensor of numbers")),
        };
        let result = match self.look(node, 0)? {
            Known::Constant(constant) => {
                self.budget.work(node, constant.len() as u64)?;
                Known::Constant(constant.cast(to).into())
            }
            Known::Tensor(x) => self.converted(node, x, to)?,
            _ => return Err(node.usage("input 0 is no tensor of numbers")),
        };
        Ok(vec![result])
    }

    fn converted(&self, node: &Node, x: Tensor, to: Kind) -> Result<Known, OnnxError> {
        match (x.kind, to) {
            (from, to) if from == to => Ok(Known::Tensor(x)),
            (_, Kind::Float) => Ok(Known::Tensor(Tensor { kind: Kind::Float, ..x })),
            // Ids that a data set stores as floats.
            (Kind::Float, Kind::Int) if x.value == Value::Input => Ok(Known::Tensor(Tensor { kind: Kind::Int, ..x })),
            _ => Err(node.usage("only the model's input can become integers, and nothing that depends on it booleans")),
        }
    }
}
