//! The pinpoint game: two sides narrow a false claim down to one primitive operation, which the [`Referee`] performs.
//!
//! ```text
//! Split ─► State ─► AwaitTrace ─► Trace ─► AwaitNode ─► Element ─┬─► AwaitOperands ─► Over
//!                       ▲                                        └─► AwaitMicro ─► Micro ─┘
//!               a distance begins here
//! ```
//! At every level the asserter reveals and the challenger names the first thing that it disagrees with, so that all to
//! the left of it is agreed. What is agreed in the end (the state before the step, the trace left of the node, the
//! program, the micro-trace left of the micro-step) fixes every operand, and the referee computes the value itself.
//!
//! A challenger who is right always has a right move, and wins; an asserter who is right can always open what it is asked
//! for, and wins. Both only need the claim's inputs and the program. That rests on the program being
//! [valid](crate::graph::Program::validate): a malformed record makes the asserter lose, so workers validate a task's
//! programs before they bind themselves to it.
mod claim;
mod clock;
mod length;
mod moves;
mod referee;
mod steps;

#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use clock::Clock;
pub use length::{distance_moves, execution_moves};
pub use moves::{Move, OperandProof};
pub use referee::{Facts, Fault, Local, Question, Record, Referee};
pub use steps::{boundaries, Split};

use super::error::{ensure, Checked};
use super::types::{AccountId, Block};
use super::Error;
use crate::arith::F32;
use crate::commit::descent::{Descent, Turn};
use crate::commit::Hash;
use crate::wire::{wire, Wire};
use alloc::boxed::Box;
use codec::{Decode, Encode};

/// A side of a game.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Side {
    /// Stands by the claim.
    Asserter,
    /// Says that it is false.
    Challenger,
}

/// What is being narrowed down, or awaited.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Stage {
    /// The step, by its state roots.
    Split(Split),
    /// The state tensor after that step.
    State(Descent),
    /// The asserter owes the root of the step's trace.
    AwaitTrace,
    /// The node, by its output's root in the trace.
    Trace(Descent),
    /// The asserter owes the node's record.
    AwaitNode,
    /// The element of the node's output.
    Element(Descent),
    /// The asserter owes the root of the element's micro-trace.
    AwaitMicro,
    /// The micro-step.
    Micro(Descent),
    /// The asserter owes the operands.
    AwaitOperands,
    /// The game is over.
    Over {
        /// Whether the claim stood.
        asserter_won: bool,
        /// Why.
        verdict: Verdict,
    },
}

wire!(enum Stage or AwaitTrace {
    0 => Split(split),
    1 => State(descent),
    2 => AwaitTrace,
    3 => Trace(descent),
    4 => AwaitNode,
    5 => Element(descent),
    6 => AwaitMicro,
    7 => Micro(descent),
    8 => AwaitOperands,
    9 => Over { asserter_won, verdict },
});

/// What the sides have narrowed the dispute down to. A field means something once its stage is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Focus {
    /// The step (0 for a distance).
    pub step: u64,
    /// Agreed root of the state before it.
    pub before: Hash,
    /// The node whose output is the disputed result.
    pub output: u32,
    /// What the asserter claims to be the root of that output.
    pub result: Hash,
    /// Root of the step's trace.
    pub trace: Hash,
    /// The first node whose output is disputed.
    pub node: u32,
    /// What the asserter claims to be the root of its output.
    pub node_root: Hash,
    /// That node's record.
    pub record: Option<Record>,
    /// What the referee says of it.
    pub facts: Facts,
    /// The first element of its output that is disputed.
    pub element: u64,
    /// What the asserter claims to be its value.
    pub value: F32,
    /// Root of its micro-trace.
    pub micro_trace: Hash,
    /// The first micro-step that is disputed, and what the asserter claims to be its value.
    pub micro: Option<(u64, F32)>,
}

wire!(struct Focus {
    step, before, output, result, trace, node, node_root, record, facts, element, value, micro_trace, micro
});

impl Focus {
    /// What the asserter claims to be the value of the disputed micro-step, or of the element.
    fn claimed(&self) -> F32 {
        self.micro.map_or(self.value, |(_, value)| value)
    }
}

/// Why a game ended.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Cause {
    /// The contract computed the claimed value.
    SameValue,
    /// The contract computed another value.
    OtherValue,
    /// What the asserter opened doesn't hash to its commitment.
    WrongOpening,
    /// What the asserter opened isn't the result that it claimed before.
    OtherResult,
    /// The record of the disputed node makes no sense, or not here.
    MalformedRecord,
    /// A clock ran out.
    ClockRanOut,
}

wire!(enum Cause or SameValue {
    0 => SameValue, 1 => OtherValue, 2 => WrongOpening, 3 => OtherResult, 4 => MalformedRecord, 5 => ClockRanOut
});

/// How a game ended, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Verdict {
    /// Why.
    pub reason: Cause,
    /// The disputed step, as far as the game came.
    pub step: u64,
    /// The disputed node, as far as the game came.
    pub node: u32,
    /// The disputed element, as far as the game came.
    pub element: u64,
    /// The disputed micro-step, if the game came to one.
    pub micro: Option<u64>,
    /// What the asserter claimed.
    pub claimed: F32,
    /// What the contract computed (+0 if it didn't come to that).
    pub computed: F32,
}

wire!(struct Verdict { reason, step, node, element, micro, claimed, computed });

/// A game.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Game {
    /// About what.
    pub claim: Claim,
    /// Who stands by it.
    pub asserter: AccountId,
    /// Who disagrees.
    pub challenger: AccountId,
    /// The chess clock.
    pub clock: Clock,
    /// What has been found.
    pub focus: Focus,
    /// What is being looked for.
    pub stage: Stage,
}

wire!(struct Game { claim, asserter, challenger, clock, focus, stage });

/// Opens a game. Each side has `game_blocks` in all; the asserter's clock runs first.
pub fn open(
    claim: Claim,
    asserter: AccountId,
    challenger: AccountId,
    now: Block,
    game_blocks: Block,
) -> Result<Game, Error> {
    Ok(*open_boxed(&claim, asserter, challenger, now, game_blocks)?)
}

/// [`open`] for contracts: a game is large, and a contract would copy it about.
pub fn open_boxed(
    claim: &Claim,
    asserter: AccountId,
    challenger: AccountId,
    now: Block,
    game_blocks: Block,
) -> Checked<Box<Game>> {
    ensure!(asserter != challenger, Error::OwnClaim);
    let mut game = Box::new(Game::blank());
    (game.claim, game.asserter, game.challenger) = (*claim, asserter, challenger);
    game.clock = Clock::new(game_blocks, now);
    game.stage = claim.first_stage(&mut game.focus)?;
    Ok(game)
}

/// A move. An error changes nothing: it is not the caller's turn, or not a move at all. A move that breaks the
/// asserter's own commitment is a move, and loses.
pub fn play(mut game: Game, caller: &AccountId, mut mv: Move, now: Block) -> Result<Game, Error> {
    play_in_place(&mut game, caller, &mut mv, now, &Local)?;
    Ok(game)
}

/// [`play`] in place, before any referee: after an error the game may be half changed, and is thrown away. Takes what
/// is in the move.
pub fn play_in_place(
    game: &mut Game,
    caller: &AccountId,
    mv: &mut Move,
    now: Block,
    referee: &impl Referee,
) -> Checked {
    let side = game.turn().ok_or(Error::GameOver)?;
    if *caller != game.account(side) {
        let plays = *caller == game.asserter || *caller == game.challenger;
        return Err(if plays { Error::OutOfTurn(side) } else { Error::NotYours }.into());
    }
    game.clock.spend(side, now)?;
    match moves::make(game, mv, referee) {
        Err(Fault::Refused(fail)) => return Err(fail),
        Err(Fault::Lost(cause)) => game.end(false, cause, F32::ZERO),
        Ok(()) => {}
    }
    Ok(())
}

/// Ends a game whose mover's clock has run out. Anyone may call.
pub fn timeout(mut game: Game, now: Block) -> Result<Game, Error> {
    time_out_in_place(&mut game, now)?;
    Ok(game)
}

/// [`timeout`] in place: an error changes nothing.
pub fn time_out_in_place(game: &mut Game, now: Block) -> Checked {
    let side = game.turn().ok_or(Error::GameOver)?;
    let until = game.clock.runs_until(side);
    ensure!(now > until, Error::ClockRuns(until));
    game.end(side == Side::Challenger, Cause::ClockRanOut, F32::ZERO);
    Ok(())
}

impl Game {
    /// Who is to move; nobody when the game is over.
    pub fn turn(&self) -> Option<Side> {
        match &self.stage {
            Stage::Split(split) => Some(split.turn()),
            Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
                Some(match descent.turn() {
                    Turn::Asserter => Side::Asserter,
                    Turn::Challenger => Side::Challenger,
                })
            }
            Stage::AwaitTrace | Stage::AwaitNode | Stage::AwaitMicro | Stage::AwaitOperands => Some(Side::Asserter),
            Stage::Over { .. } => None,
        }
    }

    /// The account of a side.
    pub fn account(&self, side: Side) -> AccountId {
        match side {
            Side::Asserter => self.asserter,
            Side::Challenger => self.challenger,
        }
    }

    /// The account whose clock runs.
    pub fn mover(&self) -> Option<AccountId> {
        self.turn().map(|side| self.account(side))
    }

    /// Whether the claim stood, once the game is over.
    pub fn asserter_won(&self) -> Option<bool> {
        match self.stage {
            Stage::Over { asserter_won, .. } => Some(asserter_won),
            _ => None,
        }
    }

    fn end(&mut self, asserter_won: bool, reason: Cause, computed: F32) {
        let Focus { step, node, element, micro, .. } = self.focus;
        let claimed = self.focus.claimed();
        let verdict = Verdict { reason, step, node, element, micro: micro.map(|(t, _)| t), claimed, computed };
        self.stage = Stage::Over { asserter_won, verdict };
    }
}
