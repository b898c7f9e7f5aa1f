//! IEEE-754 binary32 in integers: the arithmetic of the referee.
//!
//! Everything here works on bit patterns ([`F32`]) with integer instructions only, because the engines that run
//! contracts reject floating-point instructions. The rules (they can't change without changing every golden hash):
//!
//! - rounding is to nearest, ties to even, once per operation ([`fma`] too);
//! - subnormal operands and results are kept, nothing is flushed to zero;
//! - every NaN that an operation computes is [`F32::NAN`], 0x7fc00000. Only [`select_gt`] can return another NaN: it
//!   moves bits and computes nothing.
//!
//! [`Arith`] names the same list of primitives as a trait, so that one definition of, say, `exp` runs on these integers
//! ([`Soft`]) and on a worker's hardware, bit for bit alike.
//!
//! Formulas: IEEE Std 754-2019, clauses 4.3.1 (rounding), 5.4.1 (arithmetic), 5.11 (comparison), 6.3 (sign of zero);
//! J.-M. Muller et al., *Handbook of Floating-Point Arithmetic*, 2nd ed., chapters 7.3 to 7.6 (integer algorithms).
mod add;
mod bits;
mod compare;
mod convert;
mod div;
mod fma;
mod mul;
pub mod random;
mod sqrt;

pub use add::{add, sub};
pub use bits::F32;
pub use compare::{eq, ge, gt, max, select_gt};
pub use convert::{abs, from_i32, from_u32, neg, round_to_i32, scale_b};
pub use div::div;
pub use fma::fma;
pub use mul::mul;
pub use sqrt::sqrt;

/// The primitives of the protocol over some representation of binary32.
///
/// An implementation returns the bits that the functions of this module return, for every operand. On hardware, make
/// NaNs canonical by their bits: LLVM 22 folds "if `sqrt(x)` is NaN then `NAN` else `sqrt(x)`" over floats into the bare
/// square root, whose NaN on x86 has its sign set.
pub trait Arith {
    /// A value.
    type V: Copy;

    /// The value with this bit pattern.
    fn of_bits(bits: u32) -> Self::V;
    /// The bit pattern of a value.
    fn bits(a: Self::V) -> u32;
    /// `a + b`; see [`add`].
    fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`; see [`sub`].
    fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`; see [`mul`].
    fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once; see [`fma`].
    fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a / b`; see [`div`].
    fn div(a: Self::V, b: Self::V) -> Self::V;
    /// The square root; see [`sqrt`].
    fn sqrt(a: Self::V) -> Self::V;
    /// The greater one; see [`max`].
    fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `a > b`; see [`gt`].
    fn gt(a: Self::V, b: Self::V) -> bool;
    /// `a >= b`; see [`ge`].
    fn ge(a: Self::V, b: Self::V) -> bool;
    /// `a == b` as numbers; see [`eq`].
    fn eq(a: Self::V, b: Self::V) -> bool;
    /// `x` if `a > b`, else `y`; see [`select_gt`].
    fn select_gt(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// The nearest value to an unsigned integer; see [`from_u32`].
    fn from_u32(n: u32) -> Self::V;
    /// The nearest value to a signed integer; see [`from_i32`].
    fn from_i32(n: i32) -> Self::V;
    /// The nearest integer; see [`round_to_i32`].
    fn round_to_i32(a: Self::V) -> i32;
    /// `a · 2^n`; see [`scale_b`].
    fn scale_b(a: Self::V, n: i32) -> Self::V;
    /// `-a`; see [`neg`].
    fn neg(a: Self::V) -> Self::V;
    /// The magnitude; see [`abs`].
    fn abs(a: Self::V) -> Self::V;
}

/// [`Arith`] in integers: the functions of this module.
#[derive(Clone, Copy, Debug)]
pub struct Soft;

impl Arith for Soft {
    type V = F32;

    #[inline]
    fn of_bits(bits: u32) -> F32 {
        F32(bits)
    }
    #[inline]
    fn bits(a: F32) -> u32 {
        a.0
    }
    #[inline]
    fn add(a: F32, b: F32) -> F32 {
        add(a, b)
    }
    #[inline]
    fn sub(a: F32, b: F32) -> F32 {
        sub(a, b)
    }
    #[inline]
    fn mul(a: F32, b: F32) -> F32 {
        mul(a, b)
    }
    #[inline]
    fn fma(a: F32, b: F32, c: F32) -> F32 {
        fma(a, b, c)
    }
    #[inline]
    fn div(a: F32, b: F32) -> F32 {
        div(a, b)
    }
    #[inline]
    fn sqrt(a: F32) -> F32 {
        sqrt(a)
    }
    #[inline]
    fn max(a: F32, b: F32) -> F32 {
        max(a, b)
    }
    #[inline]
    fn gt(a: F32, b: F32) -> bool {
        gt(a, b)
    }
    #[inline]
    fn ge(a: F32, b: F32) -> bool {
        ge(a, b)
    }
    #[inline]
    fn eq(a: F32, b: F32) -> bool {
        eq(a, b)
    }
    #[inline]
    fn select_gt(a: F32, b: F32, x: F32, y: F32) -> F32 {
        select_gt(a, b, x, y)
    }
    #[inline]
    fn from_u32(n: u32) -> F32 {
        from_u32(n)
    }
    #[inline]
    fn from_i32(n: i32) -> F32 {
        from_i32(n)
    }
    #[inline]
    fn round_to_i32(a: F32) -> i32 {
        round_to_i32(a)
    }
    #[inline]
    fn scale_b(a: F32, n: i32) -> F32 {
        scale_b(a, n)
    }
    #[inline]
    fn neg(a: F32) -> F32 {
        neg(a)
    }
    #[inline]
    fn abs(a: F32) -> F32 {
        abs(a)
    }
}
