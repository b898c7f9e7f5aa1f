//! The protocol's constants of order and of elementary functions, each with its reason.
//!
//! None of them can change without changing every golden hash and with it the meaning of every committed program.
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

/// Rows or classes that [`Pick`](super::Op::Pick), [`Embed`](super::Op::Embed) and its gradient distinguish at most: up
/// to 2²⁴ every id is a binary32 number.
pub const MAX_CLASSES: u64 = 1 << 24;
