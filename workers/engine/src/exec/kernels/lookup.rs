//! Lookups by number: the definition compares every candidate, here the number is the index.
use crate::exec::lanes::{Isa, Kernel, Lanes};
use crate::exec::pool::{Out, Pool};
use std::ops::Range;

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 12;

/// The candidate that equals a number, if it is one of `0..candidates`: −0 is 0; a fraction, what is outside and NaN are
/// none.
pub(super) fn candidate(number: f32, candidates: usize) -> Option<usize> {
    let index = number as usize;
    (index as f32 == number && index < candidates).then_some(index)
}

/// `x[i, labels[i]]`, +0 if there is none; bits moved unchanged.
pub(in crate::exec) fn pick(x: &[f32], labels: &[f32], out: &mut [f32]) {
    let columns = x.len() / labels.len();
    for ((row, &label), out) in x.chunks_exact(columns).zip(labels).zip(out) {
        *out = candidate(label, columns).map_or(0.0, |index| row[index]);
    }
}

/// `table[ids[i]]`, zeros if there is none; bits moved unchanged.
pub(in crate::exec) fn embed(pool: &Pool, table: &[f32], ids: &[f32], out: &mut [f32]) {
    let columns = out.len() / ids.len();
    let rows = table.len() / columns;
    let grain = (GRAIN / columns).max(1);
    pool.share_out((ids.len(), columns), grain, out.len(), out, &|part, out| {
        for (&id, out) in ids[part].iter().zip(out.chunks_exact_mut(columns)) {
            match candidate(id, rows) {
                Some(row) => out.copy_from_slice(&table[row * columns..][..columns]),
                None => out.fill(0.0),
            }
        }
    });
}

/// The sum of the rows of dy of every id, in the order of the ids.
pub(in crate::exec) fn embed_grad(isa: Isa, pool: &Pool, dy: &[f32], ids: &[f32], out: &mut [f32]) {
    let columns = dy.len() / ids.len();
    let work = out.len() + dy.len();
    let out = Gradient { out: Out::new(out), rows: out.len() / columns, columns };
    // Threads share columns: whose rows are asked for, nobody knows before.
    pool.split(columns, 16, work, &|part| isa.run(EmbedGrad { dy, ids, out, part }));
}

#[derive(Clone, Copy)]
struct Gradient {
    out: Out,
    rows: usize,
    columns: usize,
}

struct EmbedGrad<'a> {
    dy: &'a [f32],
    ids: &'a [f32],
    out: Gradient,
    part: Range<usize>,
}

impl Kernel for EmbedGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let EmbedGrad { dy, ids, out: Gradient { out, rows, columns }, part } = self;
        let row = |row: usize| {
            // SAFETY: a row's columns of which nobody else reads or writes this part.
            unsafe { std::slice::from_raw_parts_mut(out.at(row * columns + part.start), part.len()) }
        };
        (0..rows).for_each(|index| row(index).fill(0.0));
        for (dy, &id) in dy.chunks_exact(columns).zip(ids) {
            if let Some(index) = candidate(id, rows) {
                let (sums, dy) = (row(index), &dy[part.clone()]);
                let whole = sums.len() / V::N * V::N;
                for e in (0..whole).step_by(V::N) {
                    // SAFETY: `e + N` is inside of both.
                    unsafe {
                        let to = sums.as_mut_ptr().add(e);
                        V::load(to).add(V::load(dy.as_ptr().add(e))).canonical().store(to);
                    }
                }
                if whole < sums.len() {
                    let (sums, dy) = (&mut sums[whole..], &dy[whole..]);
                    V::load_part(sums).add(V::load_part(dy)).canonical().store_part(sums);
                }
            }
        }
    }
}
