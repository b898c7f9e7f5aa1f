//! Softmax and cross-entropy, row by row.
use super::super::lanes::{Isa, Kernel, Lanes, NAN};
use super::super::pool::Pool;
use super::lanewise::{split, Function, Map};
use super::tape::EXP;

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 10;

/// Rows that a thread takes at least, in elements.
fn grain(columns: usize) -> usize {
    (GRAIN / columns).max(1) * columns
}

/// Greatest of each row. The order doesn't matter: of equal numbers all bits are equal, zeros and NaN included.
pub(in crate::exec) fn row_max(isa: Isa, x: &[f32], columns: usize, out: &mut [f32]) {
    isa.run(RowMax { x, columns, out });
}

struct RowMax<'a> {
    x: &'a [f32],
    columns: usize,
    out: &'a mut [f32],
}

impl Kernel for RowMax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for (row, out) in self.x.chunks_exact(self.columns).zip(self.out) {
            let mut greatest = V::splat(row[0]);
            let chunks = row.chunks_exact(V::N);
            let rest = chunks.remainder();
            for chunk in chunks {
                // SAFETY: a chunk of N.
                greatest = greatest.max(unsafe { V::load(chunk.as_ptr()) });
            }
            let mut lanes = [row[0]; super::super::lanes::MAX_LANES];
            // SAFETY: MAX_LANES >= N places.
            unsafe { greatest.store(lanes.as_mut_ptr()) };
            *out = lanes.iter().chain(rest).fold(row[0], |a, &b| max(a, b));
        }
    }
}

/// The protocol's `max`.
#[inline(always)]
fn max(a: f32, b: f32) -> f32 {
    if a > b {
        a
    } else if a < b {
        b
    } else if a == b {
        f32::from_bits(a.to_bits() & b.to_bits())
    } else {
        NAN
    }
}

/// `exp(x[i, j] − max[i])`.
pub(in crate::exec) fn sub_exp(isa: Isa, pool: &Pool, x: &[f32], maxima: &[f32], columns: usize, out: &mut [f32]) {
    split(pool, grain(columns), 16 * out.len(), out, &|part, out| {
        isa.run(SubExp { x: &x[part.clone()], maxima: &maxima[part.start / columns..], columns, out });
    });
}

struct SubExp<'a> {
    x: &'a [f32],
    maxima: &'a [f32],
    columns: usize,
    out: &'a mut [f32],
}

impl Kernel for SubExp<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        // Differences first, so that `exp` runs over all rows at once, however short they are.
        for ((x, out), &max) in
            self.x.chunks_exact(self.columns).zip(self.out.chunks_exact_mut(self.columns)).zip(self.maxima)
        {
            for (x, out) in x.iter().zip(out) {
                *out = x - max;
            }
        }
        let whole = self.out.len() / V::N * V::N;
        for e in (0..whole).step_by(V::N) {
            // SAFETY: `e + N` is inside.
            unsafe {
                let place = self.out.as_mut_ptr().add(e);
                EXP.apply(V::load(place)).canonical().store(place);
            }
        }
        let rest = &mut self.out[whole..];
        EXP.apply(V::load_part(rest)).canonical().store_part(rest);
    }
}

/// The class that a label names, if it is one of `columns`.
fn class(label: f32, columns: usize) -> Option<usize> {
    // NaN and what isn't a whole number of the range equal no class.
    let index = label as usize;
    (index as f32 == label && index < columns).then_some(index)
}

/// `x[i, labels[i]]`, +0 if there is none; bits moved unchanged.
pub(in crate::exec) fn pick(x: &[f32], labels: &[f32], columns: usize, out: &mut [f32]) {
    for ((row, &label), out) in x.chunks_exact(columns).zip(labels).zip(out) {
        *out = class(label, columns).map_or(0.0, |index| row[index]);
    }
}

/// `(e[i, j] / sum[i] − (labels[i] == j ? 1 : 0)) · scale`.
pub(in crate::exec) fn xent_grad(
    isa: Isa,
    [e, sums, labels]: [&[f32]; 3],
    scale: f32,
    columns: usize,
    out: &mut [f32],
) {
    isa.run(XentGrad { e, sums, labels, scale, columns, out });
}

struct XentGrad<'a> {
    e: &'a [f32],
    sums: &'a [f32],
    labels: &'a [f32],
    scale: f32,
    columns: usize,
    out: &'a mut [f32],
}

impl Kernel for XentGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let rows = self.e.chunks_exact(self.columns).zip(self.out.chunks_exact_mut(self.columns));
        for ((e, out), (&sum, &label)) in rows.zip(self.sums.iter().zip(self.labels)) {
            // Where the label isn't, +0 is subtracted, which changes no bit.
            Map { f: Softmax { sum, scale: self.scale }, inputs: [e], out }.run::<V>();
            if let Some(index) = class(label, self.columns) {
                let value = (e[index] / sum - 1.0) * self.scale;
                out[index] = if value.is_nan() { NAN } else { value };
            }
        }
    }
}

/// `e / sum · scale`.
#[derive(Clone, Copy)]
struct Softmax {
    sum: f32,
    scale: f32,
}

impl Function<1> for Softmax {
    #[inline(always)]
    fn apply<V: Lanes>(self, [e]: [V; 1]) -> V {
        e.div(V::splat(self.sum)).mul(V::splat(self.scale)).canonical()
    }
}
