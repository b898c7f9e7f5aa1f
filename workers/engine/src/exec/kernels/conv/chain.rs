//! The loop inside of all convolutions: sums of a number times a vector.
use crate::exec::lanes::Lanes;

/// Rows of a tile at most.
const MOST: usize = 14;

/// Rows of a tile of one or two vectors at most: beside sums and vectors there have to be registers for two numbers that
/// are broadcast.
pub(super) const fn most_rows<V: Lanes>(vectors: usize) -> usize {
    match (V::REGISTERS < 32, vectors) {
        (false, _) => MOST,
        (true, 1) => 12,
        (true, _) => 6,
    }
}

/// Sums, from +0, of `rows[r][at] · vectors[c][v]` over the terms (at, v), in order: as a number is broadcast from where
/// it is, the rows may lie anywhere, and nothing has to be packed for them.
///
/// # Safety
/// Every row can be read at every term's place, and there are so many vectors.
#[inline(always)]
pub(super) unsafe fn chain<V: Lanes, const R: usize, const C: usize>(
    rows: [*const f32; R],
    terms: impl Iterator<Item = (usize, usize)>,
    vectors: [*const f32; C],
) -> [[V; C]; R] {
    let mut sums = [[V::splat(0.0); C]; R];
    for (at, vector) in terms {
        // SAFETY: the caller's promise.
        unsafe {
            let vectors = vectors.map(|vectors| V::load(vectors.add(vector * V::N)));
            for (sums, row) in sums.iter_mut().zip(rows) {
                let x = V::splat(*row.add(at));
                for (sum, vector) in sums.iter_mut().zip(vectors) {
                    *sum = x.fma(vector, *sum);
                }
            }
        }
    }
    sums
}

/// Rows of sums.
pub(super) trait Tiles {
    /// Computes R rows from this one on.
    ///
    /// # Safety
    /// There are so many.
    unsafe fn tile<V: Lanes, const R: usize>(&mut self, first: usize);
}

/// Rows of each tile, where there are so many in all: tiles are alike, and the last may overlap the one before.
pub(super) fn tile_rows(rows: usize, most: usize) -> usize {
    rows.div_ceil(rows.div_ceil(most).max(1))
}

/// One tile of [`tile_rows`].
///
/// # Safety
/// As [`Tiles::tile`]; at most `most` rows.
#[inline(always)]
pub(super) unsafe fn one_tile<V: Lanes>(tiles: &mut impl Tiles, most: usize, rows: usize, first: usize) {
    // Tiles of more than `most` rows, which the compiler knows, aren't compiled.
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            1 => tiles.tile::<V, 1>(first),
            2 => tiles.tile::<V, 2>(first),
            3 => tiles.tile::<V, 3>(first),
            4 => tiles.tile::<V, 4>(first),
            5 => tiles.tile::<V, 5>(first),
            6 => tiles.tile::<V, 6>(first),
            7 if most >= 7 => tiles.tile::<V, 7>(first),
            8 if most >= 8 => tiles.tile::<V, 8>(first),
            9 if most >= 9 => tiles.tile::<V, 9>(first),
            10 if most >= 10 => tiles.tile::<V, 10>(first),
            11 if most >= 11 => tiles.tile::<V, 11>(first),
            12 if most >= 12 => tiles.tile::<V, 12>(first),
            13 if most >= 13 => tiles.tile::<V, 13>(first),
            MOST if most >= MOST => tiles.tile::<V, MOST>(first),
            _ => unreachable!("a tile of {rows} rows"),
        }
    }
}

/// All tiles of so many rows.
///
/// # Safety
/// There are so many.
#[inline(always)]
pub(super) unsafe fn all_tiles<V: Lanes>(tiles: &mut impl Tiles, most: usize, rows: usize) {
    let size = tile_rows(rows, most);
    for first in (0..rows).step_by(size.max(1)) {
        // SAFETY: the last one ends with the last row.
        unsafe { one_tile::<V>(tiles, most, size, first.min(rows - size)) };
    }
}
