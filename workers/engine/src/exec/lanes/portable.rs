//! Eight lanes in an array, for machines without the vector instructions of the other modules.
use super::{scalar, Lanes, Lanewise};

const N: usize = 8;

#[derive(Clone, Copy)]
pub(super) struct Portable([f32; N]);

impl Portable {
    #[inline(always)]
    fn map(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self;
        for (x, y) in out.0.iter_mut().zip(b.0) {
            *x = f(*x, y);
        }
        out
    }

    /// Rare, and large: not to be where it is used.
    #[cfg_attr(not(target_arch = "aarch64"), cold, inline(never))]
    #[cfg_attr(target_arch = "aarch64", inline(always))]
    fn fma_one_by_one(self, b: Self, c: Self) -> Self {
        let mut out = self;
        for i in 0..N {
            out.0[i] = scalar::fma(self.0[i], b.0[i], c.0[i]);
        }
        out
    }

    #[inline(always)]
    fn choose(self, b: Self, c: Self, d: Self, test: impl Fn(&f32, &f32) -> bool) -> Self {
        let mut out = d;
        for i in 0..N {
            if test(&self.0[i], &b.0[i]) {
                out.0[i] = c.0[i];
            }
        }
        out
    }
}

// SAFETY: no special instructions.
unsafe impl Lanes for Portable {
    type Half = Self;
    const N: usize = N;
    const REGISTERS: usize = 16;
    const ROWS: usize = 4;
    const COLUMNS: usize = 1;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; an array of f32 has the alignment of f32.
        unsafe { Portable(*from.cast()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as for load.
        unsafe { *to.cast() = self.0 }
    }
    #[inline(always)]
    unsafe fn load_u8(from: *const u8) -> Self {
        // SAFETY: the caller's promise.
        let bytes: [u8; N] = unsafe { *from.cast() };
        Portable(bytes.map(f32::from))
    }
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for i in 0..N {
            for j in 0..N {
                // SAFETY: the caller's promise.
                unsafe { *to.add(j * to_stride + i) = *from.add(i * from_stride + j) };
            }
        }
    }
    #[inline(always)]
    unsafe fn load_pairs(from: *const f32) -> [Self; 2] {
        // SAFETY: the caller's promise.
        let pairs: [[f32; 2]; N] = unsafe { *from.cast() };
        [Portable(pairs.map(|pair| pair[0])), Portable(pairs.map(|pair| pair[1]))]
    }
    #[inline(always)]
    unsafe fn store_pairs(self, odd: Self, to: *mut f32) {
        let mut pairs = [[0.0; 2]; N];
        for (pair, (even, odd)) in pairs.iter_mut().zip(self.0.into_iter().zip(odd.0)) {
            *pair = [even, odd];
        }
        // SAFETY: the caller's promise.
        unsafe { *to.cast() = pairs }
    }
}

// SAFETY: as above.
unsafe impl Lanewise for Portable {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Portable([x; N])
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.map(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.map(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.map(b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.map(b, |a, b| a / b)
    }
    #[inline(always)]
    fn fma(self, b: Self, c: Self) -> Self {
        if cfg!(target_arch = "aarch64") {
            return self.fma_one_by_one(b, c);
        }
        let (mut out, mut in_doubt) = (self, false);
        for i in 0..N {
            // The product is exact: this rounds once to binary64 and once to binary32.
            let sum = f64::from(self.0[i]) * f64::from(b.0[i]) + f64::from(c.0[i]);
            out.0[i] = sum as f32;
            in_doubt |= scalar::may_round_twice(sum);
        }
        match in_doubt {
            false => out,
            true => self.fma_one_by_one(b, c),
        }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(self, |a, _| a.sqrt())
    }
    #[inline(always)]
    fn max(self, b: Self) -> Self {
        self.map(b, scalar::max)
    }
    #[inline(always)]
    fn select_gt(self, b: Self, c: Self, d: Self) -> Self {
        self.choose(b, c, d, |a, b| a > b)
    }
    #[inline(always)]
    fn select_eq(self, b: Self, c: Self, d: Self) -> Self {
        self.choose(b, c, d, |a, b| a == b)
    }
    #[inline(always)]
    fn scale_b(self, b: Self) -> Self {
        self.map(b, scalar::scale_b)
    }
    #[inline(always)]
    fn exponent(self) -> Self {
        self.map(self, |a, _| scalar::exponent(a))
    }
    #[inline(always)]
    fn significand(self) -> Self {
        self.map(self, |a, _| scalar::significand(a))
    }
    #[inline(always)]
    fn canonical(self) -> Self {
        self.map(self, |a, _| super::canonical(a))
    }
}
