//! The entries of a journal.
use assay_core::commit::hex_bytes;
use serde::{Deserialize, Serialize};

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    /// Wants a model trained.
    Submitter,
    /// Trains it.
    Solver,
    /// Checks the solver.
    Verifier,
    /// Checks the verifiers.
    Whistleblower,
}

impl std::fmt::Display for RoleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Submitter => "submitter",
            Self::Solver => "solver",
            Self::Verifier => "verifier",
            Self::Whistleblower => "whistleblower",
        })
    }
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Who writes.
    pub role: RoleName,
    /// Its account on the chain.
    #[serde(with = "account")]
    pub account: [u8; 32],
    /// The task it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<u32>,
    /// What happened. (Neither flattened nor tagged within: serde would buffer it, and buffered fractions can't be read
    /// back once any crate of the build turns serde_json's `arbitrary_precision` on, as Substrate's do.)
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Some of a stage's work is done.
    Progress {
        /// What is being done: `check`, `train`, `profile`, `replay`, `repeat`, …
        stage: String,
        /// Units done.
        done: u64,
        /// Units there are.
        total: u64,
    },
    /// Compute that a stage took.
    Work {
        /// What was done.
        stage: String,
        /// Seconds on the clock.
        wall: f64,
        /// Processor seconds of the computing thread alone; where a solver trains, of the training's steps alone.
        thread_cpu: f64,
        /// Processor seconds of the whole process in that time: all threads, other roles of the process too.
        process_cpu: f64,
    },
    /// A transaction.
    Call {
        /// The message.
        label: String,
        /// Weight it used (reference time).
        gas: u64,
        /// Weight it used (bytes of state that a light validator must be shown).
        proof_size: u64,
        /// Fee it cost.
        #[serde(with = "amount")]
        fee: u128,
        /// Bytes of the transaction.
        bytes: u64,
        /// The block that it is in.
        block: u32,
    },
    /// A move in a pinpoint game.
    Move {
        /// The game.
        game: u32,
        /// `asserter` or `challenger`.
        mover: String,
        /// The kind of move.
        kind: String,
        /// Its encoded size.
        bytes: u64,
        /// What it is about, in words.
        detail: String,
    },
    /// Something worth telling.
    Note {
        /// In words.
        text: String,
    },
    /// The training loss.
    Loss {
        /// After this many steps.
        step: u64,
        /// Its value.
        loss: f32,
    },
    /// A game ended.
    GameOver {
        /// The game.
        game: u32,
        /// Who won.
        asserter_won: bool,
        /// The contract's finding, in words.
        verdict: String,
    },
    /// A task ended for this worker.
    Outcome {
        /// How the task ended.
        outcome: String,
        /// What the worker then took out of the escrow.
        #[serde(with = "amount")]
        withdrawn: u128,
    },
}

/// Accounts as hexadecimal text.
mod account {
    use super::hex_bytes;
    use serde::de::Error;

    pub(super) fn serialize<S: serde::Serializer>(account: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        hex_bytes::serialize(account, serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let bytes = hex_bytes::deserialize(deserializer)?;
        <[u8; 32]>::try_from(bytes).map_err(|bytes| D::Error::invalid_length(bytes.len(), &"32 bytes"))
    }
}

/// Amounts as decimal text: most readers of JSON would round them.
mod amount {
    use serde::de::Error;
    use serde::Deserialize;

    pub(super) fn serialize<S: serde::Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
