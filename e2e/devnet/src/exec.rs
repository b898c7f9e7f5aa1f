//! Runs the native runtime on a state.

use crate::{error::Error, state::StateBackend};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{Ext, OverlayedChanges};
use std::{
    any::Any,
    cell::Cell,
    panic::{catch_unwind, AssertUnwindSafe},
};

/// Changes that are not part of any state yet.
pub type Overlay = OverlayedChanges<BlakeTwo256>;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is running the runtime: a panic is then an answer, not a crash (see `main.rs`).
pub fn inside_runtime() -> bool {
    INSIDE.get()
}

/// Runs `f` with the runtime's storage being `backend` under `overlay`.
///
/// A panic, which on a Wasm node would be a trap, comes back as an error; what it had changed is undone.
pub fn run<R>(backend: &StateBackend<'_>, overlay: &mut Overlay, f: impl FnOnce() -> R) -> Result<R, Error> {
    let depth = overlay.transaction_depth();
    overlay.start_transaction();
    let before = INSIDE.replace(true);
    let outcome = {
        let mut ext = Ext::new(overlay, backend, None);
        // The overlay is rolled back below and the backend is read only, so nothing half-done survives.
        catch_unwind(AssertUnwindSafe(|| sp_externalities::set_and_run_with_externalities(&mut ext, f)))
    };
    INSIDE.set(before);
    match outcome {
        Ok(result) => {
            let _ = overlay.commit_transaction();
            Ok(result)
        }
        Err(payload) => {
            roll_back_to(overlay, depth);
            Err(Error::Panic(message(payload.as_ref())))
        }
    }
}

/// Like [`run`], but an `Err` of `f` undoes its changes too.
pub fn run_or_undo<T, E>(
    backend: &StateBackend<'_>,
    overlay: &mut Overlay,
    f: impl FnOnce() -> Result<T, E>,
) -> Result<Result<T, E>, Error> {
    let depth = overlay.transaction_depth();
    overlay.start_transaction();
    let outcome = run(backend, overlay, f);
    match outcome {
        Ok(Ok(_)) => {
            let _ = overlay.commit_transaction();
        }
        _ => roll_back_to(overlay, depth),
    }
    outcome
}

fn roll_back_to(overlay: &mut Overlay, depth: usize) {
    // A panic leaves the layers that the runtime had opened.
    while overlay.transaction_depth() > depth && overlay.rollback_transaction().is_ok() {}
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "no message".to_string()
    }
}
