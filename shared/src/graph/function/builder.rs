//! Builds the rows of a function while the program is compiled: nothing of this is there at run time.
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // Whatever goes wrong here doesn't compile.
use super::constants::{NEG_ONE, ZERO};
use super::{Arg, Row, MAX_ROWS};
use crate::graph::Prim;

/// The rows of a function so far.
pub(super) struct Builder {
    rows: [Row; MAX_ROWS],
    len: usize,
}

impl Builder {
    /// None.
    pub(super) const fn new() -> Self {
        Builder { rows: [(Prim::Add, [ZERO; 4]); MAX_ROWS], len: 0 }
    }

    /// How many.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Number `i`.
    pub(super) const fn row(&self, i: usize) -> Row {
        assert!(i < self.len);
        self.rows[i]
    }

    /// One row more; the answer names its value.
    #[allow(clippy::cast_possible_truncation)] // Below 96, or the line before wouldn't compile.
    const fn push(&mut self, prim: Prim, args: [Arg; 4]) -> Arg {
        self.rows[self.len] = (prim, args);
        self.len += 1;
        (self.len - 1) as Arg
    }

    const fn one(&mut self, prim: Prim, a: Arg) -> Arg {
        self.push(prim, [a, ZERO, ZERO, ZERO])
    }

    const fn two(&mut self, prim: Prim, a: Arg, b: Arg) -> Arg {
        self.push(prim, [a, b, ZERO, ZERO])
    }

    /// `a + b`.
    pub(super) const fn add(&mut self, a: Arg, b: Arg) -> Arg {
        self.two(Prim::Add, a, b)
    }

    /// `a − b`.
    pub(super) const fn sub(&mut self, a: Arg, b: Arg) -> Arg {
        self.two(Prim::Sub, a, b)
    }

    /// `a · b`.
    pub(super) const fn mul(&mut self, a: Arg, b: Arg) -> Arg {
        self.two(Prim::Mul, a, b)
    }

    /// `a · b + c`.
    pub(super) const fn fma(&mut self, a: Arg, b: Arg, c: Arg) -> Arg {
        self.push(Prim::Fma, [a, b, c, ZERO])
    }

    /// `a / b`.
    pub(super) const fn div(&mut self, a: Arg, b: Arg) -> Arg {
        self.two(Prim::Div, a, b)
    }

    /// `√a`.
    pub(super) const fn sqrt(&mut self, a: Arg) -> Arg {
        self.one(Prim::Sqrt, a)
    }

    /// The greater one; NaN if either is.
    pub(super) const fn max(&mut self, a: Arg, b: Arg) -> Arg {
        self.two(Prim::Max, a, b)
    }

    /// `a > b ? c : d`.
    pub(super) const fn select_gt(&mut self, a: Arg, b: Arg, c: Arg, d: Arg) -> Arg {
        self.push(Prim::SelectGt, [a, b, c, d])
    }

    /// `a == b ? c : d`.
    pub(super) const fn select_eq(&mut self, a: Arg, b: Arg, c: Arg, d: Arg) -> Arg {
        self.push(Prim::SelectEq, [a, b, c, d])
    }

    /// `a · 2^k`.
    pub(super) const fn scale_b(&mut self, a: Arg, k: Arg) -> Arg {
        self.two(Prim::ScaleB, a, k)
    }

    /// The exponent of `a`.
    pub(super) const fn exponent(&mut self, a: Arg) -> Arg {
        self.one(Prim::Exponent, a)
    }

    /// The significand of `a`.
    pub(super) const fn significand(&mut self, a: Arg) -> Arg {
        self.one(Prim::Significand, a)
    }

    /// `−a`.
    pub(super) const fn neg(&mut self, a: Arg) -> Arg {
        self.mul(a, NEG_ONE)
    }

    /// `a > most ? most : a`: the lesser one; `a` if it is NaN.
    pub(super) const fn at_most(&mut self, a: Arg, most: Arg) -> Arg {
        self.select_gt(a, most, most, a)
    }

    /// A polynomial by Horner's rule, the coefficient of the highest power first.
    pub(super) const fn horner(&mut self, x: Arg, coefficients: &[Arg]) -> Arg {
        let mut value = coefficients[0];
        let mut i = 1;
        while i < coefficients.len() {
            value = self.fma(value, x, coefficients[i]);
            i += 1;
        }
        value
    }
}
