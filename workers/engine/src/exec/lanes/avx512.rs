//! AVX-512: sixteen lanes.
use super::{Lanes, Lanewise, NAN};
use std::arch::x86_64::*;

/// Classes of VFPCLASSPS: zeros, infinities and NaNs, each of both kinds.
const SPECIAL: i32 = 0x9f;

#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

/// The first lanes, at most all.
#[inline(always)]
fn first(count: usize) -> __mmask16 {
    assert!(count <= Avx512::N, "{count} lanes");
    ((1_u32 << count) - 1) as __mmask16
}

// SAFETY (of every intrinsic below): the trait's contract says that the machine has AVX-512.
unsafe impl Lanes for Avx512 {
    type Half = super::avx2::Avx2;
    const N: usize = 16;
    const REGISTERS: usize = 32;
    // With two vectors a slice of a panel is small enough for level-1 caches, and widths are often whole tiles.
    const ROWS: usize = 14;
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Avx512(_mm512_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> Self {
        unsafe { Avx512(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())))) }
    }
    #[inline(always)]
    fn prefetch(from: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) };
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let row = |i: usize| _mm512_loadu_ps(from.add(i * from_stride));
            // Pairs of rows, then fours: groups of 4 columns by 4 rows in each 128-bit part.
            let mut fours = [_mm512_setzero_ps(); 16];
            for i in 0..4 {
                let (a, b, c, d) = (row(4 * i), row(4 * i + 1), row(4 * i + 2), row(4 * i + 3));
                let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                fours[4 * i] = _mm512_shuffle_ps::<0x44>(ab_low, cd_low);
                fours[4 * i + 1] = _mm512_shuffle_ps::<0xee>(ab_low, cd_low);
                fours[4 * i + 2] = _mm512_shuffle_ps::<0x44>(ab_high, cd_high);
                fours[4 * i + 3] = _mm512_shuffle_ps::<0xee>(ab_high, cd_high);
            }
            // The 128-bit parts form a 4 × 4 matrix for each column of the group: transpose it.
            for j in 0..4 {
                let (a, b, c, d) = (fours[j], fours[4 + j], fours[8 + j], fours[12 + j]);
                let (ab_even, ab_odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
                let (cd_even, cd_odd) = (_mm512_shuffle_f32x4::<0x88>(c, d), _mm512_shuffle_f32x4::<0xdd>(c, d));
                _mm512_storeu_ps(to.add(j * to_stride), _mm512_shuffle_f32x4::<0x88>(ab_even, cd_even));
                _mm512_storeu_ps(to.add((j + 4) * to_stride), _mm512_shuffle_f32x4::<0x88>(ab_odd, cd_odd));
                _mm512_storeu_ps(to.add((j + 8) * to_stride), _mm512_shuffle_f32x4::<0xdd>(ab_even, cd_even));
                _mm512_storeu_ps(to.add((j + 12) * to_stride), _mm512_shuffle_f32x4::<0xdd>(ab_odd, cd_odd));
            }
        }
    }
    #[inline(always)]
    fn load_part(from: &[f32]) -> Self {
        // SAFETY: masked lanes aren't read.
        unsafe { Avx512(_mm512_maskz_loadu_ps(first(from.len()), from.as_ptr())) }
    }
    #[inline(always)]
    fn store_part(self, to: &mut [f32]) {
        // SAFETY: masked lanes aren't written.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), first(to.len()), self.0) }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> [Self; 2] {
        unsafe {
            let (a, b) = (_mm512_loadu_ps(from), _mm512_loadu_ps(from.add(16)));
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            [Avx512(_mm512_permutex2var_ps(a, even, b)), Avx512(_mm512_permutex2var_ps(a, odd, b))]
        }
    }
    #[inline(always)]
    unsafe fn store_pairs(self, odd: Self, to: *mut f32) {
        unsafe {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
            _mm512_storeu_ps(to, _mm512_permutex2var_ps(self.0, low, odd.0));
            _mm512_storeu_ps(to.add(16), _mm512_permutex2var_ps(self.0, high, odd.0));
        }
    }
}

// SAFETY: as above.
unsafe impl Lanewise for Avx512 {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        unsafe { Avx512(_mm512_set1_ps(x)) }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        unsafe { Avx512(_mm512_add_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        unsafe { Avx512(_mm512_sub_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        unsafe { Avx512(_mm512_mul_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        unsafe { Avx512(_mm512_div_ps(self.0, b.0)) }
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        unsafe { Avx512(_mm512_fmadd_ps(self.0, b.0, c.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Avx512(_mm512_sqrt_ps(self.0)) }
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        unsafe {
            // MAXPS gives b for two zeros or a NaN.
            let greater = _mm512_max_ps(self.0, b.0);
            let equal = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, b.0);
            let ordered = _mm512_mask_and_ps(greater, equal, self.0, b.0);
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, b.0);
            Avx512(_mm512_mask_mov_ps(ordered, nan, _mm512_set1_ps(NAN)))
        }
    }
    #[inline(always)]
    fn select_gt(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Avx512(_mm512_mask_mov_ps(d.0, _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, b.0), c.0)) }
    }
    #[inline(always)]
    fn select_eq(self, b: Self, c: Self, d: Self) -> Self {
        unsafe { Avx512(_mm512_mask_mov_ps(d.0, _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, b.0), c.0)) }
    }
    #[inline(always)]
    fn scale_b(self, b: Self) -> Self {
        // What isn't a number stays none.
        let rounded = unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(b.0) };
        self.scale(Avx512(rounded))
    }
    #[inline(always)]
    fn exponent(self) -> Self {
        unsafe {
            let special = _mm512_fpclass_ps_mask::<SPECIAL>(self.0);
            Avx512(_mm512_maskz_getexp_ps(!special, self.0))
        }
    }
    #[inline(always)]
    fn significand(self) -> Self {
        unsafe {
            // The instruction gives 1 for zeros and infinities.
            let special = _mm512_fpclass_ps_mask::<SPECIAL>(self.0);
            let magnitude = _mm512_andnot_ps(_mm512_set1_ps(-0.0), self.0);
            Avx512(_mm512_mask_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_ZERO>(magnitude, !special, self.0))
        }
    }
    #[inline(always)]
    fn canonical(self) -> Self {
        unsafe {
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            Avx512(_mm512_mask_mov_ps(self.0, nan, _mm512_set1_ps(NAN)))
        }
    }
    #[inline(always)]
    fn neg(self) -> Self {
        unsafe { Avx512(_mm512_xor_ps(self.0, _mm512_set1_ps(-0.0))) }
    }
    #[inline(always)]
    fn at_least(self, least: Self) -> Self {
        // The second operand for a NaN.
        unsafe { Avx512(_mm512_max_ps(least.0, self.0)) }
    }
    #[inline(always)]
    fn at_most(self, most: Self) -> Self {
        unsafe { Avx512(_mm512_min_ps(most.0, self.0)) }
    }
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        unsafe {
            // What isn't a number is 0, and beyond ±512 nothing changes.
            let number = _mm512_cmp_ps_mask::<_CMP_ORD_Q>(n.0, n.0);
            let n = _mm512_max_ps(_mm512_min_ps(n.0, _mm512_set1_ps(512.0)), _mm512_set1_ps(-512.0));
            // |a| < 2^(e + 1), and what is less than 2^-150 becomes zero. Processors that take long for what underflows
            // need not see it: of a masked softmax that is half of all.
            let exponent = _mm512_add_ps(_mm512_getexp_ps(self.0), n);
            let vanishes = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(exponent, _mm512_set1_ps(-151.0));
            let a = _mm512_mask_and_ps(self.0, vanishes, self.0, _mm512_set1_ps(-0.0));
            Avx512(_mm512_mask_scalef_ps(a, number, a, n))
        }
    }
}
