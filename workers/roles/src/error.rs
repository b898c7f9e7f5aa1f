//! What can stop a role for a while, and what stops it for good.
use crate::game::GameError;
use crate::{BlobError, Mismatch};
use assay_chain::ChainError;
use assay_core::commit::CommitError;
use assay_core::graph::ProgramError;
use assay_core::protocol::Error as Refusal;
use assay_engine::data::DataError;
use assay_engine::exec::ExecError;
use assay_engine::project::ProjectError;
use assay_engine::state::StateError;
use assay_engine::task::TaskError;
use assay_store::StoreError;
use std::path::PathBuf;

/// Why a role couldn't act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// The chain, or its contracts.
    #[error("chain: {0}")]
    Chain(#[from] ChainError),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// A game can't be played.
    #[error("game: {0}")]
    Game(#[from] GameError),
    /// A task isn't what its contract says.
    #[error("the task is not what it says: {0}")]
    Mismatch(#[from] Mismatch),
    /// A blob can't be read or written.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A program can't be executed.
    #[error("execution: {0}")]
    Execution(#[from] ExecError),
    /// A program can't be read.
    #[error("program: {0}")]
    Program(#[from] ProgramError),
    /// A state can't be used.
    #[error("state: {0}")]
    State(#[from] StateError),
    /// A commitment can't be computed.
    #[error("commitment: {0}")]
    Commit(#[from] CommitError),
    /// The task's folder can't be used.
    #[error("task.toml: {0}")]
    Task(#[from] TaskError),
    /// The task's model or data can't be used.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The task's data can't be read.
    #[error("data: {0}")]
    Data(#[from] DataError),
    /// The GPU failed.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] assay_engine::cuda::CudaError),
    /// A GPU was asked for.
    #[cfg(not(feature = "cuda"))]
    #[error("this build has no CUDA: build with --features cuda, or take --device cpu")]
    NoCuda,
    /// libtorch failed.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Torch(#[from] assay_engine::torch::TorchError),
    /// The protocol's rules don't allow it now.
    #[error("not allowed now: {0}")]
    Rules(Refusal),
    /// The worker's secrets can't be had.
    #[error(transparent)]
    Secrets(#[from] crate::SecretsError),
    /// The contracts would refuse the task.
    #[error("the contracts would refuse this task: {0}; change its terms")]
    Terms(Refusal),
    /// A file of the home folder.
    #[error("cannot {doing} {}: {source}; check the home folder", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A file of the home folder that this program didn't write.
    #[error("{} can't be read ({why}): move it away, it will be made again", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// The proof isn't what the solver committed to.
    #[error("the proof of task {task} is not what its solver committed to: {what}")]
    Proof {
        /// The task.
        task: u32,
        /// What is wrong with it.
        what: String,
    },
    /// The task is in a condition that its phase excludes.
    #[error("task {task} is in an impossible condition ({what}): the node may be catching up")]
    Impossible {
        /// The task.
        task: u32,
        /// What is missing.
        what: &'static str,
    },
    /// A computation panicked or was cancelled.
    #[error("a computation was stopped: {0}")]
    Stopped(#[from] tokio::task::JoinError),
    /// Too many failures in a row.
    #[error("gave up after {failures} failures in a row; the last: {last}")]
    GaveUp {
        /// How many.
        failures: u32,
        /// The last one.
        last: Box<RoleError>,
    },
}

impl RoleError {
    /// Whether trying again can't help: the configuration, the folder or the account has to be changed.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Chain(error) => matches!(
                error,
                ChainError::Misunderstood { .. }
                    | ChainError::NoContract { .. }
                    | ChainError::Url { .. }
                    | ChainError::OtherChain { .. }
                    | ChainError::OtherCode { .. }
                    | ChainError::Unwired { .. }
                    | ChainError::Key { .. }
                    | ChainError::Address { .. }
            ),
            Self::Task(_) | Self::Project(_) | Self::Data(_) | Self::Secrets(_) => true,
            Self::Terms(_) | Self::Memory { .. } | Self::GaveUp { .. } => true,
            _ => false,
        }
    }

    /// Whether something that somebody published can't be had, or isn't right.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Proof { .. } | Self::Blob(BlobError::Decode { .. }))
    }

    /// Whether a contract refused the call, because somebody else was faster or a window has closed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Chain(ChainError::Refused { .. }))
    }
}
