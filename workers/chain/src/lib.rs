//! What roles see of a chain: [`Chain`], one trait with the protocol's messages and views, and no type of any chain.
//!
//! [`Substrate`] implements it over the contracts that [`deploy`] puts on a chain with pallet-contracts. Below it, each of
//! use by itself:
//! - [`ContractClient`]: any ink! contract by message label: dry run, sign, send, follow, report;
//! - [`Node`]: a connection that outlives the node's restarts, and a sender that never sends twice.
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod account;
mod api;
mod contract;
mod deploy;
mod error;
mod events;
mod node;
mod receipt;
mod selector;
mod signer;
mod substrate;

pub use account::{address, parse_address};
pub use api::{Chain, Logged, Sent};
pub use contract::{Called, CodeHash, ContractClient, Instantiated};
pub use deploy::{deploy, Artifacts, Deployed, Deployment};
pub use error::{ChainError, Result};
pub use events::{event_signatures, ChainEvent, ContractEvent};
pub use node::{Node, NodeOptions, Wait};
pub use receipt::{Deposit, Gas, Receipt};
pub use selector::{selector, signature, Selector};
pub use signer::Signer;
pub use substrate::Substrate;
