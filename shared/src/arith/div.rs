//! Division.
use super::bits::{round, Parts, F32, SIGN};

/// `a / b`.
///
/// 0/0 and ∞/∞ give NaN; any other number divided by zero gives infinity of the signs' product.
#[inline]
pub fn div(a: F32, b: F32) -> F32 {
    let sign = (a.0 ^ b.0) & SIGN;
    if !a.is_finite() || !b.is_finite() || a.is_zero() || b.is_zero() {
        return div_special(a, b, sign);
    }
    // Dividend in [2^62, 2^63), divisor in [2^23, 2^24): a quotient of 39 or 40 bits, made sticky by the remainder.
    let dividend = a.parts().normalised(62);
    let divisor = b.parts().normalised(23);
    let (Some(quotient), Some(remainder)) =
        (dividend.significand.checked_div(divisor.significand), dividend.significand.checked_rem(divisor.significand))
    else {
        return F32::NAN; // Never: the divisor isn't zero.
    };
    let significand = quotient | u64::from(remainder != 0);
    round(sign, Parts { significand, exponent: dividend.exponent.wrapping_sub(divisor.exponent) })
}

/// A quotient with an operand that is zero or isn't finite.
#[cold]
fn div_special(a: F32, b: F32, sign: u32) -> F32 {
    if a.is_nan() || b.is_nan() || (a.is_zero() && b.is_zero()) || (a.is_infinite() && b.is_infinite()) {
        F32::NAN
    } else if a.is_infinite() || b.is_zero() {
        F32::infinity(sign)
    } else {
        F32::zero(sign)
    }
}
