//! Where elements are.
use crate::graph::{Shape, MAX_RANK};

/// Positions along the axes; 0 beyond the rank.
pub(super) type Coordinates = [u64; MAX_RANK];

/// Quotient and remainder; (0, 0) for a divisor of zero, which no shape has.
pub(super) fn div_rem(a: u64, b: u64) -> (u64, u64) {
    (a.checked_div(b).unwrap_or(0), a.checked_rem(b).unwrap_or(0))
}

/// Where an element of a tensor of these dimensions is.
pub(super) fn coordinates(dims: &[u32], element: u64) -> Coordinates {
    let mut at = [0; MAX_RANK];
    let mut left = element;
    for (place, &dim) in at.iter_mut().take(dims.len()).zip(dims).rev() {
        (left, *place) = div_rem(left, u64::from(dim));
    }
    at
}

/// The element at these coordinates.
pub(super) fn element(dims: &[u32], at: &[u64]) -> u64 {
    dims.iter().zip(at).fold(0, |element, (&dim, &at)| element.wrapping_mul(u64::from(dim)).wrapping_add(at))
}

/// The element that serves for these coordinates of a tensor of `rank` axes that it is broadcast to.
pub(super) fn broadcast(dims: &[u32], rank: usize, at: &[u64]) -> u64 {
    let at = at.get(rank.saturating_sub(dims.len())..).unwrap_or_default();
    let along = |(&dim, &at): (&u32, &u64)| (u64::from(dim), if dim == 1 { 0 } else { at });
    dims.iter().zip(at).map(along).fold(0, |element, (dim, at)| element.wrapping_mul(dim).wrapping_add(at))
}

/// `[n, c, h, w]` of an image; zeros if it is none.
pub(super) fn image(shape: &Shape) -> [u64; 4] {
    let mut dims = [0; 4];
    dims.iter_mut().zip(shape.dims()).for_each(|(to, &dim)| *to = u64::from(dim));
    dims
}
