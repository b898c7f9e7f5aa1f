//! Threads that wait for work awake.
//!
//! A step has hundreds of operators, many of a few microseconds; a thread that sleeps takes as long to wake up. So one
//! that has worked looks out for more for a while before it sleeps, as those of OpenMP do.
use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Looks, with a pause of the processor's after each, before a thread sleeps: about a tenth of a millisecond.
const LOOKS: usize = 1 << 12;
/// The turn after the last one.
const STOP: usize = usize::MAX;

/// Some threads.
pub(super) struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Held during a call.
    calling: Mutex<()>,
}

struct Shared {
    /// Goes up with each call.
    turn: AtomicUsize,
    /// What to do in this turn.
    work: UnsafeCell<Work>,
    /// Threads that haven't finished this turn.
    busy: AtomicUsize,
    /// Threads that sleep.
    asleep: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Parts, of which the caller does part 0, and what to do with each.
#[derive(Clone, Copy)]
struct Work {
    parts: usize,
    f: *const (dyn Fn(usize) + Sync),
}

// SAFETY: `work` is written only while `busy` is 0, by whoever holds `calling`, and read only after the turn was seen to
// change; what it points to may be shared, and outlives the turn.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Team {
    /// So many threads.
    pub(super) fn new(threads: usize) -> std::io::Result<Team> {
        let nothing: &'static (dyn Fn(usize) + Sync) = &|_| ();
        let shared = Arc::new(Shared {
            turn: AtomicUsize::new(0),
            work: UnsafeCell::new(Work { parts: 0, f: nothing }),
            busy: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            panic: Mutex::new(None),
        });
        let mut team = Team { shared, threads: Vec::new(), calling: Mutex::new(()) };
        for part in 1..=threads {
            let shared = Arc::clone(&team.shared);
            let thread = std::thread::Builder::new().name(format!("engine-{part}"));
            team.threads.push(thread.spawn(move || shared.work(part))?);
        }
        Ok(team)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.threads.len()
    }

    /// Calls `f` for all parts, of which there are at most one more than threads, and waits for all. If the threads are
    /// another caller's at the moment, the calling one does it all.
    pub(super) fn run(&self, parts: usize, f: &(dyn Fn(usize) + Sync)) {
        let Ok(_calling) = self.calling.try_lock() else { return (0..parts).for_each(f) };
        assert!(parts <= self.len() + 1);
        // SAFETY: only the lifetime changes; `finish` waits until nobody refers to it any more.
        let f: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(f) };
        // SAFETY: nobody is busy, and only this caller writes.
        unsafe { *self.shared.work.get() = Work { parts, f } };
        self.shared.busy.store(self.len(), Ordering::Relaxed);
        self.shared.next_turn(|turn| turn + 1);
        let finish = Finish(&self.shared);
        f(0);
        drop(finish);
        let panic = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.next_turn(|_| STOP);
        for thread in self.threads.drain(..) {
            // A panic was passed on to its caller.
            let _ = thread.join();
        }
    }
}

/// Waits until all threads have finished, even if the caller's own part panics.
struct Finish<'a>(&'a Shared);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let mut looks = 0;
        while self.0.busy.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < LOOKS {
                std::hint::spin_loop();
            } else {
                // There may be fewer processors than threads.
                std::thread::yield_now();
            }
        }
    }
}

impl Shared {
    fn next_turn(&self, next: impl Fn(usize) -> usize) {
        // Either a thread that goes to sleep sees the turn, or it is seen to sleep.
        self.turn.store(next(self.turn.load(Ordering::Relaxed)), Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            let _sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
            self.wake.notify_all();
        }
    }

    /// A thread's life.
    fn work(&self, part: usize) {
        let mut turn = 0;
        loop {
            turn = self.wait(turn);
            if turn == STOP {
                return;
            }
            // SAFETY: the turn has changed: nobody writes before this thread has finished.
            let Work { parts, f } = unsafe { *self.work.get() };
            if part < parts {
                // SAFETY: the caller keeps it until this thread has finished.
                let done = catch_unwind(AssertUnwindSafe(|| unsafe { (*f)(part) }));
                if let Err(panic) = done {
                    *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                }
            }
            self.busy.fetch_sub(1, Ordering::Release);
        }
    }

    /// The turn after this one.
    fn wait(&self, seen: usize) -> usize {
        for _ in 0..LOOKS {
            let turn = self.turn.load(Ordering::Acquire);
            if turn != seen {
                return turn;
            }
            std::hint::spin_loop();
        }
        let mut sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        let turn = loop {
            let turn = self.turn.load(Ordering::SeqCst);
            if turn != seen {
                break turn;
            }
            sleep = self.wake.wait(sleep).unwrap_or_else(PoisonError::into_inner);
        };
        self.asleep.fetch_sub(1, Ordering::SeqCst);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_part_once() {
        let team = Team::new(3).unwrap();
        for turn in 0..2000 {
            let parts = 1 + turn % 4;
            let done: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
            team.run(parts, &|part| {
                done[part].fetch_add(1, Ordering::Relaxed);
            });
            let done: Vec<usize> = done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
            assert_eq!(done, (0..4).map(|part| usize::from(part < parts)).collect::<Vec<_>>());
            if turn % 500 == 0 {
                std::thread::sleep(Duration::from_millis(20)); // All fall asleep.
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_harms_nobody() {
        let team = Team::new(1).unwrap();
        for panics in [0, 1] {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                team.run(2, &|part| assert_ne!(part, panics, "part {part}"));
            }));
            assert!(caught.is_err());
            let done = AtomicUsize::new(0);
            team.run(2, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 2);
        }
    }

    #[test]
    fn callers_do_not_wait_for_each_other() {
        let team = Team::new(1).unwrap();
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        team.run(2, &|_| {
                            // A call inside of a call.
                            team.run(2, &|_| {
                                done.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 4 * 200 * 4);
    }
}
