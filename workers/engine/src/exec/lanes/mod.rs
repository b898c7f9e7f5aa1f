//! Vectors of binary32 and what the protocol's primitives are on them, for each instruction set.
//!
//! Every method does to each lane what the function of the same name in [`assay_core::arith`] does, except that a NaN
//! may have any payload until [`Lanes::canonical`]: whether a value is NaN never depends on payloads.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
mod scalar;

use assay_core::graph::Prim;

/// The lanes of one vector register (or of what stands for one).
///
/// # Safety
/// Implementors use instructions that the machine may lack. A kernel gets a `V: Lanes` only from [`Isa::run`], which
/// has checked, and nothing else may call these methods.
pub(crate) unsafe trait Lanes: Copy {
    /// Number of lanes: a divisor of 32.
    const N: usize;
    /// Rows of a tile in a matrix product, 4 to 8: as many as registers hold, with [`COLUMNS`](Self::COLUMNS) vectors each.
    const ROWS: usize;
    /// Vectors in a row of a tile, at most 3.
    const COLUMNS: usize;

    /// All lanes alike.
    fn splat(x: f32) -> Self;
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
    /// Transposes `N` rows of `N` values, `from_stride` and `to_stride` values apart.
    ///
    /// # Safety
    /// All are readable and writable.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);

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
    /// 0x7fc00000 for every NaN.
    fn canonical(self) -> Self;

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

    /// A function of single lanes.
    #[inline(always)]
    fn each2(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let (mut x, mut y) = ([0.0; MAX_LANES], [0.0; MAX_LANES]);
        // SAFETY: MAX_LANES >= N values are there.
        unsafe {
            self.store(x.as_mut_ptr());
            b.store(y.as_mut_ptr());
        }
        for (x, y) in x.iter_mut().zip(y).take(Self::N) {
            *x = f(*x, y);
        }
        // SAFETY: as above.
        unsafe { Self::load(x.as_ptr()) }
    }

    /// One primitive; arguments beyond its arity are ignored.
    #[inline(always)]
    fn prim(prim: Prim, [a, b, c, d]: [Self; 4]) -> Self {
        match prim {
            Prim::Add => a.add(b),
            Prim::Sub => a.sub(b),
            Prim::Mul => a.mul(b),
            Prim::Fma => a.fma(b, c),
            Prim::Div => a.div(b),
            Prim::Sqrt => a.sqrt(),
            Prim::Max => a.max(b),
            Prim::SelectGt => a.select_gt(b, c, d),
            Prim::SelectEq => a.select_eq(b, c, d),
            Prim::ScaleB => a.each2(b, scalar::scale_b),
            Prim::Exponent => a.each2(a, |a, _| scalar::exponent(a)),
            Prim::Significand => a.each2(a, |a, _| scalar::significand(a)),
        }
    }
}

/// Lanes of the widest vector.
pub(crate) const MAX_LANES: usize = 16;
/// The protocol's NaN.
pub(crate) const NAN: f32 = f32::from_bits(0x7fc0_0000);

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
    /// Any machine. Fused multiply-adds are made of several operations: slow, but the same bits.
    Portable,
}

impl Isa {
    /// All, fastest first.
    pub const ALL: [Isa; 3] = [Isa::Avx512, Isa::Avx2, Isa::Portable];

    /// The fastest that this machine has.
    pub fn best() -> Isa {
        Isa::ALL.into_iter().find(|isa| isa.is_available()).unwrap_or(Isa::Portable)
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            match self {
                Isa::Avx512 => {
                    has!("avx512f")
                        && has!("avx512bw")
                        && has!("avx512dq")
                        && has!("avx512vl")
                        && has!("avx2")
                        && has!("fma")
                }
                Isa::Avx2 => has!("avx2") && has!("fma"),
                Isa::Portable => true,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Isa::Portable
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

#[cfg(test)]
mod tests;
