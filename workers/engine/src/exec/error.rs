//! What can be wrong with an execution.
use crate::state::StateError;
use assay_core::commit::Hash;
use assay_core::graph::{GraphError, ProgramError, ProgramKind};

/// Why a program can't be executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// A program that means nothing.
    #[error("invalid program: {0}")]
    Program(#[from] ProgramError),
    /// A program that needs more memory than is given to one.
    #[error("the program's nodes need {got} bytes; at most {max} are given to one")]
    TooLarge {
        /// Needed.
        got: u64,
        /// [`MAX_BYTES`](super::MAX_BYTES).
        max: u64,
    },
    /// Another number of data sets than declared.
    #[error("the program reads {expected} data sets, {got} were given")]
    DataCount {
        /// Declared.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// Other data than declared.
    #[error("data {name:?} has root {got} or another shape or type; the program's root is {expected}")]
    Data {
        /// Its name.
        name: String,
        /// Declared.
        expected: Hash,
        /// Given.
        got: Hash,
    },
    /// A step of a distance program, or the distance of a step program.
    #[error("a {expected:?} program is needed, this is a {got:?} program")]
    Kind {
        /// Needed.
        expected: ProgramKind,
        /// What the program is.
        got: ProgramKind,
    },
    /// Another number of states than the program reads.
    #[error("the program reads {expected} states, {got} were given")]
    Snapshots {
        /// Read.
        expected: usize,
        /// Given.
        got: usize,
    },
    /// A state of another shape.
    #[error(transparent)]
    State(#[from] StateError),
    /// No such node or element.
    #[error("node {node} doesn't exist or has no trace")]
    NoNode {
        /// Its position.
        node: usize,
    },
    /// No such element.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A program without the nodes that give accuracy.
    #[error("the program has no node {0:?}: it isn't an evaluation")]
    NotEvaluation(&'static str),
    /// No threads.
    #[error("threads: {0}")]
    Threads(#[source] std::io::Error),
}
