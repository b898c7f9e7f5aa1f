//! Assay's runtime in one process behind Substrate's JSON-RPC: a **development node**.
//!
//! It is one author without network or consensus, its well-known keys have all the money, and every block is final as
//! soon as it exists. What a client or a contract sees is real: signatures, nonces, fees, deposits, weights, block
//! limits, state roots, and the codes of errors.
//!
//! - [`spawn`] starts a whole node for clients such as subxt and polkadot.js;
//! - [`Chain`] is the chain alone, for tests that want no network:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use assay_devnet::{sign, Chain};
//! use assay_runtime::{Balances, RuntimeCall};
//! use sp_keyring::Sr25519Keyring::{Alice, Bob};
//!
//! let mut chain = Chain::new_dev()?;
//! let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
//!     dest: Bob.to_account_id().into(),
//!     value: assay_runtime::UNIT,
//! });
//! let tx = sign(&chain, &Alice.pair(), call)?;
//! chain.submit(tx)?;
//! chain.build_block()?;
//! let before = assay_runtime::genesis::ENDOWMENT;
//! let after = chain.with_state(|| Balances::free_balance(Bob.to_account_id()))?;
//! assert_eq!(after, before + assay_runtime::UNIT);
//! # Ok(())
//! # }
//! ```

pub mod chain;
mod config;
mod error;
pub mod exec;
mod explain;
pub mod journal;
mod node;
pub mod pool;
mod rpc;
mod server;
mod signing;
pub mod state;

pub use chain::{Chain, ChainConfig, Scratch, StoredBlock, Submitted};
pub use config::Config;
pub use error::Error;
pub use pool::{PoolError, Status};
pub use server::{spawn, Handle};
pub use signing::{sign, sign_with_nonce};

/// Stack of the threads that run the runtime: contracts call each other through native frames.
pub(crate) const STACK: usize = 8 * 1024 * 1024;
