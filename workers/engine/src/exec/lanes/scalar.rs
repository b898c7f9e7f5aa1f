//! Single lanes: what no vector instruction does on all machines, in plain integer and IEEE operations that round once.

/// `a · 2^round(b)`, rounded once.
#[inline(always)]
pub(super) fn scale_b(a: f32, b: f32) -> f32 {
    // Beyond ±512 nothing changes; NaN stays NaN here and is 0 as an integer.
    let b = b.clamp(-512.0, 512.0);
    // Adding 1.5 · 2^23 rounds to an integer, ties to even.
    let n = ((b + 12_582_912.0) - 12_582_912.0) as i64;
    // 2^n in binary64, which also holds a · 2^n exactly; the conversion is the one rounding.
    let power = f64::from_bits(((n + 1023) as u64) << 52);
    (f64::from(a) * power) as f32
}

/// The greatest `e` with `2^e <= |a|`; 0 for ±0 and what isn't finite.
#[inline(always)]
pub(super) fn exponent(a: f32) -> f32 {
    let magnitude = a.to_bits() & 0x7fff_ffff;
    let e = match magnitude >> 23 {
        0 if magnitude == 0 => 0,
        0 => magnitude.ilog2() as i32 - 149,
        0xff => 0,
        biased => biased as i32 - 127,
    };
    e as f32
}

/// `|a| / 2^exponent(a)`.
#[inline(always)]
pub(super) fn significand(a: f32) -> f32 {
    let magnitude = a.to_bits() & 0x7fff_ffff;
    f32::from_bits(match magnitude >> 23 {
        0 if magnitude == 0 => 0,
        // The leading bit moves to the hidden bit's place and out of the fraction.
        0 => ((magnitude << (23 - magnitude.ilog2())) - (1 << 23)) | 0x3f80_0000,
        0xff => magnitude,
        _ => (magnitude & 0x007f_ffff) | 0x3f80_0000,
    })
}

/// `a · b + c`, rounded once, without a fused instruction.
///
/// The product is exact in binary64. Its sum with `c` is rounded to odd (if inexact, the last bit is set), so that
/// rounding that to binary32 is the same as rounding once (S. Boldo, G. Melquiond, *Emulation of FMA and correctly
/// rounded sums: proved algorithms using rounding to odd*, 2008).
#[inline(always)]
pub(super) fn fma(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_arch = "aarch64") {
        return a.mul_add(b, c); // Every such machine has the instruction.
    }
    let product = f64::from(a) * f64::from(b);
    let c = f64::from(c);
    let sum = product + c;
    // Knuth's two-sum: the error of the addition, exact.
    let c_part = sum - product;
    let error = (product - (sum - c_part)) + (c - c_part);
    let bits = sum.to_bits();
    // The error is NaN where the sum is infinite or NaN: it stays.
    let inexact = u64::from(error.abs() > 0.0);
    // Where the sum lies beyond the exact one, the next number towards zero is the one to make odd.
    let beyond = (error.to_bits() ^ bits) >> 63;
    f64::from_bits((bits - (inexact & beyond)) | inexact) as f32
}

/// Whether a sum that was rounded to binary64 may become another number in binary32 than the exact sum would. Rounding
/// to nearest keeps order, so that takes a sum halfway between two numbers of binary32: its last 29 bits are 1 and
/// zeros. Below 2⁻¹²⁶, where halves are elsewhere, anything but zero may.
///
/// In 32-bit integers: these are compared in vectors on every machine.
#[inline(always)]
pub(super) fn may_round_twice(sum: f64) -> bool {
    let bits = sum.to_bits();
    let (high, low) = ((bits >> 32) as u32 & 0x7fff_ffff, bits as u32);
    let is_half = low & 0x1fff_ffff == 0x1000_0000;
    // A product of two numbers of binary32, and so a sum, is far from binary64's own subnormals: `high` is 0 for zeros
    // only. The upper half of 2⁻¹²⁶ is 0x38100000.
    let is_small = high.wrapping_sub(1) < 0x380f_ffff;
    is_half | is_small
}

/// The greater one, NaN if either is, +0 above −0.
#[inline(always)]
pub(super) fn max(a: f32, b: f32) -> f32 {
    if a > b {
        a
    } else if a < b {
        b
    } else if a == b {
        f32::from_bits(a.to_bits() & b.to_bits())
    } else {
        super::NAN
    }
}
