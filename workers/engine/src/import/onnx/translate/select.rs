//! Gather: rows of a table by ids of the input, and items at constant places.
use super::{Kind, Known, Tensor, Translator};
use crate::import::onnx::constant::Constant;
use crate::import::onnx::node::Node;
use crate::import::onnx::{shapes, OnnxError};
use crate::import::LayerOp;
use assay_core::graph::constants::MAX_CLASSES;

/// Slices that one Gather becomes at most.
const MAX_RUNS: usize = 64;

/// Indices that one Gather may have, beyond a row of neighbours.
const MAX_INDICES: usize = 1 << 20;

impl<'a> Translator<'a> {
    pub(super) fn gather(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let axis = Self::fail(node, shapes::axis(node.int("axis")?.unwrap_or(0), x.rank()))?;
        let result = match self.look(node, 1)? {
            Known::Constant(places) => self.select(node, x, axis, &places)?,
            Known::Tensor(ids) if ids.kind == Kind::Int && axis == 0 => self.rows(node, x, ids)?,
            Known::Tensor(ids) if ids.kind == Kind::Int => {
                return Err(node.usage("only rows can be looked up by ids: axis must be 0"));
            }
            _ => return Err(node.usage("its indices aren't integers")),
        };
        Ok(Known::Tensor(result))
    }

    /// As PyTorch's newer exporter writes `table[ids]`: places of one axis each.
    pub(super) fn gather_nd(&mut self, node: &'a Node) -> Result<Known, OnnxError> {
        let x = self.any_operand(node, 0)?;
        let why = "only items of the first axis can be looked up: use index_select or an embedding";
        let known = self.look(node, 1)?;
        let mut dims = match &known {
            Known::Constant(places) => places.dims().to_vec(),
            Known::Tensor(ids) => ids.dims(),
            _ => return Err(node.usage(why)),
        };
        if dims.pop() != Some(1) || node.int("batch_dims")?.unwrap_or(0) != 0 || x.rank() == 0 {
            return Err(node.usage(why));
        }
        let result = match known {
            Known::Constant(places) => {
                let places = places.reshaped(dims).ok_or_else(|| node.usage(why))?;
                self.select(node, x, 0, &places)?
            }
            Known::Tensor(ids) if ids.kind == Kind::Int => {
                let ids = self.reshape(node, ids, &dims)?;
                self.rows(node, x, ids)?
            }
            _ => return Err(node.usage("its indices aren't integers")),
        };
        Ok(Known::Tensor(result))
    }

    /// Rows of a table by ids.
    fn rows(&mut self, node: &Node, table: Tensor, ids: Tensor) -> Result<Tensor, OnnxError> {
        let table = self.float(node, table)?;
        let [rows, ref row @ ..] = table.dims()[..] else { return Err(node.usage("its table has no rows")) };
        if rows > MAX_CLASSES {
            return Err(node.usage(format!("its table has {rows} rows; {MAX_CLASSES} are supported")));
        }
        let width = row.iter().product();
        let flat = self.reshape(node, table, &[rows, width])?;
        let dims = [&ids.dims()[..], &[width]].concat();
        let shape = self.shape(node, &dims)?;
        let found = self.push(node, LayerOp::Embed, &[flat, ids], shape)?;
        self.reshape(node, found, &[&ids.dims()[..], row].concat())
    }

    /// Items at constant places of an axis.
    fn select(&mut self, node: &Node, x: Tensor, axis: usize, places: &Constant) -> Result<Tensor, OnnxError> {
        let mut dims = x.dims();
        let length = dims[axis];
        let indices = places.ints().ok_or_else(|| node.usage("its indices aren't integers"))?;
        if indices.is_empty() || indices.len() > MAX_INDICES {
            return Err(node.usage(format!("it has {} indices", indices.len())));
        }
        let indices: Result<Vec<u64>, String> =
            indices.iter().map(|&index| shapes::axis(index, length as usize).map(|index| index as u64)).collect();
        let indices = Self::fail(node, indices)?;
        dims.splice(axis..=axis, places.dims().iter().copied());
        self.shape(node, &dims)?;
        let runs = runs(&indices);
        let table = axis == 0 && x.rank() == 2 && x.kind == Kind::Float && length <= MAX_CLASSES;
        let picked = match runs[..] {
            [(start, step, count)] => self.cut(node, x, shapes::Cut { axis, start, step, length: count })?,
            _ if table && runs.len() > 4 => {
                let ids =
                    self.frozen(node, "ids", &Constant::list(indices.iter().map(|&index| index as i64).collect()))?;
                self.rows(node, x, ids)?
            }
            _ if runs.len() <= MAX_RUNS => {
                let mut parts = Vec::new();
                for (start, step, count) in runs {
                    parts.push(self.cut(node, x, shapes::Cut { axis, start, step, length: count })?);
                }
                let mut joined = parts[0];
                for &part in &parts[1..] {
                    let mut dims = joined.dims();
                    dims[axis] += part.dims()[axis];
                    let shape = self.shape(node, &dims)?;
                    joined = self.push(node, LayerOp::Concat { axis: axis as u8 }, &[joined, part], shape)?;
                }
                joined
            }
            _ => return Err(node.usage(format!("its indices have no order: more than {MAX_RUNS} pieces"))),
        };
        self.reshape(node, picked, &dims)
    }
}

/// Indices as rows of equal steps: start, step, count.
fn runs(indices: &[u64]) -> Vec<(u64, i64, u64)> {
    let mut runs: Vec<(u64, i64, u64)> = Vec::new();
    let mut last = 0;
    for &index in indices {
        let joined = match runs.last_mut() {
            Some((_, step, count)) if index > last => {
                let distance = (index - last) as i64;
                if *count == 1 {
                    *step = distance;
                }
                let fits = *step == distance;
                *count += u64::from(fits);
                fits
            }
            _ => false,
        };
        if !joined {
            runs.push((index, 1, 1));
        }
        last = index;
    }
    runs
}
