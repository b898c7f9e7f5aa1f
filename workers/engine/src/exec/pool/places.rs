//! Which processors threads wake up on.
//!
//! Some kernels wake a thread where its waker runs, even while other processors are idle: those of virtual machines may be
//! set up so, to let virtual processors sleep. The waker goes on computing there, so that two threads then share one
//! processor, and a call takes twice as long as it would; what is more, a thread that comes too late for any part sleeps
//! again, and is woken up there again.
#[cfg(target_os = "linux")]
use rustix::thread::{gettid, sched_getaffinity, sched_getcpu, sched_setaffinity, Pid};

/// A thread of this process.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy)]
pub(super) struct Thread(Pid);

#[cfg(target_os = "linux")]
impl Thread {
    /// The calling one.
    pub(super) fn current() -> Thread {
        Thread(gettid())
    }
}

/// Wakes these threads up: on other processors than the calling one's, if the caller may use others. Where they run then
/// is the kernel's business again: anywhere the caller may, whatever they were allowed before.
#[cfg(target_os = "linux")]
pub(super) fn wake_apart<'a>(threads: impl Iterator<Item = &'a Thread> + Clone, wake: impl FnOnce()) {
    let Ok(all) = sched_getaffinity(None) else { return wake() };
    let mut others = all;
    others.unset(sched_getcpu());
    if others.count() == 0 {
        return wake();
    }
    // If a processor is taken away meanwhile, threads wake up anywhere.
    for thread in threads.clone() {
        let _ = sched_setaffinity(Some(thread.0), &others);
    }
    wake();
    for thread in threads {
        let _ = sched_setaffinity(Some(thread.0), &all);
    }
}

/// A thread of this process.
#[cfg(not(target_os = "linux"))]
#[derive(Clone, Copy)]
pub(super) struct Thread;

#[cfg(not(target_os = "linux"))]
impl Thread {
    /// The calling one.
    pub(super) fn current() -> Thread {
        Thread
    }
}

/// Wakes these threads up: where is the kernel's business.
#[cfg(not(target_os = "linux"))]
pub(super) fn wake_apart<'a>(_threads: impl Iterator<Item = &'a Thread> + Clone, wake: impl FnOnce()) {
    wake();
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::thread::CpuSet;

    #[test]
    fn a_thread_wakes_up_elsewhere_and_may_run_anywhere_then() {
        let all = sched_getaffinity(None).unwrap();
        let (says, hears) = std::sync::mpsc::channel();
        let (wakes, sleeps) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            says.send(Thread::current()).unwrap();
            sleeps.recv().unwrap_err();
        });
        let thread = hears.recv().unwrap();
        let mut woken = false;
        wake_apart([thread].iter(), || {
            let places = sched_getaffinity(Some(thread.0)).unwrap();
            assert_eq!(places.count(), (all.count() - 1).max(1));
            assert!((0..CpuSet::MAX_CPU).all(|place| all.is_set(place) || !places.is_set(place)));
            woken = true;
        });
        assert!(woken);
        assert!(sched_getaffinity(Some(thread.0)).unwrap() == all && sched_getaffinity(None).unwrap() == all);
        drop(wakes);
        sleeper.join().unwrap();
        // One that has ended does no harm.
        wake_apart([thread].iter(), || ());
    }
}
