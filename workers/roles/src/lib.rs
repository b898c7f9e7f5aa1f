//! The four roles of the protocol: [`Submitter`], [`Solver`], [`Verifier`], [`Whistleblower`].
//!
//! Each is a [`Role`]: an idempotent reaction to what the chain looks like now. [`run`] lets one react at every block and
//! waits out failures of node and store. All that must survive a crash is on the chain, in the store, or in the worker's
//! home; secrets are derived from one key file ([`Secrets`]).
//!
//! - [`game`]: playing the pinpoint game, on both sides, without any chain;
//! - [`journal`]: what a worker did, for progress bars and reports;
//! - [`Job`]: a task that was checked against its inputs, as every worker does before it binds itself;
//! - cheats ([`SolverCheat`], [`VerifierCheat`], [`WhistleblowerCheat`]): for demonstrations, so that the protocol can be
//!   seen to catch them.
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod blobs;
mod context;
mod error;
pub mod game;
mod job;
pub mod journal;
mod machine;
mod meter;
mod noise;
mod options;
mod role;
mod secrets;
mod solver;
mod submitter;
mod verifier;
mod whistleblower;
mod worker;

pub use assay_engine::device::{Device, DeviceError};
pub use blobs::{BlobError, Bundle, Checkpoint, ProofBlob};
pub use context::Context;
pub use error::RoleError;
pub use job::{Inputs, Job, Mismatch};
pub use journal::Journal;
pub use machine::Hardware;
pub use meter::{Meter, Reading};
pub use options::{
    Backend, RunOptions, SolverCheat, SolverOptions, SubmitOptions, Until, VerifierCheat, VerifierOptions,
    WhistleblowerCheat, WhistleblowerOptions,
};
pub use role::{run, Activity, Outcome, Role};
pub use secrets::{Secrets, SecretsError};
pub use solver::Solver;
pub use submitter::{Prepared, Submitter};
pub use verifier::Verifier;
pub use whistleblower::Whistleblower;
