//! Any ink! contract, by the labels of its messages.
mod abi;
mod client;
mod dry_run;
mod upload;

pub use client::{Called, ContractClient, Instantiated};
pub use upload::CodeHash;
