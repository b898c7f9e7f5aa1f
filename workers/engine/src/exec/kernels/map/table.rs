//! A function's table, prepared for blocks: where every row finds its arguments and leaves its value.
use assay_core::arith::F32;
use assay_core::graph::function::{source, Source};
use assay_core::graph::Prim;

/// A row as in the definition.
pub(super) type Defined = (Prim, [u8; 4]);

/// A place that holds a block: registers first, then inputs, the column's number, constants and the output.
pub(super) type Slot = u8;

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) prim: Prim,
    /// Those beyond the arity are slot 0.
    pub(super) args: [Slot; 4],
    pub(super) to: Slot,
    /// Whether its NaNs have to be the protocol's: they reach the output, by themselves or moved by selects. Any other
    /// NaN may have any payload, as nothing depends on it.
    pub(super) canonical: bool,
}

/// A function with its parameters.
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
    /// That of a function of so many inputs.
    pub(super) fn new(defined: &[Defined], params: [F32; 4], inputs: usize) -> Table {
        let mut constants: Vec<f32> = Vec::new();
        let mut constant = |value: F32| {
            let value = f32::from_bits(value.0);
            let found = constants.iter().position(|x| x.to_bits() == value.to_bits());
            Arg::Constant(found.unwrap_or_else(|| {
                constants.push(value);
                constants.len() - 1
            }))
        };
        let mut arg = |arg: u8| match source(arg) {
            Source::Row(row) => Arg::Row(row.into()),
            Source::Input(input) => Arg::Input(input.into()),
            Source::Column => Arg::Column,
            Source::Param(param) => constant(params.get(usize::from(param)).copied().unwrap_or(F32::ZERO)),
            Source::Const(value) => constant(value),
        };
        let rows: Vec<(Prim, Vec<Arg>)> = defined
            .iter()
            .map(|&(prim, args)| (prim, args[..prim.arity()].iter().map(|&a| arg(a)).collect()))
            .collect();
        let uses = Uses::of(&rows);
        let column = rows.iter().any(|(_, args)| args.contains(&Arg::Column));
        let (slots, registers) = registers(&rows, &uses);
        let slot = |arg: Arg| match arg {
            Arg::Row(row) => slots[row],
            Arg::Input(input) => registers + input,
            Arg::Column => registers + inputs,
            Arg::Constant(constant) => registers + inputs + usize::from(column) + constant,
        };
        let output = slot(Arg::Constant(constants.len()));
        assert!(output <= Slot::MAX.into(), "a table of more than 255 values");
        let last = rows.len() - 1;
        let prepared = rows.iter().enumerate().filter(|(row, _)| uses.last[*row].is_some()).map(|(row, (prim, of))| {
            let mut args = [0; 4];
            args.iter_mut().zip(of).for_each(|(to, &arg)| *to = slot(arg) as Slot);
            let to = if row == last { output } else { slots[row] } as Slot;
            Row { prim: *prim, args, to, canonical: uses.canonical[row] }
        });
        Table { rows: prepared.collect(), registers, inputs, column, constants }
    }

    /// Number of slots, the output's being the last.
    pub(super) fn slots(&self) -> usize {
        self.registers + self.inputs + usize::from(self.column) + self.constants.len() + 1
    }
}

/// What becomes of rows' values.
struct Uses {
    /// The last row that reads it; the last row reads itself. `None`: nobody.
    last: Vec<Option<usize>>,
    canonical: Vec<bool>,
}

impl Uses {
    fn of(rows: &[(Prim, Vec<Arg>)]) -> Uses {
        let n = rows.len();
        let (mut last, mut reaches) = (vec![None; n], vec![false; n]);
        last[n - 1] = Some(n - 1);
        reaches[n - 1] = true;
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

/// A register for every row's value, free again after its last use; and how many there are.
fn registers(rows: &[(Prim, Vec<Arg>)], uses: &Uses) -> (Vec<usize>, usize) {
    let mut slots = vec![0; rows.len()];
    let mut free: Vec<usize> = Vec::new();
    let mut count = 0;
    for (row, (_, args)) in rows.iter().enumerate().take(rows.len() - 1) {
        if uses.last[row].is_none() {
            continue;
        }
        // A row may write where its argument is: in a vector's place, it has read before it writes.
        for (place, arg) in args.iter().enumerate() {
            if let Arg::Row(from) = *arg {
                if uses.last[from] == Some(row) && !args[..place].contains(arg) {
                    free.push(slots[from]);
                }
            }
        }
        slots[row] = free.pop().unwrap_or_else(|| {
            count += 1;
            count - 1
        });
    }
    (slots, count)
}
