//! What a player of a game must be able to show.
use super::{Committed, GameError};
use assay_core::commit::Hash;
use assay_core::graph::{Program, Source};
use std::sync::Arc;

/// A committed string that a game may ask about. In distance programs `step` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// The program's records.
    Program,
    /// The list of roots of a state's tensors: the state before `step` (snapshot 0), or a snapshot of a distance.
    States {
        /// The step that reads it.
        step: u64,
        /// Which snapshot.
        snapshot: u8,
    },
    /// One tensor of such a state.
    State {
        /// The step that reads it.
        step: u64,
        /// Which snapshot.
        snapshot: u8,
        /// Which tensor.
        index: u32,
    },
    /// A public data set.
    Data {
        /// Which one.
        index: u32,
    },
    /// The list of roots of all nodes' outputs.
    Trace {
        /// The step.
        step: u64,
    },
    /// One node's output.
    Output {
        /// The step.
        step: u64,
        /// The node.
        node: u32,
    },
    /// The values of all micro-steps of one element.
    Micro {
        /// The step.
        step: u64,
        /// The node.
        node: u32,
        /// The element.
        element: u64,
    },
}

impl Piece {
    /// Where the input of a node comes from.
    pub fn of_source(source: Source, step: u64) -> Self {
        match source {
            Source::State { snapshot, index } => Self::State { step, snapshot, index },
            Source::Data { index } => Self::Data { index },
            Source::Node { index } => Self::Output { step, node: index },
        }
    }
}

/// One side's view of the execution that a game is about: what it says each piece is.
pub trait Prover: Send {
    /// The program.
    fn program(&self) -> Arc<Program>;

    /// The root of the state before a step (the state after the segment, for the step that follows it).
    fn state_root(&mut self, step: u64) -> Result<Hash, GameError>;

    /// A committed string.
    fn open(&mut self, piece: Piece) -> Result<Arc<Committed>, GameError>;
}
