//! The rules: task, verification, dispute, settlement, parameters. Pure transitions, no I/O.
//!
//! - [`escrow`]: the messages about a task; `(task, context, message) -> Result<(task, effects), Error>`;
//! - [`task`]: a task and its phases, one file per transition;
//! - [`dispute`]: the pinpoint game, which the arbiter contract runs;
//! - [`money`]: the ledger: free balances, what is locked, and that nothing is lost;
//! - [`parameters`]: the one table of numbers;
//! - [`simulator`]: the contracts in memory, for tests.
pub mod beacon;
pub mod dispute;
mod error;
pub mod escrow;
mod event;
pub mod jackpot;
pub mod money;
pub mod parameters;
pub mod sampling;
pub mod simulator;
pub mod task;
#[cfg(test)]
pub(crate) mod testing;
mod types;
pub mod verdict;

#[cfg(test)]
mod tests;

pub use dispute::{Claim, Game, Move, OperandProof};
pub use error::{Checked, Error, Fail, SpecFault};
pub use escrow::Message;
pub use event::Event;
pub use money::{Book, Effects, Entry, OpenGame, Reason, Totals};
pub use parameters::Parameters;
pub use task::{GameEntry, Outcome, Phase, Task, Terms};
pub use types::*;
