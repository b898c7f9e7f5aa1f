//! Commitments: the BLAKE3 hash of a byte string is the root of a Merkle tree over its chunks of 1 KiB.
//!
//! So the 32 bytes that address a blob also open single chunks of it ([`Opening`]) and let two parties who disagree
//! find their leftmost difference ([`descent`]). The length of the string is part of what is known about it: it fixes
//! the tree's shape.
//!
//! The tree is BLAKE3's own (J. O'Connor, J.-P. Aumasson, S. Neves, Z. Wilcox-O'Hearn, *BLAKE3: one function, fast
//! everywhere*, section 2.1), computed by the `blake3` crate's `hazmat` module: a subtree of n > 1 chunks has the
//! largest power of two below n on its left; the root is hashed with a flag of its own.
mod bounded;
pub mod descent;
mod error;
mod hash;
pub mod hex_bytes;
mod opening;
mod span;
mod tree;

pub use error::CommitError;
pub(crate) use error::Wrong;
pub use hash::{hash, Hash, HashParseError};
pub(crate) use opening::{checked_f32, checked_item, checked_u8};
pub use opening::{
    item_at, leaf_cv, open, open_from, position_of_item, subtree_cv, verified_f32, verified_item, verified_u8, verify,
    Opening,
};
pub use span::{children, chunk_count, chunk_len, combine, merge, Span};
pub use tree::Tree;

/// Bytes in a chunk, BLAKE3's leaf.
pub const CHUNK: usize = 1024;
/// Subtrees that one move of a descent reveals at most: four levels of the tree.
pub const FANOUT: usize = 16;
/// Levels above a chunk at most: 2⁵⁴ chunks of 2¹⁰ bytes are as many as a 64-bit length can count.
pub const MAX_DEPTH: usize = 54;
