//! `exp` and `log` as fixed sequences of primitives, for every argument.
//!
//! Formulas: W. Cody, W. Waite, *Software Manual for the Elementary Functions*, 1980, chapters 5 and 6 (argument
//! reduction); for `log` the series in (m − 1)/(m + 1). Coefficients: [`constants`](super::super::constants).
use super::super::constants::{
    EXP_COEFFICIENTS, EXP_MAX, EXP_MIN, LN2_HIGH, LN2_LOW, LOG2_E, LOG_COEFFICIENTS, ROUNDER, SQRT_2,
};
use super::super::eval_prim;
use super::{MicroStep, Operand, Prim};
use crate::arith::{Arith, F32};
use Arg::{Const, Step, X};

/// Micro-steps of `exp`.
pub const EXP_LEN: u64 = 13;
/// Micro-steps of `log`.
pub const LOG_LEN: u64 = 24;

/// An argument of a step of a function.
#[derive(Clone, Copy)]
enum Arg {
    /// The function's argument.
    X,
    /// A constant.
    Const(F32),
    /// The value of an earlier step of the function.
    Step(u8),
}

/// A step of a function.
type Row = (Prim, [Arg; 4]);

const ZERO: Arg = Const(F32::ZERO);
const ONE: Arg = Const(F32::ONE);
const HALF: Arg = Const(F32::HALF);

const fn one(prim: Prim, a: Arg) -> Row {
    (prim, [a, ZERO, ZERO, ZERO])
}

const fn two(prim: Prim, a: Arg, b: Arg) -> Row {
    (prim, [a, b, ZERO, ZERO])
}

const fn fma(a: Arg, b: Arg, c: Arg) -> Row {
    (Prim::Fma, [a, b, c, ZERO])
}

/// `-a` of a constant that isn't NaN.
const fn minus(a: F32) -> Arg {
    Const(F32(a.0 ^ F32::NEG_ZERO.0))
}

static EXP: [Row; 13] = {
    let [c6, c5, c4, c3, c2, c1] = EXP_COEFFICIENTS;
    let (c, k, r) = (Step(1), Step(3), Step(5));
    [
        // c: x clamped to where the result is neither 0 nor ∞, and a bit beyond; NaN stays NaN.
        (Prim::SelectGt, [X, Const(EXP_MAX), Const(EXP_MAX), X]),
        two(Prim::Max, Step(0), Const(EXP_MIN)),
        // k: c / ln 2 rounded to an integer.
        fma(c, Const(LOG2_E), Const(ROUNDER)),
        two(Prim::Sub, Step(2), Const(ROUNDER)),
        // r = c − k·ln 2, at most half of ln 2.
        fma(k, minus(LN2_HIGH), c),
        fma(k, minus(LN2_LOW), Step(4)),
        // exp(r) by Horner's rule.
        fma(Const(c6), r, Const(c5)),
        fma(Step(6), r, Const(c4)),
        fma(Step(7), r, Const(c3)),
        fma(Step(8), r, Const(c2)),
        fma(Step(9), r, Const(c1)),
        fma(Step(10), r, ONE),
        two(Prim::ScaleB, Step(11), k),
    ]
};

static LOG: [Row; 24] = {
    let [c3, c2, c1] = LOG_COEFFICIENTS;
    let large = Const(SQRT_2);
    let (significand, k, f, s, z, p, square) = (Step(1), Step(5), Step(6), Step(8), Step(9), Step(12), Step(14));
    [
        // x = 2^k · (1 + f), with 1 + f between √½ and √2.
        one(Prim::Exponent, X),
        one(Prim::Significand, X),
        two(Prim::Mul, significand, HALF),
        two(Prim::Add, Step(0), ONE),
        (Prim::SelectGt, [significand, large, Step(2), significand]),
        (Prim::SelectGt, [significand, large, Step(3), Step(0)]),
        two(Prim::Sub, Step(4), ONE),
        // s = f / (2 + f), z = s²: log(1 + f) = 2s + s·p with p = z·(c1 + c2·z + c3·z²).
        two(Prim::Add, f, Const(F32::TWO)),
        two(Prim::Div, f, Step(7)),
        two(Prim::Mul, s, s),
        fma(z, Const(c3), Const(c2)),
        fma(z, Step(10), Const(c1)),
        two(Prim::Mul, z, Step(11)),
        // 2s = f − s·f and s·f = f²/2 − s·f²/2, so log(1 + f) = f − (f²/2 − s·(f²/2 + p)): rounding hurts least so.
        two(Prim::Mul, f, HALF),
        two(Prim::Mul, Step(13), f),
        two(Prim::Add, square, p),
        // log x = k·high + (f − (f²/2 − (s·(f²/2 + p) + k·low))).
        two(Prim::Mul, k, Const(LN2_LOW)),
        fma(s, Step(15), Step(16)),
        two(Prim::Sub, square, Step(17)),
        two(Prim::Sub, f, Step(18)),
        fma(k, Const(LN2_HIGH), Step(19)),
        // What isn't positive and finite.
        (Prim::SelectEq, [X, Const(F32::INFINITY), Const(F32::INFINITY), Step(20)]),
        (Prim::SelectGt, [X, ZERO, Step(21), Const(F32::NAN)]),
        (Prim::SelectEq, [X, ZERO, Const(F32::NEG_INFINITY), Step(22)]),
    ]
};

/// Micro-step `t` (the last one for `t` beyond) of `exp(x)`, the sequence beginning at step `base` of the element. At
/// most 0.943 ulp off (every argument was tried).
///
/// Exactly 1 for ±0, +∞ from 88.73 on, +0 from −103.98 down; results below 2⁻¹²⁶ are subnormal, rounded once more.
pub fn exp_step(x: Operand, base: u64, t: u64) -> MicroStep {
    step(&EXP, x, base, t)
}

/// Micro-step `t` (the last one for `t` beyond) of `log(x)`, the natural logarithm, the sequence beginning at step
/// `base` of the element. At most 0.843 ulp off (every argument was tried).
///
/// +0 for 1, −∞ for ±0, NaN for anything below.
pub fn log_step(x: Operand, base: u64, t: u64) -> MicroStep {
    step(&LOG, x, base, t)
}

fn step(rows: &[Row], x: Operand, base: u64, t: u64) -> MicroStep {
    let row = usize::try_from(t).ok().and_then(|t| rows.get(t)).or(rows.last());
    let &(prim, args) = row.unwrap_or(&(Prim::Add, [ZERO; 4])); // Neither function is without rows.
    let args = args.map(|arg| match arg {
        X => x,
        Const(value) => Operand::Const(value),
        Step(t) => Operand::Prior(base.wrapping_add(u64::from(t))),
    });
    MicroStep { prim, args }
}

/// `exp(x)` as the micro-steps compute it: the same bits.
pub fn exp<A: Arith>(x: A::V) -> A::V {
    run::<A>(&EXP, x)
}

/// `log(x)` as the micro-steps compute it: the same bits.
pub fn log<A: Arith>(x: A::V) -> A::V {
    run::<A>(&LOG, x)
}

fn run<A: Arith>(rows: &[Row], x: A::V) -> A::V {
    let mut values = [x; 32];
    let mut last = x;
    for (t, &(prim, args)) in rows.iter().enumerate() {
        let args = args.map(|arg| match arg {
            X => x,
            Const(value) => A::of_bits(value.0),
            Step(t) => values.get(usize::from(t)).copied().unwrap_or(x), // Always there: t is below 32.
        });
        last = eval_prim::<A>(prim, args);
        if let Some(value) = values.get_mut(t) {
            *value = last;
        }
    }
    last
}
