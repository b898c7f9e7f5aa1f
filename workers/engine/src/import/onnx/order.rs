//! Which nodes the output needs, in an order in which every node comes after those that it reads.
use super::node::Node;
use super::OnnxError;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// Positions of the nodes that `output` depends on, in topological order; as in the file where that is one. `given` is
/// what exists without any node.
pub(super) fn topological(nodes: &[&Node], given: &HashSet<&str>, output: &str) -> Result<Vec<usize>, OnnxError> {
    let mut producers = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for name in node.outputs().iter().filter(|name| !name.is_empty()) {
            if given.contains(name.as_str()) || producers.insert(name.as_str(), index).is_some() {
                return Err(OnnxError::Duplicate(name.clone()));
            }
        }
    }
    let Some(&last) = producers.get(output) else {
        return Err(OnnxError::NoOutput(output.into()));
    };

    // From the output backwards: who reads whom, once for every edge.
    let mut readers = vec![Vec::new(); nodes.len()];
    let mut waiting_for = vec![0_usize; nodes.len()];
    let mut needed = vec![false; nodes.len()];
    let mut pending = vec![last];
    needed[last] = true;
    while let Some(reader) = pending.pop() {
        for input in nodes[reader].inputs().iter().filter(|name| !name.is_empty() && !given.contains(name.as_str())) {
            let Some(&producer) = producers.get(input.as_str()) else {
                return Err(OnnxError::Missing { place: nodes[reader].place(), value: input.clone() });
            };
            readers[producer].push(reader);
            waiting_for[reader] += 1;
            if !std::mem::replace(&mut needed[producer], true) {
                pending.push(producer);
            }
        }
    }

    let ready = (0..nodes.len()).filter(|&index| needed[index] && waiting_for[index] == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
    let mut order = Vec::new();
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for &reader in &readers[index] {
            waiting_for[reader] -= 1;
            if waiting_for[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    match waiting_for.iter().position(|&inputs| inputs > 0) {
        Some(index) => Err(OnnxError::Cycle(nodes[index].place())),
        None => Ok(order),
    }
}
