//! Calling contracts: first as a dry run, then for good, then a receipt.
use super::abi::{input, Answer};
use super::dry_run::Allowance;
use crate::node::{Account, Included};
use crate::{address, ChainError, Deposit, Gas, Node, Receipt, Result, Signer};
use assay_core::commit::Hash;
use assay_core::protocol::{AccountId, Balance};
use codec::{Decode, Encode};
use std::sync::Arc;
use subxt::dynamic::Value;
use subxt::ext::scale_value::Composite;
use subxt::tx::{DynamicPayload, Payload};

/// A deposit that is always allowed on top of what the dry run needed: a few new storage items. In the chain's smallest
/// unit; the chains in question have 9 to 12 decimals.
const SLACK: Balance = 1_000_000_000_000;

/// An account that calls contracts. Cheap to clone; clones share the count of transactions, so give each running program
/// a key of its own, and within a program clone.
#[derive(Clone, Debug)]
pub struct ContractClient {
    node: Node,
    account: Arc<Account>,
}

/// A message that went through.
#[derive(Clone, Debug)]
pub struct Called<T> {
    /// What the dry run returned. The transaction itself may have returned something else (an id that another
    /// transaction took): where that matters, read the receipt's events.
    pub returned: T,
    /// What it did and cost.
    pub receipt: Receipt,
}

/// A new contract.
#[derive(Clone, Debug)]
pub struct Instantiated {
    /// Its address.
    pub contract: AccountId,
    /// What it cost.
    pub receipt: Receipt,
}

impl ContractClient {
    /// A client that signs with this key.
    pub fn new(node: Node, signer: Signer) -> Self {
        ContractClient { node, account: Arc::new(Account::new(signer)) }
    }

    /// Whose calls these are.
    pub fn account(&self) -> AccountId {
        self.account.signer.account()
    }

    /// The connection.
    pub fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn slack(&self) -> Balance {
        SLACK
    }

    /// Reads: runs a message that changes nothing, at the best block. `arguments` is a tuple.
    pub async fn view<T: Decode>(&self, contract: AccountId, label: &'static str, arguments: impl Encode) -> Result<T> {
        let input = input(label, &arguments);
        let (returned, _) = self.try_call(label, contract, 0, &input).await?;
        match returned.plain() {
            Answer::Returned(value) => Ok(value),
            _ => Err(ChainError::Misunderstood { contract: address(&contract), label }),
        }
    }

    /// Sends a message with `value` attached, if its dry run succeeds. `arguments` is a tuple, and the message returns
    /// `Result<T, Error>` with the protocol's error.
    pub async fn call<T: Decode>(
        &self,
        contract: AccountId,
        label: &'static str,
        arguments: impl Encode,
        value: Balance,
    ) -> Result<Called<T>> {
        let input = input(label, &arguments);
        let (returned, allowance) = self.try_call(label, contract, value, &input).await?;
        let returned = self.accepted(label, contract, returned.fallible())?;
        let call = call_contract(contract, value, &allowance, &input);
        let included = self.send(label, &call).await?;
        if included.failure.is_some() {
            return Err(self.after_failure::<T>(label, contract, value, &input, included).await);
        }
        Ok(Called { returned, receipt: receipt(label, &input, &allowance, included) })
    }

    /// Makes a contract of code that is on the chain. The same salt gives the same address.
    pub async fn instantiate(
        &self,
        code: Hash,
        label: &'static str,
        arguments: impl Encode,
        value: Balance,
        salt: &[u8],
    ) -> Result<Instantiated> {
        let input = input(label, &arguments);
        let (answer, account, allowance) = self.try_instantiate(code.0, value, &input, salt).await?;
        self.accepted(label, account, answer)?;
        let call = instantiate_contract(code, value, &allowance, &input, salt);
        let mut included = self.send(label, &call).await?;
        match (included.failure.take(), included.contracts.last()) {
            (Some(failure), _) => Err(self.failed(label, None, failure, value)),
            (None, None) => Err(ChainError::NoEvent { label }),
            (None, Some(contract)) => {
                Ok(Instantiated { contract: *contract, receipt: receipt(label, &input, &allowance, included) })
            }
        }
    }

    pub(super) async fn send<P: Payload + Sync>(&self, label: &'static str, call: &P) -> Result<Included> {
        let included = self.node.send(&self.account, label, call).await?;
        tracing::debug!(label, block = included.block, fee = included.fee, failure = ?included.failure, "transaction");
        Ok(included)
    }

    fn accepted<T>(&self, label: &'static str, contract: AccountId, answer: Answer<T>) -> Result<T> {
        match answer {
            Answer::Returned(value) => Ok(value),
            Answer::Refused(error) => Err(ChainError::Refused { label, error }),
            Answer::Misunderstood => Err(ChainError::Misunderstood { contract: address(&contract), label }),
        }
    }

    /// The dry run succeeded, the transaction didn't: something came between. A new dry run most likely tells what.
    async fn after_failure<T: Decode>(
        &self,
        label: &'static str,
        contract: AccountId,
        value: Balance,
        input: &[u8],
        included: Included,
    ) -> ChainError {
        let Some(failure) = included.failure else { return ChainError::NoEvent { label } };
        if failure.reverted() {
            if let Ok((returned, _)) = self.try_call(label, contract, value, input).await {
                if let Answer::Refused(error) = returned.fallible::<T>() {
                    return ChainError::Refused { label, error };
                }
            }
        }
        self.failed(label, Some(contract), failure, value)
    }
}

/// What a transaction did and cost.
pub(super) fn receipt(label: &str, input: &[u8], allowance: &Allowance, included: Included) -> Receipt {
    let deposit = match included.held.checked_sub(included.released) {
        Some(charged) => Deposit::Charged(charged),
        None => Deposit::Refunded(included.released.saturating_sub(included.held)),
    };
    Receipt {
        label: label.into(),
        block: included.block,
        block_hash: Hash(included.block_hash.0),
        tx: Hash(included.tx.0),
        gas: included.gas,
        contract_gas: allowance.used,
        fee: included.fee,
        deposit,
        input_bytes: u32::try_from(input.len()).unwrap_or(u32::MAX),
        tx_bytes: included.tx_bytes,
        events: included.emitted,
    }
}

fn weight(gas: Gas) -> Value {
    Value::named_composite([
        ("ref_time", Value::u128(gas.ref_time.into())),
        ("proof_size", Value::u128(gas.proof_size.into())),
    ])
}

pub(super) fn some(amount: Balance) -> Value {
    Value::unnamed_variant("Some", [Value::u128(amount)])
}

fn call_contract(
    contract: AccountId,
    value: Balance,
    allowance: &Allowance,
    input: &[u8],
) -> DynamicPayload<Composite<()>> {
    let fields = [
        ("dest", Value::unnamed_variant("Id", [Value::from_bytes(contract)])),
        ("value", Value::u128(value)),
        ("gas_limit", weight(allowance.gas)),
        ("storage_deposit_limit", some(allowance.deposit)),
        ("data", Value::from_bytes(input)),
    ];
    subxt::dynamic::transaction("Contracts", "call", Composite::named(fields))
}

fn instantiate_contract(
    code: Hash,
    value: Balance,
    allowance: &Allowance,
    input: &[u8],
    salt: &[u8],
) -> DynamicPayload<Composite<()>> {
    let fields = [
        ("value", Value::u128(value)),
        ("gas_limit", weight(allowance.gas)),
        ("storage_deposit_limit", some(allowance.deposit)),
        ("code_hash", Value::from_bytes(code.0)),
        ("data", Value::from_bytes(input)),
        ("salt", Value::from_bytes(salt)),
    ];
    subxt::dynamic::transaction("Contracts", "instantiate", Composite::named(fields))
}
