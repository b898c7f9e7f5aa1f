//! Threads, over outputs only: whoever computes an element computes all of it.
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::ops::Range;

/// Operations below which a second thread costs more than it brings.
const WORTH_SHARING: usize = 1 << 16;

/// One or more threads.
pub(crate) struct Pool {
    threads: Option<ThreadPool>,
}

impl Pool {
    /// A pool of this many threads, at least one.
    pub(crate) fn new(threads: usize) -> Result<Pool, ThreadPoolBuildError> {
        let build = || ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("engine-{i}")).build();
        Ok(Pool { threads: if threads > 1 { Some(build()?) } else { None } })
    }

    /// How many.
    pub(crate) fn threads(&self) -> usize {
        self.threads.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Calls `f` for parts of `0..len`, on several threads if the work is worth it. Parts begin at multiples of `grain`.
    pub(crate) fn split(&self, len: usize, grain: usize, work: usize, f: &(dyn Fn(Range<usize>) + Sync)) {
        let grains = len.div_ceil(grain);
        let parts = self.threads().min(grains);
        let Some(threads) = self.threads.as_ref().filter(|_| parts > 1 && work >= WORTH_SHARING) else {
            return f(0..len);
        };
        threads.in_place_scope(|scope| {
            for part in 0..parts {
                let begin = grains * part / parts * grain;
                let end = (grains * (part + 1) / parts * grain).min(len);
                scope.spawn(move |_| f(begin..end));
            }
        });
    }
}
