//! Maps: straight-line code for every function, over blocks of elements. Several maps over the same elements are
//! computed block by block, so that their inner values never leave the level-1 cache.
mod blocks;
mod broadcast;
mod formula;

use crate::exec::lanes::{Isa, MAX_LANES};
use crate::exec::pool::{Out, Pool};
use assay_core::arith::F32;
use assay_core::graph::function::{source, Function, Source};
use assay_core::graph::{Node, Op};
use broadcast::Read;
use std::cell::RefCell;

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 11;
/// Outputs of maps together at most.
pub(in crate::exec) const MAX_OUTPUTS: usize = 8;

thread_local! {
    /// Blocks.
    static SCRATCH: RefCell<Vec<f32>> = RefCell::default();
}

/// Maps, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Map {
    members: Vec<Member>,
    reads: Vec<Read>,
    /// Length of the output's last axis.
    columns: usize,
    /// Elements of a row, a vector of any kind or more, along which what is broadcast lies in memory or is one element.
    row: Option<usize>,
    /// Whether the column's number is read.
    column: bool,
    /// Number of values that aren't outputs.
    inner: usize,
    outputs: usize,
    /// Rows of all functions.
    rows: usize,
}

/// A map among several that are computed together.
#[derive(Debug)]
pub(in crate::exec) struct Link<'a> {
    /// Its node, which is a map.
    pub(in crate::exec) node: &'a Node,
    /// What its inputs are.
    pub(in crate::exec) inputs: Vec<Wire>,
    /// Whether its value is an output. Others only serve later ones.
    pub(in crate::exec) written: bool,
}

/// What a map's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) enum Wire {
    /// This input of all.
    Outer(usize),
    /// The value of this map, an earlier one.
    Inner(usize),
}

/// A function with its parameters.
#[derive(Debug)]
struct Member {
    function: Function,
    params: [f32; 4],
    /// Those beyond the arity are the first.
    inputs: [Wire; 4],
    to: To,
}

/// Where a function's value goes.
#[derive(Clone, Copy, Debug)]
enum To {
    Output(usize),
    /// A block of its own.
    Inner(usize),
}

impl Map {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, function: Function, params: [F32; 4]) -> Map {
        let inputs: Vec<Wire> = (0..node.inputs.len()).map(Wire::Outer).collect();
        let mut map = Map::empty(node);
        map.push(node, (function, params), &inputs, true);
        map
    }

    /// Those of several nodes of the same dimensions, at most [`MAX_OUTPUTS`] of which are written.
    pub(in crate::exec) fn chain(links: &[Link<'_>]) -> Map {
        let mut map = Map::empty(links[0].node);
        for Link { node, inputs, written } in links {
            if let Op::Map { function, params } = node.op {
                map.push(node, (function, params), inputs, *written);
            }
        }
        map
    }

    /// No functions, over the elements of this node.
    fn empty(node: &Node) -> Map {
        let columns = node.shape.dims().last().map_or(1, |&dim| dim as usize);
        Map { members: Vec::new(), reads: Vec::new(), columns, row: None, column: false, inner: 0, outputs: 0, rows: 0 }
    }

    fn push(&mut self, node: &Node, (function, params): (Function, [F32; 4]), inputs: &[Wire], written: bool) {
        for (wire, input) in inputs.iter().zip(&node.inputs) {
            // Outer inputs are numbered in the order in which they first occur.
            if *wire == Wire::Outer(self.reads.len()) {
                self.reads.push(Read::new(input.shape.dims(), node.shape.dims()));
            }
        }
        self.row = broadcast::row(&self.reads).filter(|row| *row >= MAX_LANES);
        let count = if written { &mut self.outputs } else { &mut self.inner };
        let to = if written { To::Output(*count) } else { To::Inner(*count) };
        *count += 1;
        let mut wires = [inputs[0]; 4];
        wires.iter_mut().zip(inputs).for_each(|(to, &wire)| *to = wire);
        self.members.push(Member { function, params: params.map(|p| f32::from_bits(p.0)), inputs: wires, to });
        let of_row = |args: &[u8; 4]| args.iter().any(|&arg| source(arg) == Source::Column);
        self.column |= function.rows().iter().any(|(_, args)| of_row(args));
        self.rows += function.rows().len();
        assert!(self.reads.len() <= blocks::MAX_INPUTS && self.members.len() <= blocks::MAX_MEMBERS);
    }

    /// Computes them: all outputs, which have the same length.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        assert!(inputs.len() == self.reads.len() && outputs.len() == self.outputs && outputs.len() <= MAX_OUTPUTS);
        let len = outputs.first().map_or(0, |out| out.len());
        assert!(outputs.iter().all(|out| out.len() == len));
        let mut outs = [None; MAX_OUTPUTS];
        outs.iter_mut().zip(outputs).for_each(|(to, out)| *to = Some(Out::new(out)));
        pool.share(len, GRAIN, len * (self.rows / 4).max(1), &|part| {
            // SAFETY: parts don't overlap and lie inside the outputs, which are borrowed for the whole call.
            let own = |out: Out| unsafe { std::slice::from_raw_parts_mut(out.at(part.start), part.len()) };
            let mut outs = outs.map(|out| out.map_or_else(Default::default, own));
            let outs = &mut outs[..self.outputs];
            SCRATCH.with_borrow_mut(|scratch| blocks::run(self, isa, inputs, part.start, outs, scratch));
        });
    }
}

#[cfg(test)]
mod tests;
