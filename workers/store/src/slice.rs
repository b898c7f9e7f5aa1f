//! Slices: part of a blob together with the hashes that tie it to the blob's address.
//!
//! The format is Bao's (`bao-tree` with groups of 16 KiB): the blob's length in 8 little-endian bytes, then the tree's
//! nodes that matter to the range, in depth-first order, 64 bytes for each parent and the bytes of each leaf. A range that reaches
//! beyond the blob includes its last chunk, and with that a proof of the length.
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use bao_tree::io::sync::DecodeResponseIter;
use bao_tree::io::{round_up_to_chunks, BaoContentItem, DecodeError};
use bao_tree::{BaoTree, BlockSize, ByteRanges, ChunkNum, ChunkRanges};

/// Bytes that are checked at once: 16 KiB.
pub const GROUP: BlockSize = BlockSize::from_chunk_log(4);
/// Bytes in front of a slice: the blob's length.
pub const HEADER: usize = 8;

/// A part of a blob, perhaps without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// One behind the last byte; none means: to the blob's end.
    pub end: Option<u64>,
}

impl Span {
    /// Everything from `start` on.
    pub const fn from(start: u64) -> Self {
        Span { start, end: None }
    }

    /// The chunks that a slice for this span has.
    pub fn chunks(self) -> ChunkRanges {
        match self.end {
            Some(end) => round_up_to_chunks(&ByteRanges::from(self.start..end.max(self.start))),
            None => ChunkRanges::from(ChunkNum::full_chunks(self.start)..),
        }
    }

    /// At most this many bytes of content are in a slice for this span.
    pub fn content(self, len: u64) -> u64 {
        self.end.unwrap_or(len).min(len).saturating_sub(self.start)
    }
}

/// The shape of the tree of a blob of `len` bytes.
pub fn tree(len: u64) -> BaoTree {
    BaoTree::new(len, GROUP)
}

pub(crate) fn root(hash: Hash) -> blake3::Hash {
    blake3::Hash::from_bytes(hash.0)
}

/// Why a slice doesn't verify.
pub(crate) fn forged(hash: Hash, place: &str, offset: u64, why: &DecodeError) -> StoreError {
    let why = match why {
        DecodeError::ParentHashMismatch(_) | DecodeError::LeafHashMismatch(_) => {
            "it doesn't hash to the address".into()
        }
        DecodeError::ParentNotFound(_) | DecodeError::LeafNotFound(_) => "the slice ends too early".into(),
        DecodeError::Io(error) => error.to_string(),
    };
    StoreError::Forged { expected: hash, place: place.into(), offset, why }
}

/// The blob's length and the bytes of `span` in it, from a slice that somebody sent.
///
/// The length is proven only if the span reaches the blob's end; the bytes always are.
pub fn read(hash: Hash, span: Span, slice: &[u8], place: &str) -> Result<(u64, Vec<u8>)> {
    let short = || forged(hash, place, 0, &DecodeError::LeafNotFound(ChunkNum(0)));
    let (header, body) = slice.split_first_chunk::<HEADER>().ok_or_else(short)?;
    let len = u64::from_le_bytes(*header);
    let ranges = span.chunks();
    let mut bytes = Vec::new();
    let mut offset = span.start;
    for item in DecodeResponseIter::new(root(hash), tree(len), body, &ranges) {
        if let BaoContentItem::Leaf(leaf) = item.map_err(|error| forged(hash, place, offset, &error))? {
            offset = leaf.offset.saturating_add(leaf.data.len() as u64);
            bytes.extend_from_slice(cut(leaf.offset, &leaf.data, span));
        }
    }
    Ok((len, bytes))
}

/// The part of a leaf at `offset` that lies in `span`: slices have whole chunks.
pub(crate) fn cut(offset: u64, data: &[u8], span: Span) -> &[u8] {
    let from = usize::try_from(span.start.saturating_sub(offset)).unwrap_or(usize::MAX);
    let to = span.end.map_or(u64::MAX, |end| end.saturating_sub(offset));
    let to = usize::try_from(to).unwrap_or(usize::MAX).min(data.len());
    data.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_cut_to_the_span() {
        let span = |start, end| Span { start, end };
        assert_eq!(cut(10, b"abcdef", span(12, Some(14))), b"cd");
        assert_eq!(cut(10, b"abcdef", span(0, None)), b"abcdef");
        assert_eq!(cut(10, b"abcdef", span(0, Some(5))), b"");
        assert_eq!(cut(10, b"abcdef", span(40, None)), b"");
        assert_eq!(cut(10, b"abcdef", span(15, Some(400))), b"f");
    }

    #[test]
    fn an_empty_slice_is_forged() {
        let hash = crate::hash(b"something");
        assert!(matches!(read(hash, Span::from(0), b"", "here"), Err(StoreError::Forged { .. })));
        assert!(matches!(read(hash, Span::from(0), &[0; 8], "here"), Err(StoreError::Forged { .. })));
    }
}
