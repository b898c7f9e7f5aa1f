//! Maps: an interpreter of functions' tables, over blocks of lanes.
mod broadcast;
mod interpret;
mod table;

use crate::exec::lanes::Isa;
use crate::exec::pool::Pool;
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::Node;
use broadcast::Read;
use interpret::Interpret;
use std::cell::RefCell;
use table::{Defined, Table};

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 11;

thread_local! {
    /// Registers.
    static SCRATCH: RefCell<Vec<f32>> = RefCell::default();
}

/// A map, prepared.
#[derive(Debug)]
pub(in crate::exec) struct Map {
    table: Table,
    reads: Vec<Read>,
    columns: usize,
}

impl Map {
    /// That of a node.
    pub(in crate::exec) fn new(node: &Node, function: Function, params: [F32; 4]) -> Map {
        Map::of_rows(node, function.rows(), params)
    }

    /// That of any table.
    fn of_rows(node: &Node, rows: &[Defined], params: [F32; 4]) -> Map {
        let dims = node.shape.dims();
        let reads = node.inputs.iter().map(|input| Read::new(input.shape.dims(), dims)).collect();
        let columns = dims.last().map_or(1, |&dim| dim as usize);
        Map { table: Table::new(rows, params, node.inputs.len()), reads, columns }
    }

    /// Computes it.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], out: &mut [f32]) {
        let Map { table, reads, columns } = self;
        let len = out.len();
        let work = len * (table.rows.len() / 4).max(1);
        pool.split_out((len, 1), GRAIN, work, out, &|part, out| {
            SCRATCH.with_borrow_mut(|scratch| {
                isa.run(Interpret { table, reads, inputs, columns: *columns, first: part.start, out, scratch });
            });
        });
    }
}

#[cfg(test)]
mod tests;
