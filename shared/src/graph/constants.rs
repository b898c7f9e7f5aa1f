//! The protocol's constants of order and of elementary functions, each with its reason.
//!
//! None of them can change without changing every golden hash and with it the meaning of every committed program.
use crate::arith::F32;

/// Terms of a dot product that form one sequential FMA chain; the sums of further chains are added in order.
///
/// Long enough that the additions between blocks cost nothing (0.1 %) and that a whole block of typical layers
/// (k ≤ 1,024) is one chain; short enough that a block of both operands fits a level-1 cache and that long k can be
/// handed to several workers.
pub const DOT_BLOCK: u64 = 1024;

/// Items that one block of a reduction holds; the results of further blocks are added in order.
///
/// 128 items for each lane: the tree at the end of a block costs under 1 %, and blocks of long tensors are work for
/// several threads (16 KiB each: half of a level-1 cache).
pub const REDUCTION_BLOCK: u64 = 4096;

/// Strided partial sums in a block of a reduction: one warp of a GPU, two AVX-512 or four AVX2 vectors.
pub const LANES: u64 = 32;

/// Micro-steps of the tree that joins the lanes of a block.
pub const TREE_STEPS: u64 = LANES - 1;

/// Classes that [`Pick`](super::Op::Pick) and [`XentGrad`](super::Op::XentGrad) distinguish at most: up to 2²⁴ every
/// label is a binary32 number.
pub const MAX_CLASSES: u64 = 1 << 24;

/// 2⁻¹²⁶, the smallest divisor of [`Ratio`](super::Op::Ratio): with it 0 / 0 is 0, not NaN.
pub const RATIO_FLOOR: F32 = F32::MIN_POSITIVE;

/// `exp`: arguments above give +∞ anyway (ln of the greatest number is 88.72).
pub const EXP_MAX: F32 = F32(0x42b2_0000); // 89
/// `exp`: arguments below give +0 anyway (ln 2⁻¹⁵⁰ is −103.97).
pub const EXP_MIN: F32 = F32(0xc2d0_0000); // -104
/// 1 / ln 2.
pub const LOG2_E: F32 = F32(0x3fb8_aa3b);
/// 1.5 · 2²³: a small number added to it is rounded to an integer.
pub const ROUNDER: F32 = F32(0x4b40_0000);
/// The high part of ln 2: its last 9 bits are zero, so that a product with an exponent is exact.
pub const LN2_HIGH: F32 = F32(0x3f31_7200);
/// ln 2 minus its high part.
pub const LN2_LOW: F32 = F32(0x35bf_be8e);
/// `exp(r) ≈ 1 + r·(c₁ + c₂·r + … + c₆·r⁵)` for |r| ≤ ln 2 / 2, c₆ first: minimax, relative error below 2⁻²⁷.
pub const EXP_COEFFICIENTS: [F32; 6] =
    [F32(0x3ab5_43cf), F32(0x3c09_1d7a), F32(0x3d2a_ac17), F32(0x3e2a_aa41), F32(0x3eff_fffe), F32::ONE];
/// √2: `log` halves significands above.
pub const SQRT_2: F32 = F32(0x3fb5_04f3);
/// `log((1+s)/(1−s)) ≈ 2·s + s·z·(c₁ + c₂·z + c₃·z²)`, z = s², for |s| ≤ (√2−1)/(√2+1), c₃ first: minimax, relative
/// error below 2⁻²⁸.
pub const LOG_COEFFICIENTS: [F32; 3] = [F32(0x3e97_760e), F32(0x3ecc_be02), F32(0x3f2a_aaae)];
