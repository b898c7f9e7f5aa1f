//! What libtorch does where the engine does a case: the same operands, outputs where libtorch wants them.
use super::cases::{Case, Kind};
use crate::alternate::{looped, Timed};
use crate::clock::Clock;
use anyhow::{bail, ensure, Context as _, Result};
use assay_core::graph::{ConvPart, Shape, Window};
use assay_engine::task::{Optimiser, Rule};
use std::time::Duration;
use tch::nn::{self, OptimizerConfig as _};
use tch::{no_grad, Device, Kind as Dtype, Tensor};

/// A case as libtorch computes it.
///
/// # Errors
/// Those of libtorch; what libtorch can't do as it is.
pub(super) fn theirs(case: &Case, clock: Clock) -> Result<Box<Timed<'static>>> {
    let all: Vec<Tensor> = case.excerpt.operands().map(tensor).collect::<Result<_>>()?;
    let operands = case.operands.iter().map(|&at| all.get(at).map(Tensor::shallow_clone).context("no such operand"));
    let operands = operands.collect::<Result<Vec<Tensor>>>()?;
    let shape = case.excerpt.nodes().first().context("no nodes")?.shape;
    match (case.kind.clone(), operands.as_slice()) {
        (Kind::Conv { part: ConvPart::Forward, window, groups }, [x, weight]) => {
            let (x, weight) = (x.shallow_clone(), weight.shallow_clone());
            each(clock, move || convolution(&x, &weight, &window, groups))
        }
        (Kind::Conv { part, window, groups }, [dy, other]) => {
            let missing = Tensor::f_zeros(size(shape), (Dtype::Float, Device::Cpu))?.set_requires_grad(true);
            let y = match part {
                ConvPart::Input => convolution(&missing, other, &window, groups)?,
                _ => convolution(other, &missing, &window, groups)?,
            };
            ensure!(y.size() == dy.size(), "a gradient of {:?}, not of {:?}", y.size(), dy.size());
            gradient(clock, y, missing)
        }
        (Kind::Product { trans_a, trans_b }, [a, b]) => {
            let stored = |x: &Tensor, trans| if trans { x.f_transpose(-2, -1) } else { Ok(x.shallow_clone()) };
            let (a, b) = (stored(a, trans_a)?, stored(b, trans_b)?);
            each(clock, move || Ok(a.f_matmul(&b)?))
        }
        (Kind::Softmax, [x]) => {
            let x = x.shallow_clone();
            each(clock, move || Ok(x.f_softmax(-1, Dtype::Float)?))
        }
        (Kind::LayerNorm { axis, epsilon }, [x, weight, bias]) => {
            let [x, weight, bias] = [x, weight, bias].map(Tensor::shallow_clone);
            let behind = x.size().split_off(usize::from(axis));
            each(clock, move || Ok(x.f_layer_norm(&behind, Some(&weight), Some(&bias), epsilon.into(), false)?))
        }
        (Kind::BatchNorm { epsilon, momentum }, [x, weight, bias, mean, variance]) => {
            let [x, weight, bias, mean, variance] = [x, weight, bias, mean, variance].map(Tensor::shallow_clone);
            each(clock, move || {
                let (weight, bias, mean, variance) = (Some(&weight), Some(&bias), Some(&mean), Some(&variance));
                Ok(x.f_batch_norm(weight, bias, mean, variance, true, momentum.into(), epsilon.into(), false)?)
            })
        }
        (Kind::Gelu { tanh }, [x]) => {
            let x = x.shallow_clone();
            each(clock, move || Ok(x.f_gelu(if tanh { "tanh" } else { "none" })?))
        }
        (Kind::EmbedGrad, [dy, ids]) => {
            // A trainer of libtorch's has ids as integers from the start.
            let (dy, ids) = (dy.shallow_clone(), ids.f_to_kind(Dtype::Int64)?);
            let rows = i64::from(shape.dims().first().copied().unwrap_or(1));
            each(clock, move || Ok(Tensor::f_embedding_dense_backward(&dy, &ids, rows, -1, false)?))
        }
        (Kind::AdamW(rule), params) => optimiser(clock, rule, params),
        (kind, operands) => bail!("{kind:?} of {} operands", operands.len()),
    }
}

/// Something without gradients, done again and again.
fn each(clock: Clock, mut compute: impl FnMut() -> Result<Tensor> + 'static) -> Result<Box<Timed<'static>>> {
    Ok(Box::new(move |count| no_grad(|| looped(clock, count, || compute().map(drop)))))
}

/// How often the gradient of y is filled before each sample, to find what it takes.
const FILLS: u64 = 20;

/// Autograd's own way from y to x, alone: tch has no call for a convolution's gradient.
///
/// The gradient of y is 1 everywhere, which tch fills anew every time: that is taken off, at the least that it ever took.
fn gradient(clock: Clock, y: Tensor, x: Tensor) -> Result<Box<Timed<'static>>> {
    let mut fill = Duration::MAX;
    Ok(Box::new(move |count| {
        // Anew for every sample: a machine that is busy for a while makes all fills of that while slow, and what would
        // then be taken off is more than all that there is.
        for _ in 0..FILLS {
            fill = fill.min(no_grad(|| looped(clock, 1, || Ok(y.f_ones_like().map(drop)?)))?);
        }
        let both = looped(clock, count, || Ok(Tensor::f_run_backward(&[&y], &[&x], true, false).map(drop)?))?;
        Ok(both.saturating_sub(fill.mul_f64(count as f64)))
    }))
}

fn convolution(x: &Tensor, weight: &Tensor, window: &Window, groups: u16) -> Result<Tensor> {
    let pair = |items: [u8; 2]| items.map(i64::from);
    ensure!(window.before == window.after, "libtorch pads both sides alike");
    let (stride, padding, dilation) = (pair(window.stride), pair(window.before), pair(window.dilation));
    Ok(x.f_conv2d::<Tensor>(weight, None, stride, padding, dilation, groups.into())?)
}

/// libtorch's own optimiser, on variables that have gradients.
fn optimiser(clock: Clock, optimiser: Optimiser, params: &[Tensor]) -> Result<Box<Timed<'static>>> {
    let Optimiser { learning_rate, weight_decay: wd, rule } = optimiser;
    let Rule::Adam { betas: [beta1, beta2], epsilon: eps, decoupled: true } = rule else {
        bail!("{rule:?} isn't measured");
    };
    let store = nn::VarStore::new(Device::Cpu);
    for (index, param) in params.iter().enumerate() {
        let mut own = store.root().f_var(&format!("p{index}"), &param.size(), nn::Init::Const(0.0))?;
        no_grad(|| own.f_copy_(param))?;
        // The gradient is the parameter: as good as any.
        own.f_square()?.f_sum(Dtype::Float)?.f_mul_scalar(0.5)?.f_backward()?;
    }
    let mut optimiser = nn::AdamW { beta1, beta2, wd, eps, amsgrad: false }.build(&store, learning_rate)?;
    Ok(Box::new(move |count| {
        looped(clock, count, || {
            optimiser.step();
            Ok(())
        })
    }))
}

fn tensor((shape, values): (Shape, &[f32])) -> Result<Tensor> {
    Ok(Tensor::f_from_slice(values)?.f_view(size(shape).as_slice())?)
}

fn size(shape: Shape) -> Vec<i64> {
    shape.dims().iter().map(|&dim| dim.into()).collect()
}
