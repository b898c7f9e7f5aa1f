//! Why a call is refused. A refused call changes nothing.
use super::dispute::Side;
use super::task::Phase;
use super::types::{AccountId, Balance, Block, GameId, TaskId};
use crate::commit::{CommitError, Wrong};
use alloc::boxed::Box;
use alloc::vec::Vec;
use codec::{Decode, Encode, Input, Output};

/// Why a call is refused.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Error {
    /// No such task.
    #[error("no task {0}")]
    NoTask(TaskId),
    /// No such game, or it is over and settled.
    #[error("no game {0}")]
    NoGame(GameId),
    /// The message doesn't belong to this phase.
    #[error("not in phase {0:?}")]
    Phase(Phase),
    /// Too early.
    #[error("not before block {0}")]
    NotBefore(Block),
    /// The window has closed.
    #[error("the window closed after block {0}")]
    TooLate(Block),
    /// Games have to end first.
    #[error("{0} games are open")]
    GamesOpen(u32),
    /// Nothing for a poke to do before that block.
    #[error("nothing to do before block {0}")]
    NothingToDo(Block),
    /// The caller isn't the one who may send this.
    #[error("not the caller's to send")]
    NotYours,
    /// The caller already has a role in this task that excludes the new one.
    #[error("the caller already has a role in this task")]
    RoleTaken,
    /// The free balance doesn't cover it.
    #[error("free balance {have}, {need} needed")]
    Funds {
        /// What is free.
        have: Balance,
        /// What is needed.
        need: Balance,
    },
    /// A sum doesn't fit its type.
    #[error("a sum is out of range")]
    Overflow,
    /// The books don't balance: a bug, the call must be rolled back.
    #[error("the books don't balance")]
    Books,
    /// A parameter is out of its bounds.
    #[error("parameter {row} is out of bounds: {number}")]
    Parameter {
        /// Row in the table.
        row: u8,
        /// The value.
        number: u128,
    },
    /// Each parameter is in its bounds, but not together.
    #[error("the parameters don't fit each other")]
    ParametersTogether,
    /// The task can't be run.
    #[error("bad task: {0:?}")]
    Spec(SpecFault),
    /// All slots are taken.
    #[error("all slots are taken")]
    SlotsFull,
    /// The bid is above the limit, or all places are taken by bids that are no higher.
    #[error("bid {price}, it must be at most {limit}")]
    Bid {
        /// What was bid.
        price: Balance,
        /// What would be taken.
        limit: Balance,
    },
    /// The profile is there already.
    #[error("the profile is posted")]
    ProfilePosted,
    /// The profile lost a game; the task is void.
    #[error("the profile fell")]
    ProfileFell,
    /// Not a distance: negative, infinite or not a number.
    #[error("not a distance")]
    NotADistance,
    /// The seed doesn't belong to the commitment.
    #[error("the seed isn't the one committed to")]
    Seed,
    /// The caller has done this already.
    #[error("done already")]
    Already,
    /// The reports and salt don't belong to the commitment.
    #[error("not the verdict committed to")]
    Commitment,
    /// Not one report per drawn segment, or not one opening per chunk.
    #[error("{got} items, {expected} expected")]
    Count {
        /// How many there must be.
        expected: u32,
        /// How many came.
        got: u32,
    },
    /// An opening doesn't belong to the commitment.
    #[error("wrong opening: {0}")]
    Opening(CommitError),
    /// The checkpoint list doesn't begin with the task's start.
    #[error("the checkpoint list doesn't begin with the task's start")]
    Start,
    /// No such claim, or it has fallen already.
    #[error("no such claim")]
    NoClaim,
    /// A claim's own author challenges it.
    #[error("nobody may challenge their own claim")]
    OwnClaim,
    /// As many games as there may be at once.
    #[error("{0} games against this claim are open")]
    ClaimGames(u8),
    /// The game is over.
    #[error("the game is over")]
    GameOver,
    /// The other side is to move.
    #[error("it is the {0:?}'s turn")]
    OutOfTurn(Side),
    /// Another kind of move is expected.
    #[error("another kind of move is expected")]
    WrongMove,
    /// The mover's clock has run out; a timeout can be called.
    #[error("the mover's clock has run out")]
    ClockRanOut,
    /// The mover's clock is still running.
    #[error("the mover's clock runs until block {0}")]
    ClockRuns(Block),
    /// The challenger named something that isn't there.
    #[error("pick {index} of {count}")]
    Pick {
        /// What it named.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// A claim about nothing: no steps, no states, or no nodes.
    #[error("a claim about nothing")]
    EmptyClaim,
    /// The referee gave no answer, or one that makes no sense: it ran out of gas, or isn't one.
    #[error("no answer from the referee; the move can be made again, with more gas")]
    NoReferee,
}

/// Why a task can't be run.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SpecFault {
    /// No steps, or no interval.
    NoSteps,
    /// More segments than a task may have.
    TooManySegments,
    /// No verifiers, or more than a task may have.
    Verifiers,
    /// No segments to verify, or more than a verifier may get or the task has.
    Segments,
    /// No work.
    NoWork,
    /// No training clock, or a longer one than allowed.
    TrainingClock,
    /// A program that can't be a training step or a distance.
    Program,
    /// Not even the smallest price.
    NoPrice,
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        Error::Opening(error)
    }
}

/// An [`Error`] on its way out. An error is large, and a pointer to it small: handing it up through many calls would
/// make up a good part of a contract's code.
#[derive(Debug, PartialEq)]
pub struct Fail(Box<Error>);

/// What the rules return to each other and to contracts.
pub type Checked<T = ()> = Result<T, Fail>;

/// As the error is encoded, by way of a vector: for each kind of output there is an encoder of its own in a
/// contract's code.
impl Encode for Fail {
    fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
        let mut bytes = Vec::new();
        self.0.encode_to(&mut bytes);
        output.write(&bytes);
    }
}

impl Decode for Fail {
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        Error::decode(input).map(Fail::from)
    }
}

#[cfg(feature = "scale-info")]
impl scale_info::TypeInfo for Fail {
    type Identity = Error;

    fn type_info() -> scale_info::Type {
        Error::type_info()
    }
}

impl From<Error> for Fail {
    #[cold]
    #[inline(never)]
    fn from(error: Error) -> Self {
        Fail(Box::new(error))
    }
}

impl From<Wrong> for Fail {
    #[cold]
    #[inline(never)]
    fn from(wrong: Wrong) -> Self {
        Error::Opening(wrong.into()).into()
    }
}

impl From<Fail> for Error {
    fn from(fail: Fail) -> Self {
        *fail.0
    }
}

/// A sum is out of range.
#[cold]
#[inline(never)]
pub(crate) fn overflow() -> Fail {
    Error::Overflow.into()
}

/// The books don't balance.
#[cold]
#[inline(never)]
pub(crate) fn books() -> Fail {
    Error::Books.into()
}

/// Refuses unless something holds. The error is made only if it doesn't.
macro_rules! ensure {
    ($holds:expr, $error:expr $(,)?) => {
        if !$holds {
            return Err($error.into());
        }
    };
}
pub(crate) use ensure;

/// Whether the caller is who may send this.
pub(crate) fn only(caller: &AccountId, who: &AccountId) -> Checked {
    ensure!(caller == who, Error::NotYours);
    Ok(())
}

/// Whether there are as many as there must be.
pub(crate) fn same_count(expected: usize, got: usize) -> Checked {
    let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
    ensure!(expected == got, Error::Count { expected: number(expected), got: number(got) });
    Ok(())
}
