//! Playing the pinpoint game: what to answer, and what to point at.
//!
//! [`asserter::next_move`] and [`challenger::next_pick`] are functions of the game as it is on the chain and of a
//! [`Prover`], which knows what one side says the execution is. Nothing has to be remembered between moves.
mod asserter;
mod at;
mod challenger;
mod committed;
mod error;
pub mod forger;
mod kept;
mod prover;
mod replayer;
mod target;

pub use asserter::next_move;
pub use at::{describe, piece};
pub use challenger::{next_pick, steer};
pub use committed::{Committed, Generated};
pub use error::GameError;
pub use prover::{Piece, Prover};
pub use replayer::Replayer;
pub use target::Target;
