//! What happened, so that a user interface can tell the story of a task. Changes of balances are in
//! [`Effects::entries`](super::Effects), each with its reason.
use super::task::{Outcome, Phase};
use super::types::{AccountId, Balance, Block, Target};
use crate::arith::F32;
use crate::commit::Hash;
use codec::{Decode, Encode};

/// What happened in a task.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// A task was submitted.
    Submitted {
        /// By whom.
        submitter: AccountId,
        /// Address of its bundle.
        metadata: Hash,
    },
    /// A verifier took a slot.
    Joined {
        /// The slot.
        slot: u8,
        /// Who.
        verifier: AccountId,
    },
    /// A profile was posted.
    ProfilePosted {
        /// By whom.
        profiler: AccountId,
        /// The threshold that follows, squared.
        tau2: F32,
    },
    /// A solver bid.
    Bid {
        /// Who.
        solver: AccountId,
        /// For 10⁹ work units.
        price: Balance,
    },
    /// A bid was displaced by a lower one.
    Outbid {
        /// Whose.
        solver: AccountId,
    },
    /// The lowest bid won.
    Assigned {
        /// Whose.
        solver: AccountId,
        /// For the whole task.
        price: Balance,
    },
    /// The solver proved its work.
    Proved {
        /// Root of the checkpoint list.
        checkpoints: Hash,
        /// Address of the proof blob.
        blob: Hash,
        /// Root of the last state.
        result: Hash,
    },
    /// A seed was revealed.
    SeedRevealed {
        /// By whom.
        account: AccountId,
    },
    /// A seed was withheld; a bond part is lost.
    SeedWithheld {
        /// By whom.
        account: AccountId,
    },
    /// The segments are drawn.
    BeaconFixed {
        /// From this.
        beacon: Hash,
    },
    /// A verifier left.
    Abstained {
        /// Its slot.
        slot: u8,
    },
    /// A verifier committed.
    Committed {
        /// Its slot.
        slot: u8,
    },
    /// A verifier revealed.
    Revealed {
        /// Its slot.
        slot: u8,
        /// Whether all its segments pass.
        passes: bool,
    },
    /// A verifier didn't commit or reveal; a bond part is lost.
    VerdictWithheld {
        /// Its slot.
        slot: u8,
    },
    /// A game was opened.
    Challenged {
        /// About what.
        target: Target,
        /// By whom.
        challenger: AccountId,
    },
    /// A game ended.
    GameEnded {
        /// About what.
        target: Target,
        /// Who challenged.
        challenger: AccountId,
        /// Whether the claim stood.
        asserter_won: bool,
    },
    /// A verifier, or the profiler, lost its first game: its claims are void.
    Convicted {
        /// About what.
        target: Target,
        /// Who.
        account: AccountId,
    },
    /// No verdict of a round stands.
    RoundFell {
        /// Which, counted from 0.
        round: u8,
    },
    /// A phase began.
    Phase {
        /// Which.
        phase: Phase,
        /// Its last block.
        deadline: Block,
    },
    /// The task ended.
    Closed {
        /// How.
        outcome: Outcome,
    },
}
