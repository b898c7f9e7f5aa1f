//! Operators whose element e depends on elements e of their inputs.
use super::super::lanes::{Isa, Kernel, Lanes};
use super::super::pool::Pool;
use super::tape::LOG;
use assay_core::arith::F32;
use assay_core::graph::constants::RATIO_FLOOR;
use assay_core::graph::jitter_sign;
use std::ops::Range;

/// A function of lanes.
pub(in crate::exec) trait Function<const I: usize>: Copy + Sync {
    /// Its value. `#[inline(always)]`, as all that vectors pass through.
    fn apply<V: Lanes>(self, x: [V; I]) -> V;
}

/// Elements that a thread takes at least.
const GRAIN: usize = 1 << 12;

/// `out[e] = f(inputs[0][e], …)`.
pub(in crate::exec) fn map<const I: usize>(
    isa: Isa,
    pool: &Pool,
    f: impl Function<I>,
    inputs: [&[f32]; I],
    out: &mut [f32],
) {
    split(pool, GRAIN, out.len(), out, &|part, out| {
        isa.run(Map { f, inputs: inputs.map(|input| &input[part.clone()]), out })
    });
}

/// Parts of `out`, on several threads if it is much work.
pub(super) fn split(
    pool: &Pool,
    grain: usize,
    work: usize,
    out: &mut [f32],
    f: &(dyn Fn(Range<usize>, &mut [f32]) + Sync),
) {
    let len = out.len();
    let place = Place(out.as_mut_ptr());
    pool.split(len, grain, work, &|part| {
        let Range { start, end } = part;
        // SAFETY: parts don't overlap and lie inside `out`, which is borrowed for the whole call.
        f(part, unsafe { std::slice::from_raw_parts_mut(place.at(start), end - start) });
    });
}

/// Where threads write, each its own part.
struct Place(*mut f32);
// SAFETY: see `split`.
unsafe impl Sync for Place {}

impl Place {
    /// # Safety
    /// `index` is inside.
    unsafe fn at(&self, index: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index) }
    }
}

pub(super) struct Map<'a, F, const I: usize> {
    pub(super) f: F,
    pub(super) inputs: [&'a [f32]; I],
    pub(super) out: &'a mut [f32],
}

impl<F: Function<I>, const I: usize> Kernel for Map<'_, F, I> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Map { f, inputs, out } = self;
        let whole = out.len() / V::N * V::N;
        let inputs = inputs.map(|input| &input[..out.len()]);
        for e in (0..whole).step_by(V::N) {
            // SAFETY: `e + N <= whole`, and all are at least that long.
            unsafe { f.apply(inputs.map(|input| V::load(input.as_ptr().add(e)))).store(out.as_mut_ptr().add(e)) };
        }
        if whole < out.len() {
            f.apply(inputs.map(|input| V::load_part(&input[whole..]))).store_part(&mut out[whole..]);
        }
    }
}

/// `x + y`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct Add;

impl Function<2> for Add {
    #[inline(always)]
    fn apply<V: Lanes>(self, [x, y]: [V; 2]) -> V {
        x.add(y).canonical()
    }
}

/// `max(x, y)`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct Max;

impl Function<2> for Max {
    #[inline(always)]
    fn apply<V: Lanes>(self, [x, y]: [V; 2]) -> V {
        x.max(y).canonical()
    }
}

/// `max(x, +0)`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct Relu;

impl Function<1> for Relu {
    #[inline(always)]
    fn apply<V: Lanes>(self, [x]: [V; 1]) -> V {
        x.max(V::splat(0.0)).canonical()
    }
}

/// Of dy, x: `x > 0 ? dy : +0`, bits moved unchanged.
#[derive(Clone, Copy)]
pub(in crate::exec) struct ReluGrad;

impl Function<2> for ReluGrad {
    #[inline(always)]
    fn apply<V: Lanes>(self, [dy, x]: [V; 2]) -> V {
        let zero = V::splat(0.0);
        x.select_gt(zero, dy, zero)
    }
}

/// `x / max(y, 2^-126)`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct Ratio;

impl Function<2> for Ratio {
    #[inline(always)]
    fn apply<V: Lanes>(self, [x, y]: [V; 2]) -> V {
        x.div(y.max(V::splat(f32::from_bits(RATIO_FLOOR.0)))).canonical()
    }
}

/// Of v, w, g: `fma(mu, v, fma(wd, w, g))`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct SgdMomentum {
    pub(in crate::exec) mu: F32,
    pub(in crate::exec) wd: F32,
}

impl Function<3> for SgdMomentum {
    #[inline(always)]
    fn apply<V: Lanes>(self, [v, w, g]: [V; 3]) -> V {
        let (mu, wd) = (V::splat(f32::from_bits(self.mu.0)), V::splat(f32::from_bits(self.wd.0)));
        mu.fma(v, wd.fma(w, g)).canonical()
    }
}

/// Of w, v: `fma(−lr, v, w)`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct SgdStep {
    pub(in crate::exec) lr: F32,
}

impl Function<2> for SgdStep {
    #[inline(always)]
    fn apply<V: Lanes>(self, [w, v]: [V; 2]) -> V {
        V::splat(f32::from_bits(assay_core::arith::neg(self.lr).0)).fma(v, w).canonical()
    }
}

/// Of sum, max, picked: `(log(sum) + max) − picked`.
#[derive(Clone, Copy)]
pub(in crate::exec) struct XentLoss;

impl Function<3> for XentLoss {
    #[inline(always)]
    fn apply<V: Lanes>(self, [sum, max, picked]: [V; 3]) -> V {
        LOG.apply(sum).add(max).sub(picked).canonical()
    }
}

/// `x · (1 + u · 2^exponent)`.
pub(in crate::exec) fn jitter(pool: &Pool, (seed, exponent): (u64, i8), step: u64, x: &[f32], out: &mut [f32]) {
    let strength = f32::from_bits(((127 + i32::from(exponent)) as u32) << 23); // 2^exponent, which is -23 to -1.
    let factors = [1.0 - strength, 1.0, 1.0 + strength];
    split(pool, GRAIN, out.len(), out, &|part, out| {
        for (e, (out, x)) in (part.start as u64..).zip(out.iter_mut().zip(&x[part])) {
            let product = x * factors[(jitter_sign(seed, step, e) + 1) as usize];
            *out = if product.is_nan() { super::super::lanes::NAN } else { product };
        }
    });
}

/// `x[i, j] + b[j]`.
pub(in crate::exec) fn bias_add(isa: Isa, pool: &Pool, x: &[f32], b: &[f32], out: &mut [f32]) {
    let rows = (GRAIN / b.len()).max(1);
    split(pool, rows * b.len(), out.len(), out, &|part, out| isa.run(BiasAdd { x: &x[part], b, out }));
}

struct BiasAdd<'a> {
    x: &'a [f32],
    b: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for BiasAdd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let n = self.b.len();
        for (x, out) in self.x.chunks_exact(n).zip(self.out.chunks_exact_mut(n)) {
            Map { f: Add, inputs: [x, self.b], out }.run::<V>();
        }
    }
}
