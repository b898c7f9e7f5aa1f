//! Seeds are revealed and the beacon is fixed.
use super::{settle, verify, Phase, Standing, Task};
use crate::commit::Hash;
use crate::protocol::beacon::seed_commit;
use crate::protocol::error::{ensure, overflow, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, Effects, Reason};
use crate::protocol::types::{AccountId, Block, Context};
use crate::protocol::Error;

/// The verifiers of a round are complete. If the segments are drawn already, they replay the same ones.
pub(super) fn begin_round(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    if task.beacon.is_some() {
        return verify::begin(task, now, effects);
    }
    task.submitter_seed = None;
    let blocks = task.parameters.seed_blocks.checked_mul(2).ok_or_else(overflow)?;
    task.enter(Phase::Seeds, now, blocks, effects)
}

/// Whether it is this account's turn: verifiers in the first half of the phase, the submitter when all verifiers have
/// revealed or their half is over.
pub(super) fn whose_turn(task: &Task, account: &AccountId, now: Block) -> Checked {
    task.during(Phase::Seeds, now)?;
    let half = task.deadline.saturating_sub(task.parameters.seed_blocks);
    if *account == task.submitter {
        ensure!(task.submitter_seed.is_none(), Error::Already);
        ensure!(now > half || all_verifiers_in(task), Error::NotBefore(half.saturating_add(1)));
        return Ok(());
    }
    let slot = task.slots.iter().find(|slot| slot.verifier == *account);
    let Some(slot) = slot else {
        return Err(Error::NotYours.into());
    };
    ensure!(slot.standing == Standing::Joined, Error::NotYours);
    ensure!(slot.seed.is_none(), Error::Already);
    ensure!(now <= half, Error::TooLate(half));
    Ok(())
}

/// The verifiers that are still in the round have all revealed.
fn all_verifiers_in(task: &Task) -> bool {
    task.slots.iter().all(|slot| slot.seed.is_some() || slot.standing != Standing::Joined)
}

/// Reveals a seed. The submitter's is the last and fixes the beacon.
pub(crate) fn reveal_seed(task: &mut Task, context: &Context, seed: &Hash, effects: &mut Effects) -> Checked {
    whose_turn(task, &context.caller, context.now)?;
    let account = context.caller;
    let commit = seed_commit(&account, seed);
    effects.tell(Event::SeedRevealed { account });
    if account == task.submitter {
        ensure!(commit == task.submitter_commit, Error::Seed);
        task.submitter_seed = Some(*seed);
        task.submitter_commit = *seed;
        return fix(task, context, effects);
    }
    let (_, slot) = task.own_slot(&account)?;
    ensure!(commit == slot.seed_commit, Error::Seed);
    slot.seed = Some(*seed);
    Ok(())
}

/// Fixes the beacon from what was revealed; who withheld pays, and a verifier leaves the round.
pub(super) fn fix(task: &mut Task, context: &Context, effects: &mut Effects) -> Checked {
    for at in 0..task.slots.len() {
        let withheld = task.slots.get(at).filter(|slot| slot.seed.is_none() && slot.standing == Standing::Joined);
        if let Some(account) = withheld.map(|slot| slot.verifier) {
            settle::silence(task, at, effects)?;
            effects.tell(Event::SeedWithheld { account });
        }
    }
    if task.submitter_seed.is_none() {
        let lost = permille(task.terms.seed_bond, task.parameters.silence_permille)?.min(task.seed_bond);
        task.seed_bond = task.seed_bond.saturating_sub(lost);
        effects.jackpot(task, task.submitter, lost, Reason::Silence)?;
        effects.tell(Event::SeedWithheld { account: task.submitter });
    }
    task.beacon = task.contributions(context.contract).beacon();
    match task.beacon {
        Some(beacon) => {
            effects.tell(Event::BeaconFixed { beacon });
            verify::begin(task, context.now, effects)
        }
        None => settle::round_fell(task, context.now, effects),
    }
}
