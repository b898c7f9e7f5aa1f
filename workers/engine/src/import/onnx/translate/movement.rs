//! Operations that move items: shapes, transposes, parts, padding.
use super::{Known, Tensor, Translator};
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;
use std::rc::Rc;

impl<'a> Translator<'a> {
    /// In another shape; of several in a row only the last one stays.
    pub(super) fn reshape(&mut self, node: &Node, x: Tensor, dims: &[u64]) -> Result<Tensor, OnnxError> {
        let shape = self.shape(node, dims)?;
        if shape.elements() != x.shape.elements() {
            return Err(node.usage(format!("{} can't become {shape}", x.shape)));
        }
        let mut from = x;
        while let Some(layer) = self.layer(from.value).filter(|layer| layer.op == LayerOp::Reshape) {
            from = Tensor { kind: x.kind, ..self.tensor_of(layer.inputs[0]) };
        }
        if shape == from.shape {
            return Ok(from);
        }
        if shape == x.shape {
            return Ok(x);
        }
        self.push(node, LayerOp::Reshape, &[from], shape)
    }

    /// Reshape, Flatten, Squeeze and Unsqueeze.
    pub(super) fn reshape_node(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let dims = x.dims();
        let target = match node.operator() {
            Some("Flatten") => shapes::flatten(&dims, node.int("axis")?.unwrap_or(1)),
            Some("Squeeze") => shapes::squeeze(&dims, self.ints(node, 1)?.as_deref()),
            Some("Unsqueeze") => shapes::unsqueeze(&dims, &self.needed_ints(node, 1)?),
            _ => {
                let zeros = node.int("allowzero")?.unwrap_or(0) != 0;
                shapes::reshape(&dims, &self.needed_ints(node, 1)?, zeros)
            }
        };
        let target = Self::fail(node, target)?;
        self.reshape(node, x, &target).map(Known::Tensor)
    }

    /// Axis i of the result is axis `perm[i]`.
    pub(super) fn transpose(&mut self, node: &Node, x: Tensor, perm: &[usize]) -> Result<Tensor, OnnxError> {
        if perm.iter().enumerate().all(|(axis, &from)| axis == from) {
            return Ok(x);
        }
        let dims = x.dims();
        let turned: Vec<u64> = perm.iter().map(|&from| dims[from]).collect();
        let shape = self.shape(node, &turned)?;
        let mut full = [0, 1, 2, 3, 4, 5];
        full.iter_mut().zip(perm).for_each(|(place, &from)| *place = from as u8); // Below 6.
        self.push(node, LayerOp::Transpose { perm: full }, &[x], shape)
    }

    pub(super) fn transpose_node(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let perm = Self::fail(node, shapes::permutation(node.ints("perm")?, x.rank()))?;
        self.transpose(node, x, &perm).map(Known::Tensor)
    }

    /// Broadcast to these dimensions.
    pub(super) fn expand(&mut self, node: &Node, x: Tensor, dims: &[u64]) -> Result<Tensor, OnnxError> {
        let shape = self.shape(node, dims)?;
        if shape == x.shape {
            return Ok(x);
        }
        if shape.elements() == x.shape.elements() {
            return self.reshape(node, x, dims);
        }
        self.push(node, LayerOp::Expand, &[x], shape)
    }

    pub(super) fn expand_node(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let dims = self.lengths(node, 1)?;
        let dims = Self::fail(node, shapes::broadcast(&x.dims(), &dims))?;
        self.expand(node, x, &dims).map(Known::Tensor)
    }

    /// An input of lengths.
    fn lengths(&mut self, node: &'a Node, position: usize) -> Result<Vec<u64>, OnnxError> {
        let list = self.needed_ints(node, position)?;
        let lengths: Option<Vec<u64>> = list.into_iter().map(|length| u64::try_from(length).ok()).collect();
        lengths.ok_or_else(|| node.usage(format!("input {position} holds a negative length")))
    }

    /// Axis by axis: `[.., d, ..]` as `[.., 1, d, ..]`, broadcast, and joined.
    pub(super) fn tile(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let mut x = self.any_operand(node, 0)?;
        let repeats = self.lengths(node, 1)?;
        if repeats.len() != x.rank() {
            return Err(node.usage("it doesn't have one number of repeats for each axis"));
        }
        for (axis, &times) in repeats.iter().enumerate().filter(|(_, &times)| times != 1) {
            let mut dims = x.dims();
            dims.insert(axis, 1);
            let apart = self.reshape(node, x, &dims)?;
            dims[axis] = times;
            let many = self.expand(node, apart, &dims)?;
            let length = dims.remove(axis);
            dims[axis] = dims[axis].saturating_mul(length);
            x = self.reshape(node, many, &dims)?;
        }
        Ok(Known::Tensor(x))
    }

    pub(super) fn concat(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let mut joined = self.any_operand(node, 0)?;
        let Some(axis) = node.int("axis")? else { return Err(node.usage("it has no axis")) };
        let axis = Self::fail(node, shapes::axis(axis, joined.rank()))?;
        for position in 1..node.inputs().len() {
            // Nothing can be appended as often as one likes.
            if let Known::Constant(constant) = self.look(node, position)? {
                if constant.len() == 0 {
                    continue;
                }
            }
            let next = self.any_operand(node, position)?;
            let (mut dims, mut other) = (joined.dims(), next.dims());
            let length = other.get_mut(axis).map(|place| std::mem::replace(place, dims[axis]));
            match length {
                Some(length) if other == dims && next.kind == joined.kind => dims[axis] += length,
                _ => return Err(node.usage(format!("{} and {} can't be joined", joined.shape, next.shape))),
            }
            let shape = self.shape(node, &dims)?;
            joined = self.push(node, LayerOp::Concat { axis: axis as u8 }, &[joined, next], shape)?;
        }
        Ok(Known::Tensor(joined))
    }

    /// Items `start + i · step` of an axis, `length` of them.
    pub(super) fn cut(&mut self, node: &Node, x: Tensor, cut: shapes::Cut) -> Result<Tensor, OnnxError> {
        let mut dims = x.dims();
        if (cut.start, cut.step, cut.length) == (0, 1, dims[cut.axis]) {
            return Ok(x);
        }
        let (Ok(start), Ok(step)) = (u32::try_from(cut.start), u32::try_from(cut.step)) else {
            return Err(node.usage("only steps from 1 on are supported"));
        };
        if cut.length == 0 {
            return Err(node.usage("it takes nothing"));
        }
        dims[cut.axis] = cut.length;
        let shape = self.shape(node, &dims)?;
        self.push(node, LayerOp::Slice { axis: cut.axis as u8, start, step }, &[x], shape)
    }

    pub(super) fn slice(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let mut x = self.any_operand(node, 0)?;
        let (starts, ends) = (self.needed_ints(node, 1)?, self.needed_ints(node, 2)?);
        let (axes, steps) = (self.ints(node, 3)?, self.ints(node, 4)?);
        let cuts = shapes::slice(&x.dims(), (&starts, &ends), axes.as_deref(), steps.as_deref());
        for cut in Self::fail(node, cuts)? {
            x = self.cut(node, x, cut)?;
        }
        Ok(Known::Tensor(x))
    }

    pub(super) fn split(&mut self, node: &'a Node) -> Result<Vec<Known>, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let axis = Self::fail(node, shapes::axis(node.int("axis")?.unwrap_or(0), x.rank()))?;
        let sizes = self.ints(node, 1)?;
        self.parts(node, x, axis, sizes.as_deref(), node.outputs().len())
    }

    fn parts(
        &mut self,
        node: &Node,
        x: Tensor,
        axis: usize,
        sizes: Option<&[i64]>,
        parts: usize,
    ) -> Result<Vec<Known>, OnnxError> {
        let mut start = 0;
        let mut results = Vec::new();
        for length in Self::fail(node, shapes::split(x.dims()[axis], sizes, parts))? {
            results.push(Known::Tensor(self.cut(node, x, shapes::Cut { axis, start, step: 1, length })?));
            start += length;
        }
        Ok(results)
    }

    pub(super) fn split_to_sequence(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let axis = Self::fail(node, shapes::axis(node.int("axis")?.unwrap_or(0), x.rank()))?;
        let length = x.dims()[axis];
        let (sizes, drops) = match self.constant(node, 1)? {
            None => {
                (vec![1; length.min(super::super::MAX_EDGES as u64) as usize], node.int("keepdims")?.unwrap_or(1) == 0)
            }
            // One number: that long each, but perhaps the last.
            Some(each) if each.dims().is_empty() => {
                let each = each.one_int().and_then(|each| u64::try_from(each).ok()).filter(|&each| each > 0);
                let each = each.ok_or_else(|| node.usage("a part's length isn't a positive integer"))?;
                if length.div_ceil(each) > super::super::MAX_EDGES as u64 {
                    return Err(node.usage("it has too many parts"));
                }
                let starts = (0..length.div_ceil(each)).map(|part| part * each);
                (starts.map(|start| each.min(length - start) as i64).collect(), false)
            }
            Some(_) => (self.needed_ints(node, 1)?, false),
        };
        let mut parts = self.parts(node, x, axis, Some(&sizes), sizes.len())?;
        if drops {
            for part in &mut parts {
                if let Known::Tensor(tensor) = part {
                    let mut dims = tensor.dims();
                    dims.remove(axis);
                    *part = Known::Tensor(self.reshape(node, *tensor, &dims)?);
                }
            }
        }
        Ok(Known::Sequence(Rc::new(parts)))
    }

    pub(super) fn sequence_at(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let Known::Sequence(parts) = self.look(node, 0)? else { return Err(node.usage("input 0 is no sequence")) };
        let index = self.constant(node, 1)?.and_then(|index| index.one_int());
        let index = index.ok_or_else(|| node.usage("its position isn't one integer"))?;
        let index = Self::fail(node, shapes::axis(index, parts.len()))?;
        Ok(parts[index].clone())
    }

    pub(super) fn pad(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let mut x = self.any_operand(node, 0)?;
        let mode = node.string("mode")?.unwrap_or("constant");
        if mode != "constant" {
            return Err(node.usage(format!("mode {mode:?} isn't supported; only zeros are")));
        }
        let value = self.constant(node, 2)?;
        if value.is_some_and(|value| value.uniform() != Some(0.0)) {
            return Err(node.usage("it pads with something else than zeros"));
        }
        let pads = self.lengths(node, 1)?;
        let axes = match self.ints(node, 3)? {
            Some(axes) => Self::fail(node, shapes::axes(&axes, x.rank()))?,
            None => (0..x.rank()).collect(),
        };
        if pads.len() != 2 * axes.len() {
            return Err(node.usage("it doesn't have two lengths for each axis"));
        }
        for (place, &axis) in axes.iter().enumerate() {
            let (before, after) = (pads[place], pads[place + axes.len()]);
            if (before, after) == (0, 0) {
                continue;
            }
            let mut dims = x.dims();
            dims[axis] = dims[axis].saturating_add(before).saturating_add(after);
            let shape = self.shape(node, &dims)?;
            let before = before as u32; // Less than the dimension, which fits.
            x = self.push(node, LayerOp::Pad { axis: axis as u8, before }, &[x], shape)?;
        }
        Ok(Known::Tensor(x))
    }
}
