//! `exp`, `exp − 1` and `log`.
//!
//! Formulas: W. Cody, W. Waite, *Software Manual for the Elementary Functions*, 1980, chapters 5 and 6 (argument
//! reduction); for `log` the series in (m − 1)/(m + 1).
use super::builder::Builder;
use super::constants::{
    EXP2, EXP3, EXP4, EXP5, EXP6, EXPM2, EXPM3, EXPM4, EXPM5, EXPM6, EXP_LEAST, EXP_MOST, HALF, HIGH, INFINITE, LOG1,
    LOG2, LOG2_E, LOG3, LOW, MINUS_HIGH, MINUS_INFINITE, MINUS_LOW, NAN, NEG_ONE, ONE, ROUNDER, SQRT_2, TWO, ZERO,
};
use super::Arg;

/// `exp(x)`: exactly 1 for ±0, +∞ from 88.73 on, +0 from −103.98 down; results below 2⁻¹²⁶ are subnormal, rounded once
/// more.
pub(super) const fn exp(b: &mut Builder, x: Arg) -> Arg {
    let x = b.at_most(x, EXP_MOST);
    exp_negative(b, x)
}

/// `exp(x)` for x ≤ 89: a row fewer.
pub(super) const fn exp_negative(b: &mut Builder, x: Arg) -> Arg {
    let x = b.max(x, EXP_LEAST); // NaN stays NaN.
    let (k, r) = reduce(b, x);
    let y = b.horner(r, &[EXP6, EXP5, EXP4, EXP3, EXP2, ONE, ONE]);
    b.scale_b(y, k)
}

/// k and m with `exp(x) = 2^k · (1 + m)`, |m| < ½, m of small relative error; |x| ≤ 104.
pub(super) const fn exp_parts(b: &mut Builder, x: Arg) -> (Arg, Arg) {
    let (k, r) = reduce(b, x);
    let q = b.horner(r, &[EXPM6, EXPM5, EXPM4, EXPM3, EXPM2]);
    let square = b.mul(r, r);
    (k, b.fma(square, q, r))
}

/// `1 − exp(y)` from the parts of `exp(y)`, y ≤ 0: (1 − 2^k) − 2^k·m, where 1 − 2^k is exact or almost 1.
pub(super) const fn one_less_exp(b: &mut Builder, (k, m): (Arg, Arg)) -> Arg {
    let minus_power = b.scale_b(NEG_ONE, k);
    let rest = b.add(minus_power, ONE);
    b.fma(minus_power, m, rest)
}

/// `−|x|`.
pub(super) const fn minus_magnitude(b: &mut Builder, x: Arg) -> Arg {
    let minus_x = b.neg(x);
    b.select_gt(x, ZERO, minus_x, x)
}

/// k, which is x / ln 2 rounded to an integer, and r = x − k·ln 2, at most half of ln 2.
const fn reduce(b: &mut Builder, x: Arg) -> (Arg, Arg) {
    let k = b.fma(x, LOG2_E, ROUNDER);
    let k = b.sub(k, ROUNDER);
    let r = b.fma(k, MINUS_HIGH, x);
    (k, b.fma(k, MINUS_LOW, r))
}

/// `log(x)`, the natural logarithm: +0 for 1, +∞ for +∞, −∞ for ±0, NaN for anything below.
pub(super) const fn log(b: &mut Builder, x: Arg) -> Arg {
    let y = log_positive(b, x);
    let y = b.select_eq(x, INFINITE, INFINITE, y);
    let y = b.select_gt(x, ZERO, y, NAN);
    b.select_eq(x, ZERO, MINUS_INFINITE, y)
}

/// `log(x)` for x positive and finite, or NaN: three rows fewer.
pub(super) const fn log_positive(b: &mut Builder, x: Arg) -> Arg {
    // x = 2^k · (1 + f), with 1 + f between √½ and √2.
    let e = b.exponent(x);
    let m = b.significand(x);
    let halved = b.mul(m, HALF);
    let above = b.add(e, ONE);
    let m1 = b.select_gt(m, SQRT_2, halved, m);
    let k = b.select_gt(m, SQRT_2, above, e);
    let f = b.sub(m1, ONE);
    // s = f / (2 + f), z = s²: log(1 + f) = 2s + s·p with p = z·(c1 + c2·z + c3·z²).
    let d = b.add(f, TWO);
    let s = b.div(f, d);
    let z = b.mul(s, s);
    let p = b.fma(z, LOG3, LOG2);
    let p = b.fma(z, p, LOG1);
    let p = b.mul(z, p);
    // 2s = f − s·f and s·f = f²/2 − s·f²/2, so log(1 + f) = f − (f²/2 − s·(f²/2 + p)): rounding hurts least so.
    let half = b.mul(f, HALF);
    let square = b.mul(half, f);
    let p = b.add(square, p);
    // log x = k·high + (f − (f²/2 − (s·(f²/2 + p) + k·low))).
    let low = b.mul(k, LOW);
    let y = b.fma(s, p, low);
    let y = b.sub(square, y);
    let y = b.sub(f, y);
    b.fma(k, HIGH, y)
}
