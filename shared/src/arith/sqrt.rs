//! Square root.
use super::bits::{round, Parts, F32};

/// The square root.
///
/// Of −0 it is −0; of any other negative number, NaN.
#[inline]
pub fn sqrt(a: F32) -> F32 {
    if a.is_nan() {
        return F32::NAN;
    }
    if a.is_zero() {
        return a;
    }
    if a.is_sign_negative() {
        return F32::NAN;
    }
    if a.is_infinite() {
        return a;
    }
    // An even exponent and a radicand of 62 or 63 bits: a root of 31 or 32 bits, made sticky by the remainder. (No
    // root is half-way between two binary32 numbers: its square would have more bits than a significand has.)
    let mut radicand = a.parts().normalised(61);
    if radicand.exponent & 1 != 0 {
        radicand = Parts { significand: radicand.significand << 1, exponent: radicand.exponent.wrapping_sub(1) };
    }
    let root = radicand.significand.isqrt();
    let exact = root.wrapping_mul(root) == radicand.significand;
    round(0, Parts { significand: (root << 1) | u64::from(!exact), exponent: (radicand.exponent >> 1).wrapping_sub(1) })
}
