//! A committed string in a prover's hands: its bytes and its tree.
use super::GameError;
use assay_core::commit::{self, Hash, Opening, Span, Tree};

/// A string and its tree, ready to open any part.
#[derive(Debug)]
pub struct Committed {
    bytes: Vec<u8>,
    tree: Tree,
}

impl Committed {
    /// Commits to `bytes`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, GameError> {
        let tree = Tree::new(&bytes)?;
        Ok(Self { bytes, tree })
    }

    /// A list of hashes.
    pub fn list(hashes: &[Hash]) -> Result<Self, GameError> {
        Self::new(hashes.iter().flat_map(|hash| hash.0).collect())
    }

    /// Its commitment.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Item `index` of `N` bytes each.
    pub fn item<const N: usize>(&self, index: u64) -> Option<[u8; N]> {
        let start = usize::try_from(index).ok()?.checked_mul(N)?;
        self.bytes.get(start..)?.first_chunk::<N>().copied()
    }

    /// Opens the chunk that holds item `index` of `item` bytes each.
    pub fn open_item(&self, index: u64, item: usize) -> Result<Opening, GameError> {
        let (chunk, _) = commit::position_of_item(index, item).ok_or(GameError::Missing {
            what: "item",
            index,
            count: self.bytes.len() as u64,
        })?;
        Ok(self.tree.opening(&self.bytes, chunk)?)
    }

    /// The bytes of one chunk.
    pub fn chunk(&self, index: u64) -> Result<&[u8], GameError> {
        Ok(self.tree.chunk(&self.bytes, index)?)
    }

    /// The chaining values of the children of a subtree.
    pub fn children(&self, span: Span) -> Result<Vec<Hash>, GameError> {
        Ok(self.tree.children_cvs(span)?)
    }
}
