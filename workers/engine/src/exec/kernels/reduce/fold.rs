//! What a reduction does with an item.
use crate::exec::lanes::Lanes;

/// A way to add an item to a lane, and lanes to each other.
pub(super) trait Fold: Copy + Sync {
    /// Whether it reads two inputs; else the second is the first again.
    const PAIRS: bool;
    /// What a lane begins with.
    const FIRST: f32;
    /// Whether all orders give the same bits, and items may come twice: then there are no blocks.
    const ANY_ORDER: bool;

    /// The lane with this item.
    fn item<V: Lanes>(lane: V, x: V, y: V) -> V;
    /// Two lanes.
    fn join<V: Lanes>(a: V, b: V) -> V;
}

/// The greatest. Of equal numbers all bits are equal, and a NaN is the protocol's: any order will do, and −∞ first.
#[derive(Clone, Copy)]
pub(super) struct Greatest;

impl Fold for Greatest {
    const PAIRS: bool = false;
    const FIRST: f32 = f32::NEG_INFINITY;
    const ANY_ORDER: bool = true;

    #[inline(always)]
    fn item<V: Lanes>(lane: V, x: V, _: V) -> V {
        lane.max(x)
    }
    #[inline(always)]
    fn join<V: Lanes>(a: V, b: V) -> V {
        a.max(b)
    }
}

/// `Σ x`.
#[derive(Clone, Copy)]
pub(super) struct Sum;

impl Fold for Sum {
    const PAIRS: bool = false;
    const FIRST: f32 = 0.0;
    const ANY_ORDER: bool = false;

    #[inline(always)]
    fn item<V: Lanes>(lane: V, x: V, _: V) -> V {
        lane.add(x)
    }
    #[inline(always)]
    fn join<V: Lanes>(a: V, b: V) -> V {
        a.add(b)
    }
}

/// `Σ x · y`.
#[derive(Clone, Copy)]
pub(super) struct Dot;

impl Fold for Dot {
    const PAIRS: bool = true;
    const FIRST: f32 = 0.0;
    const ANY_ORDER: bool = false;

    #[inline(always)]
    fn item<V: Lanes>(lane: V, x: V, y: V) -> V {
        x.fma(y, lane)
    }
    #[inline(always)]
    fn join<V: Lanes>(a: V, b: V) -> V {
        a.add(b)
    }
}

/// `Σ (x − y)²`.
#[derive(Clone, Copy)]
pub(super) struct SquaredDistance;

impl Fold for SquaredDistance {
    const PAIRS: bool = true;
    const FIRST: f32 = 0.0;
    const ANY_ORDER: bool = false;

    #[inline(always)]
    fn item<V: Lanes>(lane: V, x: V, y: V) -> V {
        let difference = x.sub(y);
        difference.fma(difference, lane)
    }
    #[inline(always)]
    fn join<V: Lanes>(a: V, b: V) -> V {
        a.add(b)
    }
}
