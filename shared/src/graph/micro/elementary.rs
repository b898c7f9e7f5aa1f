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

/// Micro-steps of `exp`.
pub const EXP_LEN: u64 = 13;
/// Micro-steps of `log`.
pub const LOG_LEN: u64 = 24;

/// An argument of a step of a function, in a byte (with a constant in it, it would be 8, and a contract holds all 37
/// rows): the number of an earlier step of the function, [`X`], or [`CONSTANTS_AT`] plus the number of a constant.
type Arg = u8;

/// The function's argument.
const X: Arg = 63;

/// Where the numbers of constants begin.
const CONSTANTS_AT: Arg = 64;

/// A step of a function.
type Row = (Prim, [Arg; 4]);

macro_rules! constants {
    ($($name:ident = $value:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Constant {
            $($name),*
        }

        $(const $name: Arg = CONSTANTS_AT.wrapping_add(Constant::$name as u8);)*

        static CONSTANTS: &[F32] = &[$($value),*];
    };
}

const EXP: [F32; 6] = EXP_COEFFICIENTS;
const LOG: [F32; 3] = LOG_COEFFICIENTS;

constants! {
    ZERO = F32::ZERO;
    HALF = F32::HALF;
    ONE = F32::ONE;
    TWO = F32::TWO;
    INFINITE = F32::INFINITY;
    MINUS_INFINITE = F32::NEG_INFINITY;
    NAN = F32::NAN;
    MOST = EXP_MAX;
    LEAST = EXP_MIN;
    PER_LN2 = LOG2_E;
    ROUND = ROUNDER;
    HIGH = LN2_HIGH;
    MINUS_HIGH = minus(LN2_HIGH);
    LOW = LN2_LOW;
    MINUS_LOW = minus(LN2_LOW);
    ROOT = SQRT_2;
    E6 = EXP[0];
    E5 = EXP[1];
    E4 = EXP[2];
    E3 = EXP[3];
    E2 = EXP[4];
    E1 = EXP[5];
    L3 = LOG[0];
    L2 = LOG[1];
    L1 = LOG[2];
}

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
const fn minus(a: F32) -> F32 {
    F32(a.0 ^ F32::NEG_ZERO.0)
}

static EXP_ROWS: [Row; 13] = {
    let (c, k, r) = (1, 3, 5);
    [
        // c: x clamped to where the result is neither 0 nor ∞, and a bit beyond; NaN stays NaN.
        (Prim::SelectGt, [X, MOST, MOST, X]),
        two(Prim::Max, 0, LEAST),
        // k: c / ln 2 rounded to an integer.
        fma(c, PER_LN2, ROUND),
        two(Prim::Sub, 2, ROUND),
        // r = c − k·ln 2, at most half of ln 2.
        fma(k, MINUS_HIGH, c),
        fma(k, MINUS_LOW, 4),
        // exp(r) by Horner's rule.
        fma(E6, r, E5),
        fma(6, r, E4),
        fma(7, r, E3),
        fma(8, r, E2),
        fma(9, r, E1),
        fma(10, r, ONE),
        two(Prim::ScaleB, 11, k),
    ]
};

static LOG_ROWS: [Row; 24] = {
    let (significand, k, f, s, z, p, square) = (1, 5, 6, 8, 9, 12, 14);
    [
        // x = 2^k · (1 + f), with 1 + f between √½ and √2.
        one(Prim::Exponent, X),
        one(Prim::Significand, X),
        two(Prim::Mul, significand, HALF),
        two(Prim::Add, 0, ONE),
        (Prim::SelectGt, [significand, ROOT, 2, significand]),
        (Prim::SelectGt, [significand, ROOT, 3, 0]),
        two(Prim::Sub, 4, ONE),
        // s = f / (2 + f), z = s²: log(1 + f) = 2s + s·p with p = z·(c1 + c2·z + c3·z²).
        two(Prim::Add, f, TWO),
        two(Prim::Div, f, 7),
        two(Prim::Mul, s, s),
        fma(z, L3, L2),
        fma(z, 10, L1),
        two(Prim::Mul, z, 11),
        // 2s = f − s·f and s·f = f²/2 − s·f²/2, so log(1 + f) = f − (f²/2 − s·(f²/2 + p)): rounding hurts least so.
        two(Prim::Mul, f, HALF),
        two(Prim::Mul, 13, f),
        two(Prim::Add, square, p),
        // log x = k·high + (f − (f²/2 − (s·(f²/2 + p) + k·low))).
        two(Prim::Mul, k, LOW),
        fma(s, 15, 16),
        two(Prim::Sub, square, 17),
        two(Prim::Sub, f, 18),
        fma(k, HIGH, 19),
        // What isn't positive and finite.
        (Prim::SelectEq, [X, INFINITE, INFINITE, 20]),
        (Prim::SelectGt, [X, ZERO, 21, NAN]),
        (Prim::SelectEq, [X, ZERO, MINUS_INFINITE, 22]),
    ]
};

/// Micro-step `t` (the last one for `t` beyond) of `exp(x)`, the sequence beginning at step `base` of the element. At
/// most 0.943 ulp off (every argument was tried).
///
/// Exactly 1 for ±0, +∞ from 88.73 on, +0 from −103.98 down; results below 2⁻¹²⁶ are subnormal, rounded once more.
pub fn exp_step(x: Operand, base: u64, t: u64) -> MicroStep {
    step(&EXP_ROWS, x, base, t)
}

/// Micro-step `t` (the last one for `t` beyond) of `log(x)`, the natural logarithm, the sequence beginning at step
/// `base` of the element. At most 0.843 ulp off (every argument was tried).
///
/// +0 for 1, −∞ for ±0, NaN for anything below.
pub fn log_step(x: Operand, base: u64, t: u64) -> MicroStep {
    step(&LOG_ROWS, x, base, t)
}

/// The constant that an argument names.
fn constant(arg: Arg) -> F32 {
    let number = usize::from(arg.wrapping_sub(CONSTANTS_AT));
    CONSTANTS.get(number).copied().unwrap_or(F32::NAN) // Rows name only what is there.
}

fn step(rows: &[Row], x: Operand, base: u64, t: u64) -> MicroStep {
    let row = usize::try_from(t).ok().and_then(|t| rows.get(t)).or(rows.last());
    let &(prim, args) = row.unwrap_or(&(Prim::Add, [ZERO; 4])); // Neither function is without rows.
    let args = args.map(|arg| match arg {
        X => x,
        t if t < X => Operand::Prior(base.wrapping_add(u64::from(t))),
        _ => Operand::Const(constant(arg)),
    });
    MicroStep { prim, args }
}

/// `exp(x)` as the micro-steps compute it: the same bits.
pub fn exp<A: Arith>(x: A::V) -> A::V {
    run::<A>(&EXP_ROWS, x)
}

/// `log(x)` as the micro-steps compute it: the same bits.
pub fn log<A: Arith>(x: A::V) -> A::V {
    run::<A>(&LOG_ROWS, x)
}

fn run<A: Arith>(rows: &[Row], x: A::V) -> A::V {
    let mut values = [x; 32];
    let mut last = x;
    for (t, &(prim, args)) in rows.iter().enumerate() {
        let args = args.map(|arg| match arg {
            X => x,
            t if t < X => values.get(usize::from(t)).copied().unwrap_or(x), // Always there: t is below 32.
            _ => A::of_bits(constant(arg).0),
        });
        last = eval_prim::<A>(prim, args);
        if let Some(value) = values.get_mut(t) {
            *value = last;
        }
    }
    last
}
