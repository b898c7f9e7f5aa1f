//! Vectors of binary32 and what the protocol's primitives are on them, for each instruction set.
//!
//! Every method does to each lane what the function of the same name in [`assay_core::arith`] does, except that a NaN
//! may have any payload until [`Lanewise::canonical`]: whether a value is NaN never depends on payloads.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod scalar;
mod several;

pub(crate) use several::Several;

/// What is done to each lane alike.
///
/// # Safety
/// As for [`Lanes`].
pub(crate) unsafe trait Lanewise: Copy {
    /// All lanes alike.
    fn splat(x: f32) -> Self;
    /// `a + b`.
    fn add(self, b: Self) -> Self;
    /// `a - b`.
    fn sub(self, b: Self) -> Self;
    /// `a · b`.
    fn mul(self, b: Self) -> Self;
    /// `a / b`.
    fn div(self, b: Self) -> Self;
    /// `a · b + c`, rounded once.
    fn fma(self, b: Self, c: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The greater one, NaN if either is, +0 above −0.
    fn max(self, b: Self) -> Self;
    /// `a > b ? c : d`, bits moved unchanged.
    fn select_gt(self, b: Self, c: Self, d: Self) -> Self;
    /// `a == b ? c : d`, bits moved unchanged.
    fn select_eq(self, b: Self, c: Self, d: Self) -> Self;
    /// `a · 2^round(b)`, rounded once.
    fn scale_b(self, b: Self) -> Self;
    /// The greatest `e` with `2^e <= |a|`; 0 for ±0 and what isn't finite.
    fn exponent(self) -> Self;
    /// `|a| / 2^exponent(a)`.
    fn significand(self) -> Self;
    /// 0x7fc00000 for every NaN.
    fn canonical(self) -> Self;

    /// `-a`, what the product with −1 is.
    #[inline(always)]
    fn neg(self) -> Self {
        self.mul(Self::splat(-1.0))
    }
    /// `max(a, least)`, where that is neither zero nor NaN.
    #[inline(always)]
    fn at_least(self, least: Self) -> Self {
        self.max(least)
    }
    /// `a > most ? most : a`, where that is neither zero nor NaN.
    #[inline(always)]
    fn at_most(self, most: Self) -> Self {
        self.select_gt(most, most, self)
    }
    /// [`scale_b`](Lanewise::scale_b), where every `n` is an integer, or not within ±2²².
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        self.scale_b(n)
    }
}

/// The lanes of one vector register (or of what stands for one).
///
/// # Safety
/// Implementors use instructions that the machine may lack. A kernel gets a `V: Lanes` only from [`Isa::run`], which
/// has checked, and nothing else may call these methods.
pub(crate) unsafe trait Lanes: Lanewise {
    /// Vectors of half as many lanes, where they are faster for so few; else these.
    type Half: Lanes;
    /// Number of lanes: a divisor of 32, from [`MIN_LANES`] to [`MAX_LANES`].
    const N: usize;
    /// Vector registers: 16, or 32.
    const REGISTERS: usize;
    /// Rows of a tile in a matrix product: 6, 8 or 14, as many as registers hold, with [`COLUMNS`](Self::COLUMNS) vectors
    /// each; or 4.
    const ROWS: usize;
    /// Vectors in a row of a tile, at most 3.
    const COLUMNS: usize;

    /// `N` values.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes `N` values.
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store(self, to: *mut f32);
    /// The numbers that `N` bytes stand for.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load_u8(from: *const u8) -> Self;
    /// Has the line of the cache fetched that this is in, wherever it points to; on some machines.
    #[inline(always)]
    fn prefetch(_from: *const f32) {}
    /// Transposes `N` rows of `N` values, `from_stride` and `to_stride` values apart.
    ///
    /// # Safety
    /// All are readable and writable.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);

    /// Of `2 N` values those at even and those at odd places.
    ///
    /// # Safety
    /// They are readable.
    unsafe fn load_pairs(from: *const f32) -> [Self; 2];
    /// Writes `2 N` values: ours to even, the others to odd places.
    ///
    /// # Safety
    /// They are writable.
    unsafe fn store_pairs(self, odd: Self, to: *mut f32);

    /// The first `n < N` lanes from memory, the others +0.
    #[inline(always)]
    fn load_part(from: &[f32]) -> Self {
        let mut lanes = [0.0; MAX_LANES];
        lanes[..from.len()].copy_from_slice(from);
        // SAFETY: MAX_LANES >= N values are there.
        unsafe { Self::load(lanes.as_ptr()) }
    }

    /// Writes the first `to.len() <= N` lanes.
    #[inline(always)]
    fn store_part(self, to: &mut [f32]) {
        let mut lanes = [0.0; MAX_LANES];
        // SAFETY: MAX_LANES >= N places are there.
        unsafe { self.store(lanes.as_mut_ptr()) };
        to.copy_from_slice(&lanes[..to.len()]);
    }

    /// Writes the first `count` lanes, where what is behind them is written later and may be overwritten now.
    #[inline(always)]
    fn store_before(self, to: &mut [f32], count: usize) {
        if to.len() >= Self::N {
            // SAFETY: N places are there.
            unsafe { self.store(to.as_mut_ptr()) }
        } else {
            self.store_part(&mut to[..count]);
        }
    }
}

/// Lanes of the narrowest vector.
pub(crate) const MIN_LANES: usize = 4;
/// Lanes of the widest vector.
pub(crate) const MAX_LANES: usize = 16;
/// The protocol's NaN.
pub(crate) const NAN: f32 = f32::from_bits(0x7fc0_0000);

/// 0x7fc00000 for every NaN.
///
/// By its bits: LLVM takes "NaN if it is NaN, else itself" over floats for the value itself.
#[inline(always)]
pub(crate) fn canonical(x: f32) -> f32 {
    let is_nan = x.to_bits() & 0x7fff_ffff > 0x7f80_0000;
    if is_nan {
        NAN
    } else {
        x
    }
}

/// A computation that can run on any vectors.
pub(crate) trait Kernel {
    /// Its result.
    type Output;
    /// Runs it. Implementations are `#[inline(always)]`, as is everything that they call with a `V`: only so is it
    /// compiled for the instruction set.
    fn run<V: Lanes>(self) -> Self::Output;
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 (F, BW, DQ, VL).
    Avx512,
    /// AVX2 and FMA.
    Avx2,
    /// NEON of 64-bit ARM processors.
    Neon,
    /// Any machine. Fused multiply-adds are made of several operations: slower, but the same bits.
    Portable,
}

impl Isa {
    /// All, fastest first.
    pub const ALL: [Isa; 4] = [Isa::Avx512, Isa::Avx2, Isa::Neon, Isa::Portable];

    /// Those that this machine has, fastest first; [`Portable`](Isa::Portable) is the last.
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The fastest that this machine has.
    pub fn best() -> Isa {
        Isa::available().next().unwrap_or(Isa::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "aarch64")]
        use std::arch::is_aarch64_feature_detected as has;
        #[cfg(target_arch = "x86_64")]
        use std::arch::is_x86_feature_detected as has;
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                has!("avx512f")
                    && has!("avx512bw")
                    && has!("avx512dq")
                    && has!("avx512vl")
                    && has!("avx2")
                    && has!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => has!("avx2") && has!("fma"),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => has!("neon"),
            Isa::Portable => true,
            // Those of other processors.
            _ => false,
        }
    }

    /// Runs a kernel. An instruction set that the machine lacks is replaced by the portable one.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            // Detection is cached by std: a load and a test.
            if self == Isa::Avx512 && self.is_available() {
                // SAFETY: the machine has these instructions.
                return unsafe { run_avx512(kernel) };
            }
            if self == Isa::Avx2 && self.is_available() {
                // SAFETY: the machine has these instructions.
                return unsafe { run_avx2(kernel) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        if self == Isa::Neon && self.is_available() {
            // SAFETY: the machine has these instructions.
            return unsafe { run_neon(kernel) };
        }
        kernel.run::<portable::Portable>()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<avx512::Avx512>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<avx2::Avx2>()
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn run_neon<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<neon::Neon>()
}

#[cfg(test)]
pub(super) mod tests;
