//! Convolutions of single channels.
use crate::exec::kernels::images::Geometry;
use crate::exec::lanes::{Kernel, Lanes};

/// Channels from number `first` on, counted over all images: each by the kernel of its group, of one block at most.
pub(super) struct Depthwise<'a> {
    pub(super) geometry: &'a Geometry,
    /// All channels, with room for a vector behind.
    pub(super) staged: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) groups: usize,
    pub(super) first: usize,
    pub(super) out: &'a mut [f32],
}

impl Kernel for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Depthwise { geometry, staged, weights, groups, first, out } = self;
        for (channel, out) in (first..).zip(out.chunks_exact_mut(geometry.places())) {
            let staged = &staged[channel * geometry.channel..];
            let weights = &weights[channel % groups * geometry.items()..][..geometry.items()];
            for (place, count, at) in geometry.vectors(V::N) {
                let mut sum = V::splat(0.0);
                for (&offset, &weight) in geometry.offsets().iter().zip(weights) {
                    let from = &staged[at + offset..];
                    debug_assert!(from.len() >= V::N);
                    // SAFETY: behind all channels is room for a vector.
                    sum = unsafe { V::load(from.as_ptr()) }.fma(V::splat(weight), sum);
                }
                sum.canonical().store_before(&mut out[place..], count);
            }
        }
    }
}
