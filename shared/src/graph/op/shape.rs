//! Shapes: which inputs suit an operator, and what it makes of them.
use super::{ConvPart, Op, PoolKind, Window};
use crate::graph::constants::MAX_CLASSES;
use crate::graph::{GraphError, Input, Shape, MAX_RANK};

impl Op {
    /// Shape of the output for these inputs.
    ///
    /// Of some operators the node's shape says more than the inputs do. For these it is the greatest or plainest one:
    /// all rows ([`Gather`](Op::Gather)), the input's own ([`Reshape`](Op::Reshape), [`Slice`](Op::Slice),
    /// [`Pad`](Op::Pad), [`PoolGrad`](Op::PoolGrad), gradients of [`Conv`](Op::Conv) and [`Embed`](Op::Embed)).
    ///
    /// # Errors
    /// A wrong number of inputs, shapes that don't fit, or attributes out of range.
    pub fn infer(&self, inputs: &[Input]) -> Result<Shape, GraphError> {
        self.output(inputs, None)
    }

    /// Checks that these inputs can give an output of this shape.
    ///
    /// # Errors
    /// As [`infer`](Self::infer), or another output shape.
    pub(in crate::graph) fn check(&self, inputs: &[Input], shape: &Shape) -> Result<(), GraphError> {
        let expected = self.output(inputs, Some(shape))?;
        if *shape == expected {
            Ok(())
        } else {
            Err(GraphError::OutputShape { expected, got: *shape })
        }
    }

    /// The output's shape. `stated` is what the node says, where that matters: it comes back if it is possible.
    fn output(&self, inputs: &[Input], stated: Option<&Shape>) -> Result<Shape, GraphError> {
        if inputs.len() != usize::from(self.arity()) {
            return Err(self.input_count(inputs.len()));
        }
        match (*self, inputs) {
            (Op::Gather { rows, part, parts, .. }, [x]) => {
                if part >= parts {
                    return Err(GraphError::Attribute);
                }
                let [data, row @ ..] = x.shape.dims() else { return Err(input_shape(0, x)) };
                if *data != rows {
                    return Err(GraphError::GatherRows { attribute: rows, data: *data });
                }
                Ok(match stated.map(Shape::dims) {
                    Some([batch, rest @ ..]) if *batch <= rows && rest == row => *stated.unwrap_or(&x.shape),
                    _ => x.shape,
                })
            }
            (Op::Jitter { exponent, .. }, [x]) => {
                if !(-23..=-1).contains(&exponent) {
                    return Err(GraphError::JitterExponent(exponent));
                }
                Ok(x.shape)
            }
            (Op::Dropout { .. }, [x]) => Ok(x.shape),
            (Op::Map { .. }, _) => broadcast(inputs, stated),
            (Op::MatMul { trans_a, trans_b }, [a, b]) => matmul((a, trans_a), (b, trans_b)),
            (Op::Conv { part, window, groups }, [a, b]) => conv(part, &window, groups, [a, b], stated),
            (Op::Pool { window, kernel, .. }, [x]) => {
                let [n, c, h, w] = image(0, x)?;
                let [h, w] = windows(&window, [h, w], kernel.map(u32::from)).ok_or_else(|| input_shape(0, x))?;
                Shape::new(&[n, c, h, w])
            }
            (Op::PoolGrad { kind, window, kernel }, [dy, rest @ ..]) => {
                if kind == PoolKind::Argmax {
                    return Err(GraphError::Attribute);
                }
                if let [argmax] = rest {
                    same(1, argmax, &dy.shape)?;
                }
                let [n, c, h, w] = image(0, dy)?;
                let x = stated.unwrap_or(&dy.shape);
                let &[xn, xc, xh, xw] = x.dims() else { return Err(input_shape(0, dy)) };
                let fits = windows(&window, [xh, xw], kernel.map(u32::from)) == Some([h, w]);
                if fits && [n, c] == [xn, xc] {
                    Ok(*x)
                } else {
                    Err(input_shape(0, dy))
                }
            }
            (Op::Reduce { axes, .. }, [x, rest @ ..]) => {
                if let [y] = rest {
                    same(1, y, &x.shape)?;
                }
                reduced(axes, x)
            }
            (Op::Pick, [x, labels]) => {
                let [rest @ .., n] = x.shape.dims() else { return Err(input_shape(0, x)) };
                classes(*n)?;
                let rows = with_last(rest, 1)?;
                if labels.shape.elements() != rows.elements() {
                    return Err(input_shape(1, labels));
                }
                Ok(rows)
            }
            (Op::Embed, [table, ids]) => {
                let (v, c) = matrix(0, table)?;
                classes(v)?;
                with_last(ids.shape.dims(), c)
            }
            (Op::EmbedGrad, [dy, ids]) => {
                let table = stated.unwrap_or(&dy.shape);
                let &[v, c] = table.dims() else { return Err(input_shape(0, dy)) };
                classes(v)?;
                same(0, dy, &with_last(ids.shape.dims(), c)?)?;
                Ok(*table)
            }
            (Op::Reshape, [x]) => {
                let to = stated.unwrap_or(&x.shape);
                if to.elements() != x.shape.elements() {
                    return Err(input_shape(0, x));
                }
                Ok(*to)
            }
            (Op::Transpose { perm }, [x]) => transposed(perm, x),
            (Op::Slice { axis, start, step }, [x]) => strided(axis, (start, step), x, stated, false),
            (Op::Pad { axis, start, step }, [x]) => strided(axis, (start, step), x, stated, true),
            (Op::Concat { axis }, [a, b]) => {
                let length = a.shape.dim(axis)?.saturating_add(b.shape.dim(axis).map_err(|_| input_shape(1, b))?);
                let length = u32::try_from(length).map_err(|_| GraphError::TooManyElements)?;
                same(1, b, &a.shape.with_dim(axis, dim(&b.shape, axis)?)?)?;
                a.shape.with_dim(axis, length)
            }
            (Op::Schedule { warmup, period, kind, .. }, []) => {
                use super::ScheduleKind::{Constant, Exponential};
                let fits = match kind {
                    Constant => true,
                    Exponential => period > 0,
                    _ => period > warmup,
                };
                if fits {
                    Ok(Shape::SCALAR)
                } else {
                    Err(GraphError::Attribute)
                }
            }
            (Op::BiasCorrection { beta }, []) if beta < 1 << 63 => Ok(Shape::SCALAR),
            _ => Err(GraphError::Attribute),
        }
    }

    /// The error of a wrong number of inputs.
    pub(in crate::graph) fn input_count(&self, got: usize) -> GraphError {
        GraphError::InputCount { expected: self.arity(), got: u64::try_from(got).unwrap_or(u64::MAX) }
    }
}

/// The least shape that all inputs can be broadcast to, or the stated one if they can be broadcast to that.
fn broadcast(inputs: &[Input], stated: Option<&Shape>) -> Result<Shape, GraphError> {
    let mut dims = [1; MAX_RANK];
    let mut rank = 0;
    for input in inputs.iter().map(|input| &input.shape).chain(stated) {
        rank = rank.max(input.dims().len());
        for (dim, &own) in dims.iter_mut().rev().zip(input.dims().iter().rev()) {
            *dim = own.max(*dim);
        }
    }
    let shape = Shape::new(dims.get(MAX_RANK.saturating_sub(rank)..).unwrap_or_default())?;
    for (position, input) in (0..).zip(inputs) {
        let pairs = input.shape.dims().iter().rev().zip(shape.dims().iter().rev());
        if pairs.into_iter().any(|(&own, &dim)| own != dim && own != 1) {
            return Err(input_shape(position, input));
        }
    }
    Ok(shape)
}

fn matmul((a, trans_a): (&Input, bool), (b, trans_b): (&Input, bool)) -> Result<Shape, GraphError> {
    let ([lead_a @ .., a0, a1], [lead_b @ .., b0, b1]) = (a.shape.dims(), b.shape.dims()) else {
        return Err(input_shape(u8::from(a.shape.rank() >= 2), if a.shape.rank() >= 2 { b } else { a }));
    };
    let (m, k) = if trans_a { (*a1, *a0) } else { (*a0, *a1) };
    let (k_b, n) = if trans_b { (*b1, *b0) } else { (*b0, *b1) };
    if k != k_b {
        return Err(input_shape(1, b));
    }
    let lead = |dims: &[u32], input: &Input| Shape::new(dims).map(|shape| Input { shape, ..*input });
    let lead = broadcast(&[lead(lead_a, a)?, lead(lead_b, b)?], None).map_err(|_| input_shape(1, b))?;
    let mut dims = [0; MAX_RANK];
    let all = lead.dims().iter().chain([&m, &n]);
    let rank = lead.dims().len().saturating_add(2);
    dims.iter_mut().zip(all).for_each(|(dim, &value)| *dim = value);
    Shape::new(dims.get(..rank).ok_or_else(|| input_shape(0, a))?)
}

fn conv(
    part: ConvPart,
    window: &Window,
    groups: u16,
    [a, b]: [&Input; 2],
    stated: Option<&Shape>,
) -> Result<Shape, GraphError> {
    let groups = u32::from(groups);
    let stated_or = |input: &Input| *stated.unwrap_or(&input.shape);
    let (x, weight, y) = match part {
        ConvPart::Forward => (a.shape, b.shape, None),
        ConvPart::Input => (stated_or(a), b.shape, Some(a.shape)),
        ConvPart::Weight => (b.shape, stated_or(a), Some(a.shape)),
    };
    let (&[n, c, h, w], &[o, c_group, kh, kw]) = (x.dims(), weight.dims()) else {
        return Err(input_shape(u8::from(a.shape.rank() == 4), if a.shape.rank() == 4 { b } else { a }));
    };
    let of_groups = c_group.checked_mul(groups) == Some(c) && o.checked_rem(groups) == Some(0);
    let Some([yh, yw]) = windows(window, [h, w], [kh, kw]).filter(|_| of_groups) else {
        return Err(input_shape(1, b));
    };
    let output = Shape::new(&[n, o, yh, yw])?;
    match (part, y) {
        (_, None) => Ok(output),
        (_, Some(y)) if y != output => Err(input_shape(0, a)),
        (ConvPart::Input, _) => Ok(x),
        (_, _) => Ok(weight),
    }
}

fn windows(window: &Window, image: [u32; 2], kernel: [u32; 2]) -> Option<[u32; 2]> {
    window.output(image, kernel).filter(|_| window.is_valid())
}

/// The shape with these axes reduced.
fn reduced(axes: u8, x: &Input) -> Result<Shape, GraphError> {
    let all = !u8::MAX.unbounded_shl(u32::from(x.shape.rank()));
    if axes == 0 || axes & !all != 0 {
        return Err(GraphError::Attribute);
    }
    if axes == all {
        return Ok(Shape::SCALAR);
    }
    let mut shape = x.shape;
    for axis in (0..x.shape.rank()).filter(|&axis| axes >> axis & 1 == 1) {
        shape = shape.with_dim(axis, 1)?;
    }
    Ok(shape)
}

fn transposed(perm: [u8; MAX_RANK], x: &Input) -> Result<Shape, GraphError> {
    let mut seen = 0_u8;
    let mut dims = [0; MAX_RANK];
    let rank = x.shape.dims().len();
    for ((place, from), axis) in dims.iter_mut().zip(perm).zip(0_u8..) {
        seen |= 1_u8.unbounded_shl(u32::from(from));
        if axis < x.shape.rank() {
            *place = dim(&x.shape, from)?;
        } else if from != axis {
            return Err(GraphError::Attribute);
        }
    }
    if seen != 0b11_1111 {
        return Err(GraphError::Attribute);
    }
    Shape::new(dims.get(..rank).unwrap_or_default())
}

/// A slice, or its inverse.
fn strided(
    axis: u8,
    (start, step): (u32, u32),
    x: &Input,
    stated: Option<&Shape>,
    pads: bool,
) -> Result<Shape, GraphError> {
    let output = stated.unwrap_or(&x.shape);
    let lengths = (u64::from(dim(&x.shape, axis)?), u64::from(dim(output, axis)?));
    let (few, many) = if pads { lengths } else { (lengths.1, lengths.0) };
    let last = few.saturating_sub(1).saturating_mul(u64::from(step)).saturating_add(u64::from(start));
    if step == 0 || last >= many {
        return Err(input_shape(0, x));
    }
    x.shape.with_dim(axis, dim(output, axis)?)
}

fn dim(shape: &Shape, axis: u8) -> Result<u32, GraphError> {
    shape.dims().get(usize::from(axis)).copied().ok_or(GraphError::NoDimension(axis))
}

fn image(position: u8, input: &Input) -> Result<[u32; 4], GraphError> {
    input.shape.dims().try_into().map_err(|_| input_shape(position, input))
}

fn matrix(position: u8, input: &Input) -> Result<(u32, u32), GraphError> {
    match *input.shape.dims() {
        [rows, columns] => Ok((rows, columns)),
        _ => Err(input_shape(position, input)),
    }
}

fn same(position: u8, input: &Input, shape: &Shape) -> Result<(), GraphError> {
    if input.shape == *shape {
        Ok(())
    } else {
        Err(input_shape(position, input))
    }
}

/// These dimensions and one more.
fn with_last(dims: &[u32], last: u32) -> Result<Shape, GraphError> {
    let mut all = [0; MAX_RANK];
    let len = dims.len().saturating_add(1);
    all.iter_mut().zip(dims.iter().chain([&last])).for_each(|(to, &dim)| *to = dim);
    match all.get(..len) {
        Some(all) => Shape::new(all),
        None => Err(GraphError::Rank(u64::try_from(len).unwrap_or(u64::MAX))),
    }
}

#[cold]
fn input_shape(position: u8, input: &Input) -> GraphError {
    GraphError::InputShape { input: position, got: input.shape }
}

fn classes(n: u32) -> Result<(), GraphError> {
    if u64::from(n) > MAX_CLASSES {
        return Err(GraphError::Classes(u64::from(n)));
    }
    Ok(())
}
