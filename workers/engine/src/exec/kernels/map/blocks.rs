//! Functions one after the other over blocks of elements that a level-1 cache holds.
use super::broadcast::{Block, Read, Rows};
use super::formula::{compute, Args, Place};
use super::{Map, Member, To, Wire, MAX_OUTPUTS};
use crate::exec::lanes::{Isa, MAX_LANES};
use std::ptr::null_mut;

/// Values that all blocks hold together: 16 KiB, as inputs and outputs that are read and written in place need room too.
const VALUES: usize = 4096;
/// Elements of a block at most.
const LONGEST: usize = 2048;
/// Inputs of all functions together at most.
pub(super) const MAX_INPUTS: usize = 16;
/// Functions at most.
pub(super) const MAX_MEMBERS: usize = 16;

const NOWHERE: Place = Place { at: null_mut(), repeats: true, stride: 0 };

/// What is computed at once: some rows of elements, or a part of one.
#[derive(Clone, Copy)]
struct Part {
    first: usize,
    rows: usize,
    columns: usize,
}

impl Part {
    fn count(self) -> usize {
        self.rows * self.columns
    }

    /// Elements that lie one behind the other.
    fn consecutive(self, at: *mut f32) -> Place {
        Place { at, repeats: false, stride: self.columns as isize }
    }

    /// The next of the elements `first..first + left`: in a block of so many, whole rows where there are some.
    fn next(map: &Map, first: usize, left: usize, (len, long): (usize, usize)) -> Part {
        let row = map.row.filter(|row| *row <= long);
        let whole = row.filter(|row| first.is_multiple_of(*row) && left >= *row);
        if let Some(columns) = whole {
            return Part { first, rows: (left / columns).min(long / columns), columns };
        }
        // Whole vectors; at the end less than one.
        let vectors = if left < MAX_LANES { left } else { (left / MAX_LANES * MAX_LANES).min(len) };
        let to_row = row.map_or(vectors, |row| row - first % row);
        Part { first, rows: 1, columns: vectors.min(to_row) }
    }
}

/// Computes elements `first..first + len`, `len` being that of all outputs.
pub(super) fn run(
    map: &Map,
    isa: Isa,
    inputs: &[&[f32]],
    first: usize,
    outs: &mut [&mut [f32]],
    scratch: &mut Vec<f32>,
) {
    // Blocks of inputs that aren't in memory as they are needed, of the column's number, of functions' values that are
    // no outputs, and of less of an output than a vector.
    let column = map.reads.len();
    let inner = column + usize::from(map.column);
    let littles = inner + map.inner;
    let blocks = littles + outs.len();
    let length = |blocks: usize| (VALUES / blocks / 64 * 64).clamp(64, LONGEST);
    // In rows, what is broadcast takes no block of its own.
    let broadcast = map.reads.iter().filter(|read| matches!(read, Read::Broadcast(_))).count();
    let (len, long) = (length(blocks), length(blocks - broadcast));
    scratch.resize(scratch.len().max(blocks * long), 0.0);
    let base = scratch.as_mut_ptr();
    // Inside the scratch, for it holds so many.
    let block = |number: usize| base.wrapping_add(number * long);
    let all = outs.first().map_or(0, |out| out.len());
    let mut done = 0;
    while done < all {
        let part = Part::next(map, first + done, all - done, (len, long));
        let count = part.count();
        // Less than a vector has no room in memory: at the end, or in what a thread has of a row.
        let little = count < MAX_LANES;
        let mut read = [NOWHERE; MAX_INPUTS];
        for (input, (how, x)) in map.reads.iter().zip(inputs).enumerate() {
            // SAFETY: a block has `long` places, at least `count` and `MAX_LANES`, and nothing else refers to it now.
            let buffer = unsafe { std::slice::from_raw_parts_mut(block(input), long) };
            let filled = part.consecutive(buffer.as_mut_ptr());
            let splat = Place { repeats: true, stride: 0, ..filled };
            let found = match how {
                Read::Direct => Block::From(part.first),
                Read::Scalar => Block::One(0),
                Read::Broadcast(broadcast) if part.rows > 1 => {
                    read[input] = match broadcast.rows(x, part.first, (part.rows, part.columns), &mut buffer[..count]) {
                        Rows::From(from, stride) => Place { at: x[from..].as_ptr().cast_mut(), repeats: false, stride },
                        Rows::Ones => Place { stride: MAX_LANES as isize, ..splat },
                        Rows::Filled => filled,
                    };
                    continue;
                }
                Read::Broadcast(broadcast) => broadcast.block(x, part.first, &mut buffer[..count]),
            };
            read[input] = match found {
                // Read only: every function writes to a block of its own or an output.
                Block::From(from) if !little => part.consecutive(x[from..from + count].as_ptr().cast_mut()),
                Block::From(from) => {
                    buffer[..count].copy_from_slice(&x[from..from + count]);
                    filled
                }
                Block::One(index) => {
                    buffer[..MAX_LANES].fill(x[index]);
                    splat
                }
                Block::Filled => filled,
            };
        }
        let mut numbers = NOWHERE;
        if map.column {
            // SAFETY: as for the inputs.
            let buffer = unsafe { std::slice::from_raw_parts_mut(block(column), long) };
            fill_columns(&mut buffer[..count], part.first, map.columns);
            numbers = part.consecutive(buffer.as_mut_ptr());
        }
        let mut written = [null_mut(); MAX_OUTPUTS];
        for (output, (to, out)) in written.iter_mut().zip(outs.iter_mut()).enumerate() {
            *to = if little { block(littles + output) } else { out[done..].as_mut_ptr() };
        }
        let mut values = [NOWHERE; MAX_MEMBERS];
        for (number, Member { function, params, inputs, to }) in map.members.iter().enumerate() {
            let to = match *to {
                To::Output(output) => written[output],
                To::Inner(place) => block(inner + place),
            };
            let inputs = inputs.map(|wire| match wire {
                Wire::Outer(input) => read[input],
                Wire::Inner(member) => values[member],
            });
            // SAFETY: every place has been given all elements, or, where these aren't a vector, is a block; functions
            // write to other places than they read.
            compute(isa, *function, &unsafe { Args::new(params, inputs, numbers, to, (part.rows, part.columns)) });
            values[number] = part.consecutive(to);
        }
        if little {
            for (output, out) in outs.iter_mut().enumerate() {
                // SAFETY: the output's block, which has been written.
                let values = unsafe { std::slice::from_raw_parts(block(littles + output), count) };
                out[done..done + count].copy_from_slice(values);
            }
        }
        done += count;
    }
}

/// The numbers of elements' columns, from element `first` on.
fn fill_columns(mut to: &mut [f32], first: usize, columns: usize) {
    let mut column = first % columns;
    while !to.is_empty() {
        let (run, rest) = to.split_at_mut(to.len().min(columns - column));
        // Of u32, which every machine's vectors convert.
        (column as u32..).zip(run).for_each(|(column, to)| *to = column as f32);
        (to, column) = (rest, 0);
    }
}
