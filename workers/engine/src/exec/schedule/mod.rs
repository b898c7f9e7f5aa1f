//! In which order nodes are computed, which of them together, and where their outputs are kept.
//!
//! None of it changes a bit of any output: what is computed together is computed element by element as it is alone.
mod chain;
mod memory;
mod order;

pub(super) use chain::MAX_INPUTS;

use super::kernels::map::{Map, Wire};
use super::node::Plan;
use assay_core::graph::{Program, ProgramKind, Source};

/// What is done one after the other.
#[derive(Debug)]
pub(super) enum Work {
    /// One node.
    One(usize, Plan),
    /// Maps over the same elements, in one pass.
    Chain(Chain),
}

/// Maps over the same elements.
#[derive(Debug)]
pub(super) struct Chain {
    /// Their nodes, in the program's order.
    pub(super) nodes: Vec<usize>,
    pub(super) map: Map,
    /// What they read from elsewhere.
    pub(super) inputs: Vec<Source>,
    /// Those of the nodes whose outputs are kept.
    pub(super) written: Vec<usize>,
}

impl Work {
    /// The nodes that it computes.
    pub(super) fn nodes(&self) -> &[usize] {
        match self {
            Work::One(node, _) => std::slice::from_ref(node),
            Work::Chain(chain) => &chain.nodes,
        }
    }

    /// Those of them that have a buffer.
    pub(super) fn written(&self) -> &[usize] {
        match self {
            Work::One(node, _) => std::slice::from_ref(node),
            Work::Chain(chain) => &chain.written,
        }
    }
}

/// How a program is run.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    pub(super) works: Vec<Work>,
    /// The buffer of every node's output. Of what never leaves a chain there is none.
    pub(super) places: Vec<Option<usize>>,
    /// Lengths of the buffers.
    pub(super) buffers: Vec<usize>,
    /// The first of the nodes whose outputs are exchanged for other vectors.
    pub(super) exchanged: usize,
}

impl Schedule {
    /// Node by node, each with a buffer of its own.
    pub(super) fn plain(program: &Program) -> Schedule {
        let nodes = program.nodes.iter().enumerate();
        Schedule {
            works: nodes.clone().map(|(index, node)| Work::One(index, Plan::new(node))).collect(),
            places: nodes.map(|(index, _)| Some(index)).collect(),
            buffers: program.nodes.iter().map(|node| node.shape.elements() as usize).collect(),
            exchanged: 0,
        }
    }

    /// As fast and small as may be, where only some nodes' outputs are looked at afterwards. New states have buffers of
    /// exactly their length, which hold nothing else.
    pub(super) fn fast(program: &Program, kept: &[bool]) -> Schedule {
        let kept: Vec<bool> =
            kept.iter().enumerate().map(|(node, kept)| *kept || node >= first_result(program)).collect();
        let groups = chain::groups(program, order::order(program));
        let uses = memory::Uses::of(program, &groups, &kept);
        let (places, buffers) = memory::places(program, &groups, &uses);
        let work = |nodes: &Vec<usize>| match nodes.as_slice() {
            [node] => Work::One(*node, Plan::new(&program.nodes[*node])),
            nodes => Work::Chain(chain::chain(program, nodes, &|node| places[node].is_some())),
        };
        // Another shape costs nothing, and what nobody reads isn't computed.
        let runs = |nodes: &&Vec<usize>| nodes.iter().any(|&node| uses.placed(node));
        let works = groups.iter().filter(runs).map(work).collect();
        Schedule { works, places, buffers, exchanged: first_result(program) }
    }
}

/// The first of the nodes that are a program's results, its last: new states, or a distance.
fn first_result(program: &Program) -> usize {
    let results = match program.kind() {
        ProgramKind::Step => program.states.len(),
        ProgramKind::Distance => 1,
    };
    program.nodes.len().saturating_sub(results)
}

/// The nodes that this one reads.
fn producers(program: &Program, node: usize) -> impl Iterator<Item = usize> + '_ {
    program.nodes[node].inputs.iter().filter_map(|input| match input.source {
        Source::Node { index } => Some(super::at(index)),
        _ => None,
    })
}

/// Distinct inputs from elsewhere, and what each node's inputs are.
fn wires(program: &Program, nodes: &[usize]) -> (Vec<Source>, Vec<Vec<Wire>>) {
    let mut outer: Vec<Source> = Vec::new();
    let mut wire = |source: Source| {
        let inner = |node: u32| nodes.iter().position(|&it| it == super::at(node));
        if let Source::Node { index } = source {
            if let Some(member) = inner(index) {
                return Wire::Inner(member);
            }
        }
        Wire::Outer(outer.iter().position(|&it| it == source).unwrap_or_else(|| {
            outer.push(source);
            outer.len() - 1
        }))
    };
    let mut inputs = |&node: &usize| program.nodes[node].inputs.iter().map(|input| wire(input.source)).collect();
    let each = nodes.iter().map(&mut inputs).collect();
    (outer, each)
}

#[cfg(test)]
mod tests;
