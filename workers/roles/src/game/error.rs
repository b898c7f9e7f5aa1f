//! Why a player has no move.
use assay_core::commit::{CommitError, Hash};
use assay_core::graph::{GraphError, ProgramError};
use assay_engine::exec::ExecError;
use assay_engine::state::StateError;

/// Why a player has no move.
#[derive(Debug, thiserror::Error)]
pub enum GameError {
    /// Something that the game asks about doesn't exist.
    #[error("{what} {index} of {count}: the game is about another program; check which task it belongs to")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its index.
        index: u64,
        /// How many there are.
        count: u64,
    },
    /// The challenger's own execution gives what the asserter claims: there is nothing to point at.
    #[error("no difference from the asserter's {what}: the claim is right, let the clock run or resign")]
    NoDifference {
        /// What was compared.
        what: &'static str,
    },
    /// The state that the prover was given isn't the one that the claim begins with.
    #[error("the claim begins with state {claimed}, the checkpoint at hand is {got}; download it again")]
    Start {
        /// The claim's.
        claimed: Hash,
        /// The prover's.
        got: Hash,
    },
    /// The claim is about another program than the prover's.
    #[error("the claim is about program {claimed}, the one at hand is {got}; check the task's bundle")]
    Program {
        /// The claim's.
        claimed: Hash,
        /// The prover's.
        got: Hash,
    },
    /// A commitment can't be computed.
    #[error("commitment: {0}")]
    Commit(#[from] CommitError),
    /// A program can't be evaluated.
    #[error("program: {0}")]
    Graph(#[from] GraphError),
    /// A program can't be decoded.
    #[error("program: {0}")]
    Records(#[from] ProgramError),
    /// The program can't be executed.
    #[error("execution: {0}")]
    Execution(#[from] ExecError),
    /// A state isn't the program's.
    #[error("state: {0}")]
    State(#[from] StateError),
}
