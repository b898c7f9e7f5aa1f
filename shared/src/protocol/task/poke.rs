//! Past a deadline, anyone may move a task on.
use super::{bid, profile, seeds, settle, verify, Outcome, Phase, Task};
use crate::protocol::error::{ensure, Checked};
use crate::protocol::money::Effects;
use crate::protocol::types::{Block, Context};
use crate::protocol::Error;

/// Moves a task out of a phase whose deadline has passed.
pub(crate) fn poke(task: &mut Task, context: &Context, effects: &mut Effects) -> Checked {
    let now = context.now;
    match task.phase {
        Phase::Open => leave_open(task, now, effects),
        Phase::Closed(_) => Err(Error::Phase(task.phase).into()),
        _ if now <= task.deadline => Err(Error::NothingToDo(task.deadline).into()),
        Phase::Training => settle::solver_absent(task, effects),
        Phase::Seeds => seeds::fix(task, context, effects),
        Phase::Committing | Phase::Revealing => verify::advance(task, now, true, effects),
        Phase::Challenging => settle::settle(task, now, effects),
        Phase::Joining if task.slots.is_empty() => settle::close(task, Outcome::Unverified, effects),
        // Fewer verifiers than wanted are better than none: a forger must not escape because nobody else came.
        Phase::Joining => seeds::begin_round(task, now, effects),
    }
}

/// Assigns the task, or gives everybody their money back.
fn leave_open(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    ensure!(task.open_games == 0, Error::GamesOpen(task.open_games));
    if task.profile.is_some_and(|profile| profile.fell) {
        return settle::close(task, Outcome::ProfileFell, effects);
    }
    let mut until = task.deadline;
    if let Some(profile) = task.profile {
        until = until.max(profile.until);
    }
    ensure!(now > until, Error::NothingToDo(until));
    if !task.is_full() {
        return settle::close(task, Outcome::NoVerifiers, effects);
    }
    if task.bids.is_empty() {
        return settle::close(task, Outcome::NoBids, effects);
    }
    if task.is_tolerant() && task.profile.is_none() {
        let last = profile::last_block(task)?;
        ensure!(now > last, Error::NothingToDo(last));
        return settle::close(task, Outcome::NoProfile, effects);
    }
    bid::assign(task, now, effects)
}
