//! A prover's tree: the chaining values of all subtrees, computed once.
use super::span::merge;
use super::{children, leaf_cv, open_from, CommitError, Hash, Opening, Span, CHUNK};
use alloc::vec::Vec;

/// The chaining values of all subtrees of one string: about 64 bytes per KiB, so that a dispute is answered without
/// hashing the string again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    len: u64,
    root: Hash,
    /// `levels[l][i]` belongs to the chunks `i · 2^l .. (i + 1) · 2^l`, cut at the end. Level 0 are the chunks. BLAKE3's
    /// tree is this one: pairs merge level by level, an odd last one moves up as it is.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree over `bytes`.
    pub fn new(bytes: &[u8]) -> Result<Tree, CommitError> {
        let len = bytes.len() as u64;
        if Span::whole(len).is_chunk() {
            let root = leaf_cv(bytes, 0, len)?;
            return Ok(Tree { len, root, levels: alloc::vec![alloc::vec![root]] });
        }
        let chunks = (0_u64..).zip(bytes.chunks(CHUNK)).map(|(index, chunk)| leaf_cv(chunk, index, len));
        let mut level: Vec<Hash> = chunks.collect::<Result<_, _>>()?;
        let mut levels = Vec::new();
        loop {
            let is_root = level.len() == 2;
            let above = level
                .chunks(2)
                .filter_map(|pair| match pair {
                    [left, right] => Some(merge(left, right, is_root)),
                    odd => odd.first().copied(),
                })
                .collect();
            levels.push(core::mem::replace(&mut level, above));
            if let [root] = *level.as_slice() {
                levels.push(level);
                return Ok(Tree { len, root, levels });
            }
        }
    }

    /// Bytes of the string.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the string is empty.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The commitment to the string.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The chaining value of a subtree; the root hash of the whole.
    pub fn cv(&self, span: Span) -> Result<Hash, CommitError> {
        span.checked(self.len)?;
        let level = usize::try_from(span.depth()).ok().and_then(|depth| self.levels.get(depth));
        let index = usize::try_from(span.start.wrapping_shr(span.depth())).ok();
        level.zip(index).and_then(|(level, index)| level.get(index)).copied().ok_or(CommitError::NotASubtree {
            start: span.start,
            end: span.end,
            chunks: Span::whole(self.len).end,
        })
    }

    /// The chaining values of a subtree's [`children`].
    pub fn children_cvs(&self, span: Span) -> Result<Vec<Hash>, CommitError> {
        children(span.checked(self.len)?).into_iter().map(|child| self.cv(child)).collect()
    }

    /// The bytes of one chunk, given the string that the tree was built from.
    pub fn chunk<'a>(&self, bytes: &'a [u8], index: u64) -> Result<&'a [u8], CommitError> {
        let outside = CommitError::ChunkIndex { index, chunks: Span::whole(self.len).end };
        if bytes.len() as u64 != self.len {
            return Err(CommitError::Length { expected: self.len, got: bytes.len() as u64 });
        }
        if !Span::whole(self.len).contains(index) {
            return Err(outside);
        }
        let range = Span::chunk(index).byte_range(self.len);
        let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end)) else {
            return Err(outside);
        };
        bytes.get(start..end).ok_or(outside)
    }

    /// The opening of one chunk, given the string that the tree was built from.
    pub fn opening(&self, bytes: &[u8], index: u64) -> Result<Opening, CommitError> {
        open_from(self.chunk(bytes, index)?, self.len, index, |span| self.cv(span))
    }
}
