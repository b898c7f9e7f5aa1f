//! Tiles: as many elements at once as registers hold.
#![expect(
    clippy::needless_range_loop,
    reason = "loops over constants that are unrolled, and several arrays side by side"
)]
use super::pack::Rows;
use super::Lanes;

/// A column of tiles: all rows by the columns of one panel.
pub(super) struct Tiles {
    /// The left factor.
    pub(super) a: Rows,
    /// The right factor, packed.
    pub(super) panel: *const f32,
    /// Terms of this slice.
    pub(super) terms: usize,
    /// Rows of the output.
    pub(super) rows: usize,
    /// Columns of the output; the last vector may be cut.
    pub(super) columns: usize,
    /// The output, rows `stride` apart.
    pub(super) to: *mut f32,
    pub(super) stride: usize,
    /// The output holds the chains' values so far; else they begin with +0.
    pub(super) continues: bool,
}

impl Tiles {
    /// # Safety
    /// The pointers are good for what the sizes say; the panel has `vectors` vectors per term.
    #[inline(always)]
    pub(super) unsafe fn run<V: Lanes>(&self, vectors: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match vectors {
                1 => self.rows_of::<V, 1>(),
                2 if V::COLUMNS > 1 => self.rows_of::<V, 2>(),
                _ if V::COLUMNS > 2 => self.rows_of::<V, 3>(),
                _ => unreachable!("a panel of {vectors} vectors"),
            }
        }
    }

    #[inline(always)]
    unsafe fn rows_of<V: Lanes, const C: usize>(&self) {
        let mut row = 0;
        // Of the heights that `pack::height` says; a loop over these would have sums kept in memory.
        // SAFETY: the caller's promise; rows stay below `self.rows`.
        unsafe {
            while V::ROWS == 8 && row + 8 <= self.rows {
                self.tile::<V, 8, C>(row);
                row += 8;
            }
            while V::ROWS == 6 && row + 6 <= self.rows {
                self.tile::<V, 6, C>(row);
                row += 6;
            }
            while row + 4 <= self.rows {
                self.tile::<V, 4, C>(row);
                row += 4;
            }
            match self.rows - row {
                3 => self.tile::<V, 3, C>(row),
                2 => self.tile::<V, 2, C>(row),
                1 => self.tile::<V, 1, C>(row),
                _ => {}
            }
        }
    }

    #[inline(always)]
    unsafe fn tile<V: Lanes, const R: usize, const C: usize>(&self, row: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.a {
                Rows::Lines(first, stride) => self.chain::<V, R, C, true>(row, first.add(row * stride), stride),
                Rows::Packed(first) => self.chain::<V, R, C, false>(row, first.add(row * self.terms), R),
                Rows::Columns(first, stride) => self.chain::<V, R, C, false>(row, first.add(row), stride),
            }
        }
    }

    /// R rows by C vectors, from where the left factor's first is. `LINES`: its rows are contiguous, so far apart; else
    /// its terms' rows are, and the terms are so far apart.
    #[inline(always)]
    unsafe fn chain<V: Lanes, const R: usize, const C: usize, const LINES: bool>(
        &self,
        row: usize,
        a: *const f32,
        stride: usize,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [[V::splat(0.0); C]; R];
            let to = self.to.add(row * self.stride);
            let last = self.columns - (C - 1) * V::N;
            if self.continues {
                for r in 0..R {
                    for c in 0..C {
                        let from = to.add(r * self.stride + c * V::N);
                        sums[r][c] = if c + 1 == C && last < V::N {
                            V::load_part(std::slice::from_raw_parts(from, last))
                        } else {
                            V::load(from)
                        };
                    }
                }
            }
            // Where each row's terms are, and from one of them to the next.
            let mut lines = [a; R];
            for r in 0..R {
                lines[r] = a.add(if LINES { r * stride } else { r });
            }
            let step = if LINES { 1 } else { stride };
            let mut panel = self.panel;
            let mut left = self.terms;
            // Several terms in a turn: a processor whose core has another guest takes fewer instructions at once, and
            // those that only count then cost as much as those that multiply.
            while left >= AT_ONCE {
                for p in 0..AT_ONCE {
                    multiply::<V, R, C>(&mut sums, lines, p * step, panel.add(p * C * V::N));
                }
                for r in 0..R {
                    lines[r] = lines[r].wrapping_add(AT_ONCE * step);
                }
                panel = panel.add(AT_ONCE * C * V::N);
                left -= AT_ONCE;
            }
            for p in 0..left {
                multiply::<V, R, C>(&mut sums, lines, p * step, panel.add(p * C * V::N));
            }
            if last >= V::N {
                for r in 0..R {
                    for c in 0..C {
                        sums[r][c].canonical().store(to.add(r * self.stride + c * V::N));
                    }
                }
                return;
            }
            // In an array of its own: this takes a loop that isn't unrolled, whose variable index would have the sums kept in
            // memory, with a store beside every multiply-add.
            let mut results = sums;
            for r in 0..R {
                for c in 0..C {
                    results[r][c] = sums[r][c].canonical();
                }
            }
            for (r, results) in results.iter().enumerate() {
                let line = to.add(r * self.stride);
                for c in 0..C - 1 {
                    results[c].store(line.add(c * V::N));
                }
                let place = line.add((C - 1) * V::N);
                results[C - 1].store_part(std::slice::from_raw_parts_mut(place, last));
            }
        }
    }
}

/// Terms in a turn of the loop.
const AT_ONCE: usize = 8;

/// One term: of each row what is there in its line, times a row of the panel.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn multiply<V: Lanes, const R: usize, const C: usize>(
    sums: &mut [[V; C]; R],
    lines: [*const f32; R],
    at: usize,
    row: *const f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut b = [V::splat(0.0); C];
        for c in 0..C {
            b[c] = V::load(row.add(c * V::N));
        }
        for r in 0..R {
            let x = V::splat(*lines[r].add(at));
            for c in 0..C {
                sums[r][c] = x.fma(b[c], sums[r][c]);
            }
        }
    }
}
