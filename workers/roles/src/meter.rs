//! How much compute a piece of work took.
use crate::journal::{Event, Scribe};
use rustix::time::{clock_gettime, ClockId};
use std::time::{Duration, Instant};

/// Started before a computation, read after it, on the thread that computes.
#[derive(Debug)]
pub struct Meter {
    wall: Instant,
    thread: Duration,
    process: Duration,
}

/// What a [`Meter`] read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// Time on the clock.
    pub wall: Duration,
    /// Processor time of the thread.
    pub thread_cpu: Duration,
    /// Processor time of the process.
    pub process_cpu: Duration,
}

impl Meter {
    /// Starts one.
    pub fn start() -> Self {
        Self { wall: Instant::now(), thread: clock(ClockId::ThreadCPUTime), process: clock(ClockId::ProcessCPUTime) }
    }

    /// What it shows now.
    pub fn read(&self) -> Reading {
        Reading {
            wall: self.wall.elapsed(),
            thread_cpu: clock(ClockId::ThreadCPUTime).saturating_sub(self.thread),
            process_cpu: clock(ClockId::ProcessCPUTime).saturating_sub(self.process),
        }
    }
}

impl Reading {
    /// Writes it to a journal.
    pub fn record(self, scribe: &Scribe, stage: &str) {
        scribe.record(Event::Work {
            stage: stage.into(),
            wall: self.wall.as_secs_f64(),
            thread_cpu: self.thread_cpu.as_secs_f64(),
            process_cpu: self.process_cpu.as_secs_f64(),
        });
    }
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    // The kernel's clocks are never negative.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
