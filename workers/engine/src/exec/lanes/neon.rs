//! NEON, which every 64-bit ARM processor for general use has: four lanes, 32 registers.
use super::{Lanes, Lanewise, NAN};
use std::arch::aarch64::*;

#[derive(Clone, Copy)]
pub(super) struct Neon(float32x4_t);

impl Neon {
    /// `a · 2^n` for n up to ±512. In binary64 2^n exists and the product is exact; the conversion back is the one
    /// rounding.
    #[inline(always)]
    fn times_power(a: float32x2_t, n: int32x2_t) -> float32x2_t {
        // SAFETY: as below.
        unsafe {
            let biased = vaddq_s64(vmovl_s32(n), vdupq_n_s64(1023));
            let power = vreinterpretq_f64_s64(vshlq_n_s64::<52>(biased));
            vcvt_f32_f64(vmulq_f64(vcvt_f64_f32(a), power))
        }
    }

    /// The magnitude, subnormal ones times 2²⁴, and where that was done 24, as integers.
    #[inline(always)]
    fn normalised(self) -> (float32x4_t, int32x4_t) {
        // SAFETY: as below.
        unsafe {
            let magnitude = vabsq_f32(self.0);
            let small = vcltq_f32(magnitude, vdupq_n_f32(f32::MIN_POSITIVE));
            let scaled = vmulq_f32(magnitude, vdupq_n_f32(16_777_216.0));
            let shift = vandq_u32(small, vdupq_n_u32(24));
            (vbslq_f32(small, scaled, magnitude), vreinterpretq_s32_u32(shift))
        }
    }

    /// A mask: neither zero, infinite nor NaN.
    #[inline(always)]
    fn is_ordinary(self) -> uint32x4_t {
        // SAFETY: as below.
        unsafe {
            let magnitude = vabsq_f32(self.0);
            vandq_u32(vcgtzq_f32(magnitude), vcltq_f32(magnitude, vdupq_n_f32(f32::INFINITY)))
        }
    }
}

// SAFETY (of every intrinsic below): the trait's contract says that the machine has NEON.
unsafe impl Lanes for Neon {
    type Half = Self;
    const N: usize = 4;
    const REGISTERS: usize = 32;
    // 24 registers of sums, three of the right factor, one of the left: BLIS's tile for these processors.
    const ROWS: usize = 8;
    const COLUMNS: usize = 3;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Neon(vld1q_f32(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { vst1q_f32(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> Self {
        unsafe {
            let bytes = vreinterpret_u8_u32(vdup_n_u32(from.cast::<u32>().read_unaligned()));
            Neon(vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes)))))
        }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let pair = |i: usize| {
                let (a, b) = (vld1q_f32(from.add(i * from_stride)), vld1q_f32(from.add((i + 1) * from_stride)));
                // Of both, side by side: columns 0 and 2, and columns 1 and 3.
                [vtrn1q_f32(a, b), vtrn2q_f32(a, b)].map(|x| vreinterpretq_f64_f32(x))
            };
            let ([upper_02, upper_13], [lower_02, lower_13]) = (pair(0), pair(2));
            let columns = [
                vtrn1q_f64(upper_02, lower_02),
                vtrn1q_f64(upper_13, lower_13),
                vtrn2q_f64(upper_02, lower_02),
                vtrn2q_f64(upper_13, lower_13),
            ];
            for (j, column) in columns.into_iter().enumerate() {
                vst1q_f32(to.add(j * to_stride), vreinterpretq_f32_f64(column));
            }
        }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> [Self; 2] {
        unsafe {
            let float32x4x2_t(even, odd) = vld2q_f32(from);
            [Neon(even), Neon(odd)]
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(self, odd: Self, to: *mut f32) {
        unsafe { vst2q_f32(to, float32x4x2_t(self.0, odd.0)) }
    }
}

// SAFETY: as above.
unsafe impl Lanewise for Neon {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Neon(vdupq_n_f32(x)) }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Neon(vaddq_f32(self.0, b.0)) }
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Neon(vsubq_f32(self.0, b.0)) }
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Neon(vmulq_f32(self.0, b.0)) }
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        unsafe { Neon(vdivq_f32(self.0, b.0)) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        unsafe { Neon(vfmaq_f32(c.0, self.0, b.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Neon(vsqrtq_f32(self.0)) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        // FMAX is the protocol's: NaN if either is, and +0 above −0. (FMAXNM would prefer a number to a NaN.)
        unsafe { Neon(vmaxq_f32(self.0, b.0)) }
    }
    #[inline(always)]
    fn select_gt(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Neon(vbslq_f32(vcgtq_f32(self.0, b.0), c.0, d.0)) }
    }
    #[inline(always)]
    fn select_eq(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Neon(vbslq_f32(vceqq_f32(self.0, b.0), c.0, d.0)) }
    }
    #[inline(always)]
    fn scale_b(self, b: Self) -> Self {
        unsafe {
            // To the nearest integer, ties to even; NaN is 0, what is too great the greatest. Beyond ±512 nothing changes.
            let n = vcvtnq_s32_f32(b.0);
            let n = vmaxq_s32(vminq_s32(n, vdupq_n_s32(512)), vdupq_n_s32(-512));
            let low = Self::times_power(vget_low_f32(self.0), vget_low_s32(n));
            let high = Self::times_power(vget_high_f32(self.0), vget_high_s32(n));
            Neon(vcombine_f32(low, high))
        }
    }
    #[inline(always)]
    fn exponent(self) -> Self {
        unsafe {
            let (normal, shift) = self.normalised();
            let biased = vshrq_n_s32::<23>(vreinterpretq_s32_f32(normal));
            let e = vcvtq_f32_s32(vsubq_s32(vsubq_s32(biased, vdupq_n_s32(127)), shift));
            Neon(vbslq_f32(self.is_ordinary(), e, vdupq_n_f32(0.0)))
        }
    }
    #[inline(always)]
    fn significand(self) -> Self {
        unsafe {
            let (normal, _) = self.normalised();
            // The fraction's bits, the others those of 1.
            let significand = vbslq_f32(vdupq_n_u32(0x007f_ffff), normal, vdupq_n_f32(1.0));
            Neon(vbslq_f32(self.is_ordinary(), significand, vabsq_f32(self.0)))
        }
    }
    #[inline(always)]
    fn canonical(self) -> Self {
        unsafe {
            // By its bits, as `super::canonical`: these intrinsics are plain operations to LLVM, which takes a choice
            // between a float result and NaN by whether it is NaN for the result itself.
            let magnitude = vandq_u32(vreinterpretq_u32_f32(self.0), vdupq_n_u32(0x7fff_ffff));
            let nan = vcgtq_u32(magnitude, vdupq_n_u32(0x7f80_0000));
            let bits = vbslq_u32(nan, vdupq_n_u32(NAN.to_bits()), vreinterpretq_u32_f32(self.0));
            Neon(vreinterpretq_f32_u32(bits))
        }
    }
}
