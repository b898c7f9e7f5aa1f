//! Masks and softmax.
use super::{Known, Tensor, Translator};
use crate::import::model::{Binary, Unary};
use crate::import::onnx::constant::{Constant, Items};
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;

impl<'a> Translator<'a> {
    /// x where the mask is true, `otherwise` elsewhere.
    pub(super) fn masked(
        &mut self,
        node: &'a Node,
        x: Tensor,
        visible: &Constant,
        otherwise: f32,
        dims: &[u64],
    ) -> Result<Tensor, OnnxError> {
        if otherwise.is_nan() {
            return Err(node.usage("it fills with NaN"));
        }
        let mask = visible.to_bools();
        if otherwise.is_infinite() {
            // What follows is a softmax over the last axis, which would divide by zero.
            let row = visible.dims().last().map_or(1, |&length| length as usize);
            if mask.chunks(row.max(1)).any(|row| !row.contains(&true)) {
                return Err(node.usage("its mask hides a whole row, whose softmax would be NaN"));
            }
        }
        let x = self.expand(node, x, dims)?;
        let mask = Constant::new(visible.dims().to_vec(), Items::Bool(mask));
        let mask = mask.ok_or_else(|| node.usage("its mask is too large"))?;
        let mask = self.frozen(node, "mask", &mask)?;
        self.push(node, LayerOp::Where { otherwise }, &[x, mask], x.shape)
    }

    pub(super) fn choose(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let (yes, no) = (self.look(node, 1)?, self.look(node, 2)?);
        if let Known::IsNan(value) = self.look(node, 0)? {
            // PyTorch's softmax of a row that is hidden as a whole. There are none: `masked` has seen to that.
            return match (yes, no) {
                (Known::Constant(zero), Known::Tensor(x)) if x.value == value && zero.uniform() == Some(0.0) => {
                    Ok(Known::Tensor(x))
                }
                _ => Err(node.usage("IsNaN is only supported to replace NaN by 0")),
            };
        }
        if let Known::Above(x, threshold) = self.look(node, 0)? {
            let chosen = self.chosen_above(x, threshold, &yes, &no).map(Known::Tensor);
            return chosen
                .ok_or_else(|| node.usage("its condition depends on the input; only constant masks are supported"));
        }
        let Some(condition) = self.constant(node, 0)? else { return Err(node.usage("input 0 is missing")) };
        let dims_of = |known: &Known| match known {
            Known::Constant(constant) => Some(constant.dims().to_vec()),
            Known::Tensor(tensor) => Some(tensor.dims()),
            _ => None,
        };
        let (Some(yes_dims), Some(no_dims)) = (dims_of(&yes), dims_of(&no)) else {
            return Err(node.usage("its inputs are no tensors of numbers"));
        };
        let dims = Self::fail(node, shapes::broadcast(&yes_dims, &no_dims))?;
        let dims = Self::fail(node, shapes::broadcast(&dims, condition.dims()))?;
        let shown = condition.to_bools();
        let number = |known: &Known| match known {
            Known::Constant(constant) => constant.uniform(),
            _ => None,
        };
        let mask = |items: Vec<bool>| Constant::new(condition.dims().to_vec(), Items::Bool(items));
        let too_large = || node.usage("its condition is too large");
        let hidden = shown.iter().map(|shown| !shown).collect::<Vec<_>>();
        let result = if !shown.contains(&false) || !shown.contains(&true) {
            // One of the two everywhere.
            let (known, position) = if shown.contains(&true) { (yes, 1) } else { (no, 2) };
            let x = self.tensor(node, known, position)?;
            self.expand(node, x, &dims)?
        } else if let (Some(otherwise), Known::Tensor(x)) = (number(&yes), &no) {
            let x = self.float(node, *x)?;
            self.masked(node, x, &mask(hidden).ok_or_else(too_large)?, otherwise, &dims)?
        } else if let (Known::Tensor(x), Some(otherwise)) = (&yes, number(&no)) {
            let x = self.float(node, *x)?;
            self.masked(node, x, &mask(shown).ok_or_else(too_large)?, otherwise, &dims)?
        } else {
            // Two tensors: the sum of both, each zero where the other one counts.
            let (x, y) = (self.operand(node, 1)?, self.operand(node, 2)?);
            let x = self.masked(node, x, &mask(shown).ok_or_else(too_large)?, 0.0, &dims)?;
            let y = self.masked(node, y, &mask(hidden).ok_or_else(too_large)?, 0.0, &dims)?;
            self.combine(node, Binary::Add, x, y)?
        };
        Ok(Known::Tensor(result))
    }

    pub(super) fn softmax(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let rank = x.rank();
        let axis = Self::fail(node, shapes::axis(node.int("axis")?.unwrap_or(-1), rank))?;
        let op = if node.operator() == Some("Softmax") { LayerOp::Softmax } else { LayerOp::LogSoftmax };
        if axis + 1 == rank {
            return self.push(node, op, &[x], x.shape).map(Known::Tensor);
        }
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(axis, rank - 1);
        let turned = self.transpose(node, x, &perm)?;
        let result = self.push(node, op, &[turned], turned.shape)?;
        self.transpose(node, result, &perm).map(Known::Tensor)
    }

    /// `1 / √(x + ε)`, for norms.
    pub(super) fn inverse_root(&mut self, node: &Node, x: Tensor, epsilon: f32) -> Result<Tensor, OnnxError> {
        let shifted = self.affine(node, x, 1.0, epsilon)?;
        let root = self.apply(node, Unary::Sqrt, shifted)?;
        self.apply(node, Unary::Reciprocal, root)
    }
}
