//! The constants that rows name, each with its reason. Changing one changes every golden hash.
//!
//! Coefficients are minimax. Those of `exp(r) − 1`, `tanh` and `erf` come from Lawson's algorithm (least squares, weights
//! multiplied by the errors until these are level) on 1,500 Chebyshev nodes: the lowest was rounded to binary32, the
//! others fitted again, and so on. An error given as 2^n is that of the polynomial with the rounded coefficients,
//! evaluated exactly.
use super::Arg;
use crate::arith::F32;

/// The argument that names constant number 0.
pub(super) const FIRST: Arg = 112;

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $bits:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Number {
            $($name),*
        }

        $($(#[$doc])* pub(super) const $name: Arg = FIRST.wrapping_add(Number::$name as u8);)*

        /// All of them; `arg − 112` is the number.
        pub static CONSTANTS: &[F32] = &[$(F32($bits)),*];
    };
}

/// The bits of `−a`.
const fn minus(bits: u32) -> u32 {
    bits ^ F32::NEG_ZERO.0
}

/// The high part of ln 2: its last 9 bits are zero, so that a product with an exponent is exact.
const LN2_HIGH: u32 = 0x3f31_7200;
/// ln 2 minus its high part.
const LN2_LOW: u32 = 0x35bf_be8e;

constants! {
    /// +0; also every argument that a row doesn't use.
    ZERO = 0;
    /// 1/2.
    HALF = 0x3f00_0000;
    /// 1.
    ONE = 0x3f80_0000;
    /// 2.
    TWO = 0x4000_0000;
    /// −1: a product with it changes the sign and nothing else.
    NEG_ONE = 0xbf80_0000;
    /// −1/2.
    NEG_HALF = 0xbf00_0000;
    /// +∞.
    INFINITE = 0x7f80_0000;
    /// −∞.
    MINUS_INFINITE = 0xff80_0000;
    /// The canonical NaN.
    NAN = 0x7fc0_0000;
    /// 2⁻¹²⁶, the smallest divisor of `Ratio`: with it 0 / 0 is 0, not NaN.
    RATIO_FLOOR = 0x0080_0000;
    /// 10⁻⁶, added to a norm before it divides (`torch.nn.utils.clip_grad_norm_`).
    CLIP_EPS = 0x3586_37bd;

    /// 89: `exp` of what is above is +∞ anyway (ln of the greatest number is 88.72).
    EXP_MOST = 0x42b2_0000;
    /// −104: `exp` of what is below is +0 anyway (ln 2⁻¹⁵⁰ is −103.97).
    EXP_LEAST = 0xc2d0_0000;
    /// 1 / ln 2.
    LOG2_E = 0x3fb8_aa3b;
    /// 1.5 · 2²³: a small number added to it is rounded to an integer.
    ROUNDER = 0x4b40_0000;
    /// ln 2, high part.
    HIGH = LN2_HIGH;
    /// Minus the high part.
    MINUS_HIGH = minus(LN2_HIGH);
    /// ln 2, low part.
    LOW = LN2_LOW;
    /// Minus the low part.
    MINUS_LOW = minus(LN2_LOW);
    /// `exp(r) ≈ 1 + r·(1 + E2·r + … + E6·r⁵)` for |r| ≤ ln 2 / 2, relative error below 2⁻²⁷.
    EXP6 = 0x3ab5_43cf;
    /// See [`EXP6`].
    EXP5 = 0x3c09_1d7a;
    /// See [`EXP6`].
    EXP4 = 0x3d2a_ac17;
    /// See [`EXP6`].
    EXP3 = 0x3e2a_aa41;
    /// See [`EXP6`].
    EXP2 = 0x3eff_fffe;

    /// √2: `log` halves significands above.
    SQRT_2 = 0x3fb5_04f3;
    /// `log((1+s)/(1−s)) ≈ 2·s + s·z·(L1 + L2·z + L3·z²)`, z = s², for |s| ≤ (√2−1)/(√2+1), relative error below 2⁻²⁸.
    LOG3 = 0x3e97_760e;
    /// See [`LOG3`].
    LOG2 = 0x3ecc_be02;
    /// See [`LOG3`].
    LOG1 = 0x3f2a_aaae;

    /// `exp(r) − 1 ≈ r + r²·(M2 + M3·r + … + M6·r⁴)` for |r| ≤ ln 2 / 2, relative error below 2⁻²⁶.
    EXPM6 = 0x3ab5_cbad;
    /// See [`EXPM6`].
    EXPM5 = 0x3c09_129c;
    /// See [`EXPM6`].
    EXPM4 = 0x3d2a_ab7b;
    /// See [`EXPM6`].
    EXPM3 = 0x3e2a_aa5a;
    /// See [`EXPM6`].
    EXPM2 = 0x3eff_ffff;

    /// −⅝: minus the magnitude below which `tanh` is a polynomial. Beyond, it is above ½, so that 1 minus something keeps
    /// its relative error.
    TANH_NEAR = 0xbf20_0000;
    /// `tanh(x) ≈ x + x·z·(T1 + T2·z + … + T5·z⁴)`, z = x², for |x| ≤ ⅝, relative error below 2⁻²⁷.
    TANH5 = 0xbbba_870f;
    /// See [`TANH5`].
    TANH4 = 0x3ca8_fc67;
    /// See [`TANH5`].
    TANH3 = 0xbd5c_1ad2;
    /// See [`TANH5`].
    TANH2 = 0x3e08_837b;
    /// See [`TANH5`].
    TANH1 = 0xbeaa_aa99;

    /// −4: minus the magnitude from which on `erf` is ±1 anyway (from 3.84 on).
    ERF_LEAST = 0xc080_0000;
    /// `log(1 + erf(x)) ≈ x + x·(F0 + F1·x + … + F8·x⁸)` for −3.95 ≤ x ≤ 0; of `erf`, relative error below 2⁻²⁷.
    ERF8 = 0xb71d_8185;
    /// See [`ERF8`].
    ERF7 = 0xb8f9_4596;
    /// See [`ERF8`].
    ERF6 = 0xba27_14d8;
    /// See [`ERF8`].
    ERF5 = 0xbadb_a26b;
    /// See [`ERF8`].
    ERF4 = 0xb931_bd12;
    /// See [`ERF8`].
    ERF3 = 0x3c9c_dbe5;
    /// See [`ERF8`].
    ERF2 = 0x3dd2_7c62;
    /// See [`ERF8`].
    ERF1 = 0xbf22_f980;
    /// See [`ERF8`].
    ERF0 = 0x3e03_75d4;

    /// √½: Φ(x) is `(1 + erf(x·√½)) / 2`.
    SQRT_HALF = 0x3f35_04f3;
    /// 1 / √(2π): the density of the normal distribution at 0.
    NORMAL_0 = 0x3ecc_422a;
    /// 2 / √π: the slope of `erf` at 0.
    ERF_SLOPE = 0x3f90_6ebb;
    /// 2·√(2/π): tanh's approximation of `gelu` is `x · sigmoid(2·√(2/π)·(x + 0.044715·x³))`.
    GELU_1 = 0x3fcc_422a;
    /// 2·√(2/π) · 0.044715.
    GELU_3 = 0x3d92_2279;
    /// 3 · 2·√(2/π) · 0.044715.
    GELU_9 = 0x3e5b_33b6;
}
