//! Operators that move elements: the definition's `Max(x, x)`, which makes a NaN the protocol's.
use super::axes::{count, strides, Axis, Walk};
use crate::exec::lanes::{canonical, Isa, Kernel, Lanes};
use crate::exec::pool::{Out, Pool};
use assay_core::graph::{Node, Op};
use std::ops::Range;

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 12;

/// One input's movement.
#[derive(Debug)]
struct Part {
    /// Axes with strides of the input and of the output; the last one is walked in the innermost loop.
    from: Vec<Axis>,
    to: Vec<Axis>,
    first_from: usize,
    first_to: usize,
}

/// A movement, prepared: of one input or, behind each other, two.
#[derive(Debug)]
pub(in crate::exec) struct Movement {
    parts: Vec<Part>,
    /// Whether +0 is left between.
    fills: bool,
}

impl Movement {
    /// That of a node: Reshape, Transpose, Slice, Pad or Concat.
    pub(in crate::exec) fn new(node: &Node) -> Movement {
        let dims = node.shape.dims();
        let to = strides(dims);
        let input = |i: usize| node.inputs[i].shape.dims();
        let whole = |i: usize, from: &[usize], first_from, to: &[usize], first_to| {
            Part::new(input(i), (from, first_from), (to, first_to))
        };
        let part = |dims: &[u32], from: (&[usize], usize), to: (&[usize], usize)| Part::new(dims, from, to);
        let mut fills = false;
        let parts = match node.op {
            Op::Transpose { perm } => {
                let own = strides(input(0));
                let from: Vec<usize> = perm.iter().take(dims.len()).map(|&axis| own[usize::from(axis)]).collect();
                vec![part(dims, (&from, 0), (&to, 0))]
            }
            Op::Slice { axis, start, step } => {
                let mut from = strides(input(0));
                let stride = &mut from[usize::from(axis)];
                let first = *stride * start as usize;
                *stride *= step as usize;
                vec![part(dims, (&from, first), (&to, 0))]
            }
            Op::Pad { axis, start, step } => {
                fills = input(0) != dims;
                let mut to = to;
                let stride = &mut to[usize::from(axis)];
                let first = *stride * start as usize;
                *stride *= step as usize;
                vec![whole(0, &strides(input(0)), 0, &to, first)]
            }
            Op::Concat { axis } => {
                let axis = usize::from(axis);
                let behind = input(0)[axis] as usize * to[axis];
                vec![whole(0, &strides(input(0)), 0, &to, 0), whole(1, &strides(input(1)), 0, &to, behind)]
            }
            // A reshape.
            _ => {
                let len = Axis { len: node.shape.elements() as usize, stride: 1 };
                vec![Part { from: vec![len], to: vec![len], first_from: 0, first_to: 0 }]
            }
        };
        Movement { parts, fills }
    }

    /// Moves.
    pub(in crate::exec) fn run(&self, isa: Isa, pool: &Pool, inputs: &[&[f32]], out: &mut [f32]) {
        if self.fills {
            out.fill(0.0);
        }
        let len = out.len();
        let to = Out::new(out);
        for (part, x) in self.parts.iter().zip(inputs) {
            let inner = part.from.last().map_or(1, |axis| axis.len);
            let work = count(&part.from);
            debug_assert!(part.end() <= len);
            if part.from.len() == 1 {
                // One run, shared out in pieces.
                pool.split(inner, GRAIN, work / 4, &|own| isa.run(Move { part, x, to, rows: 0..1, own }));
            } else {
                let rows = work / inner;
                let square = part.square().map_or(1, |axis| part.from[axis].len);
                // Threads take whole matrices that are transposed.
                let grain = (GRAIN / inner).max(1).next_multiple_of(square);
                pool.share(rows, grain, work / 4, &|rows| isa.run(Move { part, x, to, rows, own: 0..inner }));
            }
        }
    }
}

impl Part {
    /// Elements of these dimensions; strides and the first place on both sides.
    fn new(dims: &[u32], from: (&[usize], usize), to: (&[usize], usize)) -> Part {
        let mut axes: (Vec<Axis>, Vec<Axis>) = Default::default();
        let triples = dims.iter().zip(from.0).zip(to.0).filter(|((&dim, _), _)| dim > 1);
        for ((&dim, &from), &to) in triples {
            let len = dim as usize;
            match (axes.0.last_mut(), axes.1.last_mut()) {
                // Together they are one axis.
                (Some(a), Some(b)) if a.stride == from * len && b.stride == to * len => {
                    *a = Axis { len: a.len * len, stride: from };
                    *b = Axis { len: b.len * len, stride: to };
                }
                _ => {
                    axes.0.push(Axis { len, stride: from });
                    axes.1.push(Axis { len, stride: to });
                }
            }
        }
        if axes.0.is_empty() {
            axes.0.push(Axis { len: 1, stride: 1 });
            axes.1.push(Axis { len: 1, stride: 1 });
        }
        let mut part = Part { from: axes.0, to: axes.1, first_from: from.1, first_to: to.1 };
        // A matrix that is transposed: the axis along which the input is contiguous becomes the last but one.
        if let Some(axis) = part.square() {
            let last = part.from.len() - 2;
            part.from[axis..=last].rotate_left(1);
            part.to[axis..=last].rotate_left(1);
        }
        part
    }

    /// The axis along which the input is contiguous, if the output isn't, but along the last axis is.
    fn square(&self) -> Option<usize> {
        let last = self.from.len() - 1;
        let axis = self.from.iter().position(|axis| axis.stride == 1)?;
        (axis != last && self.to[last].stride == 1).then_some(axis)
    }

    /// Behind the last place that is written.
    fn end(&self) -> usize {
        self.first_to + self.to.iter().map(|axis| (axis.len - 1) * axis.stride).sum::<usize>() + 1
    }
}

/// Some rows (of the axes but the last) of a movement, and of each a range.
struct Move<'a> {
    part: &'a Part,
    x: &'a [f32],
    to: Out,
    rows: Range<usize>,
    own: Range<usize>,
}

impl Kernel for Move<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Move { part, x, to, rows, own } = self;
        let last = part.from.len() - 1;
        let (inner, outer) = ([part.from[last], part.to[last]], [&part.from[..last], &part.to[..last]]);
        if part.square().is_some() {
            let (lines, outer) = ([part.from[last - 1], part.to[last - 1]], outer.map(|axes| &axes[..last - 1]));
            let matrices = rows.start / lines[0].len..rows.end / lines[0].len;
            let mut at = outer.map(|axes| Walk::new(axes, matrices.start));
            for _ in matrices {
                // SAFETY: a matrix of this thread's own.
                let to = unsafe { to.at(part.first_to + at[1].offset) };
                // SAFETY: as above; the last element of both is inside.
                unsafe { transpose::<V>(&x[part.first_from + at[0].offset..], inner, lines, to) };
                at.iter_mut().for_each(Walk::step);
            }
            return;
        }
        let mut at = outer.map(|axes| Walk::new(axes, rows.start));
        for _ in rows {
            let from = &x[part.first_from + at[0].offset + own.start * inner[0].stride..];
            let first = part.first_to + at[1].offset + own.start * inner[1].stride;
            if inner.iter().all(|axis| axis.stride == 1) {
                // SAFETY: a row of this thread's own.
                let to = unsafe { std::slice::from_raw_parts_mut(to.at(first), own.len()) };
                copy::<V>(&from[..own.len()], to);
            } else {
                for i in 0..own.len() {
                    let x = from[i * inner[0].stride];
                    // SAFETY: as above.
                    unsafe { *to.at(first + i * inner[1].stride) = canonical(x) };
                }
            }
            at.iter_mut().for_each(Walk::step);
        }
    }
}

/// A run.
#[inline(always)]
fn copy<V: Lanes>(from: &[f32], to: &mut [f32]) {
    let whole = to.len() / V::N * V::N;
    for e in (0..whole).step_by(V::N) {
        // SAFETY: `e + N` is inside of both.
        unsafe { V::load(from.as_ptr().add(e)).canonical().store(to.as_mut_ptr().add(e)) };
    }
    for (to, x) in to[whole..].iter_mut().zip(&from[whole..]) {
        *to = canonical(*x);
    }
}

/// A matrix: `inner` is contiguous in the output, `lines` in the input; each with its strides in input and output.
///
/// # Safety
/// The output has this matrix.
#[inline(always)]
unsafe fn transpose<V: Lanes>(from: &[f32], inner: [Axis; 2], lines: [Axis; 2], to: *mut f32) {
    let (rows, row) = (inner[0].len, inner[0].stride);
    let (columns, column) = (lines[0].len, lines[1].stride);
    assert!((rows - 1) * row + columns <= from.len());
    let whole = [rows / V::N * V::N, columns / V::N * V::N];
    // SAFETY: the input was checked, the output is the caller's promise.
    unsafe {
        let from = from.as_ptr();
        for i in (0..whole[0]).step_by(V::N) {
            for j in (0..whole[1]).step_by(V::N) {
                let to = to.add(j * column + i);
                V::transpose(from.add(i * row + j), row, to, column);
                for line in 0..V::N {
                    let to = to.add(line * column);
                    V::load(to).canonical().store(to);
                }
            }
        }
        for i in 0..rows {
            let begin = if i < whole[0] { whole[1] } else { 0 };
            for j in begin..columns {
                let x = *from.add(i * row + j);
                *to.add(j * column + i) = canonical(x);
            }
        }
    }
}
