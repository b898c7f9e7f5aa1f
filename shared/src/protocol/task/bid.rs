//! Solvers bid; the lowest wins when the window is over.
use super::join::has_role;
use super::{Bid, Outcome, Phase, Solver, Task};
use crate::protocol::error::{ensure, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, plus, take, times, Effects, Reason};
use crate::protocol::types::{Balance, Block, Context, MAX_BIDS};
use crate::protocol::Error;

/// A bid for 10⁹ work units. When all places are taken, a lower one displaces the highest (the latest of them).
pub(crate) fn bid(task: &mut Task, context: &Context, price: Balance, effects: &mut Effects) -> Checked {
    task.during(Phase::Open, context.now)?;
    let solver = context.caller;
    ensure!(!has_role(task, &solver), Error::RoleTaken);
    ensure!(!task.profile.is_some_and(|profile| profile.fell), Error::ProfileFell);
    ensure!(price <= task.spec.max_price, Error::Bid { price, limit: task.spec.max_price });

    let bond = task.terms.solver_bond;
    if task.bids.len() >= MAX_BIDS {
        let worst = (0..).zip(&task.bids).max_by_key(|(_, bid)| bid.price); // The last of several.
        let (at, limit) = worst.map(|(at, bid)| (at, bid.price)).unwrap_or_default();
        ensure!(price < limit, Error::Bid { price, limit: limit.saturating_sub(1) });
        let displaced = task.bids.remove(at);
        effects.credit(task, displaced.solver, bond, Reason::SolverBond)?;
        effects.tell(Event::Outbid { solver: displaced.solver });
    }
    effects.lock(task, solver, bond, Reason::SolverBond)?;
    task.bids.push(Bid { solver, price });
    effects.tell(Event::Bid { solver, price });
    Ok(())
}

/// Ends the bidding: the lowest bid (the earliest of them) gets the task, the others their bonds, the submitter what it
/// locked too much, the profiler its fee.
pub(super) fn assign(task: &mut Task, now: Block, effects: &mut Effects) -> Checked {
    let bids = core::mem::take(&mut task.bids);
    let Some(best) = bids.iter().min_by_key(|bid| bid.price).copied() else {
        return super::settle::close(task, Outcome::NoBids, effects);
    };
    let bond = task.terms.solver_bond;
    for bid in &bids {
        if bid.solver != best.solver {
            effects.credit(task, bid.solver, bond, Reason::SolverBond)?;
        }
    }
    let price = times(task.terms.units, best.price)?;
    let needed = plus(price, permille(price, task.parameters.tax_permille)?)?;
    let mut excess = plus(task.terms.price, task.terms.tax)?;
    take(&mut excess, needed)?;
    task.pay_from_budget(task.submitter, excess, Reason::Excess, effects)?;
    if let Some(profiler) = task.profile.and_then(|profile| task.slots.get(usize::from(profile.slot))) {
        task.pay_from_budget(profiler.verifier, task.terms.profile_fee, Reason::ProfileFee, effects)?;
    }
    task.solver = Some(Solver { account: best.solver, price, bond });
    effects.tell(Event::Assigned { solver: best.solver, price });
    task.enter(Phase::Training, now, task.spec.training_blocks, effects)
}
