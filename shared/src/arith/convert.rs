//! Integers, powers of two and signs.
use super::bits::{low32, round, shift_right_round, Parts, F32, SIGN};

/// The nearest number to `n`, ties to even.
#[inline]
pub fn from_u32(n: u32) -> F32 {
    if n == 0 {
        F32::ZERO
    } else {
        round(0, Parts { significand: u64::from(n), exponent: 0 })
    }
}

/// The nearest number to `n`, ties to even.
#[inline]
pub fn from_i32(n: i32) -> F32 {
    let magnitude = from_u32(n.unsigned_abs());
    if n < 0 {
        F32(magnitude.0 | SIGN)
    } else {
        magnitude
    }
}

/// The nearest integer, ties to even; beyond the range of `i32` its nearest end; 0 for NaN.
#[inline]
pub fn round_to_i32(a: F32) -> i32 {
    if a.is_nan() {
        return 0;
    }
    let Parts { significand, exponent } = a.parts(); // Infinities read as 2^128: beyond the range too.
    let negative = a.is_sign_negative();
    let limit = if negative { i32::MIN } else { i32::MAX };
    let magnitude = if exponent >= 8 {
        return limit; // 2^23 · 2^8 = 2^31 or more.
    } else if exponent >= 0 {
        significand.wrapping_shl(exponent.cast_unsigned())
    } else {
        shift_right_round(significand, exponent.wrapping_neg().cast_unsigned())
    };
    // Below 2^31: a 24-bit significand times 2^7 at most.
    let magnitude = low32(magnitude).cast_signed();
    if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// `a · 2^n`, rounded once; NaN for NaN. Also where `2^n` itself isn't a binary32 number.
#[inline]
pub fn scale_b(a: F32, n: i32) -> F32 {
    if a.is_nan() {
        return F32::NAN;
    }
    if a.is_zero() || a.is_infinite() {
        return a;
    }
    // From 2^-149 to beyond 2^128, or back, is 277 powers of two: a wider step changes nothing.
    let n = n.clamp(-512, 512);
    let Parts { significand, exponent } = a.parts();
    round(a.sign(), Parts { significand, exponent: exponent.wrapping_add(n) })
}

/// `-a`; [`F32::NAN`] for NaN (IEEE's negate would flip the sign of a NaN; here NaN has one form).
#[inline]
pub fn neg(a: F32) -> F32 {
    if a.is_nan() {
        F32::NAN
    } else {
        F32(a.0 ^ SIGN)
    }
}

/// The magnitude; [`F32::NAN`] for NaN.
#[inline]
pub fn abs(a: F32) -> F32 {
    if a.is_nan() {
        F32::NAN
    } else {
        F32(a.magnitude())
    }
}
