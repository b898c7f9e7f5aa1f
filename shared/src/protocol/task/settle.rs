//! Money at the end of a round and of a task.
use super::{Outcome, Phase, Standing, Task};
use crate::protocol::error::{books, ensure, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, take, Effects, Reason};
use crate::protocol::types::{AccountId, Balance, Block, MAX_ROUNDS};
use crate::protocol::Error;
use alloc::vec::Vec;

impl Task {
    /// Pays somebody from the submitter's budget.
    pub(super) fn pay_from_budget(
        &mut self,
        to: AccountId,
        amount: Balance,
        reason: Reason,
        effects: &mut Effects,
    ) -> Checked {
        take(&mut self.budget, amount)?;
        effects.credit(self, to, amount, reason)
    }

    /// Takes the solver's bond out, to be shared.
    fn take_solver_bond(&mut self) -> Checked<(AccountId, Balance)> {
        let solver = self.solver.as_mut().ok_or_else(books)?;
        Ok((solver.account, core::mem::take(&mut solver.bond)))
    }
}

/// The challenge window is over: judges the solver by the verdicts that stand.
pub(super) fn settle(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    ensure!(task.open_games == 0, Error::GamesOpen(task.open_games));
    let standing = task.slots.iter().filter_map(|slot| match &slot.standing {
        Standing::Revealed(reports) => Some((slot.verifier, reports.iter().all(|report| report.passes))),
        _ => None,
    });
    let standing: Vec<(AccountId, bool)> = standing.collect();
    if standing.is_empty() {
        round_fell(task, now, effects)
    } else if standing.iter().all(|(_, passes)| *passes) {
        pay(task, &standing, effects)
    } else {
        refute(task, &standing, effects)
    }
}

/// The solver is paid, the verifiers and the jackpot get their parts.
fn pay(task: &mut Task, standing: &[(AccountId, bool)], effects: &mut Effects) -> Checked {
    let solver = task.solver.ok_or_else(books)?;
    task.pay_from_budget(solver.account, solver.price, Reason::Price, effects)?;
    for (verifier, _) in standing {
        task.pay_from_budget(*verifier, task.terms.verifier_fee, Reason::VerifierFee, effects)?;
    }
    let tax = permille(solver.price, task.parameters.tax_permille)?;
    take(&mut task.budget, tax)?;
    effects.jackpot(task, task.submitter, tax, Reason::Tax)?;
    close(task, Outcome::Paid, effects)
}

/// The solver's bond pays the standing verifiers' fees (and what the profile cost), so that the submitter's refund is
/// full; of the rest the submitter and the verifiers that refuted get parts, and the jackpot at least half.
fn refute(task: &mut Task, standing: &[(AccountId, bool)], effects: &mut Effects) -> Checked {
    let (solver, mut bond) = task.take_solver_bond()?;
    let mut pay = |task: &mut Task, to, amount: Balance, reason| {
        take(&mut bond, amount)?;
        effects.credit(task, to, amount, reason).map(|()| bond)
    };
    let mut rest = pay(task, task.submitter, task.terms.profile_fee, Reason::Refund)?;
    for (verifier, _) in standing {
        rest = pay(task, *verifier, task.terms.verifier_fee, Reason::VerifierFee)?;
    }
    let refuters = standing.iter().filter(|(_, passes)| !passes);
    let share = permille(rest, task.parameters.refuters_permille)?;
    let share = share.checked_div(refuters.clone().count() as Balance).unwrap_or(0);
    let for_submitter = permille(rest, task.parameters.submitter_permille)?;
    pay(task, task.submitter, for_submitter, Reason::PartOfSolverBond)?;
    for (verifier, _) in refuters {
        pay(task, *verifier, share, Reason::PartOfSolverBond)?;
    }
    effects.jackpot(task, solver, bond, Reason::Confiscated)?;
    close(task, Outcome::Refuted, effects)
}

/// The solver's clock ran out: a part of its bond pays back what the profile cost, and is shared.
pub(super) fn solver_absent(task: &mut Task, effects: &mut Effects) -> Checked {
    let (solver, bond) = task.take_solver_bond()?;
    let lost = permille(bond, task.parameters.absent_permille)?;
    let profile = task.terms.profile_fee.min(lost);
    let rest = lost.saturating_sub(profile);
    let for_submitter = permille(rest, task.parameters.absent_submitter_permille)?;
    effects.credit(task, task.submitter, profile, Reason::Refund)?;
    effects.credit(task, task.submitter, for_submitter, Reason::PartOfSolverBond)?;
    effects.jackpot(task, solver, rest.saturating_sub(for_submitter), Reason::Confiscated)?;
    effects.credit(task, solver, bond.saturating_sub(lost), Reason::SolverBond)?;
    close(task, Outcome::SolverAbsent, effects)
}

/// A verifier withheld its seed or verdict: it loses a part of its bond and leaves.
pub(super) fn silence(task: &mut Task, slot: usize, effects: &mut Effects) -> Checked {
    let slot = task.slots.get_mut(slot).ok_or_else(books)?;
    slot.standing = Standing::Silent;
    let (verifier, bond) = (slot.verifier, core::mem::take(&mut slot.bond));
    let lost = permille(bond, task.parameters.silence_permille)?;
    effects.jackpot(task, verifier, lost, Reason::Silence)?;
    effects.credit(task, verifier, bond.saturating_sub(lost), Reason::VerifierBond)
}

/// No verdict of the round stands: the next round begins, or the task ends without a result.
pub(super) fn round_fell(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    effects.tell(Event::RoundFell { round: task.round });
    let next = task.round.saturating_add(1);
    if next >= MAX_ROUNDS {
        return close(task, Outcome::Unverified, effects);
    }
    release_slots(task, effects)?;
    task.slots.clear();
    task.round = next;
    task.enter(Phase::Joining, now, task.parameters.join_blocks, effects)
}

fn release_slots(task: &mut Task, effects: &mut Effects) -> Checked {
    for at in 0..task.slots.len() {
        let Some(slot) = task.slots.get_mut(at) else {
            continue;
        };
        let (verifier, bond) = (slot.verifier, core::mem::take(&mut slot.bond));
        effects.credit(task, verifier, bond, Reason::VerifierBond)?;
    }
    Ok(())
}

/// Ends the task: everything that is still locked goes back to those who locked it.
pub(super) fn close(task: &mut Task, outcome: Outcome, effects: &mut Effects) -> Checked {
    release_slots(task, effects)?;
    let bond = task.terms.solver_bond;
    for bid in core::mem::take(&mut task.bids) {
        effects.credit(task, bid.solver, bond, Reason::SolverBond)?;
    }
    if task.solver.is_some() {
        let (solver, bond) = task.take_solver_bond()?;
        effects.credit(task, solver, bond, Reason::SolverBond)?;
    }
    let seed_bond = core::mem::take(&mut task.seed_bond);
    effects.credit(task, task.submitter, seed_bond, Reason::SeedBond)?;
    let budget = core::mem::take(&mut task.budget);
    let reason = if outcome == Outcome::Paid { Reason::Excess } else { Reason::Refund };
    effects.credit(task, task.submitter, budget, reason)?;
    ensure!(task.locked == 0, Error::Books);
    task.phase = Phase::Closed(outcome);
    effects.tell(Event::Closed { outcome });
    Ok(())
}
