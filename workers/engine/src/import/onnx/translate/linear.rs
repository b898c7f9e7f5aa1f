//! Products of matrices.
use super::{Known, Tensor, Translator};
use crate::import::model::Binary;
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;

impl<'a> Translator<'a> {
    /// A product of tensors of at least two dimensions. Where an operand is only the transpose of something, that is
    /// read instead: so a weight keeps the shape that it has in PyTorch.
    fn product(&mut self, node: &Node, a: (Tensor, bool), b: (Tensor, bool)) -> Result<Tensor, OnnxError> {
        let ((a, trans_a), (b, trans_b)) = (self.untransposed(a), self.untransposed(b));
        let (mut lead_a, mut lead_b) = (a.dims(), b.dims());
        let (Some(a1), Some(a0), Some(b1), Some(b0)) = (lead_a.pop(), lead_a.pop(), lead_b.pop(), lead_b.pop()) else {
            return Err(node.usage("its inputs are no matrices"));
        };
        let (m, k) = if trans_a { (a1, a0) } else { (a0, a1) };
        let (k_b, n) = if trans_b { (b1, b0) } else { (b0, b1) };
        if k != k_b {
            return Err(node.usage(format!("shapes {} and {} can't be multiplied", a.shape, b.shape)));
        }
        let mut dims = Self::fail(node, shapes::broadcast(&lead_a, &lead_b))?;
        dims.extend([m, n]);
        let shape = self.shape(node, &dims)?;
        self.push(node, LayerOp::MatMul { trans_a, trans_b }, &[a, b], shape)
    }

    /// What a tensor is, and whether transposed, if it is a transpose of the last two axes.
    fn untransposed(&self, (x, transposed): (Tensor, bool)) -> (Tensor, bool) {
        let Some(layer) = self.layer(x.value) else { return (x, transposed) };
        let (LayerOp::Transpose { perm }, rank) = (&layer.op, x.rank()) else { return (x, transposed) };
        let mut swapped: Vec<u8> = (0..6).collect();
        if rank < 2 {
            return (x, transposed);
        }
        swapped.swap(rank - 2, rank - 1);
        if perm[..] != swapped[..] {
            return (x, transposed);
        }
        (self.tensor_of(layer.inputs[0]), !transposed)
    }

    pub(super) fn mat_mul(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let (mut a, mut b) = (self.operand(node, 0)?, self.operand(node, 1)?);
        // Vectors are matrices of one row or column, which the result loses.
        let (row, column) = (a.rank() == 1, b.rank() == 1);
        if row {
            let dims = [&[1][..], &a.dims()].concat();
            a = self.reshape(node, a, &dims)?;
        }
        if column {
            let dims = [&b.dims()[..], &[1]].concat();
            b = self.reshape(node, b, &dims)?;
        }
        let product = self.product(node, (a, false), (b, false))?;
        if !row && !column {
            return Ok(Known::Tensor(product));
        }
        let mut dims = product.dims();
        if column {
            dims.pop();
        }
        if row {
            let place = dims.len() - usize::from(!column) - 1;
            dims.remove(place);
        }
        self.reshape(node, product, &dims).map(Known::Tensor)
    }

    /// Whether there is a bias; a constant of zeros, which exporters put where there is none, is none.
    pub(super) fn has_bias(&mut self, node: &'a Node, position: usize) -> Result<bool, OnnxError> {
        Ok(match self.optional(node, position)? {
            None => false,
            Some(Known::Constant(constant)) => constant.uniform() != Some(0.0),
            Some(_) => true,
        })
    }

    /// `alpha · A · B + beta · C`.
    pub(super) fn gemm(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let (a, b) = (self.operand(node, 0)?, self.operand(node, 1)?);
        if a.rank() != 2 || b.rank() != 2 {
            return Err(node.usage("its inputs are no matrices"));
        }
        let (alpha, beta) = (node.float("alpha")?.unwrap_or(1.0), node.float("beta")?.unwrap_or(1.0));
        let trans_a = node.int("transA")?.unwrap_or(0) != 0;
        let trans_b = node.int("transB")?.unwrap_or(0) != 0;
        let product = self.product(node, (a, trans_a), (b, trans_b))?;
        let product = self.affine(node, product, alpha, 0.0)?;
        if !self.has_bias(node, 2)? || beta == 0.0 {
            return Ok(Known::Tensor(product));
        }
        let bias = self.operand(node, 2)?;
        let bias = self.affine(node, bias, beta, 0.0)?;
        let sum = self.combine(node, Binary::Add, product, bias)?;
        if sum.shape != product.shape {
            return Err(node.usage("its bias doesn't fit the product"));
        }
        Ok(Known::Tensor(sum))
    }
}
