//! BLAKE3 in little code: what `assay-core` uses of the `blake3` crate, a fifth of the bytes. That crate is written for
//! speed (its compression is unrolled, its tree keeps a stack) and would be a tenth of a contract's code.
//!
//! Every function gives what the crate's function of the same name gives; `tests/` compares them.
#![no_std]
#![forbid(unsafe_code)]
// Indices are constants or loops over an array's own length; sums and casts are of lengths and positions in memory.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

/// A chaining value, or a hash, as words.
type Words = [u32; 8];

const IV: Words =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

const BLOCK: usize = 64;
const CHUNK: usize = 1024;

/// The compression function, without the half of its output that nobody uses.
fn compress(cv: &Words, block: &[u8; BLOCK], len: u32, counter: u64, flags: u32) -> Words {
    let mut m = [0_u32; 16];
    for (word, bytes) in m.iter_mut().zip(block.chunks_exact(4)) {
        if let &[a, b, c, d] = bytes {
            *word = u32::from_le_bytes([a, b, c, d]);
        }
    }
    let &[a, b, c, d, e, f, g, h] = cv;
    let [i, j, k, l, ..] = IV;
    let mut v = [a, b, c, d, e, f, g, h, i, j, k, l, counter as u32, (counter >> 32) as u32, len, flags];
    for _ in 0..7 {
        mix(&mut v, [0, 4, 8, 12], m[0], m[1]);
        mix(&mut v, [1, 5, 9, 13], m[2], m[3]);
        mix(&mut v, [2, 6, 10, 14], m[4], m[5]);
        mix(&mut v, [3, 7, 11, 15], m[6], m[7]);
        mix(&mut v, [0, 5, 10, 15], m[8], m[9]);
        mix(&mut v, [1, 6, 11, 12], m[10], m[11]);
        mix(&mut v, [2, 7, 8, 13], m[12], m[13]);
        mix(&mut v, [3, 4, 9, 14], m[14], m[15]);
        let old = m;
        for (word, from) in m.iter_mut().zip([2_u8, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]) {
            *word = old[usize::from(from)];
        }
    }
    let mut out = [0; 8];
    for (index, word) in out.iter_mut().enumerate() {
        *word = v[index] ^ v[index + 8];
    }
    out
}

#[inline(always)]
fn mix(v: &mut [u32; 16], [a, b, c, d]: [usize; 4], x: u32, y: u32) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(12);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(8);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(7);
}

/// The value of the subtree over `bytes`, whose first chunk has the number `counter`; with `flags` [`ROOT`] the hash.
fn subtree(bytes: &[u8], counter: u64, flags: u32) -> Words {
    if bytes.len() <= CHUNK {
        return chunk(bytes, counter, flags);
    }
    let chunks = bytes.len().div_ceil(CHUNK);
    let half = chunks.next_power_of_two() / 2;
    let (left, right) = bytes.split_at(half * CHUNK);
    parent(&subtree(left, counter, 0), &subtree(right, counter + half as u64, 0), flags)
}

fn chunk(bytes: &[u8], counter: u64, flags: u32) -> Words {
    let mut cv = IV;
    let mut left = bytes;
    let mut start = CHUNK_START;
    loop {
        let (now, rest) = left.split_at(left.len().min(BLOCK));
        let mut block = [0; BLOCK];
        block[..now.len()].copy_from_slice(now);
        let end = if rest.is_empty() { CHUNK_END | flags } else { 0 };
        cv = compress(&cv, &block, now.len() as u32, counter, start | end);
        if rest.is_empty() {
            return cv;
        }
        start = 0;
        left = rest;
    }
}

fn parent(left: &Words, right: &Words, flags: u32) -> Words {
    let mut block = [0; BLOCK];
    let (first, second) = block.split_at_mut(32);
    first.copy_from_slice(&to_bytes(left));
    second.copy_from_slice(&to_bytes(right));
    compress(&IV, &block, 64, 0, PARENT | flags)
}

fn to_bytes(words: &Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (four, word) in bytes.chunks_exact_mut(4).zip(words) {
        four.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn from_bytes(bytes: &[u8; 32]) -> Words {
    let mut words = [0; 8];
    for (four, word) in bytes.chunks_exact(4).zip(&mut words) {
        if let &[a, b, c, d] = four {
            *word = u32::from_le_bytes([a, b, c, d]);
        }
    }
    words
}

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of bytes.
pub fn hash(input: &[u8]) -> Hash {
    Hash(to_bytes(&subtree(input, 0, ROOT)))
}

/// Hashes a part of an input.
#[derive(Clone, Debug, Default)]
pub struct Hasher<'a> {
    offset: u64,
    input: &'a [u8],
}

impl<'a> Hasher<'a> {
    /// At the start, without input.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the input, all of it at once.
    pub fn update(&mut self, input: &'a [u8]) -> &mut Self {
        self.input = input;
        self
    }
}

/// Subtrees.
pub mod hazmat {
    use super::{from_bytes, parent, subtree, to_bytes, Hasher, CHUNK, ROOT};

    /// Subtrees of a part of an input.
    pub trait HasherExt {
        /// Says where in the whole input the part begins.
        fn set_input_offset(&mut self, offset: u64) -> &mut Self;
        /// The part's chaining value.
        fn finalize_non_root(&self) -> [u8; 32];
    }

    impl HasherExt for Hasher<'_> {
        fn set_input_offset(&mut self, offset: u64) -> &mut Self {
            self.offset = offset;
            self
        }

        fn finalize_non_root(&self) -> [u8; 32] {
            to_bytes(&subtree(self.input, self.offset / CHUNK as u64, 0))
        }
    }

    /// What is hashed, and how: only plain hashing is here.
    #[derive(Clone, Copy, Debug)]
    pub enum Mode {
        /// Plain hashing.
        Hash,
    }

    /// The chaining value of two subtrees.
    pub fn merge_subtrees_non_root(left: &[u8; 32], right: &[u8; 32], _: Mode) -> [u8; 32] {
        to_bytes(&parent(&from_bytes(left), &from_bytes(right), 0))
    }

    /// The hash of two subtrees that are the whole tree.
    pub fn merge_subtrees_root(left: &[u8; 32], right: &[u8; 32], _: Mode) -> super::Hash {
        super::Hash(to_bytes(&parent(&from_bytes(left), &from_bytes(right), ROOT)))
    }
}
