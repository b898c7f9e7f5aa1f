//! A verifier takes a slot of the round.
use super::{seeds, Phase, Slot, Standing, Task};
use crate::commit::Hash;
use crate::protocol::error::{ensure, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{Effects, Reason};
use crate::protocol::types::{AccountId, Context};
use crate::protocol::Error;

/// First come, first served.
pub(crate) fn join(task: &mut Task, context: &Context, seed_commit: Hash, effects: &mut Effects) -> Checked {
    let phase = if task.phase == Phase::Joining { Phase::Joining } else { Phase::Open };
    task.during(phase, context.now)?;
    let verifier = context.caller;
    ensure!(!has_role(task, &verifier), Error::RoleTaken);
    ensure!(!task.profile.is_some_and(|profile| profile.fell), Error::ProfileFell);
    ensure!(!task.is_full(), Error::SlotsFull);

    let slot = u8::try_from(task.slots.len()).unwrap_or(u8::MAX);
    let bond = task.terms.verifier_bond;
    effects.lock(task, verifier, bond, Reason::VerifierBond)?;
    task.slots.push(Slot { verifier, bond, seed_commit, seed: None, standing: Standing::Joined });
    effects.tell(Event::Joined { slot, verifier });
    if phase == Phase::Joining && task.is_full() {
        seeds::begin_round(task, context.now, effects)?;
    }
    Ok(())
}

/// Submitter, solver (or bidder) and verifiers are different accounts. (That keeps people from mistakes, not cheats from
/// having several accounts; nothing below relies on it.)
pub(super) fn has_role(task: &Task, account: &AccountId) -> bool {
    task.submitter == *account
        || task.slot_of(account).is_some()
        || task.bids.iter().any(|bid| bid.solver == *account)
        || task.solver.is_some_and(|solver| solver.account == *account)
}
