//! Operations that make or move items, and compute none.
use super::{cast_kind, Operands};
use crate::import::onnx::constant::{count, strides_of, Constant, Items};
use crate::import::onnx::shapes;
use crate::import::onnx::tensor::Tensor;
use crate::import::onnx::OnnxError;

/// The result, `None` if the operator is none of these.
pub(super) fn evaluate(operator: &str, operands: &Operands<'_>) -> Result<Option<Constant>, OnnxError> {
    let node = operands.node;
    let result = match operator {
        "Constant" => super::constant(node)?,
        "Identity" => operands.get(0)?.clone(),
        "Cast" => operands.get(0)?.cast(cast_kind(node)?),
        "CastLike" => operands.get(0)?.cast(operands.get(1)?.kind()),
        "Shape" => shape_of(operands, operands.get(0)?.dims())?,
        "Size" => Constant::int(operands.get(0)?.len() as i64),
        "Gather" => gather(operands)?,
        "GatherND" => gather_nd(operands)?,
        "Concat" => concat(operands)?,
        "Slice" => slice(operands)?,
        "Transpose" => {
            let x = operands.get(0)?;
            let perm = operands.fail(shapes::permutation(node.ints("perm")?, x.dims().len()))?;
            let strides = strides_of(x.dims());
            let (dims, strides): (Vec<u64>, Vec<i64>) =
                perm.iter().map(|&from| (x.dims()[from], strides[from])).unzip();
            operands.result(x.view(dims, &strides, 0))?
        }
        "Unsqueeze" => {
            reshaped(operands, |dims| shapes::unsqueeze(dims, operands.ints(1).map_err(|error| error.to_string())?))?
        }
        "Squeeze" => {
            let axes = operands.optional_ints(1)?;
            reshaped(operands, |dims| shapes::squeeze(dims, axes))?
        }
        "Flatten" => {
            let axis = node.int("axis")?.unwrap_or(1);
            reshaped(operands, |dims| shapes::flatten(dims, axis))?
        }
        "Reshape" => {
            let (target, zeros) = (operands.ints(1)?, node.int("allowzero")?.unwrap_or(0) != 0);
            reshaped(operands, |dims| shapes::reshape(dims, target, zeros))?
        }
        "Expand" => {
            let x = operands.get(0)?;
            let dims = lengths(operands, operands.ints(1)?)?;
            let dims = operands.fail(shapes::broadcast(x.dims(), &dims))?;
            operands.result(x.broadcast(&dims))?
        }
        "Tile" => tile(operands)?,
        "Range" => range(operands)?,
        "ConstantOfShape" => constant_of_shape(operands)?,
        "Trilu" => trilu(operands)?,
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// Dimensions from `start` to `end`, as a constant.
fn shape_of(operands: &Operands<'_>, dims: &[u64]) -> Result<Constant, OnnxError> {
    Ok(Constant::list(shape_part(operands.node, dims)?))
}

/// The dimensions that a Shape node asks for.
///
/// # Errors
/// Attributes of a wrong type.
pub(in crate::import::onnx) fn shape_part(
    node: &crate::import::onnx::node::Node,
    dims: &[u64],
) -> Result<Vec<i64>, OnnxError> {
    let rank = dims.len() as i64;
    let place = |at: i64| if at < 0 { at.saturating_add(rank).clamp(0, rank) } else { at.min(rank) };
    let start = place(node.int("start")?.unwrap_or(0));
    let end = place(node.int("end")?.unwrap_or(rank)).max(start);
    let part = dims.iter().skip(start as usize).take((end - start) as usize);
    Ok(part.map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect())
}

/// As lengths of axes.
fn lengths(operands: &Operands<'_>, list: &[i64]) -> Result<Vec<u64>, OnnxError> {
    let lengths: Option<Vec<u64>> = list.iter().map(|&length| u64::try_from(length).ok()).collect();
    lengths.ok_or_else(|| operands.node.usage("a length is negative"))
}

fn reshaped(
    operands: &Operands<'_>,
    to: impl FnOnce(&[u64]) -> Result<Vec<u64>, String>,
) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let dims = operands.fail(to(x.dims()))?;
    operands.result(x.reshaped(dims))
}

/// Items of the first axis.
fn gather_nd(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let indices = operands.get(1)?;
    let mut dims = indices.dims().to_vec();
    if dims.pop() != Some(1) || operands.node.int("batch_dims")?.unwrap_or(0) != 0 {
        return Err(operands.node.usage("only items of the first axis can be looked up"));
    }
    let indices = operands.result(indices.reshaped(dims))?;
    items_at(operands, &indices, 0)
}

fn gather(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let axis = operands.node.int("axis")?.unwrap_or(0);
    items_at(operands, operands.get(1)?, axis)
}

fn items_at(operands: &Operands<'_>, indices: &Constant, axis: i64) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let axis = operands.fail(shapes::axis(axis, x.dims().len()))?;
    let (before, length, behind) = (&x.dims()[..axis], x.dims()[axis], &x.dims()[axis + 1..]);
    let dims: Vec<u64> = before.iter().chain(indices.dims()).chain(behind).copied().collect();
    let (Some(total), Some(outer), Some(inner)) = (count(&dims), count(before), count(behind)) else {
        return operands.result(None);
    };
    // Of nothing there are no rows, however long an axis is said to be.
    let outer = if total == 0 { 0 } else { outer };
    let mut rows = Vec::new();
    for &index in indices.ints().ok_or_else(|| operands.node.usage("its indices aren't integers"))? {
        rows.push(operands.fail(shapes::axis(index, length as usize))?);
    }
    fn pick<T: Copy>(items: &[T], outer: usize, (length, inner): (usize, usize), rows: &[usize]) -> Vec<T> {
        let mut picked = Vec::with_capacity(outer * rows.len() * inner);
        for block in 0..outer {
            for row in rows {
                let at = (block * length + row) * inner;
                picked.extend_from_slice(&items[at..at + inner]);
            }
        }
        picked
    }
    let block = (length as usize, inner);
    let items = match x.items() {
        Items::Int(items) => Items::Int(pick(items, outer, block, &rows)),
        Items::Float(items) => Items::Float(pick(items, outer, block, &rows)),
        Items::Bool(items) => Items::Bool(pick(items, outer, block, &rows)),
    };
    operands.result(Constant::new(dims, items))
}

fn concat(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let first = operands.get(0)?;
    let Some(axis) = operands.node.int("axis")? else { return Err(operands.node.usage("it has no axis")) };
    let axis = operands.fail(shapes::axis(axis, first.dims().len()))?;
    let mut dims = first.dims().to_vec();
    dims[axis] = 0;
    let mut parts = Vec::new();
    for position in 0..operands.inputs.len() {
        let part = operands.get(position)?;
        let mut like = part.dims().to_vec();
        let length = like.get_mut(axis).map(|place| std::mem::replace(place, dims[axis]));
        match length {
            Some(length) if like == dims && part.kind() == first.kind() => {
                dims[axis] = dims[axis].saturating_add(length)
            }
            _ => return Err(operands.node.usage("its inputs have different shapes or element types")),
        }
        parts.push(part);
    }
    let (Some(total), Some(outer), Some(inner)) = (count(&dims), count(&dims[..axis]), count(&dims[axis + 1..])) else {
        return operands.result(None);
    };
    // Of nothing there are no blocks, however long an axis is said to be.
    let (outer, inner) = if total == 0 { (0, 0) } else { (outer, inner) };
    fn join<T: Copy>(parts: &[(&[T], usize)], outer: usize) -> Vec<T> {
        let mut items = Vec::new();
        for block in 0..outer {
            for (part, size) in parts {
                items.extend_from_slice(&part[block * size..][..*size]);
            }
        }
        items
    }
    let size = |part: &Constant| part.dims()[axis] as usize * inner;
    let items = match first.items() {
        Items::Int(_) => Items::Int(join(
            &parts.iter().filter_map(|part| Some((part.ints()?, size(part)))).collect::<Vec<_>>(),
            outer,
        )),
        Items::Float(_) => {
            let floats = |part: &&&Constant| matches!(part.items(), Items::Float(_));
            let owned: Vec<_> = parts.iter().filter(floats).map(|part| (part.to_floats(), size(part))).collect();
            Items::Float(join(&owned.iter().map(|(items, size)| (&items[..], *size)).collect::<Vec<_>>(), outer))
        }
        Items::Bool(_) => {
            let owned: Vec<_> = parts.iter().map(|part| (part.to_bools(), size(part))).collect();
            Items::Bool(join(&owned.iter().map(|(items, size)| (&items[..], *size)).collect::<Vec<_>>(), outer))
        }
    };
    operands.result(Constant::new(dims, items))
}

fn slice(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let (axes, steps) = (operands.optional_ints(3)?, operands.optional_ints(4)?);
    let cuts = operands.fail(shapes::slice(x.dims(), (operands.ints(1)?, operands.ints(2)?), axes, steps))?;
    operands.result(cut(x, &cuts))
}

/// A part of a constant.
fn cut(x: &Constant, cuts: &[shapes::Cut]) -> Option<Constant> {
    let (mut dims, mut strides, mut offset) = (x.dims().to_vec(), strides_of(x.dims()), 0_i64);
    for cut in cuts {
        offset = offset.checked_add(i64::try_from(cut.start).ok()?.checked_mul(strides[cut.axis])?)?;
        strides[cut.axis] = strides[cut.axis].checked_mul(cut.step)?;
        dims[cut.axis] = cut.length;
    }
    x.view(dims, &strides, offset)
}

/// The parts of a constant along an axis.
pub(super) fn split(operands: &Operands<'_>) -> Result<Vec<Constant>, OnnxError> {
    let x = operands.get(0)?;
    let axis = operands.fail(shapes::axis(operands.node.int("axis")?.unwrap_or(0), x.dims().len()))?;
    let parts = operands.node.outputs().len();
    let lengths = operands.fail(shapes::split(x.dims()[axis], operands.optional_ints(1)?, parts))?;
    let mut start = 0;
    let mut results = Vec::new();
    for length in lengths {
        results.push(operands.result(cut(x, &[shapes::Cut { axis, start, step: 1, length }]))?);
        start += length;
    }
    Ok(results)
}

fn tile(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let repeats = lengths(operands, operands.ints(1)?)?;
    if repeats.len() != x.dims().len() {
        return Err(operands.node.usage("it doesn't have one number of repeats for each axis"));
    }
    // Axis by axis as [repeats, length], of which the first moves nowhere.
    let (mut pairs, mut strides, mut dims) = (Vec::new(), Vec::new(), Vec::new());
    for ((&dim, &times), stride) in x.dims().iter().zip(&repeats).zip(strides_of(x.dims())) {
        pairs.extend([times, dim]);
        strides.extend([0, stride]);
        dims.push(dim.saturating_mul(times));
    }
    operands.result(x.view(pairs, &strides, 0).and_then(|tiled| tiled.reshaped(dims)))
}

fn range(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let (start, limit, delta) = (operands.get(0)?, operands.get(1)?, operands.get(2)?);
    if let (Some(start), Some(limit), Some(delta)) = (start.one_int(), limit.one_int(), delta.one_int()) {
        let span = (i128::from(limit) - i128::from(start)) * i128::from(delta.signum());
        let step = i128::from(delta).abs();
        if step == 0 {
            return Err(operands.node.usage("a step of 0"));
        }
        let length = u64::try_from((span.max(0) + step - 1) / step).unwrap_or(u64::MAX);
        let Some(length) = count(&[length]) else { return operands.result(None) };
        let items = (0..length as i64).map(|i| start.wrapping_add(i.wrapping_mul(delta))).collect();
        return Ok(Constant::list(items));
    }
    let (1, 1, 1, Some(start), Some(limit), Some(delta)) =
        (start.len(), limit.len(), delta.len(), start.uniform(), limit.uniform(), delta.uniform())
    else {
        return Err(operands.node.usage("its inputs aren't three numbers of one kind"));
    };
    let (first, step) = (f64::from(start), f64::from(delta));
    let length = ((f64::from(limit) - first) / step).ceil();
    if length.is_nan() || length >= super::MAX_ELEMENTS as f64 {
        return operands.result(None);
    }
    let items: Vec<f32> = (0..length.max(0.0) as u32).map(|i| (first + f64::from(i) * step) as f32).collect();
    operands.result(Constant::new(vec![items.len() as u64], Items::Float(items)))
}

fn constant_of_shape(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let dims = lengths(operands, operands.ints(0)?)?;
    let item = match operands.node.tensor("value")? {
        Some(tensor) => Tensor::inside("value", tensor)?.constant()?,
        None => Constant::float(0.0),
    };
    if item.len() != 1 {
        return Err(operands.node.usage("its value isn't one number"));
    }
    operands.result(item.reshaped(Vec::new()).and_then(|item| item.broadcast(&dims)))
}

/// The triangle above or below a diagonal; zero elsewhere.
fn trilu(operands: &Operands<'_>) -> Result<Constant, OnnxError> {
    let x = operands.get(0)?;
    let [.., rows, columns] = *x.dims() else { return Err(operands.node.usage("its input is no matrix")) };
    let diagonal = match operands.optional(1) {
        None => 0,
        Some(k) => k.one_int().ok_or_else(|| operands.node.usage("its diagonal is no integer"))?,
    };
    let upper = operands.node.int("upper")?.unwrap_or(1) != 0;
    let keeps = |place: usize| {
        let place = place as u64;
        let (row, column) = (place / columns % rows, place % columns);
        let above = (column as i64 - row as i64).saturating_sub(diagonal);
        if upper {
            above >= 0
        } else {
            above <= 0
        }
    };
    fn masked<T: Copy + Default>(items: &[T], keeps: impl Fn(usize) -> bool) -> Vec<T> {
        items.iter().enumerate().map(|(place, &item)| if keeps(place) { item } else { T::default() }).collect()
    }
    let items = match x.items() {
        Items::Int(items) => Items::Int(masked(items, keeps)),
        Items::Float(items) => Items::Float(masked(items, keeps)),
        Items::Bool(items) => Items::Bool(masked(items, keeps)),
    };
    operands.result(Constant::new(x.dims().to_vec(), items))
}
