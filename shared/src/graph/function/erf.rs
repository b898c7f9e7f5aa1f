//! The error function and what `gelu` makes of it.
use super::builder::Builder;
use super::constants::{
    ERF0, ERF1, ERF2, ERF3, ERF4, ERF5, ERF6, ERF7, ERF8, ERF_LEAST, HALF, NEG_HALF, NORMAL_0, SQRT_HALF, ZERO,
};
use super::exp_log::{exp_negative, exp_parts, minus_magnitude, one_less_exp};
use super::Arg;

/// `erf(x)`; +0 for −0 too.
///
/// With a = −|x|: `1 + erf(a) = exp(y)` where y is a polynomial, so `erf(|x|) = −(exp(y) − 1)`. Near 0, y ≈ 2/√π·a
/// keeps its relative error and so does `exp(y) − 1`; far out both don't matter.
pub(super) const fn erf(b: &mut Builder, x: Arg) -> Arg {
    let a = minus_magnitude(b, x);
    let a = b.max(a, ERF_LEAST);
    let q = b.horner(a, &[ERF8, ERF7, ERF6, ERF5, ERF4, ERF3, ERF2, ERF1, ERF0]);
    let y = b.fma(q, a, a);
    let parts = exp_parts(b, y);
    let r = one_less_exp(b, parts);
    let minus_r = b.neg(r);
    b.select_gt(ZERO, x, minus_r, r)
}

/// Φ(x) = (1 + erf(x·√½)) / 2, the normal distribution.
pub(super) const fn normal(b: &mut Builder, x: Arg) -> Arg {
    let x = b.mul(x, SQRT_HALF);
    let e = erf(b, x);
    b.fma(e, HALF, HALF)
}

/// exp(−x²/2) / √(2π), its density.
pub(super) const fn normal_density(b: &mut Builder, x: Arg) -> Arg {
    let y = b.mul(x, NEG_HALF);
    let y = b.mul(y, x);
    let e = exp_negative(b, y);
    b.mul(e, NORMAL_0)
}
