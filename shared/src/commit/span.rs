//! The shape of the tree: which chunk ranges are subtrees, and how a subtree falls into those that one move reveals.
use super::{CommitError, Hash, Wrong, CHUNK, FANOUT};
use crate::wire::wire;
use alloc::vec::Vec;
use blake3::hazmat::{merge_subtrees_non_root, merge_subtrees_root, Mode};
use codec::{Decode, Encode};

/// Levels that one move of a descent goes down: `2^LEVELS` = [`FANOUT`].
const LEVELS: u32 = FANOUT.trailing_zeros();
/// [`CHUNK`] as a length.
const CHUNK_LEN: u64 = CHUNK as u64;

/// A subtree as its chunks `start..end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span {
    /// First chunk.
    pub start: u64,
    /// Chunk after the last.
    pub end: u64,
}

wire!(struct Span { start, end });

/// Chunks of a string of `len` bytes: at least one, for the empty string has one empty chunk.
pub const fn chunk_count(len: u64) -> u64 {
    let chunks = len.div_ceil(CHUNK_LEN);
    if chunks == 0 {
        1
    } else {
        chunks
    }
}

/// Bytes of chunk `index` in a string of `len` bytes.
pub const fn chunk_len(len: u64, index: u64) -> Result<u64, CommitError> {
    let chunks = chunk_count(len);
    if index >= chunks {
        return Err(CommitError::ChunkIndex { index, chunks });
    }
    let rest = len.saturating_sub(index.saturating_mul(CHUNK_LEN));
    Ok(if rest < CHUNK_LEN { rest } else { CHUNK_LEN })
}

impl Span {
    /// The whole tree over `len` bytes.
    pub const fn whole(len: u64) -> Span {
        Span { start: 0, end: chunk_count(len) }
    }

    /// The single chunk `index`.
    pub const fn chunk(index: u64) -> Span {
        Span { start: index, end: index.saturating_add(1) }
    }

    /// Chunks in it.
    pub const fn chunks(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it is one chunk, which has no children.
    pub const fn is_chunk(self) -> bool {
        self.chunks() == 1
    }

    /// Whether chunk `index` lies in it.
    pub const fn contains(self, index: u64) -> bool {
        self.start <= index && index < self.end
    }

    /// Whether it is the whole tree over `len` bytes.
    pub const fn is_whole(self, len: u64) -> bool {
        self.start == 0 && self.end == chunk_count(len)
    }

    /// Levels of nodes above its deepest chunk: 0 for a chunk.
    pub const fn depth(self) -> u32 {
        64_u32.wrapping_sub(self.chunks().saturating_sub(1).leading_zeros())
    }

    /// Left and right subtree by BLAKE3's rule: the left one has the largest power of two below the number of chunks.
    pub const fn split(self) -> Option<(Span, Span)> {
        let chunks = self.chunks();
        if chunks < 2 {
            return None;
        }
        let left = 1_u64.wrapping_shl(chunks.wrapping_sub(1).ilog2());
        let middle = self.start.wrapping_add(left);
        Some((Span { start: self.start, end: middle }, Span { start: middle, end: self.end }))
    }

    /// Whether it is a node of the tree over `len` bytes: a complete block of 2^k chunks at a multiple of 2^k, or what
    /// the right edge leaves of one.
    pub const fn is_subtree_of(self, len: u64) -> bool {
        let whole = Span::whole(len);
        if self.start >= self.end || self.end > whole.end {
            return false;
        }
        let block = 1_u64.wrapping_shl(self.depth()); // At most 2^54, as chunks() is.
        let aligned = self.start & block.wrapping_sub(1) == 0;
        aligned && (self.chunks() == block || self.end == whole.end)
    }

    /// Itself if [`Span::is_subtree_of`] that tree.
    pub const fn checked(self, len: u64) -> Result<Span, CommitError> {
        if self.is_subtree_of(len) {
            Ok(self)
        } else {
            Err(CommitError::NotASubtree { start: self.start, end: self.end, chunks: chunk_count(len) })
        }
    }

    /// The bytes of a string of `len` bytes that it covers, as offsets `start..end`.
    pub const fn byte_range(self, len: u64) -> core::ops::Range<u64> {
        let end = self.end.saturating_mul(CHUNK_LEN);
        self.start.saturating_mul(CHUNK_LEN)..(if end < len { end } else { len })
    }
}

/// The subtrees that one move of a descent reveals below `span`, from left to right: its descendants four levels down,
/// and the chunks that end above that level. Two to [`FANOUT`] of them, none for a single chunk.
pub fn children(span: Span) -> Vec<Span> {
    fn collect(span: Span, levels: u32, found: &mut Vec<Span>) {
        match span.split() {
            Some((left, right)) if levels > 0 => {
                collect(left, levels.wrapping_sub(1), found);
                collect(right, levels.wrapping_sub(1), found);
            }
            _ => found.push(span),
        }
    }
    let mut found = Vec::new();
    if span.chunks() > 1 {
        collect(span, LEVELS, &mut found);
    }
    found
}

/// The chaining value of a parent of two subtrees; the root hash if the parent is the whole tree.
pub fn merge(left: &Hash, right: &Hash, is_root: bool) -> Hash {
    if is_root {
        Hash(*merge_subtrees_root(&left.0, &right.0, Mode::Hash).as_bytes())
    } else {
        Hash(merge_subtrees_non_root(&left.0, &right.0, Mode::Hash))
    }
}

/// The chaining value of `span` (the root hash if it is the whole tree over `total_len` bytes) from those of its
/// [`children`].
pub fn combine(span: Span, total_len: u64, cvs: &[Hash]) -> Result<Hash, CommitError> {
    Ok(combined(span, total_len, cvs)?)
}

/// [`combine`], with a small error.
pub(super) fn combined(span: Span, total_len: u64, cvs: &[Hash]) -> Result<Hash, Wrong> {
    /// The value of `span`, taking from `cvs` what lies `levels` down; `None` when `cvs` runs out.
    fn fold(span: Span, levels: u32, total_len: u64, cvs: &mut core::slice::Iter<'_, Hash>) -> Option<Hash> {
        match span.split() {
            Some((left, right)) if levels > 0 => {
                let left = fold(left, levels.wrapping_sub(1), total_len, cvs)?;
                let right = fold(right, levels.wrapping_sub(1), total_len, cvs)?;
                Some(merge(&left, &right, span.is_whole(total_len)))
            }
            _ => cvs.next().copied(),
        }
    }
    let expected = children(span.checked(total_len)?).len() as u64;
    let wrong_count = || CommitError::ChildCount { expected, got: cvs.len() as u64 }.into();
    if cvs.len() as u64 != expected || expected == 0 {
        return Err(wrong_count());
    }
    fold(span, LEVELS, total_len, &mut cvs.iter()).ok_or_else(wrong_count)
}
