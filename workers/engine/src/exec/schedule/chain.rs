//! Which maps are computed together.
use super::{producers, wires, Chain};
use crate::exec::kernels::map::{Link, Map, MAX_OUTPUTS};
use assay_core::graph::{Node, Op, Program};
use std::collections::VecDeque;

/// Nodes of a chain at most: all of them may be outputs.
const MAX_NODES: usize = MAX_OUTPUTS;
/// Rows of a chain's functions at most: what they compute anyway is far more than the reading that a longer chain saves.
const MAX_ROWS: usize = 96;
/// Tensors that a chain reads at most.
pub(in crate::exec) const MAX_INPUTS: usize = 12;
/// Nodes that are passed over in search of the next one at most.
const WINDOW: usize = 8;

/// The order, cut into single nodes and chains. Nodes that stood between those of a chain come before it, or behind it
/// if they need something of it.
pub(super) fn groups(program: &Program, order: Vec<usize>) -> Vec<Vec<usize>> {
    let mut left: VecDeque<usize> = order.into();
    let mut groups = Vec::new();
    while let Some(first) = left.pop_front() {
        let found = Found::new(program, first, left.make_contiguous());
        left.drain(..found.passed);
        found.behind.into_iter().rev().for_each(|node| left.push_front(node));
        groups.extend(self::groups(program, found.before));
        groups.push(found.chain);
    }
    groups
}

/// A chain and what stood between its nodes.
struct Found {
    chain: Vec<usize>,
    before: Vec<usize>,
    behind: Vec<usize>,
    /// Nodes up to the chain's last one.
    passed: usize,
}

impl Found {
    /// The longest chain that begins with this node, among those that follow.
    fn new(program: &Program, first: usize, left: &[usize]) -> Found {
        let mut found = Found { chain: vec![first], before: Vec::new(), behind: Vec::new(), passed: 0 };
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        if rows(&program.nodes[first]).is_none() {
            return found;
        }
        for (at, &node) in left.iter().enumerate() {
            let needs = |nodes: &[usize]| producers(program, node).any(|producer| nodes.contains(&producer));
            if needs(&behind) {
                behind.push(node);
            } else if fits(program, &found.chain, node) {
                found.chain.push(node);
                (found.before, found.behind, found.passed) = (before.clone(), behind.clone(), at + 1);
            } else if needs(&found.chain) {
                behind.push(node);
            } else {
                before.push(node);
            }
            if before.len() + behind.len() > WINDOW {
                break;
            }
        }
        found
    }
}

/// Rows of a map's function.
fn rows(node: &Node) -> Option<usize> {
    match node.op {
        Op::Map { function, .. } => Some(function.rows().len()),
        _ => None,
    }
}

/// Whether a node can be computed with these.
fn fits(program: &Program, chain: &[usize], node: usize) -> bool {
    let (first, next) = (&program.nodes[chain[0]], &program.nodes[node]);
    if rows(next).is_none() || next.shape != first.shape || chain.len() >= MAX_NODES {
        return false;
    }
    let all = [chain, &[node]].concat();
    let total: usize = all.iter().filter_map(|&node| rows(&program.nodes[node])).sum();
    total <= MAX_ROWS && wires(program, &all).0.len() <= MAX_INPUTS
}

/// These nodes together, those that are kept as outputs.
pub(super) fn chain(program: &Program, nodes: &[usize], kept: &dyn Fn(usize) -> bool) -> Chain {
    let (inputs, wires) = wires(program, nodes);
    let link = |(&node, inputs)| Link { node: &program.nodes[node], inputs, written: kept(node) };
    let links: Vec<Link<'_>> = nodes.iter().zip(wires).map(link).collect();
    let written = nodes.iter().copied().filter(|&node| kept(node)).collect();
    Chain { nodes: nodes.to_vec(), map: Map::chain(&links), inputs, written }
}
