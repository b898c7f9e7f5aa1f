//! What the messages are made of.
use crate::arith::F32;
use crate::commit::{Hash, Opening};
use crate::graph::ProgramRef;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// An account on the chain, a person's or a contract's.
pub type AccountId = [u8; 32];
/// Money, in the chain's smallest unit.
pub type Balance = u128;
/// A block number, or a number of blocks.
pub type Block = u32;
/// A task, counted from 0.
pub type TaskId = u32;
/// A game of the arbiter, counted from 0.
pub type GameId = u32;

/// Verifiers of a round at most.
pub const MAX_VERIFIERS: u8 = 4;
/// Segments per verifier at most.
pub const MAX_SEGMENTS: u8 = 4;
/// Segments of a task at most.
pub const MAX_TASK_SEGMENTS: u64 = 65_535;
/// Bids of a task at most; then a lower one displaces the highest.
pub const MAX_BIDS: usize = 16;
/// Rounds of verification at most.
pub const MAX_ROUNDS: u8 = 3;
/// Games open at once against one claim at most.
pub const MAX_CLAIM_GAMES: u8 = 16;
/// Work units that a price is for.
pub const WORK_PER_PRICE: u128 = 1_000_000_000;

/// What a transition is told about the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Context {
    /// Who calls.
    pub caller: AccountId,
    /// The current block.
    pub now: Block,
    /// The escrow contract's own account: part of every commitment.
    pub contract: AccountId,
}

/// How the solver must have trained.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mode {
    /// With the reproducible engine: every bit counts.
    Exact,
    /// With any hardware and library: segments may differ by the profiled threshold.
    Tolerant,
}

wire!(enum Mode or Exact { 0 => Exact, 1 => Tolerant });

/// What a submitter wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskSpec {
    /// Address of the bundle, from which everything else can be had.
    pub metadata: Hash,
    /// The training step.
    pub program: ProgramRef,
    /// The same with jitter on every gradient (tolerant mode only).
    pub jitter: ProgramRef,
    /// The distance between two states (tolerant mode only).
    pub distance: ProgramRef,
    /// Root of the first state.
    pub start: Hash,
    /// Training steps.
    pub steps: u64,
    /// Steps between checkpoints.
    pub interval: u32,
    /// Work units of one step; every worker checks it before it bids or joins.
    pub work_per_step: u64,
    /// Exact or tolerant.
    pub mode: Mode,
    /// Price limit for 10⁹ work units.
    pub max_price: Balance,
    /// Verifiers per round.
    pub verifiers: u8,
    /// Segments that each verifier replays.
    pub segments_per_verifier: u8,
    /// The solver's clock.
    pub training_blocks: Block,
    /// End of the submitter's chain of seeds, see [`super::beacon::seed_chain`].
    pub seed_commit: Hash,
}

wire!(struct TaskSpec {
    metadata, program, jitter, distance, start, steps, interval, work_per_step, mode, max_price, verifiers,
    segments_per_verifier, training_blocks, seed_commit
});

/// What a profiler measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Profile {
    /// State after the first segment of the program.
    pub base: Hash,
    /// State after the first segment of the jitter program.
    pub jittered: Hash,
    /// d² between them.
    pub value: F32,
}

wire!(struct Profile { base, jittered, value });

/// What a solver trained.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Proof {
    /// Root of the checkpoint list.
    pub checkpoints: Hash,
    /// Address of the proof blob.
    pub blob: Hash,
    /// Item 0 of the list, which must be the task's start.
    pub first: Opening,
    /// The last item of the list, the result.
    pub last: Opening,
}

wire!(struct Proof { checkpoints, blob, first, last });

/// What a verifier found in one drawn segment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SegmentReport {
    /// State at the end of the segment, replayed from its start.
    pub replayed: Hash,
    /// d² between that and the solver's checkpoint (tolerant mode; +0 in exact mode).
    pub value: F32,
    /// Items k and k + 1 of the checkpoint list: one opening if one chunk holds both, two otherwise.
    pub openings: Vec<Opening>,
}

wire!(struct SegmentReport { replayed, value, openings });

/// A claim that can be challenged.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Target {
    /// A part of a report of a revealed verdict.
    Verdict {
        /// The verifier's slot.
        slot: u8,
        /// Its report, in draw order.
        report: u8,
        /// Which part.
        part: Part,
    },
    /// A part of the profile.
    Profile {
        /// Which part.
        part: ProfilePart,
    },
}

wire!(enum Target or Profile { part } { 0 => Verdict { slot, report, part }, 1 => Profile { part } });

/// A part of a report.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Part {
    /// That replaying gives this state.
    Execution,
    /// That the distance is this.
    Distance,
}

wire!(enum Part or Execution { 0 => Execution, 1 => Distance });

/// A part of a profile.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProfilePart {
    /// The run of the program.
    Base,
    /// The run of the jitter program.
    Jittered,
    /// Their distance.
    Distance,
}

wire!(enum ProfilePart or Base { 0 => Base, 1 => Jittered, 2 => Distance });

impl TaskSpec {
    /// Steps between checkpoints, cut at the end: what `segments` multiplies up to.
    pub fn segments(&self) -> u64 {
        self.steps.div_ceil(u64::from(self.interval.max(1)))
    }

    /// First step and number of steps of a segment.
    pub fn segment(&self, segment: u32) -> (u64, u32) {
        let first = u64::from(segment).saturating_mul(u64::from(self.interval));
        let left = self.steps.saturating_sub(first);
        (first, u32::try_from(left).unwrap_or(u32::MAX).min(self.interval))
    }

    /// Bytes of the checkpoint list.
    pub fn checkpoints_len(&self) -> u64 {
        self.segments().saturating_add(1).saturating_mul(32)
    }
}
