//! What a micro-step is.
use crate::arith::F32;
use codec::{Decode, Encode};

/// What an execution depends on besides state and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Env {
    /// The training step, from 0; 0 in distance programs.
    pub step: u64,
}

/// Where a micro-step's argument comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A constant.
    Const(F32),
    /// An element of one of the node's inputs.
    Input {
        /// Which input.
        input: u8,
        /// Which element, row-major.
        index: u64,
    },
    /// The value of an earlier micro-step.
    Prior(u64),
}

/// The primitives: the functions of [`arith`](crate::arith), and bit moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prim {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `a · b + c`, rounded once.
    Fma,
    /// `a / b`.
    Div,
    /// Square root.
    Sqrt,
    /// The greater one, NaN if either is.
    Max,
    /// `a > b ? c : d`; `d` if `a` or `b` is NaN.
    SelectGt,
    /// `a == b ? c : d`, compared as numbers; `d` if `a` or `b` is NaN.
    SelectEq,
    /// `a · 2^round(b)`, rounded once; `b` is rounded to the nearest integer, ties to even.
    ScaleB,
    /// The greatest `e` with `2^e <= |a|`, as a number: −149 to 127. Of ±0 and of what isn't finite, 0.
    Exponent,
    /// `|a| / 2^Exponent(a)`, exact: 1 or more and below 2. Of ±0, +0; of ±∞, +∞; of NaN, NaN.
    Significand,
}

impl Prim {
    /// Arguments it takes.
    pub const fn arity(self) -> usize {
        match self {
            Prim::Sqrt | Prim::Exponent | Prim::Significand => 1,
            Prim::Add | Prim::Sub | Prim::Mul | Prim::Div | Prim::Max | Prim::ScaleB => 2,
            Prim::Fma => 3,
            Prim::SelectGt | Prim::SelectEq => 4,
        }
    }
}

/// One primitive and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicroStep {
    /// What is done.
    pub prim: Prim,
    /// What it is done to; those beyond [`Prim::arity`] are the constant +0.
    pub args: [Operand; 4],
}

/// An argument that isn't used.
const UNUSED: Operand = Operand::Const(F32::ZERO);

impl MicroStep {
    /// A primitive of two arguments.
    pub(super) const fn binary(prim: Prim, a: Operand, b: Operand) -> Self {
        MicroStep { prim, args: [a, b, UNUSED, UNUSED] }
    }

    pub(super) const fn add(a: Operand, b: Operand) -> Self {
        Self::binary(Prim::Add, a, b)
    }

    pub(super) const fn sub(a: Operand, b: Operand) -> Self {
        Self::binary(Prim::Sub, a, b)
    }

    pub(super) const fn mul(a: Operand, b: Operand) -> Self {
        Self::binary(Prim::Mul, a, b)
    }

    pub(super) const fn div(a: Operand, b: Operand) -> Self {
        Self::binary(Prim::Div, a, b)
    }

    pub(super) const fn max(a: Operand, b: Operand) -> Self {
        Self::binary(Prim::Max, a, b)
    }

    pub(super) const fn fma(a: Operand, b: Operand, c: Operand) -> Self {
        MicroStep { prim: Prim::Fma, args: [a, b, c, UNUSED] }
    }

    /// `a > b ? c : d`.
    pub(super) const fn select_gt(a: Operand, b: Operand, c: Operand, d: Operand) -> Self {
        MicroStep { prim: Prim::SelectGt, args: [a, b, c, d] }
    }

    /// `a == b ? c : d`.
    pub(super) const fn select_eq(a: Operand, b: Operand, c: Operand, d: Operand) -> Self {
        MicroStep { prim: Prim::SelectEq, args: [a, b, c, d] }
    }
}
