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
    /// The right factor, packed; or where the first tile shall pack it to.
    pub(super) panel: *mut f32,
    /// Where its first term's values are unless it is packed, and from one term to the next.
    pub(super) unpacked: Option<(*const f32, usize)>,
    /// Terms of this slice.
    pub(super) terms: usize,
    /// Rows of the output.
    pub(super) rows: usize,
    /// Columns of the output; the last vector may be cut.
    pub(super) columns: usize,
    /// The output, rows `stride` apart.
    pub(super) to: *mut f32,
    pub(super) stride: usize,
    /// How it becomes of what is there.
    pub(super) begin: Begin,
}

/// Where chains begin, of products of a slice's terms.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// With +0.
    Zero,
    /// With the output's values, which are the chains' so far.
    Continue,
    /// With +0; in the end they are added to the output's values.
    Add,
}

impl Tiles {
    /// # Safety
    /// The pointers are good for what the sizes say; the panel has `vectors` vectors per term. Unpacked are only panels of
    /// whole vectors, for [`Lanes::ROWS`] rows at least.
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
            while V::ROWS == 14 && row + 14 <= self.rows {
                self.tile::<V, 14, C>(row);
                row += 14;
            }
            while V::ROWS >= 8 && row + 8 <= self.rows {
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
            match self.unpacked {
                Some(from) if const { R == V::ROWS } && row == 0 => self.of::<V, R, C, true>(row, from),
                _ => self.of::<V, R, C, false>(row, (self.panel, C * V::N)),
            }
        }
    }

    #[inline(always)]
    unsafe fn of<V: Lanes, const R: usize, const C: usize, const PACKS: bool>(
        &self,
        row: usize,
        from: (*const f32, usize),
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.a {
                Rows::Lines(first, stride) => {
                    self.chain::<V, R, C, true, PACKS>(row, (first.add(row * stride), stride), from);
                }
                Rows::Packed(first) => self.chain::<V, R, C, false, PACKS>(row, (first.add(row * self.terms), R), from),
                Rows::Columns(first, stride) => {
                    self.chain::<V, R, C, false, PACKS>(row, (first.add(row), stride), from)
                }
            }
        }
    }

    /// R rows by C vectors, from where the left factor's first is. `LINES`: its rows are contiguous, so far apart; else
    /// its terms' rows are, and the terms are so far apart. The right factor's terms are where `from` says; `PACKS`: are
    /// copied from there to the panel, which takes hardly any time here, beside the multiply-adds.
    #[inline(always)]
    unsafe fn chain<V: Lanes, const R: usize, const C: usize, const LINES: bool, const PACKS: bool>(
        &self,
        row: usize,
        (a, stride): (*const f32, usize),
        (mut from, distance): (*const f32, usize),
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [[V::splat(0.0); C]; R];
            let to = self.to.add(row * self.stride);
            let last = self.columns - (C - 1) * V::N;
            if self.begin == Begin::Continue {
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
            let mut left = Left::<R, LINES>::new(a, stride);
            let mut panel = self.panel;
            let mut terms = self.terms;
            // What the next tile writes, a row in each turn.
            let mut ahead = to.wrapping_add(R * self.stride);
            // Several terms in a turn: a processor whose core has another guest takes fewer instructions at once, and
            // those that only count then cost as much as those that multiply.
            let at_once = if R > 8 && !LINES { 4 } else { 8 };
            while terms >= at_once {
                macro_rules! term {
                    ($p:expr) => {
                        let b = right::<V, C, PACKS>((from, distance), panel.wrapping_add($p * C * V::N));
                        multiply(&mut sums, left.values($p), b);
                        from = from.wrapping_add(distance);
                        if R > 8 && !LINES {
                            V::prefetch(left.rows[0].wrapping_add(($p + AHEAD) * left.stride));
                        }
                    };
                }
                if R > 8 {
                    // The compiler leaves loops alone that are as large as this.
                    term!(0);
                    term!(1);
                    term!(2);
                    term!(3);
                    if LINES {
                        term!(4);
                        term!(5);
                        term!(6);
                        term!(7);
                    }
                } else {
                    for p in 0..at_once {
                        term!(p);
                    }
                }
                panel = panel.wrapping_add(at_once * C * V::N);
                left.skip(at_once);
                if R > 8 {
                    for c in 0..C {
                        V::prefetch(ahead.wrapping_add(c * V::N));
                    }
                    ahead = ahead.wrapping_add(self.stride);
                }
                terms -= at_once;
            }
            for p in 0..terms {
                let b = right::<V, C, PACKS>((from, distance), panel);
                multiply(&mut sums, left.values(p), b);
                from = from.wrapping_add(distance);
                panel = panel.wrapping_add(C * V::N);
            }
            if self.begin == Begin::Add {
                for r in 0..R {
                    for c in 0..C {
                        let total = to.add(r * self.stride + c * V::N);
                        let total = if c + 1 == C && last < V::N {
                            V::load_part(std::slice::from_raw_parts(total, last))
                        } else {
                            V::load(total)
                        };
                        sums[r][c] = total.add(sums[r][c]);
                    }
                }
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

/// A tile's rows of the left factor.
struct Left<const R: usize, const LINES: bool> {
    /// Where each row's next term is; of many lines only the first one's.
    rows: [*const f32; R],
    stride: usize,
    /// Of many lines: once, three times, five times the bytes from one to the next, and so on.
    odd: [usize; MOST / 2],
}

/// Rows of a tile at most.
const MOST: usize = 14;

impl<const R: usize, const LINES: bool> Left<R, LINES> {
    /// Whether rows share an address: there are 16 registers for addresses. Twice, four times and eight times what a
    /// register holds can be added to an address at no cost, so that odd multiples are enough.
    const SHARE: bool = LINES && R > 8;

    #[inline(always)]
    fn new(first: *const f32, stride: usize) -> Self {
        let mut rows = [first; R];
        let mut odd = [0; MOST / 2];
        for r in 0..R {
            rows[r] = first.wrapping_add(if LINES { r * stride } else { r });
        }
        if Self::SHARE {
            for i in 0..MOST / 2 {
                odd[i] = opaque((2 * i + 1) * size_of::<f32>() * stride);
            }
        }
        Left { rows, stride, odd }
    }

    /// Each row's value of the next term but `p`.
    ///
    /// # Safety
    /// They can be read.
    #[inline(always)]
    unsafe fn values(&self, p: usize) -> [f32; R] {
        let mut values = [0.0; R];
        for r in 0..R {
            // SAFETY: the caller's promise.
            values[r] = unsafe {
                if !Self::SHARE {
                    *self.rows[r].add(if LINES { p } else { p * self.stride })
                } else if r == 0 {
                    *self.rows[0].add(p)
                } else {
                    let twos = r.trailing_zeros();
                    *self.rows[0].add(p).wrapping_byte_add(self.odd[(r >> twos) / 2] << twos)
                }
            };
        }
        values
    }

    #[inline(always)]
    fn skip(&mut self, terms: usize) {
        for r in 0..R {
            self.rows[r] = self.rows[r].wrapping_add(if LINES { terms } else { terms * self.stride });
        }
    }
}

/// The same number, of which the compiler doesn't know what it is: else it would have addresses computed from it ahead,
/// for which there aren't registers.
#[inline(always)]
fn opaque(x: usize) -> usize {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        let mut x = x;
        // SAFETY: there are no instructions.
        unsafe { std::arch::asm!("/* {0} */", inout(reg) x, options(pure, nomem, nostack, preserves_flags)) };
        x
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    x
}

/// Terms ahead that are fetched of what isn't packed yet.
const AHEAD: usize = 8;

/// The panel's vectors of a term, from where they are; if that isn't in the panel, copied there.
///
/// # Safety
/// They can be read, and written.
#[inline(always)]
unsafe fn right<V: Lanes, const C: usize, const PACKS: bool>(
    (from, apart): (*const f32, usize),
    panel: *mut f32,
) -> [V; C] {
    let mut b = [V::splat(0.0); C];
    for c in 0..C {
        // SAFETY: the caller's promise.
        unsafe {
            b[c] = V::load(from.add(c * V::N));
            if PACKS {
                V::prefetch(from.wrapping_add(AHEAD * apart + c * V::N));
                b[c].store(panel.add(c * V::N));
            }
        }
    }
    b
}

/// One term: of each row its value, times the panel's.
#[inline(always)]
fn multiply<V: Lanes, const R: usize, const C: usize>(sums: &mut [[V; C]; R], values: [f32; R], b: [V; C]) {
    for r in 0..R {
        let x = V::splat(values[r]);
        for c in 0..C {
            sums[r][c] = x.fma(b[c], sums[r][c]);
        }
    }
}
