//! Checkpoints' files in the making: copied while training waits, hashed while it goes on.
use super::checkpoint::header;
use super::State;
use crate::bytes::{hash_bytes, hash_list, tensor_bytes};
use assay_core::commit::Hash;
use assay_core::graph::StateDecl;
use std::sync::Arc;

/// The file of a [`Checkpoint`](super::Checkpoint) that holds the tensors, but not the state's root yet.
#[derive(Debug)]
pub struct Draft {
    step: u64,
    decls: Arc<[StateDecl]>,
    bytes: Vec<u8>,
}

impl Draft {
    /// Copies the state after `step` steps into a buffer, over what it holds.
    ///
    /// A buffer that held a file before is worth keeping: fresh memory costs the system more than hashing takes.
    pub fn new(step: u64, state: &State, buffer: Vec<u8>) -> Draft {
        let mut bytes = buffer;
        bytes.clear();
        // The root stands in the header: what stands there first is as long.
        bytes.extend_from_slice(&header(step, state.decls(), Hash::default()));
        bytes.reserve_exact(state.tensors().iter().map(|tensor| tensor_bytes(tensor).len()).sum());
        for tensor in state.tensors() {
            bytes.extend_from_slice(tensor_bytes(tensor));
        }
        Draft { step, decls: state.decls.clone(), bytes }
    }

    /// The state's root, and the safetensors file.
    pub fn seal(self) -> (Hash, Vec<u8>) {
        let Draft { step, decls, mut bytes } = self;
        let lengths = || decls.iter().map(|decl| decl.shape.elements() as usize * size_of::<f32>());
        let mut rest = &bytes[bytes.len() - lengths().sum::<usize>()..];
        let root = |length| {
            let (tensor, behind) = rest.split_at(length);
            rest = behind;
            hash_bytes(tensor)
        };
        let root = hash_list(&lengths().map(root).collect::<Vec<_>>());
        let header = header(step, &decls, root);
        bytes[..header.len()].copy_from_slice(&header);
        (root, bytes)
    }
}
