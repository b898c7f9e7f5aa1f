//! Functions one after the other over blocks of elements that a level-1 cache holds.
use super::broadcast::{Block, Read};
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

const NOWHERE: Place = Place { at: null_mut(), repeats: true };

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
    // no outputs, and of outputs' ends.
    let column = map.reads.len();
    let inner = column + usize::from(map.column);
    let ends = inner + map.inner;
    let blocks = ends + outs.len();
    let len = (VALUES / blocks / 64 * 64).clamp(64, LONGEST);
    scratch.resize(scratch.len().max(blocks * len), 0.0);
    let base = scratch.as_mut_ptr();
    // Inside the scratch, for it holds so many.
    let block = |number: usize| base.wrapping_add(number * len);
    let all = outs.first().map_or(0, |out| out.len());
    let mut done = 0;
    while done < all {
        let left = all - done;
        // Whole vectors; at the end one that is filled up.
        let part = left < MAX_LANES;
        let count = if part { left } else { (left / MAX_LANES * MAX_LANES).min(len) };
        let mut read = [NOWHERE; MAX_INPUTS];
        for (input, (how, x)) in map.reads.iter().zip(inputs).enumerate() {
            // SAFETY: a block has `len` places, at least `count` and `MAX_LANES`, and nothing else refers to it now.
            let buffer = unsafe { std::slice::from_raw_parts_mut(block(input), len) };
            let e = first + done;
            let found = match how {
                Read::Direct => Block::From(e),
                Read::Scalar => Block::One(0),
                Read::Broadcast(broadcast) => broadcast.block(x, e, &mut buffer[..count]),
            };
            read[input] = match found {
                // Read only: every function writes to a block of its own or an output.
                Block::From(from) if !part => Place { at: x[from..from + count].as_ptr().cast_mut(), repeats: false },
                Block::From(from) => {
                    buffer[..count].copy_from_slice(&x[from..from + count]);
                    Place { at: buffer.as_mut_ptr(), repeats: false }
                }
                Block::One(index) => {
                    buffer[..MAX_LANES].fill(x[index]);
                    Place { at: buffer.as_mut_ptr(), repeats: true }
                }
                Block::Filled => Place { at: buffer.as_mut_ptr(), repeats: false },
            };
        }
        let mut numbers = NOWHERE;
        if map.column {
            // SAFETY: as for the inputs.
            let buffer = unsafe { std::slice::from_raw_parts_mut(block(column), len) };
            fill_columns(&mut buffer[..count], first + done, map.columns);
            numbers = Place { at: buffer.as_mut_ptr(), repeats: false };
        }
        let mut written = [null_mut(); MAX_OUTPUTS];
        for (output, (to, out)) in written.iter_mut().zip(outs.iter_mut()).enumerate() {
            *to = if part { block(ends + output) } else { out[done..].as_mut_ptr() };
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
            // SAFETY: every place has been given `count` elements, or, where that isn't whole vectors, is a block;
            // functions write to other places than they read.
            compute(isa, *function, &unsafe { Args::new(params, inputs, numbers, to, count) });
            values[number] = Place { at: to, repeats: false };
        }
        if part {
            for (output, out) in outs.iter_mut().enumerate() {
                // SAFETY: the block of the output's end, which has been written.
                out[done..].copy_from_slice(unsafe { std::slice::from_raw_parts(block(ends + output), count) });
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
