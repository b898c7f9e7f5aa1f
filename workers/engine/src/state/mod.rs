//! States: the tensors that training changes, and their checkpoints.
mod checkpoint;
mod direct;
mod draft;
mod error;

pub use checkpoint::Checkpoint;
pub use draft::Draft;
pub use error::StateError;

use crate::bytes::{hash_list, hash_tensor, hash_while, tensor_bytes};
use assay_core::commit::Hash;
use assay_core::graph::StateDecl;
use std::sync::Arc;

/// The tensors of a state, in the order of the program's declarations.
#[derive(Clone)]
pub struct State {
    decls: Arc<[StateDecl]>,
    tensors: Vec<Vec<f32>>,
}

impl State {
    /// A state of these tensors.
    ///
    /// # Errors
    /// Too few tensors, or one of another length.
    pub fn new(decls: impl Into<Arc<[StateDecl]>>, tensors: Vec<Vec<f32>>) -> Result<State, StateError> {
        let decls = decls.into();
        if tensors.len() != decls.len() {
            return Err(StateError::Count { expected: decls.len(), got: tensors.len() });
        }
        for (decl, tensor) in decls.iter().zip(&tensors) {
            if decl.shape.elements() != tensor.len() as u64 {
                let (name, expected) = (decl.name.to_string(), decl.shape);
                return Err(StateError::Elements { name, expected, got: tensor.len() as u64 });
            }
        }
        Ok(State { decls, tensors })
    }

    /// Checks that it is a state of a program with these declarations.
    ///
    /// # Errors
    /// A tensor of another name or shape.
    pub fn check(&self, decls: &[StateDecl]) -> Result<(), StateError> {
        if self.decls.len() != decls.len() {
            return Err(StateError::Count { expected: decls.len(), got: self.decls.len() });
        }
        for (mine, theirs) in self.decls.iter().zip(decls) {
            if mine != theirs {
                let (name, expected, got) = (theirs.name.to_string(), theirs.shape, mine.shape);
                return Err(StateError::Decl { name, expected, got_name: mine.name.to_string(), got });
            }
        }
        Ok(())
    }

    /// Checks that every value is a number.
    ///
    /// Not part of reading a checkpoint: one that holds NaN has to be judged, not turned away.
    ///
    /// # Errors
    /// The first value that is NaN or infinite.
    pub fn check_finite(&self) -> Result<(), StateError> {
        for (decl, tensor) in self.decls.iter().zip(&self.tensors) {
            if let Some(index) = tensor.iter().position(|value| !value.is_finite()) {
                return Err(StateError::NotFinite {
                    name: decl.name.to_string(),
                    index: index as u64,
                    value: tensor[index],
                });
            }
        }
        Ok(())
    }

    /// The declarations.
    pub fn decls(&self) -> &[StateDecl] {
        &self.decls
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether it has no tensors, which no program's state is.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// The tensors.
    pub fn tensors(&self) -> &[Vec<f32>] {
        &self.tensors
    }

    /// One tensor; empty if there is none.
    pub fn tensor(&self, index: usize) -> &[f32] {
        self.tensors.get(index).map_or(&[], Vec::as_slice)
    }

    /// One tensor's committed bytes.
    pub fn bytes(&self, index: usize) -> &[u8] {
        tensor_bytes(self.tensor(index))
    }

    /// The tensors, to be replaced by ones as long.
    pub(crate) fn tensors_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.tensors
    }

    /// Commitments to the tensors.
    pub fn roots(&self) -> Vec<Hash> {
        self.tensors.iter().map(|tensor| hash_tensor(tensor)).collect()
    }

    /// Commitment to the state.
    pub fn root(&self) -> Hash {
        hash_list(&self.roots())
    }

    /// The same, and all tensors' bytes piece by piece, in order: each is read from memory once, by `also`.
    pub(crate) fn root_while(&self, mut also: impl FnMut(&[u8])) -> Hash {
        let roots: Vec<Hash> = self.tensors.iter().map(|tensor| hash_while(tensor_bytes(tensor), &mut also)).collect();
        hash_list(&roots)
    }
}

/// Bit for bit: NaN equals itself, +0 differs from −0.
impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        let same = |(a, b): (&Vec<f32>, &Vec<f32>)| tensor_bytes(a) == tensor_bytes(b);
        self.decls == other.decls && self.tensors.iter().zip(&other.tensors).all(same)
    }
}

impl Eq for State {}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} tensors, {})", self.tensors.len(), self.root())
    }
}

#[cfg(test)]
mod tests;
