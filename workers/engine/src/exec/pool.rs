//! Threads, over outputs only: whoever computes an element computes all of it.
mod places;
mod team;

use std::ops::Range;
use team::Team;

/// Operations below which a second thread costs more than it brings.
const WORTH_SHARING: usize = 1 << 14;

/// Operations of a part, where there may be more parts than threads: some microseconds.
const FINE: usize = 1 << 17;
/// Parts for each thread then.
const MOST_EACH: usize = 8;

/// One or more threads.
pub(crate) struct Pool {
    /// All but the caller's.
    team: Option<Team>,
}

impl Pool {
    /// A pool of this many threads, at least one: the calling one is among them.
    pub(crate) fn new(threads: usize) -> std::io::Result<Pool> {
        Ok(Pool { team: if threads > 1 { Some(Team::new(threads - 1)?) } else { None } })
    }

    /// How many.
    pub(crate) fn threads(&self) -> usize {
        1 + self.team.as_ref().map_or(0, Team::len)
    }

    /// Calls `f` for parts of `0..len`, on several threads if the work is worth it: one for each thread. Parts begin at
    /// multiples of `grain`.
    pub(crate) fn split(&self, len: usize, grain: usize, work: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
        self.split_into(self.threads(), len, grain, work, f);
    }

    /// The same in more parts than there are threads, for work that makes nothing ready for a part: a processor that is
    /// slower for a while, as it has other work or shares its core, does fewer of them.
    pub(crate) fn share(&self, len: usize, grain: usize, work: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
        let threads = self.threads();
        let each = (work / threads / FINE).clamp(1, MOST_EACH);
        self.split_into(threads * each, len, grain, work, f);
    }

    /// The same in so many parts.
    pub(crate) fn split_into(
        &self,
        parts: usize,
        len: usize,
        grain: usize,
        work: usize,
        f: &(dyn Fn(Range<usize>) + Sync),
    ) {
        let grains = len.div_ceil(grain);
        let parts = parts.min(grains);
        let Some(team) = self.team.as_ref().filter(|_| parts > 1 && work >= WORTH_SHARING) else {
            return f(0..len);
        };
        team.run(parts, &|part| {
            let begin = grains * part / parts * grain;
            let end = (grains * (part + 1) / parts * grain).min(len);
            f(begin..end);
        });
    }

    /// [`share`](Self::share), where each element of `0..len` owns `width` elements of `out`, which its part is given.
    pub(crate) fn share_out(
        &self,
        (len, width): (usize, usize),
        grain: usize,
        work: usize,
        out: &mut [f32],
        f: &(dyn Fn(Range<usize>, &mut [f32]) + Sync),
    ) {
        assert_eq!(out.len(), len * width);
        let out = Out(out.as_mut_ptr());
        self.share(len, grain, work, &|part| {
            // SAFETY: parts don't overlap and lie inside `out`, which is borrowed for the whole call.
            let own = unsafe { std::slice::from_raw_parts_mut(out.at(part.start * width), part.len() * width) };
            f(part, own);
        });
    }
}

/// An output that several threads write, each other elements.
#[derive(Clone, Copy)]
pub(crate) struct Out(*mut f32);
// SAFETY: whoever makes one sees to it that threads write different elements; nothing is read but by who wrote it.
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

impl Out {
    /// That of a slice, which has to stay borrowed.
    pub(crate) fn new(out: &mut [f32]) -> Out {
        Out(out.as_mut_ptr())
    }

    /// # Safety
    /// `index` is inside or the end.
    #[inline(always)]
    pub(crate) unsafe fn at(self, index: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(index) }
    }
}
