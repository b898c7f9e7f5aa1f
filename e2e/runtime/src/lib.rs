//! The chain that Assay's contracts are developed and tested on: balances, fees and pallet-contracts, configured as
//! on a public chain.
//!
//! One source, two uses: `e2e/devnet` links it natively, `e2e/node` runs it as Wasm inside a real Substrate node.
//! Limits that contract authors feel (code size, call depth, stable interface only, block weight) are the stricter of
//! what public networks with pallet-contracts use, so what runs here runs there. See [`config`] and [`fees`].

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "512"]

extern crate alloc;

pub mod apis;
pub mod config;
pub mod fees;
pub mod genesis;

pub use apis::{RuntimeApi, RUNTIME_API_VERSIONS};

// The runtime macro's code names it, and has no prelude to find it in when built for Wasm.
#[cfg(not(feature = "std"))]
use alloc::vec::Vec;
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

/// Who signs.
pub type Signature = MultiSignature;
/// 32 bytes: a public key, or a contract's address.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// How transactions name an account.
pub type Address = MultiAddress<AccountId, ()>;
/// An amount in the smallest unit; see [`UNIT`].
pub type Balance = u128;
/// Number of transactions an account has sent.
pub type Nonce = u32;
/// Height of a block.
pub type BlockNumber = u32;
/// A hash, and a moment of the chain: BLAKE2b-256.
pub type Hash = sp_core::H256;
/// Milliseconds since the Unix epoch.
pub type Moment = u64;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// An event with the phase it happened in.
pub type EventRecord = frame_system::EventRecord<RuntimeEvent, Hash>;

/// What a signature covers beside the call itself.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckEra<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
);
/// A transaction as it travels.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a signature signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Runs blocks and validates transactions.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// One UNIT: the token has 12 decimals.
pub const UNIT: Balance = 1_000_000_000_000;
/// A thousandth of a UNIT.
pub const MILLIUNIT: Balance = UNIT / 1_000;
/// A millionth of a UNIT.
pub const MICROUNIT: Balance = UNIT / 1_000_000;

/// What this runtime is; clients refuse to sign for another.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: alloc::borrow::Cow::Borrowed("assay-dev"),
    impl_name: alloc::borrow::Cow::Borrowed("assay-dev"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

#[allow(missing_docs, clippy::missing_docs_in_private_items)]
#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(3)]
    pub type TransactionPayment = pallet_transaction_payment;
    #[runtime::pallet_index(4)]
    pub type Contracts = pallet_contracts;
}
