//! Norms.
use super::{Known, Tensor, Translator};
use crate::import::model::{Binary, Reduction, Unary};
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::{LayerOp, Value};

impl<'a> Translator<'a> {
    pub(super) fn batch_norm(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let [_, channels, ..] = x.dims()[..] else { return Err(node.usage("its input has no channels")) };
        let mut inputs = vec![x];
        for position in 1..5 {
            let statistic = position >= 3;
            let input = match self.look(node, position)? {
                // Statistics follow the data: two layers never share them.
                Known::Constant(constant) if statistic => {
                    self.frozen_as(node, node.input(position).unwrap_or_default(), &constant, false)?
                }
                known => self.tensor(node, known, position)?,
            };
            if input.dims() != [channels] {
                let why = format!("input {position} is {}, but there are {channels} channels", input.shape);
                return Err(node.usage(why));
            }
            if statistic {
                let Value::Param(index) = input.value else {
                    return Err(node.usage(format!("input {position}, a running statistic, is computed")));
                };
                self.parameters.freeze(index);
            }
            inputs.push(input);
        }
        let epsilon = epsilon(node)?;
        // The exporter stored 1 − momentum; to more than six digits nobody sets it.
        let kept = f64::from(node.float("momentum")?.unwrap_or(0.9));
        let momentum = ((1.0 - kept) * 1e6).round() / 1e6;
        if !(0.0..=1.0).contains(&momentum) {
            return Err(node.usage(format!("its momentum is {kept}")));
        }
        let op = LayerOp::BatchNorm { epsilon, momentum: momentum as f32 };
        self.push(node, op, &inputs, x.shape).map(Known::Tensor)
    }

    /// LayerNormalization and RMSNormalization.
    pub(super) fn layer_norm(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let axis = Self::fail(node, shapes::axis(node.int("axis")?.unwrap_or(-1), x.rank()))?;
        let dims = x.dims().split_off(axis);
        let epsilon = epsilon(node)?;
        let weight = self.operand(node, 1)?;
        let mut inputs = vec![x, self.fitted(node, weight, &dims)?];
        let axis = axis as u8; // Below 6.
        let op = if node.operator() == Some("RMSNormalization") {
            LayerOp::RmsNorm { axis, epsilon }
        } else {
            if node.input(2).is_some() {
                let bias = self.operand(node, 2)?;
                inputs.push(self.fitted(node, bias, &dims)?);
            }
            LayerOp::LayerNorm { axis, epsilon }
        };
        self.push(node, op, &inputs, x.shape).map(Known::Tensor)
    }

    /// A weight that may be broadcast, in the shape of what it is multiplied with.
    fn fitted(&mut self, node: &Node, weight: Tensor, dims: &[u64]) -> Result<Tensor, OnnxError> {
        let mut own = weight.dims();
        while own.len() > dims.len() && own[0] == 1 {
            own.remove(0);
        }
        if Self::fail(node, shapes::broadcast(&own, dims))? != dims {
            return Err(node.usage(format!("its weight {} doesn't fit the axes {dims:?}", weight.shape)));
        }
        let weight = self.reshape(node, weight, &own)?;
        self.expand(node, weight, dims)
    }

    /// `(x − mean) / √(variance + ε)` over axes.
    fn standardized(&mut self, node: &Node, x: Tensor, axes: &[usize], epsilon: f32) -> Result<Tensor, OnnxError> {
        let mean = self.reduced(node, x, Reduction::Mean, axes)?;
        let centred = self.combine(node, Binary::Sub, x, mean)?;
        let square = self.apply(node, Unary::Square, centred)?;
        let variance = self.reduced(node, square, Reduction::Mean, axes)?;
        let factor = self.inverse_root(node, variance, epsilon)?;
        self.combine(node, Binary::Mul, centred, factor)
    }

    /// Times weights and plus biases of channels, which are axis 1.
    fn scaled(&mut self, node: &'a Node, x: Tensor) -> Result<Known, OnnxError> {
        let mut per_channel = vec![1; x.rank() - 1];
        per_channel[0] = x.dims()[1];
        let (weight, bias) = (self.operand(node, 1)?, self.operand(node, 2)?);
        if weight.dims() != per_channel[..1] || bias.dims() != per_channel[..1] {
            return Err(node.usage(format!("its weight and bias should have {} elements", per_channel[0])));
        }
        let weight = self.reshape(node, weight, &per_channel)?;
        let bias = self.reshape(node, bias, &per_channel)?;
        let product = self.combine(node, Binary::Mul, x, weight)?;
        self.combine(node, Binary::Add, product, bias).map(Known::Tensor)
    }

    pub(super) fn instance_norm(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        if x.rank() < 3 {
            return Err(node.usage("its input is no image"));
        }
        let axes: Vec<usize> = (2..x.rank()).collect();
        let result = self.standardized(node, x, &axes, epsilon(node)?)?;
        self.scaled(node, result)
    }

    pub(super) fn group_norm(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let dims = x.dims();
        let groups = node.int("num_groups")?.and_then(|groups| u64::try_from(groups).ok()).unwrap_or(0);
        let [n, c, ..] = dims[..] else { return Err(node.usage("its input has no channels")) };
        if groups == 0 || c % groups != 0 {
            return Err(node.usage(format!("{c} channels can't be {groups} groups")));
        }
        if self.file.version < 21 {
            // Its weights were per group, by mistake, and PyTorch doesn't write it.
            return Err(
                node.usage("GroupNormalization is supported from opset 21 on: export with opset_version=21 or 17")
            );
        }
        let rest = dims[2..].iter().product::<u64>() * (c / groups);
        let grouped = self.reshape(node, x, &[n, groups, rest])?;
        let result = self.standardized(node, grouped, &[2], epsilon(node)?)?;
        let result = self.reshape(node, result, &dims)?;
        self.scaled(node, result)
    }
}

fn epsilon(node: &Node) -> Result<f32, OnnxError> {
    let epsilon = node.float("epsilon")?.unwrap_or(1e-5);
    if !epsilon.is_finite() || epsilon < 0.0 {
        return Err(node.usage(format!("its epsilon is {epsilon}")));
    }
    Ok(epsilon)
}
