//! An order in which every node comes after those that it reads.
use super::proto::{GraphProto, NodeProto};
use super::OnnxError;
use std::collections::{HashMap, HashSet, VecDeque};

/// What errors call a node: its name, or its first output if it has none.
pub(super) fn name_of(node: &NodeProto) -> String {
    let unnamed = || node.output.first().cloned().unwrap_or_default();
    Some(&node.name).filter(|name| !name.is_empty()).cloned().unwrap_or_else(unnamed)
}

/// Positions of the graph's nodes in topological order.
pub(super) fn topological(graph: &GraphProto) -> Result<Vec<usize>, OnnxError> {
    let given: HashSet<&str> = graph
        .initializer
        .iter()
        .map(|tensor| tensor.name.as_str())
        .chain(graph.input.iter().map(|input| input.name.as_str()))
        .collect();
    let mut producers = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if given.contains(output.as_str()) || producers.insert(output.as_str(), index).is_some() {
                return Err(OnnxError::Duplicate(output.clone()));
            }
        }
    }
    let mut readers = vec![Vec::new(); graph.node.len()];
    let mut waiting_for = vec![0_usize; graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for input in node.input.iter().filter(|name| !name.is_empty() && !given.contains(name.as_str())) {
            let Some(&producer) = producers.get(input.as_str()) else {
                return Err(OnnxError::Missing { node: name_of(node), value: input.clone() });
            };
            readers[producer].push(index);
            waiting_for[index] += 1;
        }
    }
    let mut ready: VecDeque<usize> = (0..graph.node.len()).filter(|&index| waiting_for[index] == 0).collect();
    let mut order = Vec::with_capacity(graph.node.len());
    while let Some(index) = ready.pop_front() {
        order.push(index);
        for &reader in &readers[index] {
            waiting_for[reader] -= 1;
            if waiting_for[reader] == 0 {
                ready.push_back(reader);
            }
        }
    }
    match waiting_for.iter().position(|&inputs| inputs > 0) {
        Some(index) => Err(OnnxError::Cycle(name_of(&graph.node[index]))),
        None => Ok(order),
    }
}
