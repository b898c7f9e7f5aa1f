//! Functions' tables, prepared for blocks: where every row finds its arguments and leaves its value.
use assay_core::arith::F32;
use assay_core::graph::function::{source, Source};
use assay_core::graph::Prim;

/// A row as in the definition.
pub(super) type Defined = (Prim, [u8; 4]);

/// A place that holds a block: registers first, then inputs, the column's number, constants and outputs.
pub(super) type Slot = u8;

/// Slots of a table at most.
pub(super) const SLOTS: usize = 256;

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) prim: Prim,
    /// Those beyond the arity are slot 0.
    pub(super) args: [Slot; 4],
    pub(super) to: Slot,
    /// Whether its NaNs have to be the protocol's: they reach an output, by themselves or moved by selects. Any other
    /// NaN may have any payload, as nothing depends on it.
    pub(super) canonical: bool,
}

/// One function of several that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub(super) rows: &'a [Defined],
    pub(super) params: [F32; 4],
    /// What its inputs are.
    pub(super) inputs: Vec<Wire>,
    /// Whether its value is an output. Others only serve later members.
    pub(super) written: bool,
}

/// What a member's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exec) enum Wire {
    /// This input of all.
    Outer(usize),
    /// The value of this member, an earlier one.
    Inner(usize),
}

/// Functions with their parameters.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// Number of registers.
    pub(super) registers: usize,
    /// Number of inputs.
    pub(super) inputs: usize,
    /// Whether the column's number is read.
    pub(super) column: bool,
    pub(super) constants: Vec<f32>,
    /// Number of outputs.
    pub(super) outputs: usize,
}

/// What an argument is, before slots are known.
#[derive(Clone, Copy, PartialEq)]
enum Arg {
    Row(usize),
    Input(usize),
    Column,
    Constant(usize),
}

impl Table {
    /// That of functions of so many inputs together.
    pub(super) fn new(members: &[Member<'_>], inputs: usize) -> Table {
        let mut constants: Vec<f32> = Vec::new();
        let mut constant = |value: F32| {
            let value = f32::from_bits(value.0);
            let found = constants.iter().position(|x| x.to_bits() == value.to_bits());
            Arg::Constant(found.unwrap_or_else(|| {
                constants.push(value);
                constants.len() - 1
            }))
        };
        let mut rows: Vec<(Prim, Vec<Arg>)> = Vec::new();
        let (mut ends, mut written) = (Vec::new(), Vec::new());
        for Member { rows: defined, params, inputs, written: is_written } in members {
            let first = rows.len();
            let mut arg = |arg: u8| match source(arg) {
                Source::Row(row) => Arg::Row(first + usize::from(row)),
                Source::Input(input) => match inputs[usize::from(input)] {
                    Wire::Outer(input) => Arg::Input(input),
                    Wire::Inner(member) => Arg::Row(ends[member]),
                },
                Source::Column => Arg::Column,
                Source::Param(param) => constant(params.get(usize::from(param)).copied().unwrap_or(F32::ZERO)),
                Source::Const(value) => constant(value),
            };
            for &(prim, args) in *defined {
                rows.push((prim, args[..prim.arity()].iter().map(|&a| arg(a)).collect()));
            }
            ends.push(rows.len() - 1);
            if *is_written {
                written.push(rows.len() - 1);
            }
        }
        let uses = Uses::of(&rows, &written);
        let column = rows.iter().any(|(_, args)| args.contains(&Arg::Column));
        let (own, registers) = registers(&rows, &uses, &written);
        let first_output = registers + inputs + usize::from(column) + constants.len();
        let place = |row: usize| written.iter().position(|&it| it == row).map_or(own[row], |i| first_output + i);
        let slot = |arg: Arg| match arg {
            Arg::Row(row) => place(row),
            Arg::Input(input) => registers + input,
            Arg::Column => registers + inputs,
            Arg::Constant(constant) => registers + inputs + usize::from(column) + constant,
        };
        assert!(first_output + written.len() <= SLOTS, "a table of more than {SLOTS} values");
        let prepared = rows.iter().enumerate().filter(|(row, _)| uses.last[*row].is_some()).map(|(row, (prim, of))| {
            let mut args = [0; 4];
            args.iter_mut().zip(of).for_each(|(to, &arg)| *to = slot(arg) as Slot);
            Row { prim: *prim, args, to: place(row) as Slot, canonical: uses.canonical[row] }
        });
        Table { rows: prepared.collect(), registers, inputs, column, constants, outputs: written.len() }
    }

    /// The first constant's slot: before it every slot has a block of its own.
    pub(super) fn first_constant(&self) -> usize {
        self.registers + self.inputs + usize::from(self.column)
    }
}

/// What becomes of rows' values.
struct Uses {
    /// The last row that reads it; outputs read themselves. `None`: nobody.
    last: Vec<Option<usize>>,
    canonical: Vec<bool>,
}

impl Uses {
    fn of(rows: &[(Prim, Vec<Arg>)], written: &[usize]) -> Uses {
        let n = rows.len();
        let (mut last, mut reaches) = (vec![None; n], vec![false; n]);
        for &row in written {
            last[row] = Some(row);
            reaches[row] = true;
        }
        let mut canonical = vec![false; n];
        for (row, (prim, args)) in rows.iter().enumerate().rev() {
            if last[row].is_none() {
                continue;
            }
            let moves = matches!(prim, Prim::SelectGt | Prim::SelectEq);
            canonical[row] = reaches[row] && !moves;
            for (place, arg) in args.iter().enumerate() {
                if let Arg::Row(from) = *arg {
                    last[from] = last[from].max(Some(row));
                    reaches[from] |= reaches[row] && moves && place >= 2;
                }
            }
        }
        Uses { last, canonical }
    }
}

/// A register for every row's value that isn't an output, free again after its last use; and how many there are.
fn registers(rows: &[(Prim, Vec<Arg>)], uses: &Uses, written: &[usize]) -> (Vec<usize>, usize) {
    let mut slots = vec![0; rows.len()];
    let mut free: Vec<usize> = Vec::new();
    let mut count = 0;
    for (row, (_, args)) in rows.iter().enumerate() {
        if uses.last[row].is_none() {
            continue;
        }
        // A row may write where its argument is: in a vector's place, it has read before it writes.
        for (place, arg) in args.iter().enumerate() {
            if let Arg::Row(from) = *arg {
                if uses.last[from] == Some(row) && !args[..place].contains(arg) && !written.contains(&from) {
                    free.push(slots[from]);
                }
            }
        }
        if written.contains(&row) {
            continue;
        }
        slots[row] = free.pop().unwrap_or_else(|| {
            count += 1;
            count - 1
        });
    }
    (slots, count)
}
