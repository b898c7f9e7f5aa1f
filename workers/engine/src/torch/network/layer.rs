//! What a layer is in libtorch, but for those that depend on the mode.
use super::super::samples::size;
use super::{images, indices};
use crate::import::{Binary, LayerOp, Reduction, Unary};
use assay_core::graph::Shape;
use tch::{Kind, TchError, Tensor};

/// The output of an operation; `None` if it has too few inputs or isn't one of these.
pub(super) fn compute(
    op: &LayerOp,
    inputs: &[&Tensor],
    bias: Option<&Tensor>,
    shape: Shape,
) -> Option<Result<Tensor, TchError>> {
    Some(match (op, inputs) {
        (LayerOp::Unary(function), [x]) => unary(*function, x),
        (LayerOp::Binary(function), [x, y]) => match function {
            Binary::Add => x.f_add(y),
            Binary::Sub => x.f_sub(y),
            Binary::Mul => x.f_mul(y),
            Binary::Div => x.f_div(y),
        },
        (LayerOp::Where { otherwise }, [x, mask]) => masked(x, mask, *otherwise),
        (LayerOp::MatMul { trans_a, trans_b }, [a, b]) => product((a, *trans_a), (b, *trans_b), bias),
        (LayerOp::Conv { window, groups }, [x, weight]) => images::convolution(x, weight, bias, window, *groups),
        (LayerOp::Pool { kind, window, kernel }, [x]) => images::pool(x, *kind, window, *kernel),
        (LayerOp::Reduce { kind, axes }, [x]) => reduce(x, *kind, *axes, shape),
        (LayerOp::Softmax, [x]) => x.f_softmax(-1, Kind::Float),
        (LayerOp::LogSoftmax, [x]) => x.f_log_softmax(-1, Kind::Float),
        (LayerOp::LayerNorm { axis, epsilon }, [x, weight, rest @ ..]) => {
            x.f_layer_norm(behind(shape, *axis), Some(*weight), rest.first().copied(), f64::from(*epsilon), false)
        }
        (LayerOp::RmsNorm { axis, epsilon }, [x, weight]) => {
            x.f_rms_norm(behind(shape, *axis), Some(*weight), f64::from(*epsilon))
        }
        (LayerOp::Embed, [table, ids]) => embed(table, ids),
        (LayerOp::Reshape, [x]) => x.f_reshape(size(shape)),
        (LayerOp::Transpose { perm }, [x]) => {
            let perm: Vec<i64> = perm.iter().take(x.dim()).map(|&axis| axis.into()).collect();
            x.f_permute(perm)
        }
        (LayerOp::Slice { axis, start, step }, [x]) => slice(x, *axis, (*start, *step), shape),
        (LayerOp::Pad { axis, before }, [x]) => pad(x, *axis, *before, shape),
        (LayerOp::Concat { axis }, [_, _, ..]) => Tensor::f_cat(inputs, i64::from(*axis)),
        (LayerOp::Expand, [x]) => x.f_expand(size(shape), false),
        _ => return None,
    })
}

fn unary(function: Unary, x: &Tensor) -> Result<Tensor, TchError> {
    match function {
        Unary::Relu => x.f_relu(),
        // tch's `leaky_relu` has no slope.
        Unary::LeakyRelu(slope) => x.f_where_self(&x.f_gt(0.0)?, &x.f_mul_scalar(f64::from(slope))?),
        Unary::Gelu => x.f_gelu("none"),
        Unary::GeluTanh => x.f_gelu("tanh"),
        Unary::Silu => x.f_silu(),
        Unary::Sigmoid => x.f_sigmoid(),
        Unary::Tanh => x.f_tanh(),
        Unary::Exp => x.f_exp(),
        Unary::Log => x.f_log(),
        Unary::Sqrt => x.f_sqrt(),
        Unary::Erf => x.f_erf(),
        Unary::Square => x.f_square(),
        Unary::Reciprocal => x.f_reciprocal(),
        Unary::Clamp(least, greatest) => x.f_clamp(f64::from(least), f64::from(greatest)),
        Unary::Affine { scale, shift } => x.f_mul_scalar(f64::from(scale))?.f_add_scalar(f64::from(shift)),
    }
}

fn masked(x: &Tensor, mask: &Tensor, otherwise: f32) -> Result<Tensor, TchError> {
    let otherwise = Tensor::f_full([0_i64; 0], f64::from(otherwise), (Kind::Float, x.device()))?;
    x.f_where_self(&mask.f_gt(0.0)?, &otherwise)
}

fn product(
    (a, trans_a): (&Tensor, bool),
    (b, trans_b): (&Tensor, bool),
    bias: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    if !trans_a && trans_b && b.dim() == 2 {
        let bias = bias.map(|bias| bias.f_view(-1)).transpose()?;
        return a.f_linear(b, bias);
    }
    let stored = |x: &Tensor, trans| if trans { x.f_transpose(-2, -1) } else { Ok(x.shallow_clone()) };
    stored(a, trans_a)?.f_matmul(&stored(b, trans_b)?)
}

fn reduce(x: &Tensor, kind: Reduction, axes: u8, shape: Shape) -> Result<Tensor, TchError> {
    let dims: Vec<i64> = (0..x.dim() as i64).filter(|&axis| axes >> axis & 1 == 1).collect();
    let reduced = match kind {
        // libtorch takes no axes for all axes.
        _ if dims.is_empty() => Ok(x.shallow_clone()),
        Reduction::Sum => x.f_sum_dim_intlist(dims, true, Kind::Float),
        Reduction::Mean => x.f_mean_dim(dims, true, Kind::Float),
        Reduction::Max => x.f_amax(dims, true),
    };
    reduced?.f_reshape(size(shape)) // All axes: as many ones as the model says.
}

fn embed(table: &Tensor, ids: &Tensor) -> Result<Tensor, TchError> {
    Tensor::f_embedding(table, &indices(ids)?, -1, false, false)
}

fn slice(x: &Tensor, axis: u8, (start, step): (u32, u32), shape: Shape) -> Result<Tensor, TchError> {
    let items = length(shape, axis);
    let (start, step) = (i64::from(start), i64::from(step));
    x.f_slice(axis.into(), start, start + (items - 1) * step + 1, step)
}

fn pad(x: &Tensor, axis: u8, before: u32, shape: Shape) -> Result<Tensor, TchError> {
    let had = x.size().get(usize::from(axis)).copied().unwrap_or(1);
    // In pairs, the last axis first.
    let mut places = vec![0; 2 * x.dim().saturating_sub(usize::from(axis))];
    if let [.., front, back] = places.as_mut_slice() {
        *front = i64::from(before);
        *back = length(shape, axis) - had - i64::from(before);
    }
    x.f_constant_pad_nd(places)
}

/// Length of an axis.
fn length(shape: Shape, axis: u8) -> i64 {
    shape.dims().get(usize::from(axis)).map_or(1, |&dim| dim.into())
}

/// The dimensions from an axis on.
fn behind(shape: Shape, axis: u8) -> Vec<i64> {
    size(shape).split_off(usize::from(axis).min(shape.dims().len()))
}
