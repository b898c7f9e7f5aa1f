//! Threads that wait for work awake.
//!
//! A step has hundreds of operators, many of a few microseconds; a thread that sleeps takes as long to wake up. So one
//! that has worked looks out for more for a while before it sleeps, as those of OpenMP do. And the caller takes every
//! part that no thread has begun: it waits for what is being done, never for somebody to begin. It begins with the first
//! ones and the threads with the last ones, so that from call to call most of them are done where they were done before.
use super::places::{wake_apart, Thread};
use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

/// Looks, with a pause of the processor's after each, before a thread sleeps: about a tenth of a millisecond.
const LOOKS: usize = 1 << 12;
/// Bits of a number of parts.
const PART_BITS: u32 = 12;
/// Parts of a call at most.
const MOST: usize = (1 << PART_BITS) - 1;

/// Some threads.
pub(super) struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Held during a call.
    calling: Mutex<()>,
}

struct Shared {
    /// The call under way, or the last one, see [`Call`].
    call: AtomicU64,
    /// What it does to a part.
    work: UnsafeCell<Work>,
    /// Its parts that are done.
    done: AtomicUsize,
    stop: AtomicBool,
    /// Who they are, once they have begun.
    threads: Vec<OnceLock<Thread>>,
    /// Threads that sleep.
    asleep: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

type Work = *const (dyn Fn(usize) + Sync);

// SAFETY: `work` is read only by who has taken a part, and written only by who holds `calling`, after all parts that were
// taken are done; what it points to may be shared, and outlives its call's parts.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// A call in one word: its number, how many of the last and of the first parts are taken, and how many there are. With the
/// number in it, a thread that looked long ago takes nothing of a later call.
#[derive(Clone, Copy)]
struct Call(u64);

impl Call {
    fn parts(self) -> usize {
        (self.0 & MOST as u64) as usize
    }

    /// How many are taken from an end.
    fn taken(self, end: End) -> usize {
        (self.0 >> (PART_BITS * end as u32) & MOST as u64) as usize
    }

    /// The next part from an end, if there is one, and the same call with it taken.
    fn take(self, end: End) -> Option<(usize, Call)> {
        let taken = self.taken(end);
        let part = match end {
            End::First => taken,
            End::Last => self.parts().wrapping_sub(taken + 1),
        };
        self.is_open().then(|| (part, Call(self.0 + (1 << (PART_BITS * end as u32)))))
    }

    /// A new call of so many parts.
    fn following(self, parts: usize) -> Call {
        Call((self.0 >> (3 * PART_BITS)).wrapping_add(1) << (3 * PART_BITS) | parts as u64)
    }

    fn is_open(self) -> bool {
        self.taken(End::First) + self.taken(End::Last) < self.parts()
    }
}

/// Which parts are taken first, and where a [`Call`] counts them.
#[derive(Clone, Copy)]
enum End {
    First = 1,
    Last = 2,
}

impl Team {
    /// So many threads.
    pub(super) fn new(threads: usize) -> std::io::Result<Team> {
        let nothing: &'static (dyn Fn(usize) + Sync) = &|_| ();
        let shared = Arc::new(Shared {
            call: AtomicU64::new(0),
            work: UnsafeCell::new(nothing),
            done: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            threads: (0..threads).map(|_| OnceLock::new()).collect(),
            asleep: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            panic: Mutex::new(None),
        });
        let mut team = Team { shared, threads: Vec::new(), calling: Mutex::new(()) };
        for number in 0..threads {
            let shared = Arc::clone(&team.shared);
            let thread = std::thread::Builder::new().name(format!("engine-{}", number + 1));
            team.threads.push(thread.spawn(move || {
                shared.threads[number].get_or_init(Thread::current);
                while shared.wait() {
                    while shared.take_part(End::Last) {}
                }
            })?);
        }
        Ok(team)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.threads.len()
    }

    /// Calls `f` for all parts, and returns when all are done. If the threads are another caller's at the moment, the
    /// calling one does it all.
    pub(super) fn run(&self, parts: usize, f: &(dyn Fn(usize) + Sync)) {
        let Ok(_calling) = self.calling.try_lock() else { return (0..parts).for_each(f) };
        assert!(parts <= MOST, "{parts} parts");
        // SAFETY: only the lifetime changes: nobody takes a part after this call, which waits for those that were taken.
        let f: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(f) };
        let shared = &*self.shared;
        // SAFETY: all parts of the call before are done.
        unsafe { *shared.work.get() = f };
        shared.done.store(0, Ordering::Relaxed);
        let call = Call(shared.call.load(Ordering::Relaxed)).following(parts);
        // Either a thread that goes to sleep sees the call, or it is seen to sleep.
        shared.call.store(call.0, Ordering::SeqCst);
        shared.wake();
        while shared.take_part(End::First) {}
        shared.wait_until_done(parts);
        let panic = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake();
        for thread in self.threads.drain(..) {
            // A panic was passed on to its caller.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Wakes who sleeps.
    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) > 0 {
            // Who is about to sleep does; and who wakes up finds the lock free, and needn't sleep again.
            drop(self.sleep.lock().unwrap_or_else(PoisonError::into_inner));
            wake_apart(self.threads.iter().filter_map(OnceLock::get), || self.wake.notify_all());
        }
    }

    /// Does the next part from an end that nobody has taken, if there is one.
    fn take_part(&self, end: End) -> bool {
        let mut call = Call(self.call.load(Ordering::Acquire));
        while let Some((part, taken)) = call.take(end) {
            match self.call.compare_exchange_weak(call.0, taken.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: the caller doesn't return, and nothing is written, before this part is done.
                    let done = catch_unwind(AssertUnwindSafe(|| unsafe { (**self.work.get())(part) }));
                    if let Err(panic) = done {
                        *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                    }
                    self.done.fetch_add(1, Ordering::Release);
                    return true;
                }
                Err(now) => call = Call(now),
            }
        }
        false
    }

    fn wait_until_done(&self, parts: usize) {
        let mut looks = 0;
        while self.done.load(Ordering::Acquire) < parts {
            looks += 1;
            if looks < LOOKS {
                std::hint::spin_loop();
            } else {
                // There may be fewer processors than threads.
                std::thread::yield_now();
            }
        }
    }

    /// Waits for a part to take; whether to go on.
    fn wait(&self) -> bool {
        let has_work = || Call(self.call.load(Ordering::SeqCst)).is_open();
        let stops = || self.stop.load(Ordering::SeqCst);
        loop {
            for _ in 0..LOOKS {
                if has_work() || stops() {
                    return !stops();
                }
                std::hint::spin_loop();
            }
            let sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
            self.asleep.fetch_add(1, Ordering::SeqCst);
            if !has_work() && !stops() {
                // Woken up too late for one call, a thread looks out for the next one: where waking up takes as long as a
                // call does, it would else never be there for any.
                drop(self.wake.wait(sleep).unwrap_or_else(PoisonError::into_inner));
            }
            self.asleep.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn every_part_once() {
        let team = Team::new(3).unwrap();
        for turn in 0..2000 {
            let parts = 1 + turn % 9;
            let done: Vec<AtomicUsize> = (0..9).map(|_| AtomicUsize::new(0)).collect();
            team.run(parts, &|part| {
                done[part].fetch_add(1, Ordering::Relaxed);
            });
            let done: Vec<usize> = done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
            assert_eq!(done, (0..9).map(|part| usize::from(part < parts)).collect::<Vec<_>>());
            if turn % 500 == 0 {
                std::thread::sleep(Duration::from_millis(20)); // All fall asleep.
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_harms_nobody() {
        let team = Team::new(1).unwrap();
        for panics in [0, 1] {
            let done = AtomicUsize::new(0);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                team.run(2, &|part| {
                    done.fetch_add(1, Ordering::Relaxed);
                    assert_ne!(part, panics, "part {part}");
                });
            }));
            assert!(caught.is_err());
            team.run(2, &|_| {
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 4);
        }
    }

    #[test]
    fn threads_do_take_part() {
        // Neither part ends before the other has begun, or it has taken far too long.
        let team = Team::new(1).unwrap();
        for _ in 0..50 {
            let (begun, since) = (AtomicUsize::new(0), Instant::now());
            team.run(2, &|_| {
                begun.fetch_add(1, Ordering::SeqCst);
                while begun.load(Ordering::SeqCst) < 2 {
                    assert!(since.elapsed() < Duration::from_secs(30), "the thread took no part");
                    std::thread::yield_now();
                }
            });
            std::thread::sleep(Duration::from_millis(1)); // It falls asleep.
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
