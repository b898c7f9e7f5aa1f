//! `tanh` and `sigmoid`.
use super::builder::Builder;
use super::constants::{NEG_ONE, ONE, TANH1, TANH2, TANH3, TANH4, TANH5, TANH_NEAR, TWO, ZERO};
use super::exp_log::{exp_negative, minus_magnitude};
use super::Arg;

/// An odd polynomial up to ⅝; beyond, with `e = exp(−2|x|)`, `1 − 2e / (1 + e)` and the sign. +0 for −0 too.
///
/// (`t / (t + 2)` with `t = exp(2x) − 1` takes ten rows fewer, and is off by 2.5 ulp.)
pub(super) const fn tanh(b: &mut Builder, x: Arg) -> Arg {
    let a = minus_magnitude(b, x);
    let y = b.add(a, a);
    let e = exp_negative(b, y);
    let minus_d = b.sub(NEG_ONE, e);
    let minus_q = b.div(e, minus_d);
    let r = b.fma(minus_q, TWO, ONE);
    let minus_r = b.neg(r);
    let far = b.select_gt(ZERO, x, minus_r, r);
    let z = b.mul(x, x);
    let p = b.horner(z, &[TANH5, TANH4, TANH3, TANH2, TANH1]);
    let p = b.mul(p, z);
    let near = b.fma(p, x, x);
    b.select_gt(a, TANH_NEAR, near, far)
}

/// `sigmoid(x)`: with `e = exp(−|x|)` and `s = e / (1 + e)`, it is `1 − s` for x > 0 and s otherwise; `e − e·s` is the
/// same and more exact.
pub(super) const fn sigmoid(b: &mut Builder, x: Arg) -> Arg {
    let a = minus_magnitude(b, x);
    let e = exp_negative(b, a);
    let minus_d = b.sub(NEG_ONE, e);
    let minus_s = b.div(e, minus_d);
    let positive = b.add(minus_s, ONE);
    let negative = b.fma(minus_s, e, e);
    b.select_gt(x, ZERO, positive, negative)
}
