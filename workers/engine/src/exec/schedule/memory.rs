//! Where outputs are kept: in few buffers, each for as long as somebody reads it.
use super::{first_result, producers};
use assay_core::graph::{Op, Program};

/// What becomes of nodes' outputs.
pub(super) struct Uses {
    /// The node whose output this one is, in another shape.
    alias_of: Vec<Option<usize>>,
    /// Whether it needs a place: not what only its own chain reads or nobody, and not what is another one's.
    placed: Vec<bool>,
    /// The last group that reads it, under any name.
    last: Vec<usize>,
    /// Whether it is looked at when all is done.
    kept: Vec<bool>,
}

impl Uses {
    pub(super) fn of(program: &Program, groups: &[Vec<usize>], kept: &[bool]) -> Uses {
        let count = program.nodes.len();
        let mut group_of = vec![0; count];
        for (group, nodes) in groups.iter().enumerate() {
            nodes.iter().for_each(|&node| group_of[node] = group);
        }
        let mut alias_of: Vec<Option<usize>> = vec![None; count];
        for node in 0..first_result(program) {
            if matches!(program.nodes[node].op, Op::Reshape) {
                // Of a state's tensor it is a copy, as that one may hold any NaN.
                alias_of[node] = producers(program, node).next().map(|from| alias_of[from].unwrap_or(from));
            }
        }
        let own = |node: usize| alias_of[node].unwrap_or(node);
        let (mut last, mut all_kept, mut leaves) = (group_of.clone(), vec![false; count], vec![false; count]);
        for node in 0..count {
            all_kept[own(node)] |= kept[node];
            for from in producers(program, node) {
                let (from, by) = (own(from), group_of[node]);
                last[from] = last[from].max(by);
                leaves[from] |= by != group_of[from];
            }
        }
        let placed = (0..count).map(|node| alias_of[node].is_none() && (leaves[node] || all_kept[node])).collect();
        Uses { alias_of, placed, last, kept: all_kept }
    }

    pub(super) fn placed(&self, node: usize) -> bool {
        self.placed[node]
    }
}

/// A buffer for every node's output, and the buffers' lengths.
pub(super) fn places(program: &Program, groups: &[Vec<usize>], uses: &Uses) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut places: Vec<Option<usize>> = vec![None; program.nodes.len()];
    let mut buffers: Vec<usize> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    // What each group is the last to read.
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    for node in (0..places.len()).filter(|&node| uses.placed[node] && !uses.kept[node]) {
        ends[uses.last[node]].push(node);
    }
    for (nodes, ends) in groups.iter().zip(ends) {
        for &node in nodes.iter().filter(|&&node| uses.placed[node]) {
            let len = program.nodes[node].shape.elements() as usize;
            let found = if uses.kept[node] { None } else { best(&free, &buffers, len) };
            let place = match found {
                Some(at) => free.swap_remove(at),
                None => {
                    buffers.push(0);
                    buffers.len() - 1
                }
            };
            buffers[place] = buffers[place].max(len);
            places[node] = Some(place);
        }
        free.extend(ends.into_iter().filter_map(|node| places[node]));
    }
    for node in 0..places.len() {
        if let Some(own) = uses.alias_of[node] {
            places[node] = places[own];
        }
    }
    (places, buffers)
}

/// The smallest of the free buffers that is long enough, or else the longest.
fn best(free: &[usize], buffers: &[usize], len: usize) -> Option<usize> {
    let of = |&at: &usize| buffers[free[at]];
    let enough = (0..free.len()).filter(|at| of(at) >= len).min_by_key(of);
    enough.or_else(|| (0..free.len()).max_by_key(of))
}
