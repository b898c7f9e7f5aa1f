//! A committed string in a prover's hands: its bytes and its tree.
use super::GameError;
use assay_core::arith::F32;
use assay_core::commit::{self, CommitError, Hash, Opening, Span, Tree};
use std::borrow::Cow;
use std::fmt;

/// A string and its tree, ready to open any part.
#[derive(Debug)]
pub struct Committed {
    root: Hash,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Kept { bytes: Vec<u8>, tree: Tree },
    Generated(Box<dyn Generated>),
}

/// A string that is made anew, part by part, where it is asked for: too long to be kept.
pub trait Generated: fmt::Debug + Send + Sync {
    /// Its bytes; at least one.
    fn byte_len(&self) -> u64;

    /// The bytes of one chunk.
    fn chunk(&self, index: u64) -> Result<Vec<u8>, CommitError>;

    /// The chaining value of a subtree; the commitment for the whole.
    fn cv(&self, span: Span) -> Result<Hash, CommitError>;
}

impl Committed {
    /// Commits to `bytes`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, GameError> {
        let tree = Tree::new(&bytes)?;
        Ok(Self { root: tree.root(), content: Content::Kept { bytes, tree } })
    }

    /// A list of hashes.
    pub fn list(hashes: &[Hash]) -> Result<Self, GameError> {
        Self::new(hashes.iter().flat_map(|hash| hash.0).collect())
    }

    /// Numbers, one after the other.
    pub fn numbers(values: &[F32]) -> Result<Self, GameError> {
        Self::new(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Commits to a string that isn't kept.
    pub fn generated(string: impl Generated + 'static) -> Result<Self, GameError> {
        let root = string.cv(Span::whole(string.byte_len()))?;
        Ok(Self { root, content: Content::Generated(Box::new(string)) })
    }

    /// Its commitment.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Its bytes.
    pub fn len(&self) -> u64 {
        match &self.content {
            Content::Kept { bytes, .. } => bytes.len() as u64,
            Content::Generated(string) => string.byte_len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Item `index` of `N` bytes each.
    pub fn item<const N: usize>(&self, index: u64) -> Option<[u8; N]> {
        let (chunk, _) = commit::position_of_item(index, N)?;
        commit::item_at(&self.chunk(chunk).ok()?, index)
    }

    /// Opens the chunk that holds item `index` of `item` bytes each.
    pub fn open_item(&self, index: u64, item: usize) -> Result<Opening, GameError> {
        let (chunk, _) = commit::position_of_item(index, item).ok_or(GameError::Missing {
            what: "item",
            index,
            count: self.len(),
        })?;
        Ok(commit::open_from(&self.chunk(chunk)?, self.len(), chunk, |span| self.cv(span))?)
    }

    /// The bytes of one chunk.
    pub fn chunk(&self, index: u64) -> Result<Cow<'_, [u8]>, GameError> {
        Ok(match &self.content {
            Content::Kept { bytes, tree } => tree.chunk(bytes, index)?.into(),
            Content::Generated(string) => string.chunk(index)?.into(),
        })
    }

    /// The chaining values of the children of a subtree.
    pub fn children(&self, span: Span) -> Result<Vec<Hash>, GameError> {
        let children = commit::children(span.checked(self.len())?);
        Ok(children.into_iter().map(|child| self.cv(child)).collect::<Result<_, _>>()?)
    }

    fn cv(&self, span: Span) -> Result<Hash, CommitError> {
        match &self.content {
            Content::Kept { tree, .. } => tree.cv(span),
            Content::Generated(string) => string.cv(span),
        }
    }
}
