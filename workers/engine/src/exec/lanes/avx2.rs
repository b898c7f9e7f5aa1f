//! AVX2 and FMA: eight lanes.
use super::{Lanes, Lanewise, NAN};
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256);

impl Avx2 {
    /// `a · 2^n` for n up to ±512. In binary64 2^n exists and the product is exact; the conversion back is the one
    /// rounding.
    #[inline(always)]
    fn times_power(a: __m128, n: __m128i) -> __m128 {
        // SAFETY: as below.
        unsafe {
            let biased = _mm256_add_epi64(_mm256_cvtepi32_epi64(n), _mm256_set1_epi64x(1023));
            let power = _mm256_castsi256_pd(_mm256_slli_epi64::<52>(biased));
            _mm256_cvtpd_ps(_mm256_mul_pd(_mm256_cvtps_pd(a), power))
        }
    }

    /// The magnitude, subnormal ones times 2²⁴, and where that was done 24, as integers.
    #[inline(always)]
    fn normalised(self) -> (__m256, __m256i) {
        // SAFETY: as below.
        unsafe {
            let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0);
            let small = _mm256_cmp_ps::<_CMP_LT_OQ>(magnitude, _mm256_set1_ps(f32::MIN_POSITIVE));
            let scaled = _mm256_mul_ps(magnitude, _mm256_set1_ps(16_777_216.0));
            let shift = _mm256_and_si256(_mm256_castps_si256(small), _mm256_set1_epi32(24));
            (_mm256_blendv_ps(magnitude, scaled, small), shift)
        }
    }

    /// A mask: neither zero, infinite nor NaN.
    #[inline(always)]
    fn is_ordinary(self) -> __m256 {
        // SAFETY: as below.
        unsafe {
            let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0);
            let nonzero = _mm256_cmp_ps::<_CMP_GT_OQ>(magnitude, _mm256_setzero_ps());
            let finite = _mm256_cmp_ps::<_CMP_LT_OQ>(magnitude, _mm256_set1_ps(f32::INFINITY));
            _mm256_and_ps(nonzero, finite)
        }
    }
}

// SAFETY (of every intrinsic below): the trait's contract says that the machine has AVX2 and FMA.
unsafe impl Lanes for Avx2 {
    type Half = Self;
    const N: usize = 8;
    const REGISTERS: usize = 16;
    const ROWS: usize = 6;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Avx2(_mm256_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> Self {
        unsafe { Avx2(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast())))) }
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let row = |i: usize| _mm256_loadu_ps(from.add(i * from_stride));
            let mut fours = [_mm256_setzero_ps(); 8];
            for i in 0..2 {
                let (a, b, c, d) = (row(4 * i), row(4 * i + 1), row(4 * i + 2), row(4 * i + 3));
                let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                fours[4 * i] = _mm256_shuffle_ps::<0x44>(ab_low, cd_low);
                fours[4 * i + 1] = _mm256_shuffle_ps::<0xee>(ab_low, cd_low);
                fours[4 * i + 2] = _mm256_shuffle_ps::<0x44>(ab_high, cd_high);
                fours[4 * i + 3] = _mm256_shuffle_ps::<0xee>(ab_high, cd_high);
            }
            for j in 0..4 {
                let (upper, lower) = (fours[j], fours[4 + j]);
                _mm256_storeu_ps(to.add(j * to_stride), _mm256_permute2f128_ps::<0x20>(upper, lower));
                _mm256_storeu_ps(to.add((j + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(upper, lower));
            }
        }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> [Self; 2] {
        unsafe {
            let (a, b) = (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8)));
            // Both first halves, both second ones.
            let (low, high) = (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
            let (even, odd) = (_mm256_shuffle_ps::<0x88>(low, high), _mm256_shuffle_ps::<0xdd>(low, high));
            [Avx2(even), Avx2(odd)]
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(self, odd: Self, to: *mut f32) {
        unsafe {
            let (low, high) = (_mm256_unpacklo_ps(self.0, odd.0), _mm256_unpackhi_ps(self.0, odd.0));
            _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(low, high));
            _mm256_storeu_ps(to.add(8), _mm256_permute2f128_ps::<0x31>(low, high));
        }
    }
}

// SAFETY: as above.
unsafe impl Lanewise for Avx2 {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Avx2(_mm256_set1_ps(x)) }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Avx2(_mm256_add_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Avx2(_mm256_sub_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Avx2(_mm256_mul_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        unsafe { Avx2(_mm256_div_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        unsafe { Avx2(_mm256_fmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Avx2(_mm256_sqrt_ps(self.0)) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        unsafe {
            // MAXPS gives b for two zeros or a NaN.
            let greater = _mm256_max_ps(self.0, b.0);
            let equal = _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, b.0);
            let ordered = _mm256_blendv_ps(greater, _mm256_and_ps(self.0, b.0), equal);
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, b.0);
            Avx2(_mm256_blendv_ps(ordered, _mm256_set1_ps(NAN), nan))
        }
    }
    #[inline(always)]
    fn select_gt(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Avx2(_mm256_blendv_ps(d.0, c.0, _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, b.0))) }
    }
    #[inline(always)]
    fn select_eq(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Avx2(_mm256_blendv_ps(d.0, c.0, _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, b.0))) }
    }
    #[inline(always)]
    fn scale_b(self, b: Self) -> Self {
        unsafe {
            let number = _mm256_cmp_ps::<_CMP_ORD_Q>(b.0, b.0);
            // What isn't a number is 0, and beyond ±512 nothing changes; the conversion rounds, ties to even.
            let n = _mm256_and_ps(b.0, number);
            let n = _mm256_max_ps(_mm256_min_ps(n, _mm256_set1_ps(512.0)), _mm256_set1_ps(-512.0));
            let n = _mm256_cvtps_epi32(n);
            let low = Self::times_power(_mm256_castps256_ps128(self.0), _mm256_castsi256_si128(n));
            let high = Self::times_power(_mm256_extractf128_ps::<1>(self.0), _mm256_extracti128_si256::<1>(n));
            Avx2(_mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high))
        }
    }
    #[inline(always)]
    fn exponent(self) -> Self {
        unsafe {
            let (normal, shift) = self.normalised();
            let biased = _mm256_srli_epi32::<23>(_mm256_castps_si256(normal));
            let e = _mm256_sub_epi32(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)), shift);
            Avx2(_mm256_and_ps(_mm256_cvtepi32_ps(e), self.is_ordinary()))
        }
    }
    #[inline(always)]
    fn significand(self) -> Self {
        unsafe {
            let (normal, _) = self.normalised();
            let fraction = _mm256_and_ps(normal, _mm256_castsi256_ps(_mm256_set1_epi32(0x007f_ffff)));
            let significand = _mm256_or_ps(fraction, _mm256_set1_ps(1.0));
            let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0);
            Avx2(_mm256_blendv_ps(magnitude, significand, self.is_ordinary()))
        }
    }
    #[inline(always)]
    fn canonical(self) -> Self {
        unsafe {
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
            Avx2(_mm256_blendv_ps(self.0, _mm256_set1_ps(NAN), nan))
        }
    }
    #[inline(always)]
    fn neg(self) -> Self {
        unsafe { Avx2(_mm256_xor_ps(self.0, _mm256_set1_ps(-0.0))) }
    }
    #[inline(always)]
    fn at_least(self, least: Self) -> Self {
        // The second operand for a NaN.
        unsafe { Avx2(_mm256_max_ps(least.0, self.0)) }
    }
    #[inline(always)]
    fn at_most(self, most: Self) -> Self {
        unsafe { Avx2(_mm256_min_ps(most.0, self.0)) }
    }
}
