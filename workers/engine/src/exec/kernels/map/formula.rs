//! Functions over a block, in registers: straight-line code that the build script writes from the functions' tables.
use crate::exec::lanes::{Isa, Kernel, Lanes, Lanewise, Several};
use assay_core::graph::function::Function;
use std::marker::PhantomData;

/// Vectors that are computed at once.
const AT_ONCE: usize = 4;

/// What a function makes of single vectors.
trait Formula {
    /// Inputs, 1 to 4.
    const INPUTS: usize;
    /// Parameters, 0 to 4.
    const PARAMS: usize;
    /// Whether it reads the column's number.
    const COLUMN: bool;
    /// Its value, of those inputs and parameters that it has; the others may be anything.
    fn value<V: Lanewise>(x: [V; 4], p: [V; 4], column: V) -> V;
}

/// Where a value's block is: of some rows, each of so many columns.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) at: *mut f32,
    /// Whether one vector serves for a whole row.
    pub(super) repeats: bool,
    /// From where a row is to where the next one is.
    pub(super) stride: isize,
}

/// A function's inputs and output over so many rows and columns.
#[derive(Clone, Copy)]
pub(super) struct Args<'a> {
    params: &'a [f32; 4],
    inputs: [Place; 4],
    column: Place,
    to: *mut f32,
    rows: usize,
    columns: usize,
}

impl Args<'_> {
    /// Inputs that the function doesn't have may be anywhere, and so may the column's number if it doesn't read it.
    ///
    /// # Safety
    /// As long as it lives: `columns` elements, at least [`MAX_LANES`](crate::exec::lanes::MAX_LANES), can be read of each
    /// input in every row, or that many lanes of one that repeats; the same can be written to `to`, where rows lie one
    /// behind the other; and no input overlaps with it. Several rows have that many columns.
    pub(super) unsafe fn new(
        params: &[f32; 4],
        inputs: [Place; 4],
        column: Place,
        to: *mut f32,
        (rows, columns): (usize, usize),
    ) -> Args<'_> {
        Args { params, inputs, column, to, rows, columns }
    }
}

/// A function over a block.
struct Each<'a, F>(&'a Args<'a>, PhantomData<F>);

impl<'a, F> Each<'a, F> {
    fn new(args: &'a Args<'a>) -> Each<'a, F> {
        Each(args, PhantomData)
    }
}

impl<F: Formula> Kernel for Each<'_, F> {
    type Output = ();

    // Parameters are read before the loops, in which anything might be written over them.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn run<V: Lanes>(self) {
        let args = *self.0;
        let mut params = [V::splat(0.0); 4];
        for i in 0..F::PARAMS {
            params[i] = V::splat(args.params[i]);
        }
        for row in 0..args.rows {
            let mut at = 0;
            // SAFETY: whoever made the arguments has promised so many columns, or at least a vector.
            unsafe {
                while at + AT_ONCE * V::N <= args.columns {
                    Self::vectors::<V, AT_ONCE>(args, params, row, at);
                    at += AT_ONCE * V::N;
                }
                while at + V::N <= args.columns {
                    Self::vectors::<V, 1>(args, params, row, at);
                    at += V::N;
                }
                if at < args.columns {
                    // With some before them once more, where there are any.
                    Self::vectors::<V, 1>(args, params, row, args.columns.saturating_sub(V::N));
                }
            }
        }
    }
}

impl<F: Formula> Each<'_, F> {
    /// U vectors of a row, from a column on.
    ///
    /// # Safety
    /// They are inside.
    // Without closures, as those that are more than a few instructions aren't inlined, and so not compiled for the
    // instruction set; and by indices, which unlike iterators leave nothing behind in the loop.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    unsafe fn vectors<V: Lanes, const U: usize>(args: Args<'_>, params: [V; 4], row: usize, first: usize) {
        let Args { inputs, column, to, columns, .. } = args;
        let zero = Several([V::splat(0.0); U]);
        let (mut x, mut p, mut number) = ([zero; 4], [zero; 4], zero);
        for i in 0..F::PARAMS {
            p[i] = Several([params[i]; U]);
        }
        // SAFETY: the caller's promise, and that of whoever made the arguments.
        unsafe {
            for i in 0..F::INPUTS {
                for v in 0..U {
                    x[i].0[v] = inputs[i].vector(row, first + v * V::N);
                }
            }
            if F::COLUMN {
                for v in 0..U {
                    number.0[v] = column.vector(row, first + v * V::N);
                }
            }
            let value = F::value(x, p, number);
            for v in 0..U {
                value.0[v].store(to.add(row * columns + first + v * V::N));
            }
        }
    }
}

impl Place {
    /// A vector of a row, from a column on.
    ///
    /// # Safety
    /// It is inside.
    #[inline(always)]
    unsafe fn vector<V: Lanes>(self, row: usize, column: usize) -> V {
        let column = if self.repeats { 0 } else { column };
        // SAFETY: the caller's promise.
        unsafe { V::load(self.at.offset(row as isize * self.stride).add(column)) }
    }
}

include!(concat!(env!("OUT_DIR"), "/formulas.rs"));
