//! Channels in the lanes of vectors.
use crate::exec::lanes::{Lanes, MAX_LANES};

/// A vector of channels: the first one, and whether half a vector holds what is left.
#[derive(Clone, Copy)]
pub(super) struct Vector {
    pub(super) first: usize,
    pub(super) half: bool,
}

/// The vectors of so many channels.
#[inline(always)]
pub(super) fn vectors<V: Lanes>(channels: usize) -> impl Iterator<Item = Vector> {
    let half = V::Half::N < V::N;
    (0..channels.div_ceil(V::N)).map(move |i| {
        let first = i * V::N;
        Vector { first, half: half && channels - first <= V::Half::N }
    })
}

/// Vectors of channels that tiles have, from this channel on.
#[derive(Clone, Copy)]
pub(super) enum Column {
    /// Half a vector.
    Half(usize),
    /// One.
    One(usize),
    /// Two.
    Two(usize),
}

/// The vectors of so many channels, as tiles have them.
#[inline(always)]
pub(super) fn tile_columns<V: Lanes>(channels: usize) -> impl Iterator<Item = Column> {
    let mut vectors = vectors::<V>(channels).peekable();
    std::iter::from_fn(move || {
        vectors.next().map(|Vector { first, half }| match half {
            true => Column::Half(first),
            false if vectors.next_if(|next| !next.half).is_some() => Column::Two(first),
            false => Column::One(first),
        })
    })
}

/// Lanes of all of them.
#[inline(always)]
pub(super) fn padded<V: Lanes>(channels: usize) -> usize {
    match channels % V::N {
        0 => channels,
        rest if rest <= V::Half::N => channels - rest + V::Half::N,
        rest => channels - rest + V::N,
    }
}

/// Writes places `[count, V::N]` as lines, one for each of the first `lanes` lanes, `stride` apart.
///
/// # Safety
/// `from` holds `count` places and V::N − 1 more that nobody needs; the lines can be written.
#[inline(always)]
pub(super) unsafe fn write_lines<V: Lanes>(
    from: *const f32,
    (count, lanes): (usize, usize),
    to: *mut f32,
    stride: usize,
) {
    let whole = lanes == V::N && count >= V::N;
    for place in (0..count).step_by(V::N) {
        // SAFETY: the caller's promise; a square that is written at once ends with the last place.
        unsafe {
            if whole {
                let place = place.min(count - V::N);
                V::transpose(from.add(place * V::N), V::N, to.add(place), stride);
                continue;
            }
            let mut square = [0.0; MAX_LANES * MAX_LANES];
            V::transpose(from.add(place * V::N), V::N, square.as_mut_ptr(), V::N);
            let count = V::N.min(count - place);
            for (lane, line) in square.chunks_exact(V::N).take(lanes).enumerate() {
                std::ptr::copy_nonoverlapping(line.as_ptr(), to.add(place + lane * stride), count);
            }
        }
    }
}

/// The opposite: reads lines as places. What lanes have too many is anything.
///
/// # Safety
/// As many lines can be read as there are lanes, if `readable` says so; else only the first `lanes`. `to` has room for
/// `count` places.
#[inline(always)]
pub(super) unsafe fn read_lines<V: Lanes>(
    from: *const f32,
    stride: usize,
    (count, lanes, readable): (usize, usize, bool),
    to: *mut f32,
) {
    // SAFETY: the caller's promise; a square that is read at once ends with the last place.
    unsafe {
        if (readable || lanes == V::N) && count >= V::N {
            for place in (0..count).step_by(V::N) {
                let place = place.min(count - V::N);
                V::transpose(from.add(place), stride, to.add(place * V::N), V::N);
            }
            return;
        }
        for place in 0..count {
            for lane in 0..V::N {
                *to.add(place * V::N + lane) = if lane < lanes { *from.add(lane * stride + place) } else { 0.0 };
            }
        }
    }
}
