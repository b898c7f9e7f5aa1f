//! Addition and subtraction.
use super::bits::{round, shift_right_sticky, Parts, F32, SIGN};

/// `a + b`.
///
/// Opposite infinities give NaN. An exact zero from non-zero operands is +0; −0 comes only from (−0) + (−0).
#[inline]
pub fn add(a: F32, b: F32) -> F32 {
    if !a.is_finite() || !b.is_finite() {
        return add_special(a, b);
    }
    if b.is_zero() {
        return if a.is_zero() { F32(a.0 & b.0) } else { a };
    }
    if a.is_zero() {
        return b;
    }
    // 38 spare bits below each significand: bits get lost only when the exponents differ by more than that, and then
    // at most one leading bit cancels, so that the sticky bit stays far below the place of rounding.
    let widen = |x: F32| {
        let parts = x.parts();
        Parts { significand: parts.significand << 38, exponent: parts.exponent.wrapping_sub(38) }
    };
    add_parts((a.sign(), widen(a)), (b.sign(), widen(b)))
}

/// `a - b`: `a + (−b)`.
#[inline]
pub fn sub(a: F32, b: F32) -> F32 {
    add(a, F32(b.0 ^ SIGN))
}

/// A sum with an operand that isn't finite.
#[cold]
fn add_special(a: F32, b: F32) -> F32 {
    if a.is_nan() || b.is_nan() {
        F32::NAN
    } else if !a.is_infinite() {
        b
    } else if !b.is_infinite() || a.sign() == b.sign() {
        a
    } else {
        F32::NAN
    }
}

/// The sum of two signed non-zero numbers whose significands are below 2⁶³ and have so many low zeros that a shift that
/// loses bits can't be followed by the cancellation of more than one leading bit.
#[inline]
pub(super) fn add_parts((sign_a, a): (u32, Parts), (sign_b, b): (u32, Parts)) -> F32 {
    let (sign_a, a, sign_b, b) = if a.exponent >= b.exponent { (sign_a, a, sign_b, b) } else { (sign_b, b, sign_a, a) };
    let exponent = a.exponent;
    let distance = exponent.wrapping_sub(b.exponent).cast_unsigned();
    let aligned = shift_right_sticky(b.significand, distance);
    if sign_a == sign_b {
        return round(sign_a, Parts { significand: a.significand.wrapping_add(aligned), exponent });
    }
    if a.significand == aligned {
        return F32::ZERO;
    }
    if a.significand > aligned {
        round(sign_a, Parts { significand: a.significand.wrapping_sub(aligned), exponent })
    } else {
        round(sign_b, Parts { significand: aligned.wrapping_sub(a.significand), exponent })
    }
}
