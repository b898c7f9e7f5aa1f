//! Operators that multiply every element by a factor that is drawn for it.
use super::random::first_words;
use crate::exec::lanes::{Isa, Kernel, Lanes};
use crate::exec::pool::Pool;
use assay_core::arith::{add, from_i32, scale_b, F32};
use assay_core::graph::DROPOUT_STREAM;

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 10;
/// Elements whose factors are drawn at once.
const BLOCK: usize = 256;

/// From a random word to a factor.
trait Factor: Copy + Sync {
    fn of(self, word: u32) -> f32;
}

/// What [`Jitter`](assay_core::graph::Op::Jitter) multiplies by: for the signs −1, 0 and 1.
#[derive(Clone, Copy)]
struct Jitter([f32; 3]);

impl Factor for Jitter {
    #[inline(always)]
    fn of(self, word: u32) -> f32 {
        // Selects instead of an index, so that it is done in vectors.
        let rest = word % 3;
        let later = if rest == 1 { self.0[1] } else { self.0[2] };
        if rest == 0 {
            self.0[0]
        } else {
            later
        }
    }
}

/// What [`Dropout`](assay_core::graph::Op::Dropout) multiplies by.
#[derive(Clone, Copy)]
struct Dropout {
    keep_below: u32,
    scale: f32,
}

impl Factor for Dropout {
    #[inline(always)]
    fn of(self, word: u32) -> f32 {
        if word < self.keep_below {
            self.scale
        } else {
            0.0
        }
    }
}

/// `x · (1 + u · 2^exponent)`.
pub(in crate::exec) fn jitter(
    isa: Isa,
    pool: &Pool,
    (seed, exponent): (u64, i8),
    step: u64,
    x: &[f32],
    out: &mut [f32],
) {
    let factor = |sign| f32::from_bits(add(F32::ONE, scale_b(from_i32(sign), exponent.into())).0);
    scaled(isa, pool, (seed, step), Jitter([-1, 0, 1].map(factor)), x, out);
}

/// `x · (kept ? scale : +0)`.
pub(in crate::exec) fn dropout(
    isa: Isa,
    pool: &Pool,
    (seed, keep_below, scale): (u64, u32, F32),
    step: u64,
    x: &[f32],
    out: &mut [f32],
) {
    let factor = Dropout { keep_below, scale: f32::from_bits(scale.0) };
    scaled(isa, pool, (seed, DROPOUT_STREAM.wrapping_add(step)), factor, x, out);
}

fn scaled(isa: Isa, pool: &Pool, stream: (u64, u64), factor: impl Factor, x: &[f32], out: &mut [f32]) {
    let len = out.len();
    pool.share_out((len, 1), GRAIN, 4 * len, out, &|part, out| {
        isa.run(Scaled { stream, factor, first: part.start as u64, x: &x[part], out });
    });
}

struct Scaled<'a, F> {
    stream: (u64, u64),
    factor: F,
    first: u64,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl<F: Factor> Kernel for Scaled<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Scaled { stream: (seed, stream), factor, first, x, out } = self;
        let (mut words, mut factors) = ([0; BLOCK], [0.0; BLOCK]);
        let blocks = x.chunks(BLOCK).zip(out.chunks_mut(BLOCK));
        for ((x, out), first) in blocks.zip((first..).step_by(BLOCK)) {
            let words = &mut words[..x.len()];
            first_words(seed, stream, first, words);
            factors.iter_mut().zip(words).for_each(|(to, word)| *to = factor.of(*word));
            let whole = x.len() / V::N * V::N;
            for e in (0..whole).step_by(V::N) {
                // SAFETY: `e + N` is inside of all.
                unsafe {
                    let product = V::load(x.as_ptr().add(e)).mul(V::load(factors.as_ptr().add(e)));
                    product.canonical().store(out.as_mut_ptr().add(e));
                }
            }
            if whole < x.len() {
                let product = V::load_part(&x[whole..]).mul(V::load_part(&factors[whole..x.len()]));
                product.canonical().store_part(&mut out[whole..]);
            }
        }
    }
}
