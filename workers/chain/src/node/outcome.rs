//! What became of a transaction that is in a block.
use super::runtime::{blake2, Runtime};
use super::{odd, Node};
use crate::events::ContractEvent;
use crate::{Gas, Result};
use assay_core::protocol::{AccountId, Balance, Block};
use codec::{Compact, Decode, Encode};
use subxt::error::DispatchError;
use subxt::events::Phase;
use subxt::utils::H256;

/// A transaction in a block.
#[derive(Clone, Debug)]
pub(crate) struct Included {
    pub(crate) block: Block,
    pub(crate) block_hash: H256,
    pub(crate) tx: H256,
    pub(crate) tx_bytes: u32,
    pub(crate) gas: Gas,
    pub(crate) fee: Balance,
    /// Taken from the sender for storage.
    pub(crate) held: Balance,
    /// Given back to it.
    pub(crate) released: Balance,
    pub(crate) emitted: Vec<ContractEvent>,
    /// New contracts, in order.
    pub(crate) contracts: Vec<AccountId>,
    /// Why it failed, if it did.
    pub(crate) failure: Option<Failure>,
}

/// Why the runtime stopped a call: `Pallet::Error`, or a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// The contract itself refused, and rolled back.
    pub(crate) fn reverted(&self) -> bool {
        self.0 == "Contracts::ContractReverted"
    }

    /// There is no contract at the address.
    pub(crate) fn no_contract(&self) -> bool {
        self.0 == "Contracts::ContractNotFound"
    }

    /// The sender has too little money.
    pub(crate) fn poor(&self) -> bool {
        let poor =
            ["Contracts::StorageDepositNotEnoughFunds", "Contracts::TransferFailed", "Token error", "Balances::"];
        poor.iter().any(|poor| self.0.starts_with(poor))
    }
}

/// The runtime's error, to know where it ends among other bytes.
#[derive(Clone, Debug, Decode, Encode)]
pub(crate) enum RawFailure {
    Other,
    CannotLookup,
    BadOrigin,
    Module { pallet: u8, error: [u8; 4] },
    ConsumerRemaining,
    NoProviders,
    TooManyConsumers,
    Token(u8),
    Arithmetic(u8),
    Transactional(u8),
    Exhausted,
    Corruption,
    Unavailable,
    RootNotAllowed,
    Trie(u8),
}

impl Runtime {
    /// Names an error by the metadata.
    pub(super) fn name(&self, failure: &RawFailure) -> Failure {
        Failure(match DispatchError::decode_from(failure.encode(), self.client.metadata()) {
            Ok(DispatchError::Module(module)) => module.details_string(),
            Ok(other) => other.to_string(),
            Err(_) => format!("{failure:?}"),
        })
    }
}

/// An event of a block.
pub(super) struct Record {
    /// Of which transaction.
    pub(super) transaction: Option<usize>,
    pub(super) what: What,
}

/// The events that matter.
pub(super) enum What {
    Emitted(ContractEvent),
    Instantiated(AccountId),
    Held { from: AccountId, amount: Balance },
    Released { to: AccountId, amount: Balance },
    FeePaid(Balance),
    Succeeded(Gas),
    Failed(Failure, Gas),
}

/// Computation as the runtime encodes it.
#[derive(Clone, Copy, Debug, Decode, Encode)]
pub(crate) struct Weight {
    ref_time: Compact<u64>,
    proof_size: Compact<u64>,
}

impl From<Weight> for Gas {
    fn from(weight: Weight) -> Self {
        Gas { ref_time: weight.ref_time.0, proof_size: weight.proof_size.0 }
    }
}

/// Reads the events of a block. Fields that follow those that matter are of no interest.
pub(super) fn records(runtime: &Runtime, bytes: &[u8]) -> Result<Vec<Record>> {
    const DOING: &str = "reading a block's events";
    let mut records = Vec::new();
    for event in runtime.client.events().from_bytes(bytes.to_vec()).iter() {
        let event = event.map_err(odd(DOING))?;
        let fields = &mut event.field_bytes();
        let what = match (event.pallet_name(), event.event_name()) {
            ("Contracts", "ContractEmitted") => <(AccountId, Vec<u8>)>::decode(fields).map(|(contract, data)| {
                let topics = event.topics().iter().map(|topic| topic.0).collect();
                What::Emitted(ContractEvent { contract, topics, data })
            }),
            ("Contracts", "Instantiated") => {
                <(AccountId, AccountId)>::decode(fields).map(|(_, contract)| What::Instantiated(contract))
            }
            ("Contracts", "StorageDepositTransferredAndHeld") => {
                <(AccountId, AccountId, Balance)>::decode(fields).map(|(from, _, amount)| What::Held { from, amount })
            }
            ("Contracts", "StorageDepositTransferredAndReleased") => {
                <(AccountId, AccountId, Balance)>::decode(fields).map(|(_, to, amount)| What::Released { to, amount })
            }
            ("Contracts", "CodeStored") => {
                <([u8; 32], Balance, AccountId)>::decode(fields).map(|(_, amount, from)| What::Held { from, amount })
            }
            ("TransactionPayment", "TransactionFeePaid") => {
                <(AccountId, Balance)>::decode(fields).map(|(_, fee)| What::FeePaid(fee))
            }
            ("System", "ExtrinsicSuccess") => Weight::decode(fields).map(|weight| What::Succeeded(weight.into())),
            ("System", "ExtrinsicFailed") => <(RawFailure, Weight)>::decode(fields)
                .map(|(failure, weight)| What::Failed(runtime.name(&failure), weight.into())),
            _ => continue,
        };
        let transaction = match event.phase() {
            Phase::ApplyExtrinsic(index) => usize::try_from(index).ok(),
            _ => None,
        };
        records.push(Record { transaction, what: what.map_err(odd(DOING))? });
    }
    Ok(records)
}

impl Node {
    /// What became of a transaction in this block; nothing if it isn't there.
    pub(super) async fn outcome(&self, hash: H256, sender: &AccountId, tx: &[u8]) -> Result<Option<Included>> {
        let Some((block, body)) = self.body(hash).await? else { return Ok(None) };
        let Some(index) = body.iter().position(|other| other == tx) else { return Ok(None) };
        let runtime = self.runtime().await?;
        let mut included = Included {
            block,
            block_hash: hash,
            tx: H256(blake2(tx)),
            tx_bytes: u32::try_from(tx.len()).unwrap_or(u32::MAX),
            gas: Gas::default(),
            fee: 0,
            held: 0,
            released: 0,
            emitted: Vec::new(),
            contracts: Vec::new(),
            failure: None,
        };
        let records = records(&runtime, &self.event_bytes(hash, block).await?)?;
        for record in records.into_iter().filter(|record| record.transaction == Some(index)) {
            included.note(record.what, sender);
        }
        Ok(Some(included))
    }

    /// Names an error of a dry run.
    pub(crate) async fn name(&self, failure: &RawFailure) -> Result<Failure> {
        Ok(self.runtime().await?.name(failure))
    }
}

impl Included {
    fn note(&mut self, what: What, sender: &AccountId) {
        match what {
            What::Emitted(event) => self.emitted.push(event),
            What::Instantiated(contract) => self.contracts.push(contract),
            What::Held { from, amount } if from == *sender => self.held = self.held.saturating_add(amount),
            What::Released { to, amount } if to == *sender => self.released = self.released.saturating_add(amount),
            What::Held { .. } | What::Released { .. } => {}
            What::FeePaid(fee) => self.fee = fee,
            What::Succeeded(gas) => self.gas = gas,
            What::Failed(failure, gas) => {
                self.gas = gas;
                self.failure = Some(failure);
            }
        }
    }
}
