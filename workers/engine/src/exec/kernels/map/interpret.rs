//! The interpreter of tables: each row over a block of elements that a level-1 cache holds.
use super::broadcast::{Block, Read};
use super::table::{Row, Table, SLOTS};
use crate::exec::lanes::{Kernel, Lanes, MAX_LANES};
use assay_core::graph::Prim;

/// Values that all registers hold together: 16 KiB.
const VALUES: usize = 4096;
/// Elements of a block.
pub(super) fn block_len(table: &Table) -> usize {
    let blocks = table.first_constant() + table.outputs;
    (VALUES / blocks / 64 * 64).clamp(64, 1024)
}

/// Elements `first..first + len` of a map, `len` being that of all outputs.
pub(super) struct Interpret<'a, 'o> {
    pub(super) table: &'a Table,
    pub(super) reads: &'a [Read],
    pub(super) inputs: &'a [&'a [f32]],
    /// Length of the output's last axis.
    pub(super) columns: usize,
    pub(super) first: usize,
    pub(super) outs: &'a mut [&'o mut [f32]],
    pub(super) scratch: &'a mut Vec<f32>,
}

/// Where a slot's block is.
#[derive(Clone, Copy)]
struct Place {
    at: *mut f32,
    /// From a vector to the next: `V::N`, or 0 where one vector serves for all.
    step: usize,
}

impl Kernel for Interpret<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Interpret { table, reads, inputs, columns, first, outs, scratch } = self;
        let len = block_len(table);
        let all = outs.first().map_or(0, |out| out.len());
        let constants = table.first_constant();
        let outputs = constants + table.constants.len();
        let blocks = constants + table.outputs;
        scratch.resize(scratch.len().max(blocks * len + table.constants.len() * MAX_LANES), 0.0);
        let base = scratch.as_mut_ptr();
        let mut places = [Place { at: base, step: V::N }; SLOTS];
        // SAFETY: the scratch was made for this: blocks of registers, inputs, the column and the ends of outputs, and a
        // vector for every constant.
        let (block_of, output_end) = unsafe {
            for (slot, place) in places.iter_mut().enumerate().take(table.registers) {
                place.at = base.add(slot * len);
            }
            for (i, &value) in table.constants.iter().enumerate() {
                let at = base.add(blocks * len + i * MAX_LANES);
                V::splat(value).store(at);
                places[constants + i] = Place { at, step: 0 };
            }
            (move |slot: usize| base.add(slot * len), move |output: usize| base.add((constants + output) * len))
        };
        let mut done = 0;
        while done < all {
            let left = all - done;
            // Whole vectors; at the end one that is filled up.
            let count = if left >= V::N { (left / V::N * V::N).min(len) } else { left };
            let part = count < V::N;
            for (input, (read, x)) in reads.iter().zip(inputs).enumerate() {
                let slot = table.registers + input;
                // SAFETY: a slot's block has `len >= count` places, and nothing else refers to it now.
                let buffer = unsafe { std::slice::from_raw_parts_mut(block_of(slot), count) };
                let e = first + done;
                let place = match read {
                    Read::Direct => Block::From(e),
                    Read::Scalar => Block::One(0),
                    Read::Broadcast(broadcast) => broadcast.block(x, e, buffer),
                };
                places[slot] = match place {
                    // Read only: every row writes to a register or an output.
                    Block::From(from) if !part => Place { at: x[from..from + count].as_ptr().cast_mut(), step: V::N },
                    Block::From(from) => {
                        buffer.copy_from_slice(&x[from..from + count]);
                        Place { at: buffer.as_mut_ptr(), step: V::N }
                    }
                    Block::One(index) => {
                        // SAFETY: a block has at least `V::N` places.
                        unsafe { V::splat(x[index]).store(block_of(slot)) };
                        Place { at: block_of(slot), step: 0 }
                    }
                    Block::Filled => Place { at: buffer.as_mut_ptr(), step: V::N },
                };
            }
            if table.column {
                let slot = table.registers + table.inputs;
                // SAFETY: as for the inputs.
                let buffer = unsafe { std::slice::from_raw_parts_mut(block_of(slot), count) };
                numbers(buffer, first + done, columns);
                places[slot].at = block_of(slot);
            }
            for (output, out) in outs.iter_mut().enumerate() {
                places[outputs + output].at = if part { output_end(output) } else { out[done..].as_mut_ptr() };
            }
            let vectors = count.div_ceil(V::N);
            for row in &table.rows {
                // SAFETY: every slot's place holds so many vectors.
                unsafe { perform::<V>(row, &places, vectors) };
            }
            if part {
                for (output, out) in outs.iter_mut().enumerate() {
                    // SAFETY: the block of the output's end, which has been written.
                    out[done..].copy_from_slice(unsafe { std::slice::from_raw_parts(output_end(output), count) });
                }
            }
            done += count;
        }
    }
}

/// The numbers of elements' columns, from element `first` on.
fn numbers(to: &mut [f32], first: usize, columns: usize) {
    let mut column = first % columns;
    for to in to {
        *to = column as f32;
        column += 1;
        if column == columns {
            column = 0;
        }
    }
}

/// One row over so many vectors.
///
/// # Safety
/// The slots' places hold them.
#[inline(always)]
unsafe fn perform<V: Lanes>(row: &Row, places: &[Place; SLOTS], vectors: usize) {
    let to = places[usize::from(row.to)].at;
    // A macro, as closures that are more than a few instructions aren't inlined, and so not compiled for the
    // instruction set.
    macro_rules! each {
        ([$($x:ident)*] $value:expr) => {{
            let from = row.args.map(|slot| places[usize::from(slot)]);
            let [$($x),*, ..] = from;
            for v in 0..vectors {
                // SAFETY: the caller's promise.
                unsafe {
                    $(let $x = V::load($x.at.add(v * $x.step));)*
                    let value = $value;
                    if row.canonical { value.canonical() } else { value }.store(to.add(v * V::N));
                }
            }
        }};
    }
    match row.prim {
        Prim::Add => each!([a b] a.add(b)),
        Prim::Sub => each!([a b] a.sub(b)),
        Prim::Mul => each!([a b] a.mul(b)),
        Prim::Fma => each!([a b c] a.fma(b, c)),
        Prim::Div => each!([a b] a.div(b)),
        Prim::Sqrt => each!([a] a.sqrt()),
        // The definition's way of saying "x".
        Prim::Max if row.args[0] == row.args[1] => each!([a] a),
        Prim::Max => each!([a b] a.max(b)),
        Prim::SelectGt => each!([a b c d] a.select_gt(b, c, d)),
        Prim::SelectEq => each!([a b c d] a.select_eq(b, c, d)),
        Prim::ScaleB => each!([a b] a.scale_b(b)),
        Prim::Exponent => each!([a] a.exponent()),
        Prim::Significand => each!([a] a.significand()),
    }
}
