//! How each role is to behave, and how it is to misbehave when a demonstration or a test asks for it.
use crate::{Device, RoleError};
use assay_engine::task::Changes;
use std::path::PathBuf;
use std::time::Duration;

/// When [`run`](crate::run) returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After the first task that the role followed to its end.
    Finished,
    /// Never.
    Forever,
}

/// How a role is run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// When to return.
    pub until: Until,
    /// How long to wait for a new block before looking at the store anyway.
    pub poll: Duration,
    /// Failures in a row after which to give up; `None` never does.
    pub give_up: Option<u32>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { until: Until::Finished, poll: Duration::from_secs(2), give_up: None }
    }
}

/// What to buy.
#[derive(Clone, Debug, Default)]
pub struct SubmitOptions {
    /// Folder with `task.toml`, the model and the data (or the paths of it).
    pub task_dir: PathBuf,
    /// What to take in place of what `task.toml` says.
    pub changes: Changes,
}

/// What does a solver's arithmetic in tolerant mode; exact mode always takes the reproducible engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Backend {
    /// libtorch, in builds with the feature `torch`; others say so and take the reproducible engine.
    Torch,
    /// The reproducible engine.
    #[default]
    Reproducible,
    /// The one that is faster at the task's first steps.
    Fastest,
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Torch => "libtorch",
            Self::Reproducible => "the reproducible engine",
            Self::Fastest => "the fastest backend",
        })
    }
}

impl Backend {
    /// Whether this build has it.
    pub(crate) fn is_built(self) -> bool {
        self != Self::Torch || cfg!(feature = "torch")
    }

    /// Whether it can compute there: better asked before a worker is connected.
    ///
    /// # Errors
    /// A libtorch without CUDA, or no such GPU.
    #[cfg_attr(not(feature = "torch"), allow(unused_variables))]
    pub fn check(self, device: Device) -> Result<(), RoleError> {
        match self {
            // Which arithmetic a task asks for shows when there is one.
            #[cfg(feature = "torch")]
            Self::Torch => Ok(assay_engine::torch::check(device, assay_engine::task::Arithmetic::Bf16)?),
            _ => Ok(()),
        }
    }
}

/// How to train.
#[derive(Clone, Debug, Default)]
pub struct SolverOptions {
    /// Price asked per 10⁹ work units; the task's ceiling if left out.
    pub price: Option<u128>,
    /// What does the arithmetic.
    pub backend: Backend,
    /// The only task to bid for; any if left out.
    pub task: Option<u32>,
    /// Misbehaviour.
    pub cheat: Option<SolverCheat>,
}

/// Ways for a solver to cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SolverCheat {
    /// Adds noise to every checkpoint but the first, so that no segment can be reproduced.
    ForgeCheckpoint,
    /// Performs only some steps of every segment.
    SkipSteps,
    /// Wins the task and never delivers.
    Absent,
}

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct VerifierOptions {
    /// Doesn't join before this round (0 is the first).
    pub from_round: u8,
    /// The only task to join; any if left out.
    pub task: Option<u32>,
    /// Misbehaviour.
    pub cheat: Option<VerifierCheat>,
}

/// Ways for a verifier to cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifierCheat {
    /// Approves every segment without replaying it, and defends that.
    ApproveForged,
    /// Replays every segment, but flips the last bit of one element of one node's output on the way (the step is counted
    /// from the segment's first). Only nodes that the new state depends on make a difference.
    FlipBit(crate::game::Target),
    /// Replays every segment and says that it ends elsewhere, so that an honest solver is refuted.
    RefuteHonest,
    /// Replays every segment, but says that the solver's checkpoint is at distance 0 from the end.
    UnderstateDistance,
    /// Posts a profile of distance 1, so that the threshold becomes as wide as it can be.
    InflateProfile,
}

/// Whose work to repeat.
#[derive(Clone, Debug)]
pub struct WhistleblowerOptions {
    /// The only task to watch; all if left out.
    pub task: Option<u32>,
    /// Share of the reports to repeat, drawn with the worker's secret: 1.0 repeats all.
    pub sample: f64,
    /// Misbehaviour.
    pub cheat: Option<WhistleblowerCheat>,
    /// Where a false alarm steers its game to; by default to a matrix product in the middle of the segment. The step is
    /// counted from the segment's first.
    pub target: Option<crate::game::Target>,
}

impl Default for WhistleblowerOptions {
    fn default() -> Self {
        Self { task: None, sample: 1.0, cheat: None, target: None }
    }
}

/// Ways for a whistleblower to cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhistleblowerCheat {
    /// Attacks an honest verifier's report.
    FalseAlarm,
}
