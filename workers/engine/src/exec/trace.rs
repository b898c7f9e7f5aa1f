//! The outputs of all nodes of one step: what a dispute descends.
use crate::bytes::{hash_list, hash_tensor, tensor_bytes};
use assay_core::commit::Hash;
use std::sync::OnceLock;

/// Outputs of all nodes, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    outputs: Vec<Vec<f32>>,
    roots: OnceLock<Vec<Hash>>,
}

impl Trace {
    pub(crate) fn new(outputs: Vec<Vec<f32>>) -> Trace {
        Trace { outputs, roots: OnceLock::new() }
    }

    /// The outputs.
    pub fn outputs(&self) -> &[Vec<f32>] {
        &self.outputs
    }

    /// One output; empty if there is no such node.
    pub fn output(&self, node: usize) -> &[f32] {
        self.outputs.get(node).map_or(&[], Vec::as_slice)
    }

    /// One output's committed bytes.
    pub fn bytes(&self, node: usize) -> &[u8] {
        tensor_bytes(self.output(node))
    }

    /// Commitments to the outputs, computed once.
    pub fn roots(&self) -> &[Hash] {
        self.roots.get_or_init(|| self.outputs.iter().map(|output| hash_tensor(output)).collect())
    }

    /// The trace root.
    pub fn root(&self) -> Hash {
        hash_list(self.roots())
    }
}
