//! A task and its phases. Each transition has a file of its own; [`escrow`](super::escrow) dispatches to them.
//!
//! ```text
//! Open ─► Training ─► Seeds ─► Committing ─► Revealing ─► Challenging ─► Closed
//!                       ▲          ▲    no verdict stands      │
//!                       └─ Joining ┴───────────────────────────┘
//! ```
//! A message is in time up to and including the block `deadline`; after it anyone may `poke` the task out of the phase.
mod bid;
mod challenge;
mod join;
mod poke;
mod profile;
mod prove;
mod seeds;
mod settle;
mod submit;
mod verify;

pub(crate) use bid::bid;
pub(crate) use challenge::challenge;
pub use challenge::game_over;
pub(crate) use join::join;
pub(crate) use poke::poke;
pub(crate) use profile::post_profile;
pub(crate) use prove::prove;
pub(crate) use seeds::reveal_seed;
pub use submit::{quote, submit};
pub(crate) use verify::{abstain, commit_verdict, reveal_verdict};

use super::beacon::Contributions;
use super::error::{ensure, overflow, Checked};
use super::event::Event;
use super::money::Effects;
use super::parameters::Parameters;
use super::sampling;
use super::types::{AccountId, Balance, Block, Context, Mode, Target, TaskId, TaskSpec};
use super::Error;
use crate::arith::F32;
use crate::commit::Hash;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Where a task is.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Phase {
    /// Verifiers join, one of them profiles, solvers bid.
    Open,
    /// The solver trains.
    Training,
    /// Seeds are revealed: by the verifiers up to `seed_blocks` before the deadline, by the submitter when all verifiers
    /// have or that block is over.
    Seeds,
    /// Verifiers replay and commit.
    Committing,
    /// Verifiers open their commitments.
    Revealing,
    /// Verdicts may be challenged.
    Challenging,
    /// A later round waits for verifiers.
    Joining,
    /// It is over.
    Closed(Outcome),
}

wire!(enum Phase or Open {
    0 => Open, 1 => Training, 2 => Seeds, 3 => Committing, 4 => Revealing, 5 => Challenging, 6 => Joining,
    7 => Closed(outcome)
});

/// How a task ended.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome {
    /// All standing verdicts pass: the solver was paid.
    Paid,
    /// A standing verdict fails: the solver lost its bond.
    Refuted,
    /// No verdict came to stand in any round: everyone was refunded.
    Unverified,
    /// The solver's clock ran out: it lost a part of its bond.
    SolverAbsent,
    /// Nobody bid.
    NoBids,
    /// Too few verifiers joined.
    NoVerifiers,
    /// Nobody profiled.
    NoProfile,
    /// The profile lost a game.
    ProfileFell,
}

wire!(enum Outcome or Paid {
    0 => Paid, 1 => Refuted, 2 => Unverified, 3 => SolverAbsent, 4 => NoBids, 5 => NoVerifiers, 6 => NoProfile,
    7 => ProfileFell
});

/// What a task's money is, fixed when it is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Terms {
    /// Begun 10⁹ work units of the training: what a bid's price is multiplied by.
    pub units: Balance,
    /// Price limit of the training.
    pub price: Balance,
    /// Tax on that price.
    pub tax: Balance,
    /// What each standing verdict earns.
    pub verifier_fee: Balance,
    /// What the profile earns (0 in exact mode).
    pub profile_fee: Balance,
    /// What the submitter locks for all of that.
    pub budget: Balance,
    /// What the submitter locks for its seeds.
    pub seed_bond: Balance,
    /// What a bid locks.
    pub solver_bond: Balance,
    /// What a verifier locks.
    pub verifier_bond: Balance,
    /// What a challenge locks, as long as there are few.
    pub challenger_bond: Balance,
}

wire!(struct Terms {
    units, price, tax, verifier_fee, profile_fee, budget, seed_bond, solver_bond, verifier_bond, challenger_bond
});

/// A bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bid {
    /// Whose.
    pub solver: AccountId,
    /// For 10⁹ work units.
    pub price: Balance,
}

wire!(struct Bid { solver, price });

/// The solver of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Solver {
    /// Who.
    pub account: AccountId,
    /// For the whole task.
    pub price: Balance,
    /// What it still has locked.
    pub bond: Balance,
}

wire!(struct Solver { account, price, bond });

/// A posted profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Posted {
    /// The slot of its author.
    pub slot: u8,
    /// State after the first segment of the program.
    pub base: Hash,
    /// State after the first segment of the jitter program.
    pub jittered: Hash,
    /// d² between them.
    pub value: F32,
    /// The threshold that follows, squared.
    pub tau2: F32,
    /// Last block for a challenge.
    pub until: Block,
    /// Games open against its parts.
    pub games: [u8; 3],
    /// Whether it lost a game.
    pub fell: bool,
}

wire!(struct Posted { slot, base, jittered, value, tau2, until, games, fell });

/// What the solver committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Proved {
    /// Root of the checkpoint list.
    pub checkpoints: Hash,
    /// Address of the proof blob.
    pub blob: Hash,
    /// Root of the last state, what was bought.
    pub result: Hash,
}

wire!(struct Proved { checkpoints, blob, result });

/// A verifier's place in a round.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Slot {
    /// Who.
    pub verifier: AccountId,
    /// What it still has locked.
    pub bond: Balance,
    /// Commitment to its seed.
    pub seed_commit: Hash,
    /// Its seed, once revealed.
    pub seed: Option<Hash>,
    /// How far it is.
    pub standing: Standing,
}

wire!(struct Slot { verifier, bond, seed_commit, seed, standing });

/// How far a verifier is.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Standing {
    /// In the round.
    Joined,
    /// Committed to a verdict.
    Committed(Hash),
    /// Revealed it: it stands.
    Revealed(Vec<Report>),
    /// Left, without fee or loss.
    Abstained,
    /// Withheld seed or verdict, and lost a part of its bond.
    Silent,
    /// Lost a game, and its bond.
    Convicted(Vec<Report>),
}

wire!(enum Standing or Joined {
    0 => Joined, 1 => Committed(commitment), 2 => Revealed(reports), 3 => Abstained, 4 => Silent,
    5 => Convicted(reports)
});

/// A report of a revealed verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Report {
    /// The drawn segment.
    pub segment: u32,
    /// The solver's checkpoint at its start.
    pub start: Hash,
    /// The solver's checkpoint at its end.
    pub claimed: Hash,
    /// What the verifier says the end is.
    pub replayed: Hash,
    /// What the verifier says the distance is.
    pub value: F32,
    /// Whether the segment passes, if that is true.
    pub passes: bool,
    /// Games open against its parts: execution, distance.
    pub games: [u8; 2],
}

wire!(struct Report { segment, start, claimed, replayed, value, passes, games });

/// What the escrow keeps of an open game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GameEntry {
    /// In which task.
    pub task: TaskId,
    /// About what.
    pub target: Target,
    /// Who stands by it.
    pub asserter: AccountId,
    /// Who disagrees.
    pub challenger: AccountId,
    /// What the challenger has locked.
    pub bond: Balance,
}

wire!(struct GameEntry { task, target, asserter, challenger, bond });

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Who pays.
    pub submitter: AccountId,
    /// What is wanted.
    pub spec: TaskSpec,
    /// The parameters that it was born with.
    pub parameters: Parameters,
    /// The money that follows from both.
    pub terms: Terms,
    /// Where it is.
    pub phase: Phase,
    /// Last block of the phase.
    pub deadline: Block,
    /// Round of verification, counted from 0.
    pub round: u8,
    /// Bids, in order, until one has won.
    pub bids: Vec<Bid>,
    /// Who trains.
    pub solver: Option<Solver>,
    /// The profile (tolerant mode).
    pub profile: Option<Posted>,
    /// The proof.
    pub proof: Option<Proved>,
    /// What the submitter's next seed must belong to.
    pub submitter_commit: Hash,
    /// The submitter's seed, once revealed.
    pub submitter_seed: Option<Hash>,
    /// What the submitter still has locked for its seeds.
    pub seed_bond: Balance,
    /// What is left of the submitter's budget.
    pub budget: Balance,
    /// The beacon, once fixed. Later rounds replay the same segments: abstaining or being convicted buys no new draw.
    pub beacon: Option<Hash>,
    /// The verifiers of the round.
    pub slots: Vec<Slot>,
    /// Games that are open.
    pub open_games: u32,
    /// All money that the task holds.
    pub locked: Balance,
}

wire!(struct Task {
    id, submitter, spec, parameters, terms, phase, deadline, round, bids, solver, profile, proof, submitter_commit,
    submitter_seed, seed_bond, budget, beacon, slots, open_games, locked
});

impl Task {
    /// The slot of an account.
    pub fn slot_of(&self, account: &AccountId) -> Option<u8> {
        let at = self.slots.iter().position(|slot| slot.verifier == *account)?;
        u8::try_from(at).ok()
    }

    /// The segments that a slot replays, in draw order; empty before the beacon is fixed.
    pub fn draws(&self, slot: u8) -> Vec<u32> {
        let segments = u32::try_from(self.spec.segments()).unwrap_or(u32::MAX); // At most 65,535.
        let count = self.spec.segments_per_verifier;
        self.beacon.map(|beacon| sampling::draws(&beacon, slot, count, segments)).unwrap_or_default()
    }

    /// The threshold, squared: 0 in exact mode.
    pub fn tau2(&self) -> F32 {
        self.profile.map_or(F32::ZERO, |profile| profile.tau2)
    }

    /// Whether this account may reveal its seed now: verifiers first, the submitter last.
    pub fn may_reveal_seed(&self, account: &AccountId, now: Block) -> bool {
        seeds::whose_turn(self, account, now).is_ok()
    }

    /// Whether a poke would change anything.
    pub fn may_poke(&self, now: Block) -> bool {
        // Caller and contract decide what is drawn, not whether something happens.
        let context = Context { caller: AccountId::default(), now, contract: AccountId::default() };
        poke(&mut self.clone(), &context, &mut Effects::default()).is_ok()
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }

    pub(crate) fn contributions(&self, contract: AccountId) -> Contributions {
        Contributions {
            chain: self.parameters.chain,
            contract,
            task: self.id,
            round: self.round,
            proof: self.proof.map(|proof| proof.checkpoints).unwrap_or_default(),
            submitter: self.submitter_seed,
            verifiers: self.slots.iter().map(|slot| slot.seed).collect(),
        }
    }

    /// Refuses a message outside its phase or after the phase's deadline.
    fn during(&self, phase: Phase, now: Block) -> Checked {
        ensure!(self.phase == phase, Error::Phase(self.phase));
        ensure!(now <= self.deadline, Error::TooLate(self.deadline));
        Ok(())
    }

    /// Begins a phase.
    fn enter(&mut self, phase: Phase, now: Block, blocks: Block, effects: &mut Effects) -> Checked {
        self.phase = phase;
        self.deadline = after(now, blocks)?;
        effects.tell(Event::Phase { phase, deadline: self.deadline });
        Ok(())
    }

    fn is_tolerant(&self) -> bool {
        self.spec.mode == Mode::Tolerant
    }

    fn is_full(&self) -> bool {
        self.slots.len() >= usize::from(self.spec.verifiers)
    }

    fn slot_mut(&mut self, slot: u8) -> Checked<&mut Slot> {
        self.slots.get_mut(usize::from(slot)).ok_or_else(|| Error::NoClaim.into())
    }

    /// The caller's slot.
    fn own_slot(&mut self, caller: &AccountId) -> Checked<(u8, &mut Slot)> {
        let mut slots = (0_u8..).zip(self.slots.iter_mut());
        slots.find(|(_, slot)| slot.verifier == *caller).ok_or_else(|| Error::NotYours.into())
    }
}

/// The block that lies `blocks` later.
fn after(now: Block, blocks: Block) -> Checked<Block> {
    now.checked_add(blocks).ok_or_else(overflow)
}
