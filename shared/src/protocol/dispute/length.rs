//! How long a game can get: known before it begins, from the claim and the program alone.
use super::steps::boundaries;
use crate::commit::descent::reveals;
use crate::graph::{Node, ProgramRef};

/// Bytes of a root, an item of a list of roots.
const ROOT: u64 = 32;
/// Bytes of a value.
const VALUE: u64 = 4;

/// Moves of the asserter, at most, in a game about `steps` steps of a program that ends in this node: split the steps,
/// descend to the result in the state, name the trace and descend to the node, open the node, descend to the element
/// and, unless the contract performs the element [at once](Node::at_once), to the micro-step, open the operands.
pub fn execution_moves(program: &ProgramRef, steps: u32, node: &Node) -> u32 {
    let in_state = reveals(u64::from(program.states).saturating_mul(ROOT));
    splits(steps).saturating_add(in_state).saturating_add(distance_moves(program, node))
}

/// The same in a game about a distance, which has one step and one result: it begins at the trace.
pub fn distance_moves(program: &ProgramRef, node: &Node) -> u32 {
    let in_trace = reveals(u64::from(program.nodes).saturating_mul(ROOT));
    let in_output = reveals(node.shape.elements().saturating_mul(VALUE));
    let in_element = match node.at_once() {
        true => 0,
        // Its root and last value are named first.
        false => reveals(node.micro_len().saturating_mul(VALUE)).saturating_add(1),
    };
    // The trace, the node, the operands.
    [in_trace, in_output, in_element].into_iter().fold(3, u32::saturating_add)
}

/// Moves that split so many steps into single ones.
fn splits(steps: u32) -> u32 {
    let mut longest = steps;
    let mut moves = 0_u32;
    while longest > 1 {
        let cuts = boundaries(0, longest);
        longest = cuts.iter().zip(cuts.iter().skip(1)).map(|(from, to)| to.saturating_sub(*from)).max().unwrap_or(0);
        moves = moves.saturating_add(1);
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_segments_take_few_moves() {
        let cases =
            [(0, 0), (1, 0), (2, 1), (64, 1), (65, 2), (100, 2), (4096, 2), (4097, 3), (1 << 18, 3), (u32::MAX, 6)];
        for (steps, moves) in cases {
            assert_eq!(splits(steps), moves, "{steps}");
        }
    }
}
