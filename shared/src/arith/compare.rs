//! Comparison and selection.
use super::bits::F32;

/// A key that orders numbers other than NaN: −∞ … −0 = +0 … +∞.
#[inline]
fn key(a: F32) -> i32 {
    let magnitude = a.magnitude().cast_signed();
    if a.is_sign_negative() {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// Whether either operand is NaN: then no comparison holds.
#[inline]
fn unordered(a: F32, b: F32) -> bool {
    a.is_nan() || b.is_nan()
}

/// `a > b`; false if either is NaN.
#[inline]
pub fn gt(a: F32, b: F32) -> bool {
    !unordered(a, b) && key(a) > key(b)
}

/// `a >= b`; false if either is NaN.
#[inline]
pub fn ge(a: F32, b: F32) -> bool {
    !unordered(a, b) && key(a) >= key(b)
}

/// `a == b` as numbers: +0 equals −0, and NaN equals nothing.
#[inline]
pub fn eq(a: F32, b: F32) -> bool {
    !unordered(a, b) && key(a) == key(b)
}

/// The greater of two numbers; NaN if either is NaN.
///
/// +0 is greater than −0 here, so that the result doesn't depend on the order of the operands (`maximum` of IEEE
/// 754-2019, clause 9.6; x86's MAXPS differs on zeros and NaNs).
#[inline]
pub fn max(a: F32, b: F32) -> F32 {
    if unordered(a, b) {
        F32::NAN
    } else if key(a) > key(b) {
        a
    } else if key(a) < key(b) {
        b
    } else {
        F32(a.0 & b.0) // Equal: the same bits, or zeros, negative only if both are.
    }
}

/// `x` if `a > b`, else `y`; so `y` if `a` or `b` is NaN. The chosen bits are moved unchanged, a NaN's payload too.
#[inline]
pub fn select_gt(a: F32, b: F32, x: F32, y: F32) -> F32 {
    if gt(a, b) {
        x
    } else {
        y
    }
}
