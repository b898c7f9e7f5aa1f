//! Helpers of the whole-system tests and benchmarks.
//!
//! - [`court`]: the contracts as real Wasm on the real pallet, in one process; [`trial`]: a task on it, phase by phase;
//! - [`workload`]: something to train; [`zoo`]: workloads of all operators; [`example`]: places in the examples' models;
//! - [`testimony`]: what a verifier says about it; [`lie`]: the smallest lies;
//! - [`duel`]: games, played to their end;
//! - [`vast`]: games about programs of 10⁹ parameters;
//! - [`process`]: the demo, with every role as its own process.
#![warn(missing_docs)]

pub mod cast;
pub mod court;
pub mod duel;
pub mod example;
pub mod lie;
pub mod process;
pub mod testimony;
pub mod trial;
pub mod vast;
pub mod workload;
pub mod zoo;
