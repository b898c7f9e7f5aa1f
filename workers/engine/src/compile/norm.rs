//! Normalisations, forward and backward.
//!
//! With x̂ = (x − mean) · r, r = 1 / sqrt(variance + ε) and g the gradient of x̂:
//! dx = (g − mean(g) − x̂ · mean(g · x̂)) · r (S. Ioffe, C. Szegedy, *Batch Normalization*, 2015, section 3; J. Ba et al.,
//! *Layer Normalization*, 2016). Without the mean (B. Zhang, R. Sennrich, *Root Mean Square Layer Normalization*, 2019):
//! dx = (g − x̂ · mean(g · x̂)) · r.
use super::builder::{axes_from, Builder};
use super::forward::{named, Forward, Mode};
use super::CompileError;
use crate::import::Value;
use assay_core::graph::function::Function;
use assay_core::graph::{Input, ReduceKind, Shape};

/// x̂ and r, by these axes' own statistics; and mean and variance.
struct Normal {
    x_hat: Input,
    inverse: Input,
    mean: Input,
    variance: Input,
}

fn normalise(builder: &mut Builder, name: &str, x: Input, axes: u8, epsilon: f64) -> Result<Normal, CompileError> {
    let keep = kept(x.shape, axes)?;
    let share = 1.0 / items(x.shape, axes);
    let mean = reduce(builder, &format!("{name}/mean"), ReduceKind::Sum, (axes, keep, share), [x])?;
    let centred = builder.map(&format!("{name}/centred"), Function::Sub, [x, mean])?;
    let variance =
        reduce(builder, &format!("{name}/variance"), ReduceKind::Dot, (axes, keep, share), [centred, centred])?;
    let inverse = builder.map_with(&format!("{name}/inverse"), Function::Rsqrt, &[epsilon], [variance])?;
    let x_hat = builder.map(&format!("{name}/normal"), Function::Mul, [centred, inverse])?;
    Ok(Normal { x_hat, inverse, mean, variance })
}

/// A reduction that keeps the rank even of all axes.
fn reduce(
    builder: &mut Builder,
    name: &str,
    kind: ReduceKind,
    (axes, keep, scale): (u8, Shape, f64),
    inputs: impl Into<Vec<Input>>,
) -> Result<Input, CompileError> {
    let sum = builder.reduce(name, kind, axes, scale, inputs)?;
    builder.reshape(name, sum, keep)
}

/// The shape with these axes of length 1.
fn kept(shape: Shape, axes: u8) -> Result<Shape, CompileError> {
    let axes = (0..shape.rank()).filter(|axis| axes >> axis & 1 == 1);
    let shape = axes.into_iter().try_fold(shape, |shape, axis| shape.with_dim(axis, 1));
    shape.map_err(|error| named("normalisation", error))
}

/// Items that are reduced to one.
fn items(shape: Shape, axes: u8) -> f64 {
    let dims = (0..).zip(shape.dims()).filter(|(axis, _)| axes >> axis & 1 == 1);
    dims.map(|(_, &dim)| f64::from(dim)).product()
}

/// Batch normalisation of `[n, c, ..]`.
pub(super) struct Batch {
    pub(super) epsilon: f64,
    pub(super) momentum: f64,
}

impl Batch {
    /// Keeps x̂ and r.
    pub(super) fn forward(
        &self,
        builder: &mut Builder,
        forward: &mut Forward,
        name: &str,
        [x, weight, bias, mean, variance]: [Input; 5],
        (running, mode): ([Value; 2], Mode<'_>),
        keep: &mut Vec<Input>,
    ) -> Result<Input, CompileError> {
        let axes = per_channel(&x.shape);
        let channels = kept(x.shape, axes)?;
        let (x_hat, inverse) = match mode {
            Mode::Training { .. } => {
                let normal = normalise(builder, name, x, axes, self.epsilon)?;
                let n = items(x.shape, axes);
                // PyTorch's running variance is the unbiased one.
                let shares = [1.0, n / (n - 1.0).max(1.0)];
                let olds = [(normal.mean, mean, "mean"), (normal.variance, variance, "variance")];
                for ((value, share), (new, old, what)) in running.into_iter().zip(shares).zip(olds) {
                    let Value::Param(param) = value else {
                        return Err(CompileError::RunningStatistics { layer: name.into() });
                    };
                    let new = builder.reshape(&format!("{name}/{what}"), new, old.shape)?;
                    let params = [self.momentum * share, 1.0 - self.momentum];
                    let name = format!("{name}/running_{what}");
                    forward.params[param] = builder.map_with(&name, Function::Blend, &params, [new, old])?;
                }
                (normal.x_hat, normal.inverse)
            }
            Mode::Evaluation => {
                let mean = builder.reshape(&format!("{name}/mean"), mean, channels)?;
                let variance = builder.reshape(&format!("{name}/variance"), variance, channels)?;
                let centred = builder.map(&format!("{name}/centred"), Function::Sub, [x, mean])?;
                let inverse =
                    builder.map_with(&format!("{name}/inverse"), Function::Rsqrt, &[self.epsilon], [variance])?;
                (builder.map(&format!("{name}/normal"), Function::Mul, [centred, inverse])?, inverse)
            }
        };
        let weight = builder.reshape(&format!("{name}/weight"), weight, channels)?;
        let bias = builder.reshape(&format!("{name}/bias"), bias, channels)?;
        keep.extend([x_hat, inverse, weight]);
        builder.map(name, Function::MulAdd, [x_hat, weight, bias])
    }

    /// Gradients of x, weight and bias. (For x it uses the sums that the other two are.)
    pub(super) fn backward(
        builder: &mut Builder,
        [x_name, weight_name, bias_name]: [&str; 3],
        dy: Input,
        kept_inputs: &[Input],
        channels: Shape,
    ) -> Result<[Input; 3], CompileError> {
        let &[x_hat, inverse, weight] = kept_inputs else { return Err(CompileError::Order { layer: 0 }) };
        let axes = per_channel(&dy.shape);
        let keep = kept(dy.shape, axes)?;
        let share = 1.0 / items(dy.shape, axes);
        let d_bias = reduce(builder, bias_name, ReduceKind::Sum, (axes, keep, 1.0), [dy])?;
        let d_weight = reduce(builder, weight_name, ReduceKind::Dot, (axes, keep, 1.0), [dy, x_hat])?;
        let mean = builder.map_with(&format!("{x_name}/mean"), Function::Scale, &[share], [d_bias])?;
        let product = builder.map_with(&format!("{x_name}/product"), Function::Scale, &[share], [d_weight])?;
        let rest = builder.map(&format!("{x_name}/rest"), Function::NormGrad, [dy, x_hat, mean, product])?;
        let factor = builder.map(&format!("{x_name}/factor"), Function::Mul, [weight, inverse])?;
        let dx = builder.map(x_name, Function::Mul, [rest, factor])?;
        let d_weight = builder.reshape(weight_name, d_weight, channels)?;
        let d_bias = builder.reshape(bias_name, d_bias, channels)?;
        Ok([dx, d_weight, d_bias])
    }
}

/// All axes but the channels'.
fn per_channel(shape: &Shape) -> u8 {
    axes_from(shape, 0) & !0b10
}

/// Layer normalisation; keeps x̂ and r.
pub(super) fn layer(
    builder: &mut Builder,
    name: &str,
    [x, weight]: [Input; 2],
    bias: Option<Input>,
    (axis, epsilon): (u8, f64),
    keep: &mut Vec<Input>,
) -> Result<Input, CompileError> {
    let normal = normalise(builder, name, x, axes_from(&x.shape, axis), epsilon)?;
    keep.extend([normal.x_hat, normal.inverse]);
    match bias {
        Some(bias) => builder.map(name, Function::MulAdd, [normal.x_hat, weight, bias]),
        None => builder.map(name, Function::Mul, [normal.x_hat, weight]),
    }
}

/// Normalisation by the root of the mean square; keeps x̂ and r.
pub(super) fn root_mean_square(
    builder: &mut Builder,
    name: &str,
    [x, weight]: [Input; 2],
    (axis, epsilon): (u8, f64),
    keep: &mut Vec<Input>,
) -> Result<Input, CompileError> {
    let axes = axes_from(&x.shape, axis);
    let (of_axes, share) = (kept(x.shape, axes)?, 1.0 / items(x.shape, axes));
    let square = reduce(builder, &format!("{name}/square"), ReduceKind::Dot, (axes, of_axes, share), [x, x])?;
    let inverse = builder.map_with(&format!("{name}/inverse"), Function::Rsqrt, &[epsilon], [square])?;
    let x_hat = builder.map(&format!("{name}/normal"), Function::Mul, [x, inverse])?;
    keep.extend([x_hat, inverse]);
    builder.map(name, Function::Mul, [x_hat, weight])
}

/// Gradient of x, of either; `centred` says which.
pub(super) fn backward(
    builder: &mut Builder,
    name: &str,
    [dy, weight]: [Input; 2],
    kept_inputs: &[Input],
    (axis, centred): (u8, bool),
) -> Result<Input, CompileError> {
    let &[x_hat, inverse] = kept_inputs else { return Err(CompileError::Order { layer: 0 }) };
    let axes = axes_from(&dy.shape, axis);
    let (keep, share) = (kept(dy.shape, axes)?, 1.0 / items(dy.shape, axes));
    let g = builder.map(&format!("{name}/normal"), Function::Mul, [dy, weight])?;
    let product = reduce(builder, &format!("{name}/product"), ReduceKind::Dot, (axes, keep, share), [g, x_hat])?;
    let rest = if centred {
        let mean = reduce(builder, &format!("{name}/mean"), ReduceKind::Sum, (axes, keep, share), [g])?;
        builder.map(&format!("{name}/rest"), Function::NormGrad, [g, x_hat, mean, product])?
    } else {
        let along = builder.map(&format!("{name}/along"), Function::Mul, [x_hat, product])?;
        builder.map(&format!("{name}/rest"), Function::Sub, [g, along])?
    };
    builder.map(name, Function::Mul, [rest, inverse])
}
