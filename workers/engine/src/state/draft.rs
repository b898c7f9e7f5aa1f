//! Checkpoints' files in the making: copied while training waits, hashed while it goes on.
use super::checkpoint::header;
use super::direct::copy_past_cache;
use super::State;
use crate::bytes::{hash_bytes, hash_list, tensor_bytes};
use assay_core::commit::Hash;
use assay_core::graph::StateDecl;
use std::sync::Arc;

/// Bytes of a state that caches don't keep until it is hashed: it need not go through them.
const LARGE: usize = 64 << 20;

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
        let tensors: usize = state.tensors().iter().map(|tensor| tensor_bytes(tensor).len()).sum();
        // The root stands in the header: what stands there first is as long.
        let header = header(step, state.decls(), Hash::default());
        let length = header.len() + tensors;
        let mut bytes = buffer;
        match bytes.capacity() < length {
            true => bytes = vec![0; length], // The system's pages are zero already.
            false => bytes.resize(length, 0),
        }
        let (to, mut rest) = bytes.split_at_mut(header.len());
        to.copy_from_slice(&header);
        for tensor in state.tensors() {
            let from = tensor_bytes(tensor);
            let (to, behind) = rest.split_at_mut(from.len());
            match tensors < LARGE {
                true => to.copy_from_slice(from),
                false => copy_past_cache(from, to),
            }
            rest = behind;
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
