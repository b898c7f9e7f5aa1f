//! What can be disputed: the execution of a program.
use super::steps::Split;
use super::{Focus, Stage};
use crate::arith::F32;
use crate::commit::descent::Descent;
use crate::commit::{hash, Hash};
use crate::graph::ProgramRef;
use crate::protocol::error::{ensure, Checked, Fail};
use crate::protocol::Error;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// A statement that a program execution has a result.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Claim {
    /// From one state, these steps give another.
    Execution {
        /// The step.
        program: ProgramRef,
        /// Number of the first step.
        first_step: u64,
        /// How many.
        steps: u32,
        /// Root of the state before.
        start: Hash,
        /// Root of the state after.
        end: Hash,
    },
    /// Two states have this distance.
    Distance {
        /// The distance.
        program: ProgramRef,
        /// Snapshot 0: the state before both.
        start: Hash,
        /// Snapshot 1.
        replayed: Hash,
        /// Snapshot 2.
        claimed: Hash,
        /// d².
        value: F32,
    },
}

wire!(enum Claim or Distance { program, start, replayed, claimed, value } {
    0 => Execution { program, first_step, steps, start, end },
    1 => Distance { program, start, replayed, claimed, value },
});

impl Claim {
    /// The program that it is about.
    pub const fn program(&self) -> &ProgramRef {
        match self {
            Claim::Execution { program, .. } | Claim::Distance { program, .. } => program,
        }
    }

    /// Agreed roots of the state lists that the program may read in the disputed step, by snapshot.
    pub(super) fn snapshots(&self, focus: &Focus) -> Vec<Hash> {
        match self {
            Claim::Execution { .. } => [focus.before].into(),
            Claim::Distance { start, replayed, claimed, .. } => [*start, *replayed, *claimed].into(),
        }
    }

    /// Where a game about it begins. The focus is that of a new game.
    pub(super) fn first_stage(&self, focus: &mut Focus) -> Checked<Stage> {
        match self {
            &Claim::Execution { ref program, first_step, steps, start, end } => {
                let ends = first_step.checked_add(u64::from(steps)).is_some();
                let runs = steps > 0 && program.states > 0 && program.nodes >= program.states;
                ensure!(ends && runs, Error::EmptyClaim);
                if steps == 1 {
                    return step_found(program, first_step, start, end, focus);
                }
                let split = Split { lo: 0, hi: steps, before: start, after: end, roots: Default::default() };
                Ok(Stage::Split(split))
            }
            Claim::Distance { program, value, .. } => {
                focus.output = program.nodes.checked_sub(1).ok_or_else(empty)?;
                focus.result = hash(&value.to_le_bytes());
                Ok(Stage::AwaitTrace)
            }
        }
    }
}

fn empty() -> Fail {
    Error::EmptyClaim.into()
}

/// The disputed step is known: the state after it is next.
pub(super) fn step_found(
    program: &ProgramRef,
    step: u64,
    before: Hash,
    after: Hash,
    focus: &mut Focus,
) -> Checked<Stage> {
    let len = u64::from(program.states).saturating_mul(32);
    let descent = Descent::new(after, len, 32).map_err(|_| empty())?;
    (focus.step, focus.before) = (step, before);
    Ok(Stage::State(descent))
}
