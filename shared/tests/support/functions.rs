//! The elementwise functions in binary64: what their rows are measured against.
use assay_core::graph::function::Function;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// The value of a function.
pub fn reference(function: Function, [x, y, z, w]: [f64; 4], [p0, p1, p2, _]: [f64; 4], column: u32) -> f64 {
    match function {
        Function::Copy => x,
        Function::Where if y > 0.0 => x,
        Function::Where => p0,
        Function::Equal => f64::from(u8::from(x == y)),
        Function::Add => x + y,
        Function::Sub => x - y,
        Function::Mul => x * y,
        Function::Div => x / y,
        Function::Max => maximum(x, y),
        Function::MulAdd => x.mul_add(y, z),
        Function::Affine => x.mul_add(p0, p1),
        Function::Scale => x * p0,
        Function::Ratio => x / maximum(y, f64::from(f32::MIN_POSITIVE)),
        Function::Inverse => p0 / x,
        Function::Square => x * x,
        Function::Sqrt => x.sqrt(),
        Function::Exp => x.exp(),
        Function::Log => x.ln(),
        Function::Erf => libm::erf(x),
        Function::Tanh => x.tanh(),
        Function::Sigmoid => sigmoid(x),
        Function::Rsqrt => 1.0 / (x + p0).sqrt(),
        Function::Relu => maximum(x, 0.0),
        Function::LeakyRelu if x > 0.0 => x,
        Function::LeakyRelu => x * p0,
        Function::Gelu => x * normal(x),
        Function::GeluTanh => x * sigmoid(gelu_argument(x)),
        Function::Silu => x * sigmoid(x),
        Function::Clamp => minimum(maximum(x, p0), p1),
        Function::ReluGrad => choose(y > 0.0, x, 0.0),
        Function::LeakyReluGrad => choose(y > 0.0, x, x * p0),
        Function::GeluGrad => x * (normal(y) + y * (-y * y / 2.0).exp() / (2.0 * PI).sqrt()),
        Function::GeluTanhGrad => {
            let slope = (8.0 / PI).sqrt() * (1.0 + 3.0 * 0.044_715 * y * y);
            x * (sigmoid(gelu_argument(y)) + y * slope * sigmoid_slope(gelu_argument(y)))
        }
        Function::SiluGrad => x * (sigmoid(y) + y * sigmoid_slope(y)),
        Function::TanhGrad => x * (1.0 - y * y),
        Function::SigmoidGrad => x * y * (1.0 - y),
        Function::SqrtGrad => x / (2.0 * y),
        Function::ClampGrad => choose(p0 <= y && y <= p1, x, 0.0),
        Function::ErfGrad => x * FRAC_2_SQRT_PI * (-y * y).exp(),
        Function::SubExp => (x - y).exp(),
        Function::LogSumExp => x.ln() + y,
        Function::SoftmaxGrad => (x - z) * y,
        Function::LogSoftmaxGrad => x - y.exp() * z,
        Function::NormGrad => (x - z) - y * w,
        Function::Valid => choose(x == p0, 0.0, 1.0),
        Function::XentLoss => choose(z == p0, 0.0, x - y),
        Function::XentSmoothLoss => choose(w == p0, 0.0, x - (p1 * y + p2 * z)),
        Function::XentGrad => choose(z == p0, 0.0, (x / y - choose(z == f64::from(column), p2, p1)) * w),
        Function::SubScale => (x - y) * p0,
        Function::BceLoss => maximum(x, 0.0) - x * y + (-x.abs()).exp().ln_1p(),
        Function::BceGrad => (sigmoid(x) - y) * p0,
        Function::SgdMomentum => p0 * x + (p1 * y + z),
        Function::Step => x - z * y,
        Function::DecayedGrad => p0 * y + x,
        Function::AdamFirst => p0 * x + p1 * y,
        Function::AdamSecond => p0 * x + p1 * y * y,
        Function::AdamDirection => x / (y.sqrt() * z + p0),
        Function::DecayedWeight => x * (1.0 - y * p0),
        Function::ClipFactor => minimum(p0 / (x.sqrt() + 1e-6), 1.0),
        Function::Blend => p0 * x + p1 * y,
    }
}

#[inline]
fn choose(holds: bool, x: f64, y: f64) -> f64 {
    if holds {
        x
    } else {
        y
    }
}

/// NaN if either is.
fn maximum(x: f64, y: f64) -> f64 {
    choose(x.is_nan() || x > y, x, y)
}

/// NaN if the first is.
fn minimum(x: f64, most: f64) -> f64 {
    choose(x > most, most, x)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn sigmoid_slope(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

fn normal(x: f64) -> f64 {
    libm::erfc(-x * FRAC_1_SQRT_2) / 2.0
}

fn gelu_argument(x: f64) -> f64 {
    (8.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)
}

/// The distance of a binary32 result from the exact one in units in the last place of the latter (below 2⁻¹²⁶, of 2⁻¹⁴⁹).
/// Infinite where one is NaN and the other isn't.
#[inline]
pub fn ulps(got: f32, exact: f64) -> f64 {
    let same = (got == exact as f32) & got.is_infinite() | got.is_nan() & exact.is_nan();
    let limit = f64::from_bits((1023 + 128) << 52); // 2^128 is what infinity stands for.
    let exponent = ((exact.to_bits() >> 52) & 0x7ff).clamp(1023 - 126, 1023 + 127);
    let ulp = f64::from_bits((exponent - 23) << 52);
    let error = (f64::from(got).clamp(-limit, limit) - exact.clamp(-limit, limit)).abs() / ulp;
    let wrong = got.is_nan() | exact.is_nan();
    choose(same, 0.0, choose(wrong, f64::INFINITY, error))
}
