//! What time is told by.
use std::time::Duration;

/// A clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The thread's processor time: what one thread does takes as long however busy the machine is, but for its caches.
    Thread,
    /// The processor time of all the process' threads.
    Process,
    /// The wall's: work of several threads.
    Wall,
}

impl Clock {
    /// The one for work of that many threads.
    #[cfg(feature = "torch")]
    pub(crate) fn of(threads: usize) -> Clock {
        if threads == 1 {
            Clock::Thread
        } else {
            Clock::Wall
        }
    }

    /// The time since some begin.
    pub(crate) fn now(self) -> Duration {
        let time = rustix::time::clock_gettime(match self {
            Clock::Thread => rustix::time::ClockId::ThreadCPUTime,
            Clock::Process => rustix::time::ClockId::ProcessCPUTime,
            Clock::Wall => rustix::time::ClockId::Monotonic,
        });
        // The kernel's clocks are never negative.
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    /// What something takes.
    ///
    /// # Errors
    /// Its own.
    #[cfg(feature = "torch")]
    pub(crate) fn time(self, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
        let begin = self.now();
        work()?;
        Ok(self.now().saturating_sub(begin))
    }

    /// What it takes to read it: a call of the kernel's for a thread's time.
    #[cfg(feature = "torch")]
    pub(crate) fn cost(self) -> Duration {
        let between = |_| {
            let begin = self.now();
            self.now().saturating_sub(begin)
        };
        let mut all: Vec<Duration> = (0..1001).map(between).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    }
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use super::*;

    #[test]
    fn a_threads_clock_stands_still_while_it_sleeps() {
        let nap = || {
            std::thread::sleep(Duration::from_millis(50));
            Ok(())
        };
        assert!(Clock::of(1).time(nap).unwrap() < Duration::from_millis(25));
        assert!(Clock::of(2).time(nap).unwrap() >= Duration::from_millis(50));
        assert!(Clock::Thread.cost() < Duration::from_millis(1));
    }
}
