//! Sums, means and maxima over axes.
use super::{Known, Tensor, Translator};
use crate::import::model::{Reduction, Unary};
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;

impl<'a> Translator<'a> {
    /// Axes reduced to length 1.
    pub(super) fn reduced(
        &mut self,
        node: &Node,
        x: Tensor,
        kind: Reduction,
        axes: &[usize],
    ) -> Result<Tensor, OnnxError> {
        let mut dims = x.dims();
        let mut mask = 0_u8;
        for &axis in axes {
            // An axis of length 1 is its own sum, mean and maximum.
            if std::mem::replace(&mut dims[axis], 1) != 1 {
                mask |= 1 << axis;
            }
        }
        if mask == 0 {
            return Ok(x);
        }
        let shape = self.shape(node, &dims)?;
        self.push(node, LayerOp::Reduce { kind, axes: mask }, &[x], shape)
    }

    pub(super) fn reduce(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.operand(node, 0)?;
        let given = match self.ints(node, 1)? {
            Some(axes) => axes,
            None => node.ints("axes")?.unwrap_or_default().to_vec(),
        };
        let axes = if !given.is_empty() {
            Self::fail(node, shapes::axes(&given, x.rank()))?
        } else if node.int("noop_with_empty_axes")?.unwrap_or(0) != 0 {
            Vec::new()
        } else {
            (0..x.rank()).collect()
        };
        let result = match node.operator() {
            Some("ReduceSum") => self.reduced(node, x, Reduction::Sum, &axes)?,
            Some("ReduceMean") => self.reduced(node, x, Reduction::Mean, &axes)?,
            Some("ReduceMax") => self.reduced(node, x, Reduction::Max, &axes)?,
            Some("ReduceMin") => {
                let negative = self.affine(node, x, -1.0, 0.0)?;
                let greatest = self.reduced(node, negative, Reduction::Max, &axes)?;
                self.affine(node, greatest, -1.0, 0.0)?
            }
            operator => {
                let square = self.apply(node, Unary::Square, x)?;
                let sum = self.reduced(node, square, Reduction::Sum, &axes)?;
                if operator == Some("ReduceL2") {
                    self.apply(node, Unary::Sqrt, sum)?
                } else {
                    sum
                }
            }
        };
        if node.int("keepdims")?.unwrap_or(1) != 0 {
            return Ok(Known::Tensor(result));
        }
        let dims = x.dims();
        let kept = (0..x.rank()).filter(|axis| !axes.contains(axis)).map(|axis| dims[axis]);
        self.reshape(node, result, &kept.collect::<Vec<_>>()).map(Known::Tensor)
    }
}
