//! Verifiers commit to their verdicts, then reveal them.
use super::{settle, Phase, Report, Standing, Task};
use crate::commit::{checked_item, position_of_item, Hash};
use crate::protocol::error::{books, ensure, same_count, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{Effects, Reason};
use crate::protocol::types::{Block, Context, SegmentReport};
use crate::protocol::verdict::{passes, verdict_commitment};
use crate::protocol::Error;
use alloc::vec::Vec;

/// Begins the commit phase for the verifiers that are left.
pub(super) fn begin(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    task.enter(Phase::Committing, now, task.parameters.commit_blocks, effects)?;
    advance(task, now, false, effects)
}

/// Leaves the round without fee or loss: what is needed to replay could not be had.
pub(crate) fn abstain(task: &mut Task, context: &Context, effects: &mut Effects) -> Checked {
    task.during(Phase::Committing, context.now)?;
    let (at, slot) = task.own_slot(&context.caller)?;
    ensure!(slot.standing == Standing::Joined, Error::Already);
    slot.standing = Standing::Abstained;
    let bond = core::mem::take(&mut slot.bond);
    effects.credit(task, context.caller, bond, Reason::VerifierBond)?;
    effects.tell(Event::Abstained { slot: at });
    advance(task, context.now, false, effects)
}

/// Commits, blind.
pub(crate) fn commit_verdict(task: &mut Task, context: &Context, commitment: Hash, effects: &mut Effects) -> Checked {
    task.during(Phase::Committing, context.now)?;
    let (at, slot) = task.own_slot(&context.caller)?;
    ensure!(slot.standing == Standing::Joined, Error::Already);
    slot.standing = Standing::Committed(commitment);
    effects.tell(Event::Committed { slot: at });
    advance(task, context.now, false, effects)
}

/// Opens the commitment: one report per drawn segment, in draw order.
pub(crate) fn reveal_verdict(
    task: &mut Task,
    context: &Context,
    reports: &[SegmentReport],
    salt: &Hash,
    effects: &mut Effects,
) -> Checked {
    task.during(Phase::Revealing, context.now)?;
    let (id, round, chain) = (task.id, task.round, task.parameters.chain);
    let (at, slot) = task.own_slot(&context.caller)?;
    let Standing::Committed(committed) = slot.standing else {
        return Err(Error::Already.into());
    };
    let got = verdict_commitment(&chain, &context.contract, id, round, &context.caller, reports, salt);
    ensure!(got == committed, Error::Commitment);

    let draws = task.draws(at);
    same_count(draws.len(), reports.len())?;
    let mut stored = Vec::new();
    for (segment, report) in draws.iter().zip(reports) {
        stored.push(check(task, *segment, report)?);
    }
    effects.tell(Event::Revealed { slot: at, passes: stored.iter().all(|report| report.passes) });
    task.slot_mut(at)?.standing = Standing::Revealed(stored);
    advance(task, context.now, false, effects)
}

/// Checks a report's openings and judges the segment.
fn check(task: &Task, segment: u32, report: &SegmentReport) -> Checked<Report> {
    let checkpoints = task.proof.ok_or_else(books)?.checkpoints;
    let len = task.spec.checkpoints_len();
    let (first, second) = (u64::from(segment), u64::from(segment).saturating_add(1));
    let chunk_of = |item| position_of_item(item, 32).map(|(chunk, _)| chunk);
    let chunks = if chunk_of(first) == chunk_of(second) { 1 } else { 2 };
    same_count(chunks, report.openings.len())?;
    let (Some(at_first), Some(at_second)) = (report.openings.first(), report.openings.last()) else {
        return Err(books()); // Never: there is one at least.
    };
    let start = Hash(checked_item(&checkpoints, len, first, at_first)?);
    let claimed = Hash(checked_item(&checkpoints, len, second, at_second)?);
    let passes = passes(task.spec.mode, &report.replayed, &claimed, report.value, task.tau2());
    let SegmentReport { replayed, value, .. } = *report;
    Ok(Report { segment, start, claimed, replayed, value, passes, games: [0; 2] })
}

/// Goes on to the next phase when nobody is left to wait for, or (`over`) when the deadline has passed: then who didn't
/// commit or reveal pays for it.
pub(super) fn advance(task: &mut Task, now: Block, over: bool, effects: &mut Effects) -> Checked {
    let waits = |standing: &Standing, phase| match phase {
        Phase::Committing => *standing == Standing::Joined,
        _ => matches!(standing, Standing::Committed(_)),
    };
    let phase = task.phase;
    for at in 0..task.slots.len() {
        if task.slots.get(at).is_some_and(|slot| waits(&slot.standing, phase)) {
            if !over {
                return Ok(());
            }
            settle::silence(task, at, effects)?;
            effects.tell(Event::VerdictWithheld { slot: u8::try_from(at).unwrap_or(u8::MAX) });
        }
    }
    let any = |wanted: fn(&Standing) -> bool| task.slots.iter().any(|slot| wanted(&slot.standing));
    if phase == Phase::Committing && any(|standing| matches!(standing, Standing::Committed(_))) {
        task.enter(Phase::Revealing, now, task.parameters.reveal_blocks, effects)
    } else if phase == Phase::Revealing && any(|standing| matches!(standing, Standing::Revealed(_))) {
        task.enter(Phase::Challenging, now, task.parameters.challenge_blocks, effects)
    } else {
        settle::round_fell(task, now, effects)
    }
}
