//! In which order nodes are computed.
use super::{first_result, producers};
use assay_core::graph::{Op, Program};

/// The program's order, but results that are maps come right behind the last of what they are made of: the program has
/// them at its end, when gradients and moments have left the caches.
pub(super) fn order(program: &Program) -> Vec<usize> {
    let first = first_result(program);
    // The node behind which each one comes: itself, or the last that it needs.
    let mut behind: Vec<usize> = (0..program.nodes.len()).collect();
    for node in first..program.nodes.len() {
        if matches!(program.nodes[node].op, Op::Map { .. }) {
            behind[node] = producers(program, node).map(|producer| behind[producer]).max().unwrap_or(node);
        }
    }
    let mut order: Vec<usize> = (0..program.nodes.len()).collect();
    order.sort_by_key(|&node| (behind[node], node));
    order
}
