//! Openings: one chunk of a committed string with the siblings that lead from it to the root.
use super::bounded::{decode_bytes, decode_list};
use super::span::merge;
use super::{chunk_count, chunk_len, hash, CommitError, Hash, Span, Wrong, CHUNK, MAX_DEPTH};
use crate::arith::F32;
use crate::wire::{Reader, Wire};
use alloc::vec::Vec;
use blake3::hazmat::HasherExt;
use codec::{Decode, Encode, Input};

/// One chunk of a committed string and the chaining values of its siblings, from the chunk's own up to the root's
/// child.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Opening {
    /// The chunk's bytes: [`CHUNK`] of them, fewer only at the end of the string.
    #[cfg_attr(feature = "serde", serde(with = "super::hex_bytes"))]
    pub chunk: Vec<u8>,
    /// Siblings, at most [`MAX_DEPTH`].
    pub path: Vec<Hash>,
}

impl Decode for Opening {
    /// Refuses a chunk or a path longer than any tree has.
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        Ok(Opening { chunk: decode_bytes(input, CHUNK)?, path: decode_list(input, MAX_DEPTH)? })
    }
}

impl Wire for Opening {
    fn blank() -> Self {
        Opening { chunk: Vec::new(), path: Vec::new() }
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        reader.list(&mut self.chunk, CHUNK);
        reader.list(&mut self.path, MAX_DEPTH);
    }
}

/// The chaining value of a subtree from its bytes; the root hash if it is the whole tree over `total_len` bytes.
pub fn subtree_cv(bytes_of_span: &[u8], span: Span, total_len: u64) -> Result<Hash, CommitError> {
    Ok(subtree(bytes_of_span, span, total_len)?)
}

fn subtree(bytes_of_span: &[u8], span: Span, total_len: u64) -> Result<Hash, Wrong> {
    let range = span.checked(total_len)?.byte_range(total_len);
    let expected = range.end.saturating_sub(range.start);
    if bytes_of_span.len() as u64 != expected {
        return Err(CommitError::Length { expected, got: bytes_of_span.len() as u64 }.into());
    }
    if span.is_whole(total_len) {
        return Ok(hash(bytes_of_span));
    }
    // The crate's conditions hold: a chunk boundary, no more bytes than the place allows (a subtree, checked above), and
    // not none (only the whole of an empty string is empty).
    Ok(Hash(blake3::Hasher::new().set_input_offset(range.start).update(bytes_of_span).finalize_non_root()))
}

/// The chaining value of one chunk; the root hash if it is the only one.
pub fn leaf_cv(chunk_bytes: &[u8], index: u64, total_len: u64) -> Result<Hash, CommitError> {
    Ok(leaf(chunk_bytes, index, total_len)?)
}

pub(super) fn leaf(chunk_bytes: &[u8], index: u64, total_len: u64) -> Result<Hash, Wrong> {
    let chunks = chunk_count(total_len);
    if index >= chunks {
        return Err(CommitError::ChunkIndex { index, chunks }.into());
    }
    subtree(chunk_bytes, Span::chunk(index), total_len)
}

/// The siblings of chunk `index` from the root's child down to the chunk's own, each with whether it lies on the right.
fn siblings(total_len: u64, index: u64) -> Result<Vec<(Span, bool)>, Wrong> {
    let mut span = Span::whole(total_len);
    if !span.contains(index) {
        return Err(CommitError::ChunkIndex { index, chunks: span.end }.into());
    }
    let mut found = Vec::new();
    while let Some((left, right)) = span.split() {
        if left.contains(index) {
            found.push((right, true));
            span = left;
        } else {
            found.push((left, false));
            span = right;
        }
    }
    Ok(found)
}

/// Opens one chunk of a string, hashing all of it; [`Tree`](super::Tree) opens many without.
pub fn open(bytes: &[u8], chunk_index: u64) -> Result<Opening, CommitError> {
    let len = bytes.len() as u64;
    let chunk = slice(bytes, Span::chunk(chunk_index).checked(len)?)?;
    open_from(chunk, len, chunk_index, |span| subtree_cv(slice(bytes, span)?, span, len))
}

/// The bytes that a subtree covers.
fn slice(bytes: &[u8], span: Span) -> Result<&[u8], CommitError> {
    let range = span.byte_range(bytes.len() as u64);
    let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) else {
        return Err(CommitError::NotASubtree {
            start: span.start,
            end: span.end,
            chunks: chunk_count(bytes.len() as u64),
        });
    };
    bytes.get(start..end).ok_or(CommitError::Length { expected: range.end, got: bytes.len() as u64 })
}

/// Opens one chunk, given the chaining values of subtrees (of a cached tree, say).
pub fn open_from<F>(chunk: &[u8], total_len: u64, chunk_index: u64, cv: F) -> Result<Opening, CommitError>
where
    F: Fn(Span) -> Result<Hash, CommitError>,
{
    let expected = chunk_len(total_len, chunk_index)?;
    if chunk.len() as u64 != expected {
        return Err(CommitError::Length { expected, got: chunk.len() as u64 });
    }
    let path =
        siblings(total_len, chunk_index)?.into_iter().rev().map(|(span, _)| cv(span)).collect::<Result<_, _>>()?;
    Ok(Opening { chunk: chunk.to_vec(), path })
}

/// Checks that `opening` shows chunk `chunk_index` of the string of `total_len` bytes under `root`.
pub fn verify(root: &Hash, total_len: u64, chunk_index: u64, opening: &Opening) -> Result<(), CommitError> {
    Ok(check(root, total_len, chunk_index, opening)?)
}

fn check(root: &Hash, total_len: u64, chunk_index: u64, opening: &Opening) -> Result<(), Wrong> {
    let siblings = siblings(total_len, chunk_index)?;
    if opening.path.len() != siblings.len() {
        let got = opening.path.len() as u64;
        return Err(CommitError::PathLength { expected: siblings.len() as u64, got }.into());
    }
    let mut got = leaf(&opening.chunk, chunk_index, total_len)?;
    let mut above = siblings.len();
    for (&(_, on_right), sibling) in siblings.iter().rev().zip(&opening.path) {
        above = above.saturating_sub(1);
        let is_root = above == 0;
        got = if on_right { merge(&got, sibling, is_root) } else { merge(sibling, &got, is_root) };
    }
    if got == *root {
        Ok(())
    } else {
        Err(CommitError::Mismatch { expected: *root, got }.into())
    }
}

/// Where item `index` of `item` bytes lies: its chunk, and its offset in that chunk. `None` if `item` doesn't divide
/// [`CHUNK`] (then items could straddle chunks) or the position overflows.
pub fn position_of_item(index: u64, item: usize) -> Option<(u64, usize)> {
    let per_chunk = CHUNK.checked_div(item).filter(|count| count.checked_mul(item) == Some(CHUNK))? as u64;
    let offset = usize::try_from(index.checked_rem(per_chunk)?).ok()?.checked_mul(item)?;
    Some((index.checked_div(per_chunk)?, offset))
}

/// Item `index` (of the whole string) of `N` bytes, read from the chunk that holds it. The chunk must have been
/// verified; [`verified_item`] does both.
pub fn item_at<const N: usize>(chunk: &[u8], index: u64) -> Option<[u8; N]> {
    let (_, offset) = position_of_item(index, N)?;
    chunk.get(offset..)?.first_chunk::<N>().copied()
}

/// Verifies an opening of the chunk that holds item `index` (of `N` bytes each) and reads the item.
pub fn verified_item<const N: usize>(
    root: &Hash,
    total_len: u64,
    index: u64,
    opening: &Opening,
) -> Result<[u8; N], CommitError> {
    Ok(checked_item(root, total_len, index, opening)?)
}

/// [`verified_item`], with a small error.
pub(crate) fn checked_item<const N: usize>(
    root: &Hash,
    total_len: u64,
    index: u64,
    opening: &Opening,
) -> Result<[u8; N], Wrong> {
    let outside = || CommitError::ItemIndex { index, item: N as u64, len: total_len }.into();
    let (chunk_index, _) = position_of_item(index, N).ok_or_else(outside)?;
    check(root, total_len, chunk_index, opening)?;
    item_at(&opening.chunk, index).ok_or_else(outside)
}

/// Verifies an opening and reads number `index` of a string of binary32 numbers, least significant byte first.
pub fn verified_f32(root: &Hash, total_len: u64, index: u64, opening: &Opening) -> Result<F32, CommitError> {
    Ok(checked_f32(root, total_len, index, opening)?)
}

/// [`verified_f32`], with a small error.
pub(crate) fn checked_f32(root: &Hash, total_len: u64, index: u64, opening: &Opening) -> Result<F32, Wrong> {
    checked_item(root, total_len, index, opening).map(F32::from_le_bytes)
}

/// Verifies an opening and reads byte `index`.
pub fn verified_u8(root: &Hash, total_len: u64, index: u64, opening: &Opening) -> Result<u8, CommitError> {
    Ok(checked_u8(root, total_len, index, opening)?)
}

/// [`verified_u8`], with a small error.
pub(crate) fn checked_u8(root: &Hash, total_len: u64, index: u64, opening: &Opening) -> Result<u8, Wrong> {
    checked_item(root, total_len, index, opening).map(|[byte]| byte)
}
