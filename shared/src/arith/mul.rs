//! Multiplication.
use super::bits::{round, Parts, F32, SIGN};

/// `a · b`.
///
/// Zero times infinity gives NaN; the sign of any other result is the product of the signs.
#[inline]
pub fn mul(a: F32, b: F32) -> F32 {
    let sign = (a.0 ^ b.0) & SIGN;
    if !a.is_finite() || !b.is_finite() {
        return mul_special(a, b, sign);
    }
    if a.is_zero() || b.is_zero() {
        return F32::zero(sign);
    }
    round(sign, product(a, b))
}

/// A product with an operand that isn't finite.
#[cold]
fn mul_special(a: F32, b: F32, sign: u32) -> F32 {
    if a.is_nan() || b.is_nan() || a.is_zero() || b.is_zero() {
        F32::NAN
    } else {
        F32::infinity(sign)
    }
}

/// The exact magnitude of the product of two finite numbers: 24 + 24 bits.
#[inline]
pub(super) fn product(a: F32, b: F32) -> Parts {
    let (a, b) = (a.parts(), b.parts());
    Parts { significand: a.significand.wrapping_mul(b.significand), exponent: a.exponent.wrapping_add(b.exponent) }
}
