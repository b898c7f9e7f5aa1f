//! A place in an execution, to steer a game to or to falsify.
use assay_core::graph::{Op, Program};

/// A place in an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The training step (0 in a distance).
    pub step: u64,
    /// The state tensor that the game passes through on the way there; any will do.
    pub state: u32,
    /// The node.
    pub node: u32,
    /// The element of its output.
    pub element: u64,
    /// The micro-step of that element.
    pub micro: u64,
}

impl Target {
    /// In the first matrix product of a program (or its last node if it has none), in the middle of an element's
    /// micro-steps, so that the contract has one primitive to perform.
    pub fn typical(program: &Program, step: u64) -> Self {
        let product = program.nodes.iter().position(|node| matches!(node.op, Op::MatMul { .. }));
        let at = product.unwrap_or(program.nodes.len().saturating_sub(1));
        Self::in_node(program, step, u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// In the middle of a node's output.
    pub fn in_node(program: &Program, step: u64, node: u32) -> Self {
        let at = usize::try_from(node).ok().and_then(|at| program.nodes.get(at));
        let (elements, micro) = at.map_or((0, 0), |node| (node.shape.elements(), node.micro_len()));
        Self { step, state: 0, node, element: elements / 2, micro: micro / 2 }
    }
}
