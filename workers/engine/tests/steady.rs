//! A step in the middle of training allocates nothing: buffers, packed panels and registers are there since the first.
mod common;

use common::{Example, EXAMPLES};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Allocations of this thread.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: it is the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_allocates_nothing() {
    for name in EXAMPLES {
        let compiled = Example::read(name).synthetic();
        let mut trainer = compiled.trainer().unwrap();
        let mut state = compiled.start.clone();
        for step in 0..2 {
            trainer.step(&mut state, step).unwrap();
        }
        let before = COUNT.get();
        assert!(before > 0, "nothing is counted");
        trainer.step(&mut state, 2).unwrap();
        assert_eq!(COUNT.get() - before, 0, "{name}");
    }
}
