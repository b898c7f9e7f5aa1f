//! What a transaction did, and what it cost.
use crate::events::ContractEvent;
use assay_core::commit::Hash;
use assay_core::protocol::{Balance, Block};
use serde::{Deserialize, Serialize};

/// Computation, as the runtime meters it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gas {
    /// Time, in picoseconds on the reference machine.
    pub ref_time: u64,
    /// Bytes of state that a light validator must be shown.
    pub proof_size: u64,
}

/// Money locked for storage by a transaction, or set free by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deposit {
    /// Taken from the sender.
    Charged(Balance),
    /// Given back to it.
    Refunded(Balance),
}

/// What a transaction did, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What was called.
    pub label: String,
    /// The block that it is in.
    pub block: Block,
    /// That block's hash.
    pub block_hash: Hash,
    /// The transaction's hash.
    pub tx: Hash,
    /// What it used, with the runtime's own work around the call.
    pub gas: Gas,
    /// What the contract's execution used, as the dry run told.
    pub contract_gas: Gas,
    /// What the sender paid for it, without value and deposit.
    pub fee: Balance,
    /// What it locked for storage.
    pub deposit: Deposit,
    /// Bytes of the selector and the arguments.
    pub input_bytes: u32,
    /// Bytes of the whole transaction.
    pub tx_bytes: u32,
    /// What the contracts told, in order.
    #[serde(skip)]
    pub events: Vec<ContractEvent>,
}
