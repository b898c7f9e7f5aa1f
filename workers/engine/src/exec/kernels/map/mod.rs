//! Maps: an interpreter of functions' tables, over blocks of lanes. Several maps over the same elements are one table,
//! whose inner values never leave the registers.
mod broadcast;
mod interpret;
mod table;

pub(in crate::exec) use table::Wire;

use crate::exec::lanes::Isa;
use crate::exec::pool::{Out, Pool};
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{Node, Op};
use broadcast::Read;
use interpret::Interpret;
use std::cell::RefCell;
use table::{Defined, Member, Table};

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 11;
/// Outputs of maps together at most.
pub(in crate::exec) const MAX_OUTPUTS: usize = 8;

thread_local! {
    /// Registers.
    static SCRATCH: RefCell<Vec<f32>> = RefCell::default();
}

/// Maps, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Map {
    table: Table,
    reads: Vec<Read>,
    columns: usize,
}

/// A map among several that are computed together.
#[derive(Debug)]
pub(in crate::exec) struct Link<'a> {
    /// Its node, which is a map.
    pub(in crate::exec) node: &'a Node,
    /// What its inputs are.
    pub(in crate::exec) inputs: Vec<Wire>,
    /// Whether its value is an output.
    pub(in crate::exec) written: bool,
}

impl Map {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, function: Function, params: [F32; 4]) -> Map {
        Map::of_rows(node, function.rows(), params)
    }

    /// That of any table.
    fn of_rows(node: &Node, rows: &[Defined], params: [F32; 4]) -> Map {
        let inputs = (0..node.inputs.len()).map(Wire::Outer).collect();
        Map::of_members(&[Member { rows, params, inputs, written: true }], &[node])
    }

    /// Those of several nodes of the same dimensions, at most [`MAX_OUTPUTS`] of which are written.
    pub(in crate::exec) fn chain(links: &[Link<'_>]) -> Map {
        let member = |link: &Link<'_>| {
            let (rows, params): (&[Defined], _) = match link.node.op {
                Op::Map { function, params } => (function.rows(), params),
                _ => (&[], Default::default()),
            };
            Member { rows, params, inputs: link.inputs.clone(), written: link.written }
        };
        let members: Vec<Member<'_>> = links.iter().map(member).collect();
        let nodes: Vec<&Node> = links.iter().map(|link| link.node).collect();
        Map::of_members(&members, &nodes)
    }

    fn of_members(members: &[Member<'_>], nodes: &[&Node]) -> Map {
        let mut reads: Vec<Read> = Vec::new();
        for (member, node) in members.iter().zip(nodes) {
            for (wire, input) in member.inputs.iter().zip(&node.inputs) {
                // Outer inputs are numbered in the order in which they first occur.
                if *wire == Wire::Outer(reads.len()) {
                    reads.push(Read::new(input.shape.dims(), node.shape.dims()));
                }
            }
        }
        let columns = nodes[0].shape.dims().last().map_or(1, |&dim| dim as usize);
        Map { table: Table::new(members, reads.len()), reads, columns }
    }

    /// Computes them: all outputs, which have the same length.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Map { table, reads, columns } = self;
        assert!(inputs.len() == reads.len() && outputs.len() == table.outputs && outputs.len() <= MAX_OUTPUTS);
        let len = outputs.first().map_or(0, |out| out.len());
        assert!(outputs.iter().all(|out| out.len() == len));
        let mut outs = [None; MAX_OUTPUTS];
        outs.iter_mut().zip(outputs).for_each(|(to, out)| *to = Some(Out::new(out)));
        let work = len * (table.rows.len() / 4).max(1);
        pool.split(len, GRAIN, work, &|part| {
            // SAFETY: parts don't overlap and lie inside the outputs, which are borrowed for the whole call.
            let own = |out: Out| unsafe { std::slice::from_raw_parts_mut(out.at(part.start), part.len()) };
            let mut outs = outs.map(|out| out.map_or_else(Default::default, own));
            let outs = &mut outs[..table.outputs];
            SCRATCH.with_borrow_mut(|scratch| {
                isa.run(Interpret { table, reads, inputs, columns: *columns, first: part.start, outs, scratch });
            });
        });
    }
}

#[cfg(test)]
mod tests;
