//! Whether the machine does nothing else at the moment.
//!
//! A virtual processor that shares its core with somebody else's work gets about half of it, and no clock of the kernel's
//! knows. A loop in registers does: it takes as long each time, unless somebody else computes.
use crate::clock::Clock;
use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};
use std::hint::black_box;
use std::time::Duration;

/// Turns of the loop: some tenths of a millisecond.
const TURNS: u32 = 1 << 17;
/// Probes that come first, to know how fast the cores can be.
const FIRST: u32 = 100;
/// How much longer than the shortest one a probe of a quiet machine takes at most.
const SLOWER: f64 = 1.1;
/// Between probes while waiting.
const PAUSE: Duration = Duration::from_millis(10);

/// So many cores, and how fast they have been.
pub(crate) struct Quiet {
    cores: usize,
    shortest: Duration,
}

impl Quiet {
    /// Looks how fast that many cores are together: a second or less.
    pub(crate) fn new(cores: usize) -> Quiet {
        let mut quiet = Quiet { cores, shortest: Duration::MAX };
        for _ in 0..FIRST {
            quiet.is_now();
            std::thread::sleep(PAUSE / 2);
        }
        quiet
    }

    /// Whether nothing else is computed on them right now.
    pub(crate) fn is_now(&mut self) -> bool {
        let took = probe(self.cores);
        self.shortest = self.shortest.min(took);
        took.as_secs_f64() <= self.shortest.as_secs_f64() * SLOWER
    }

    /// Waits until they are quiet, for no longer than there is patience left, which it uses up; whether they are.
    pub(crate) fn wait(&mut self, patience: &mut Duration) -> bool {
        loop {
            if self.is_now() {
                return true;
            }
            if patience.is_zero() {
                return false;
            }
            std::thread::sleep(PAUSE);
            *patience = patience.saturating_sub(PAUSE);
        }
    }
}

/// What the loop takes on the slowest of that many cores, by the wall's clock, all at once; on the thread's own, if it is
/// one.
fn probe(cores: usize) -> Duration {
    let timed = || {
        let begin = Clock::Wall.now();
        chains();
        Clock::Wall.now().saturating_sub(begin)
    };
    if cores == 1 {
        return timed();
    }
    let places = sched_getaffinity(None).unwrap_or_default();
    let mut places = (0..CpuSet::MAX_CPU).filter(|&place| places.is_set(place));
    std::thread::scope(|scope| {
        let threads = (0..cores).map(|_| {
            let place = places.next();
            scope.spawn(move || {
                // Each on a core of its own: a kernel may have two that are so short take turns on one.
                if let Some(place) = place {
                    let mut only = CpuSet::new();
                    only.set(place);
                    // If that one is taken away at this moment, anywhere.
                    let _ = sched_setaffinity(None, &only);
                }
                timed()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).max().unwrap_or_default()
    })
}

/// Chains of multiplications and additions side by side, as many as keep a core busy: whoever shares it slows them.
fn chains() {
    let mut chains = black_box([1.0_f32; 48]);
    let (factor, term) = black_box((0.5_f32, 0.5_f32));
    for _ in 0..TURNS {
        for chain in &mut chains {
            *chain = *chain * factor + term;
        }
    }
    black_box(chains);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends() {
        // Nothing takes no time, so that it is never quiet.
        let mut never = Quiet { cores: 2, shortest: Duration::ZERO };
        let mut patience = 3 * PAUSE;
        assert!(!never.wait(&mut patience));
        assert!(patience.is_zero() && !never.wait(&mut patience));
        let mut always = Quiet { cores: 2, shortest: Duration::MAX };
        patience = PAUSE;
        assert!(always.wait(&mut patience));
        assert_eq!(patience, PAUSE);
        assert!(always.shortest < Duration::MAX);
    }

    #[test]
    fn a_probe_computes() {
        let mut times: Vec<Duration> = (0..18_usize).map(|turn| probe(1 + turn % 2)).collect();
        times.sort_unstable();
        // A turn is a few dozen operations, of which a processor does some at once.
        assert!(times[9] > TURNS / 4 * Duration::from_nanos(1), "{times:?}");
    }
}
