//! What can go wrong between a role and the contracts.
use assay_core::protocol::{Balance, Block, Error as Refusal};
use std::path::PathBuf;
use std::time::Duration;

/// A result of this crate.
pub type Result<T, E = ChainError> = std::result::Result<T, E>;

/// What can go wrong between a role and the contracts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// A contract refuses the message; nothing was changed, and unless a receipt exists nothing was paid.
    #[error("the contract refuses {label}: {error}")]
    Refused {
        /// The message.
        label: &'static str,
        /// The protocol's reason.
        error: Refusal,
    },
    /// The contract doesn't know the message, or reads it differently.
    #[error("contract {contract} doesn't understand {label}: this program and the contract are of different versions")]
    Misunderstood {
        /// The contract's address.
        contract: String,
        /// The message.
        label: &'static str,
    },
    /// There is no contract at the address.
    #[error("no contract at {contract}: check the deployment file and the node's address")]
    NoContract {
        /// The address.
        contract: String,
    },
    /// The contract trapped, ran out of gas or of money.
    #[error("{label} failed: {why}")]
    Failed {
        /// The message.
        label: &'static str,
        /// The runtime's reason, as `Pallet::Error`.
        why: String,
    },
    /// The account can't pay for the transaction.
    #[error("account {account} can't pay for {label} ({why}): send it {need_about} or more")]
    Funds {
        /// Whose money it is.
        account: String,
        /// The message.
        label: &'static str,
        /// The runtime's reason.
        why: String,
        /// Value and deposit of the call, where known.
        need_about: Balance,
    },
    /// The node rejects the transaction itself.
    #[error("the node rejects {label}: {message} ({code})")]
    Rejected {
        /// The message.
        label: &'static str,
        /// JSON-RPC's code.
        code: i32,
        /// The node's reason.
        message: String,
    },
    /// Somebody else signed with the same key and took the transaction's place.
    #[error(
        "another transaction of account {account} took number {nonce}: give each running program a key of its own"
    )]
    Replaced {
        /// Whose key.
        account: String,
        /// The number.
        nonce: u64,
    },
    /// The transaction is not in a block, and can't come into one any more. It may be sent again.
    #[error("{label} was not included by block {until}, and can't be any more: send it again")]
    Expired {
        /// The message.
        label: &'static str,
        /// Its last block.
        until: Block,
    },
    /// Nothing was heard of the transaction. It may still come into a block up to `until`.
    #[error("nothing was heard of {label} (transaction {tx}) for {after:?}: read the chain before sending it again, until block {until}")]
    Unknown {
        /// The message.
        label: &'static str,
        /// Hash of the transaction.
        tx: String,
        /// How long it was waited for.
        after: Duration,
        /// Its last block.
        until: Block,
    },
    /// An address at which no node can be.
    #[error("{url:?} is not a node's address: {why}")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The node can't be reached.
    #[error("can't reach the node at {url} for {after:?} ({why}): check the address and that the node runs")]
    Unreachable {
        /// The node.
        url: String,
        /// How long it was tried.
        after: Duration,
        /// The last failure.
        why: String,
    },
    /// The node is of another chain than before, or than deployed to.
    #[error("{url} is of chain {found}, expected {expected}: was the node started anew? then deploy again")]
    OtherChain {
        /// The node.
        url: String,
        /// Genesis hash expected.
        expected: String,
        /// Genesis hash found.
        found: String,
    },
    /// The contract at an address runs other code than deployed.
    #[error("contract {contract} runs code {found}, expected {expected}: the deployment file is of another build")]
    OtherCode {
        /// The address.
        contract: String,
        /// Code hash expected.
        expected: String,
        /// Code hash found.
        found: String,
    },
    /// The contracts at the addresses don't belong together.
    #[error("the contracts around escrow {escrow} don't know each other: the deployment was not completed, or the file is mixed up")]
    Unwired {
        /// The escrow's address.
        escrow: String,
    },
    /// The node has dropped the state or the block.
    #[error("the node no longer has block {block}: use an archive node, or read from a later block")]
    Pruned {
        /// The block.
        block: Block,
    },
    /// The node answers, but not as expected.
    #[error("unexpected answer of the node to {doing}: {why}")]
    Node {
        /// What was asked.
        doing: &'static str,
        /// What is wrong with the answer.
        why: String,
    },
    /// A transaction succeeded without the event that says what it made.
    #[error("{label} succeeded without saying what it made: the contract is of another version")]
    NoEvent {
        /// The message.
        label: &'static str,
    },
    /// A text that names no key. The text itself is not repeated.
    #[error("not a key: {why}; give a phrase, a 0x… seed, either with //derivations, or file:PATH")]
    Key {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A text that is no address.
    #[error("{text:?} is not an account: give an SS58 address or 0x and 64 hexadecimal digits")]
    Address {
        /// The text.
        text: String,
    },
    /// A contract's code can't be read.
    #[error("can't {doing} {}: {why}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        why: String,
    },
}
