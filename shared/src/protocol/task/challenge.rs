//! Claims are challenged, and games end.
use super::{GameEntry, Phase, Report, Slot, Standing, Task};
use crate::protocol::dispute::Claim;
use crate::protocol::error::{books, ensure, overflow, Checked, Fail};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, take, times, Effects, OpenGame, Reason};
use crate::protocol::types::{AccountId, Balance, Block, Context, Mode, Part, ProfilePart, Target, MAX_CLAIM_GAMES};
use crate::protocol::Error;

impl Task {
    /// The claim that a target names, and who stands by it.
    pub fn claim(&self, target: Target) -> Result<(Claim, AccountId), Error> {
        Ok(self.find_claim(target)?)
    }

    fn find_claim(&self, target: Target) -> Checked<(Claim, AccountId)> {
        match target {
            Target::Verdict { slot, report, part } => {
                let slot = self.slots.get(usize::from(slot)).ok_or_else(no_claim)?;
                let Standing::Revealed(reports) = &slot.standing else {
                    return Err(no_claim());
                };
                let report = reports.get(usize::from(report)).ok_or_else(no_claim)?;
                Ok((self.report_claim(report, part)?, slot.verifier))
            }
            Target::Profile { part } => self.profile_claim(part),
        }
    }

    fn report_claim(&self, report: &Report, part: Part) -> Checked<Claim> {
        let (first_step, steps) = self.spec.segment(report.segment);
        let Report { start, claimed, replayed, value, .. } = *report;
        match part {
            Part::Execution => {
                Ok(Claim::Execution { program: self.spec.program, first_step, steps, start, end: replayed })
            }
            // A distance decides nothing in exact mode, nor between equal states.
            Part::Distance if self.spec.mode == Mode::Exact || replayed == claimed => Err(no_claim()),
            Part::Distance => Ok(Claim::Distance { program: self.spec.distance, start, replayed, claimed, value }),
        }
    }

    fn profile_claim(&self, part: ProfilePart) -> Checked<(Claim, AccountId)> {
        let profile = self.profile.filter(|profile| !profile.fell).ok_or_else(no_claim)?;
        let profiler = self.slots.get(usize::from(profile.slot)).ok_or_else(no_claim)?.verifier;
        let (first_step, steps) = self.spec.segment(0);
        let start = self.spec.start;
        let run = |program, end| Claim::Execution { program, first_step, steps, start, end };
        let claim = match part {
            ProfilePart::Base => run(self.spec.program, profile.base),
            ProfilePart::Jittered => run(self.spec.jitter, profile.jittered),
            ProfilePart::Distance => Claim::Distance {
                program: self.spec.distance,
                start,
                replayed: profile.base,
                claimed: profile.jittered,
                value: profile.value,
            },
        };
        Ok((claim, profiler))
    }

    /// The last block in which a target may be challenged.
    fn challenge_until(&self, target: Target) -> Checked<Block> {
        match (target, self.phase, self.profile) {
            (Target::Verdict { .. }, Phase::Challenging, _) => Ok(self.deadline),
            (Target::Profile { .. }, Phase::Open, Some(profile)) => Ok(profile.until),
            _ => Err(Error::Phase(self.phase).into()),
        }
    }

    /// The number of games open against a claim, as long as the claim is there.
    fn games_mut(&mut self, target: Target) -> Option<&mut u8> {
        match target {
            Target::Verdict { slot, report, part } => {
                let slot = self.slots.get_mut(usize::from(slot))?;
                let (Standing::Revealed(reports) | Standing::Convicted(reports)) = &mut slot.standing else {
                    return None;
                };
                let [execution, distance] = &mut reports.get_mut(usize::from(report))?.games;
                Some(match part {
                    Part::Execution => execution,
                    Part::Distance => distance,
                })
            }
            Target::Profile { part } => {
                let [base, jittered, distance] = &mut self.profile.as_mut()?.games;
                Some(match part {
                    ProfilePart::Base => base,
                    ProfilePart::Jittered => jittered,
                    ProfilePart::Distance => distance,
                })
            }
        }
    }

    /// What challenging a target costs now: the plain bond for the first few open games, then double for each one more.
    pub fn challenge_bond(&self, target: Target) -> Result<Balance, Error> {
        let open = self.clone().games_mut(target).map_or(0, |games| *games);
        Ok(bond_for(self, open)?)
    }

    /// The slot whose bond answers for a claim.
    fn answering_slot(&self, target: Target) -> Option<u8> {
        match target {
            Target::Verdict { slot, .. } => Some(slot),
            Target::Profile { .. } => self.profile.map(|profile| profile.slot),
        }
    }
}

fn no_claim() -> Fail {
    Error::NoClaim.into()
}

fn bond_for(task: &Task, open: u8) -> Checked<Balance> {
    ensure!(open < MAX_CLAIM_GAMES, Error::ClaimGames(open));
    let doublings = open.saturating_add(1).saturating_sub(task.parameters.games_per_claim);
    let factor = Balance::from(1_u32.wrapping_shl(u32::from(doublings)));
    times(task.terms.challenger_bond, factor)
}

/// Opens a game against a claim.
///
/// Games against one claim run side by side, so their number doesn't lengthen the task. It is bounded, but no attacker
/// can afford to fill all places: the bond doubles with each.
pub(crate) fn challenge(task: &mut Task, context: &Context, target: Target, effects: &mut Effects) -> Checked {
    let until = task.challenge_until(target)?;
    ensure!(context.now <= until, Error::TooLate(until));
    let (claim, asserter) = task.find_claim(target)?;
    let challenger = context.caller;
    ensure!(challenger != asserter, Error::OwnClaim);
    let open = *task.games_mut(target).ok_or_else(no_claim)?;
    let bond = bond_for(task, open)?;
    if let Some(games) = task.games_mut(target) {
        *games = open.saturating_add(1); // At most MAX_CLAIM_GAMES.
    }
    task.open_games = task.open_games.checked_add(1).ok_or_else(overflow)?;
    effects.lock(task, challenger, bond, Reason::ChallengerBond)?;
    effects.tell(Event::Challenged { target, challenger });
    let entry = GameEntry { task: task.id, target, asserter, challenger, bond };
    effects.open_game = Some(OpenGame { claim, asserter, challenger, entry });
    Ok(())
}

/// A game has ended. Never refuses what the arbiter says, so that no game can hang.
///
/// The first challenger to win is paid from the asserter's bond; later ones get their own bonds back. A loser's bond
/// compensates the accused, unless another game has convicted it meanwhile.
pub fn game_over(task: &mut Task, entry: &GameEntry, asserter_won: bool, effects: &mut Effects) -> Checked {
    let GameEntry { target, asserter, challenger, bond, .. } = *entry;
    effects.tell(Event::GameEnded { target, challenger, asserter_won });
    task.open_games = task.open_games.checked_sub(1).ok_or_else(books)?;
    if let Some(games) = task.games_mut(target) {
        *games = games.saturating_sub(1);
    }
    let slot = task.answering_slot(target).ok_or_else(books)?;
    let convicted = matches!(task.slot_mut(slot)?.standing, Standing::Convicted(_));
    if asserter_won {
        let part = if convicted { 0 } else { task.parameters.compensation_permille };
        let compensation = permille(bond, part)?;
        let mut rest = bond;
        take(&mut rest, compensation)?;
        effects.credit(task, asserter, compensation, Reason::Compensation)?;
        effects.jackpot(task, challenger, rest, Reason::Confiscated)?;
    } else {
        effects.credit(task, challenger, bond, Reason::ChallengerBond)?;
        if !convicted {
            convict(task, slot, challenger, target, effects)?;
        }
    }
    Ok(())
}

/// Takes the bond of a slot whose claim fell.
fn convict(task: &mut Task, slot: u8, winner: AccountId, target: Target, effects: &mut Effects) -> Checked {
    if let (Target::Profile { .. }, Some(profile)) = (target, task.profile.as_mut()) {
        profile.fell = true;
    }
    let Slot { verifier, bond, standing, .. } = task.slot_mut(slot)?;
    let (verifier, bond) = (*verifier, core::mem::take(bond));
    let reports = match standing {
        Standing::Revealed(reports) => core::mem::take(reports),
        _ => Default::default(),
    };
    *standing = Standing::Convicted(reports);
    effects.tell(Event::Convicted { target, account: verifier });
    let part = permille(bond, task.parameters.winner_permille)?;
    effects.credit(task, winner, part, Reason::PartOfVerifierBond)?;
    let mut rest = bond;
    take(&mut rest, part)?;
    effects.jackpot(task, verifier, rest, Reason::Confiscated)
}
