//! Calls that a contract has to refuse, on the real Wasm on the real pallet: each must get an answer that says why, and
//! leave the whole chain's state as it was. And exits: whatever anybody fails to do, anyone can move things on.
mod content;
mod exits;
mod matrix;
mod referee;
mod scenes;
mod twice;

use assay_core::protocol::Error;
use assay_scenarios::court::{CallError, Court};

/// A call that is refused and changes nothing; returns what the contract said.
#[track_caller]
fn refused<T: std::fmt::Debug>(
    court: &mut Court<'_>,
    call: impl FnOnce(&mut Court<'_>) -> Result<T, CallError>,
) -> Error {
    match unchanged(court, call) {
        Err(CallError::Refused { error, .. }) => error,
        other => panic!("not refused by the contract: {other:?}"),
    }
}

/// A call that changes nothing, whatever comes of it.
#[track_caller]
fn unchanged<T: std::fmt::Debug>(
    court: &mut Court<'_>,
    call: impl FnOnce(&mut Court<'_>) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let before = court.state_root().unwrap();
    let outcome = call(court);
    if outcome.is_err() {
        assert_eq!(court.state_root().unwrap(), before, "{outcome:?} changed the state");
    }
    outcome
}
