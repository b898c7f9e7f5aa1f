//! Fused multiply-add.
use super::add::{add, add_parts};
use super::bits::{round, F32, SIGN};
use super::mul::product;

/// `a · b + c`, rounded once.
///
/// Zero times infinity gives NaN whatever `c` is; so do an infinite product and the opposite infinity. An exact zero has
/// the sign that [`add`] gives to the exact product and `c`.
#[inline]
pub fn fma(a: F32, b: F32, c: F32) -> F32 {
    let sign = (a.0 ^ b.0) & SIGN;
    if !a.is_finite() || !b.is_finite() || !c.is_finite() {
        return fma_special(a, b, c, sign);
    }
    if a.is_zero() || b.is_zero() {
        return add(F32::zero(sign), c);
    }
    let product = product(a, b);
    if c.is_zero() {
        return round(sign, product);
    }
    // Leading bits at 61, so that a sum stays below 2^63. The 48-bit product has 14 low zeros, the 24-bit addend 38:
    // bits get lost only when the exponents differ by 15 or more, and then at most one leading bit cancels.
    add_parts((sign, product.normalised(61)), (c.sign(), c.parts().normalised(61)))
}

/// A fused multiply-add with an operand that isn't finite.
#[cold]
fn fma_special(a: F32, b: F32, c: F32, sign: u32) -> F32 {
    if a.is_nan() || b.is_nan() || c.is_nan() {
        return F32::NAN;
    }
    if a.is_finite() && b.is_finite() {
        return c; // infinite
    }
    if a.is_zero() || b.is_zero() {
        return F32::NAN;
    }
    add(F32::infinity(sign), c)
}
