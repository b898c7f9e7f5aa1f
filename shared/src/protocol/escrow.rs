//! The messages about a task, and the one function through which all of them go.
//!
//! A contract's shell does the same for each: credit attached value ([`money::deposit`](super::money::deposit)), load the
//! task, [`apply`], store the task, carry out the effects ([`money::apply`](super::money::apply)), open the game if there
//! is one, transfer `to_jackpot`, emit entries and events. An error changes nothing: the shell returns it, and the
//! chain rolls the call back.
use super::error::Checked;
use super::money::Effects;
use super::task::{self, GameEntry, Task};
use super::types::{Balance, Context, Profile, Proof, SegmentReport, Target, TaskId, TaskSpec};
use super::{Error, Parameters};
use crate::commit::Hash;
use crate::wire::{wire, Reader, Wire};
use alloc::boxed::Box;
use alloc::vec::Vec;
use codec::{Decode, Encode, Input};

/// A message about a task that exists.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Message {
    /// A verifier takes a slot.
    Join {
        /// Commitment to its seed: [`seed_commit`](super::beacon::seed_commit).
        seed_commit: Hash,
    },
    /// A joined verifier posts the profile.
    PostProfile(Profile),
    /// A solver bids.
    Bid {
        /// For 10⁹ work units.
        price: Balance,
    },
    /// Anyone moves the task past a deadline.
    Poke,
    /// The solver proves.
    Prove(Proof),
    /// A verifier or the submitter reveals a seed.
    RevealSeed {
        /// The seed.
        seed: Hash,
    },
    /// A verifier commits to a verdict.
    CommitVerdict {
        /// [`verdict_commitment`](super::verdict::verdict_commitment).
        commitment: Hash,
    },
    /// A verifier reveals its verdict.
    RevealVerdict {
        /// One per drawn segment, in draw order.
        reports: Vec<SegmentReport>,
        /// What kept the commitment blind.
        salt: Hash,
    },
    /// A verifier leaves.
    Abstain,
    /// Anyone challenges a claim.
    Challenge(Target),
}

wire!(enum Message or Poke {
    0 => Join { seed_commit },
    1 => PostProfile(profile),
    2 => Bid { price },
    3 => Poke,
    4 => Prove(proof),
    5 => RevealSeed { seed },
    6 => CommitVerdict { commitment },
    7 => RevealVerdict { reports, salt },
    8 => Abstain,
    9 => Challenge(target),
});

/// The numbers of [`Message`]'s variants, as they are encoded.
pub mod number {
    #![allow(missing_docs)] // The variants of the same names have them.
    pub const JOIN: u8 = 0;
    pub const POST_PROFILE: u8 = 1;
    pub const BID: u8 = 2;
    pub const POKE: u8 = 3;
    pub const PROVE: u8 = 4;
    pub const REVEAL_SEED: u8 = 5;
    pub const COMMIT_VERDICT: u8 = 6;
    pub const REVEAL_VERDICT: u8 = 7;
    pub const ABSTAIN: u8 = 8;
    pub const CHALLENGE: u8 = 9;
}

impl Message {
    /// The message whose variant has this number, from the rest of its encoding; `None` if there is no such message.
    /// Never freed, as [`wire::read`](crate::wire::read) says.
    pub fn read<I: Input>(number: u8, rest: &mut I) -> Option<&'static Message> {
        let message = Box::leak(Box::new(Message::blank()));
        let mut reader = Reader::new(rest);
        message.fill_variant(number, &mut reader);
        reader.is_fine().then_some(&*message)
    }
}

/// Opens a task, with the parameters of the day.
pub fn submit(
    id: TaskId,
    parameters: &Parameters,
    context: &Context,
    spec: TaskSpec,
) -> Result<(Task, Effects), Error> {
    let mut effects = Effects::default();
    let task = task::submit(id, parameters, context, &spec, &mut effects)?;
    Ok((*task, effects))
}

/// A message about a task.
pub fn apply(mut task: Task, context: &Context, message: Message) -> Result<(Task, Effects), Error> {
    let mut effects = Effects::default();
    dispatch(&mut task, context, &message, &mut effects)?;
    Ok((task, effects))
}

/// [`apply`] in place: after an error task and effects may be half changed, and are thrown away.
pub fn dispatch(task: &mut Task, context: &Context, message: &Message, effects: &mut Effects) -> Checked {
    match message {
        Message::Join { seed_commit } => task::join(task, context, *seed_commit, effects),
        Message::PostProfile(profile) => task::post_profile(task, context, profile, effects),
        Message::Bid { price } => task::bid(task, context, *price, effects),
        Message::Poke => task::poke(task, context, effects),
        Message::Prove(proof) => task::prove(task, context, proof, effects),
        Message::RevealSeed { seed } => task::reveal_seed(task, context, seed, effects),
        Message::CommitVerdict { commitment } => task::commit_verdict(task, context, *commitment, effects),
        Message::RevealVerdict { reports, salt } => task::reveal_verdict(task, context, reports, salt, effects),
        Message::Abstain => task::abstain(task, context, effects),
        Message::Challenge(target) => task::challenge(task, context, *target, effects),
    }
}

/// The arbiter says that a game is over. `entry` is what [`OpenGame`](super::money::OpenGame) gave to keep; the shell
/// removes it, so that no game ends twice, and checks that the caller is the arbiter.
pub fn game_over(mut task: Task, entry: &GameEntry, asserter_won: bool) -> Result<(Task, Effects), Error> {
    let mut effects = Effects::default();
    task::game_over(&mut task, entry, asserter_won, &mut effects)?;
    Ok((task, effects))
}
