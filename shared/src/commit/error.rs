//! What can be wrong with a piece of a commitment.
use super::Hash;
use alloc::boxed::Box;
use codec::{Decode, Encode};

/// A piece that doesn't fit the commitment it is said to belong to.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CommitError {
    /// These chunks aren't a subtree.
    #[error("chunks {start}..{end} are not a subtree of {chunks} chunks")]
    NotASubtree {
        /// First chunk.
        start: u64,
        /// Chunk after the last.
        end: u64,
        /// Chunks of the whole tree.
        chunks: u64,
    },
    /// More or fewer children than the subtree has.
    #[error("{got} children given, the subtree has {expected}")]
    ChildCount {
        /// What the subtree has.
        expected: u64,
        /// What was given.
        got: u64,
    },
    /// No such chunk.
    #[error("chunk {index} of {chunks}")]
    ChunkIndex {
        /// The chunk asked for.
        index: u64,
        /// Chunks there are.
        chunks: u64,
    },
    /// No such item.
    #[error("item {index} of {item} bytes in a string of {len} bytes")]
    ItemIndex {
        /// The item asked for.
        index: u64,
        /// Bytes per item.
        item: u64,
        /// Bytes of the string.
        len: u64,
    },
    /// More or fewer bytes than the chunk or subtree has.
    #[error("{got} bytes given, {expected} expected")]
    Length {
        /// What the total length implies.
        expected: u64,
        /// What was given.
        got: u64,
    },
    /// More or fewer siblings than the chunk has.
    #[error("path of {got} siblings given, the chunk has {expected}")]
    PathLength {
        /// What the total length implies.
        expected: u64,
        /// What was given.
        got: u64,
    },
    /// The pieces hash to something else.
    #[error("pieces hash to {got}, the commitment is {expected}")]
    Mismatch {
        /// The commitment.
        expected: Hash,
        /// What the pieces hash to.
        got: Hash,
    },
}

/// A [`CommitError`] on its way out: the error is large, and handing it up by value would take a contract kilobytes.
#[derive(Debug)]
pub(crate) struct Wrong(pub(crate) Box<CommitError>);

impl From<CommitError> for Wrong {
    #[cold]
    #[inline(never)]
    fn from(error: CommitError) -> Self {
        Wrong(Box::new(error))
    }
}

impl From<Wrong> for CommitError {
    fn from(wrong: Wrong) -> Self {
        *wrong.0
    }
}
