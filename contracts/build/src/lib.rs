//! What stands between a contract as the linker leaves it and a contract that a chain takes:
//!
//! - [`strip`]: drops what isn't run and caps the memory;
//! - [`check`]: everything that pallet-contracts would refuse, each with its reason;
//! - [`envelope`]: code and metadata in the form that polkadot.js and contracts-ui read.
#![forbid(unsafe_code)]

mod check;
pub mod envelope;
mod host;
mod strip;

pub use check::{check, Fault};
pub use strip::{strip, MEMORY_PAGES};

/// The greatest size of a contract, in bytes: all of the code is part of the proof of every call. (Chains take more:
/// subtensor and the development runtime 128 KiB.)
pub const SIZE_LIMIT: usize = 48 * 1024;

/// The functions that a chain calls, and the only exports.
pub const ENTRY_POINTS: [&str; 2] = ["call", "deploy"];
