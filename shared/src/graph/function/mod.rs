//! Elementwise operators as tables: a row is a primitive and where its arguments come from, in four bytes.
//!
//! The referee, the reference interpreter and the vector engine run the same rows. Rows are in single-assignment form,
//! like the [micro-programs](super::micro) that they are part of; the value of the last one is the function's. The
//! tables are built by the compiler (`builder`), so that `exp` and the like are written once and a contract holds
//! nothing but bytes.
mod builder;
mod constants;
mod erf;
mod exp_log;
mod table;
mod tanh;

pub use constants::CONSTANTS;
pub use table::Function;

use super::{eval_prim, Prim};
use crate::arith::{Arith, F32};

/// An argument in a byte:
///
/// | byte | what it names |
/// |---|---|
/// | 0..=95 | the value of an earlier row of the same function |
/// | 96..=99 | [`X0`]…: the element's inputs |
/// | 100..=103 | [`P0`]…: the node's parameters |
/// | 104 | [`COLUMN`] |
/// | 112..=255 | constant number `arg − 112` of [`CONSTANTS`] |
pub type Arg = u8;

/// A primitive and its arguments; those that it doesn't take are the constant +0.
pub type Row = (Prim, [Arg; 4]);

/// Rows that a function has at most.
pub const MAX_ROWS: usize = 96;
/// The first input of the element.
pub const X0: Arg = 96;
/// The second input.
pub const X1: Arg = 97;
/// The third input.
pub const X2: Arg = 98;
/// The fourth input.
pub const X3: Arg = 99;
/// The first parameter of the node.
pub const P0: Arg = 100;
/// The second parameter.
pub const P1: Arg = 101;
/// The third parameter.
pub const P2: Arg = 102;
/// The fourth parameter.
pub const P3: Arg = 103;
/// The element's position along the output's last axis, as a number.
pub const COLUMN: Arg = 104;

/// Where an argument comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value of an earlier row.
    Row(u8),
    /// An input of the element.
    Input(u8),
    /// A parameter of the node.
    Param(u8),
    /// The position along the output's last axis, as a number.
    Column,
    /// A constant.
    Const(F32),
}

/// Where an argument comes from.
pub fn source(arg: Arg) -> Source {
    match arg {
        ..X0 => Source::Row(arg),
        X0..P0 => Source::Input(arg.wrapping_sub(X0)),
        P0..COLUMN => Source::Param(arg.wrapping_sub(P0)),
        COLUMN => Source::Column,
        _ => Source::Const(constant(arg)),
    }
}

/// The constant that an argument names; NaN if it names none, which no row does.
pub fn constant(arg: Arg) -> F32 {
    let number = usize::from(arg.wrapping_sub(constants::FIRST));
    CONSTANTS.get(number).copied().unwrap_or(F32::NAN)
}

/// One element over any arithmetic, the same bits over each. Inputs that are missing are +0.
pub fn apply<A: Arith>(function: Function, inputs: &[A::V], params: &[F32; 4], column: u32) -> A::V {
    let zero = A::of_bits(0);
    let mut values = [zero; MAX_ROWS];
    let mut last = zero;
    for (&(prim, args), slot) in function.rows().iter().zip(0..) {
        let args = args.map(|arg| match source(arg) {
            Source::Row(row) => values.get(usize::from(row)).copied().unwrap_or(zero),
            Source::Input(input) => inputs.get(usize::from(input)).copied().unwrap_or(zero),
            Source::Param(param) => params.get(usize::from(param)).map_or(zero, |param| A::of_bits(param.0)),
            Source::Column => A::from_u32(column),
            Source::Const(value) => A::of_bits(value.0),
        });
        last = eval_prim::<A>(prim, args);
        if let Some(value) = values.get_mut::<usize>(slot) {
            *value = last;
        }
    }
    last
}
