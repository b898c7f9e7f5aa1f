//! The bit pattern of a binary32 number, taking it apart, and the one place that rounds.
use crate::wire::wire;
use codec::{Decode, Encode};
use core::fmt;

/// A binary32 number as its bit pattern: sign (1 bit), biased exponent (8), fraction (23).
///
/// `==` compares bit patterns (so a NaN equals itself and +0 differs from −0); [`eq`](super::eq) compares numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct F32(pub u32);

wire!(struct F32 { 0 });

/// Bits of the fraction.
const FRACTION_BITS: u32 = 23;
/// All ones in the fraction.
const FRACTION_MASK: u32 = 0x007f_ffff;
/// The sign bit.
pub(super) const SIGN: u32 = 0x8000_0000;
/// The biased exponent of infinities and NaNs.
const EXPONENT_MAX: u32 = 0xff;
/// A finite number is `significand · 2^(biased exponent − 150)`: 127 of bias and 23 bits of fraction.
const EXPONENT_OFFSET: i32 = 150;

impl F32 {
    /// +0.
    pub const ZERO: F32 = F32(0);
    /// −0.
    pub const NEG_ZERO: F32 = F32(SIGN);
    /// 1.
    pub const ONE: F32 = F32(0x3f80_0000);
    /// −1.
    pub const NEG_ONE: F32 = F32(0xbf80_0000);
    /// 1/2.
    pub const HALF: F32 = F32(0x3f00_0000);
    /// 2.
    pub const TWO: F32 = F32(0x4000_0000);
    /// The only NaN that arithmetic produces.
    pub const NAN: F32 = F32(0x7fc0_0000);
    /// +∞.
    pub const INFINITY: F32 = F32(0x7f80_0000);
    /// −∞.
    pub const NEG_INFINITY: F32 = F32(0xff80_0000);
    /// The greatest finite number, (2 − 2⁻²³) · 2¹²⁷.
    pub const MAX: F32 = F32(0x7f7f_ffff);
    /// The least finite number.
    pub const MIN: F32 = F32(0xff7f_ffff);
    /// The smallest positive normal number, 2⁻¹²⁶.
    pub const MIN_POSITIVE: F32 = F32(0x0080_0000);
    /// The smallest positive number, 2⁻¹⁴⁹, a subnormal.
    pub const MIN_SUBNORMAL: F32 = F32(1);

    /// The number with this bit pattern.
    #[inline]
    pub const fn from_bits(bits: u32) -> F32 {
        F32(bits)
    }

    /// The bit pattern.
    #[inline]
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// The number whose bit pattern these bytes hold, least significant first (the order in tensors).
    #[inline]
    pub const fn from_le_bytes(bytes: [u8; 4]) -> F32 {
        F32(u32::from_le_bytes(bytes))
    }

    /// The bytes of the bit pattern, least significant first.
    #[inline]
    pub const fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// Any NaN, whatever its payload.
    #[inline]
    pub const fn is_nan(self) -> bool {
        self.magnitude() > F32::INFINITY.0
    }

    /// +∞ or −∞.
    #[inline]
    pub const fn is_infinite(self) -> bool {
        self.magnitude() == F32::INFINITY.0
    }

    /// Neither infinite nor NaN.
    #[inline]
    pub const fn is_finite(self) -> bool {
        self.magnitude() < F32::INFINITY.0
    }

    /// +0 or −0.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.magnitude() == 0
    }

    /// Whether the sign bit is set (also of −0 and of NaNs).
    #[inline]
    pub const fn is_sign_negative(self) -> bool {
        self.0 & SIGN != 0
    }

    /// The bit pattern without its sign.
    #[inline]
    pub(super) const fn magnitude(self) -> u32 {
        self.0 & !SIGN
    }

    /// The sign bit in place.
    #[inline]
    pub(super) const fn sign(self) -> u32 {
        self.0 & SIGN
    }

    /// Zero of this sign (a sign bit in place).
    #[inline]
    pub(super) const fn zero(sign: u32) -> F32 {
        F32(sign)
    }

    /// Infinity of this sign (a sign bit in place).
    #[inline]
    pub(super) const fn infinity(sign: u32) -> F32 {
        F32(sign | F32::INFINITY.0)
    }

    /// Significand and exponent of a finite number: `|self| = significand · 2^exponent`, significand below 2²⁴.
    ///
    /// Subnormals (and zeros) have the exponent of the smallest normal and no hidden bit.
    #[inline]
    pub(super) const fn parts(self) -> Parts {
        let biased = (self.0 >> FRACTION_BITS) & EXPONENT_MAX;
        let fraction = self.0 & FRACTION_MASK;
        if biased == 0 {
            Parts { significand: fraction as u64, exponent: 1_i32.wrapping_sub(EXPONENT_OFFSET) }
        } else {
            Parts {
                significand: (fraction | (1 << FRACTION_BITS)) as u64,
                exponent: biased.cast_signed().wrapping_sub(EXPONENT_OFFSET),
            }
        }
    }
}

impl fmt::Debug for F32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "F32({:#010x})", self.0)
    }
}

/// `significand · 2^exponent`.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) significand: u64,
    pub(super) exponent: i32,
}

impl Parts {
    /// The same number with its leading bit at position `top`; the significand must not be zero and must not have bits
    /// above `top`.
    #[inline]
    pub(super) const fn normalised(self, top: u32) -> Parts {
        let shift = self.significand.leading_zeros().wrapping_sub(63_u32.wrapping_sub(top));
        Parts {
            significand: self.significand.wrapping_shl(shift),
            exponent: self.exponent.wrapping_sub(shift.cast_signed()),
        }
    }
}

/// The low 32 bits.
#[inline]
#[allow(clippy::cast_possible_truncation)] // The callers hold values below 2³².
pub(super) const fn low32(x: u64) -> u32 {
    x as u32
}

/// `x / 2^n` rounded down, with the lowest bit set if anything was lost ("sticky"): enough to round correctly later.
#[inline]
pub(super) const fn shift_right_sticky(x: u64, n: u32) -> u64 {
    match x.checked_shr(n) {
        Some(kept) => kept | ((kept.wrapping_shl(n) != x) as u64),
        None => (x != 0) as u64,
    }
}

/// `x / 2^n` rounded to nearest, ties to even.
#[inline]
pub(super) const fn shift_right_round(x: u64, n: u32) -> u64 {
    if n == 0 {
        return x;
    }
    if n > 64 {
        return 0; // x < 2^64 <= 2^n / 2: less than a half.
    }
    let half = 1_u64.wrapping_shl(n.wrapping_sub(1));
    let (kept, lost) = match x.checked_shr(n) {
        Some(kept) => (kept, x.wrapping_sub(kept.wrapping_shl(n))),
        None => (0, x),
    };
    let up = lost > half || (lost == half && kept & 1 == 1);
    kept.wrapping_add(up as u64)
}

/// The nearest number to `±significand · 2^exponent`, ties to even: the only rounding of this module.
///
/// The significand must not be zero; a set lowest bit may stand for anything below it ("sticky"), as long as 26 bits or
/// more are significant. `sign` is a sign bit in place.
#[inline]
pub(super) const fn round(sign: u32, value: Parts) -> F32 {
    // Leading bit at 63: the number is 1.… · 2^(exponent + 63).
    let Parts { significand, exponent } = value.normalised(63);
    let biased = exponent.wrapping_add(63 + 127);
    if biased >= EXPONENT_MAX.cast_signed() {
        return F32::infinity(sign);
    }
    // Of 64 bits, 24 fit; below the normal range one fewer for every power of two. Adding the rounded significand to
    // the exponent field makes a carry out of the fraction raise the exponent: to the smallest normal, to the next
    // power of two, or to infinity. The hidden bit counts as 1 in the field, hence the `- 1`.
    let magnitude = if biased >= 1 {
        let field = biased.wrapping_sub(1).cast_unsigned() << FRACTION_BITS;
        field.wrapping_add(low32(shift_right_round(significand, 40)))
    } else {
        let shift = 41_i32.wrapping_sub(biased).cast_unsigned();
        low32(shift_right_round(significand, shift))
    };
    F32(sign | magnitude)
}
