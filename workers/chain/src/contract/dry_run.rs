//! Asking the node what a call would do.
use super::abi::{Answer, Built, Code, DryRun, Returned, StorageDeposit};
use super::client::ContractClient;
use crate::node::{Failure, RawFailure, Weight};
use crate::{address, ChainError, Gas, Result};
use assay_core::protocol::{AccountId, Balance};
use codec::{Decode, Encode};

/// Added to the gas that a dry run needed, in percent: another transaction may come first.
const GAS_MARGIN: u64 = 25;
/// Added to the deposit that a dry run needed, in percent.
const DEPOSIT_MARGIN: u128 = 50;

/// What a transaction may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) gas: Gas,
    pub(super) deposit: Balance,
    /// What the dry run used.
    pub(super) used: Gas,
}

impl ContractClient {
    /// What a message would do, called by this client's account.
    pub(super) async fn try_call(
        &self,
        label: &'static str,
        contract: AccountId,
        value: Balance,
        input: &[u8],
    ) -> Result<(Returned, Allowance)> {
        let no_limits = (None::<Weight>, None::<Balance>);
        let call = (self.account(), contract, value, no_limits, input).encode();
        let run = self.dry_run::<Returned>("ContractsApi_call", &call).await?;
        let allowance = self.allowance(&run);
        match run.result {
            Ok(returned) => Ok((returned, allowance)),
            Err(failure) => Err(self.explain(label, Some(contract), &failure, value).await),
        }
    }

    /// What a constructor would do.
    pub(super) async fn try_instantiate(
        &self,
        code: [u8; 32],
        value: Balance,
        input: &[u8],
        salt: &[u8],
    ) -> Result<(Answer<()>, AccountId, Allowance)> {
        let no_limits = (None::<Weight>, None::<Balance>);
        let call = (self.account(), value, no_limits, Code::Existing(code), input, salt).encode();
        let run = self.dry_run::<Built>("ContractsApi_instantiate", &call).await?;
        let allowance = self.allowance(&run);
        match run.result {
            Ok(Built { returned, account }) => Ok((returned.built(), account, allowance)),
            Err(failure) => Err(self.explain("new", None, &failure, value).await),
        }
    }

    async fn dry_run<T: Decode>(&self, function: &'static str, input: &[u8]) -> Result<DryRun<T>> {
        let doing = "a dry run";
        let bytes = self.node().state_call(function, input, doing).await?;
        let run = DryRun::<T>::decode(&mut bytes.as_slice());
        run.map_err(|error| ChainError::Node { doing, why: format!("is it pallet-contracts 51? {error}") })
    }

    fn allowance<T>(&self, run: &DryRun<T>) -> Allowance {
        if !run.debug_message.is_empty() {
            tracing::debug!(message = %String::from_utf8_lossy(&run.debug_message), "the contract says");
        }
        let more = |amount: u64| amount.saturating_add(amount / 100 * GAS_MARGIN);
        let needed = Gas::from(run.gas_required);
        let locks = match run.storage_deposit {
            StorageDeposit::Charge(amount) => amount,
            StorageDeposit::Refund { .. } => 0,
        };
        Allowance {
            gas: Gas { ref_time: more(needed.ref_time), proof_size: more(needed.proof_size) },
            deposit: locks.saturating_add(locks / 100 * DEPOSIT_MARGIN).saturating_add(self.slack()),
            used: run.gas_consumed.into(),
        }
    }

    async fn explain(
        &self,
        label: &'static str,
        contract: Option<AccountId>,
        failure: &RawFailure,
        value: Balance,
    ) -> ChainError {
        match self.node().name(failure).await {
            Ok(failure) => self.failed(label, contract, failure, value),
            Err(error) => error,
        }
    }

    /// Turns the runtime's reason into an error that says what to do.
    pub(super) fn failed(
        &self,
        label: &'static str,
        contract: Option<AccountId>,
        failure: Failure,
        need_about: Balance,
    ) -> ChainError {
        match contract {
            Some(contract) if failure.no_contract() => ChainError::NoContract { contract: address(&contract) },
            _ if failure.poor() => {
                ChainError::Funds { account: address(&self.account()), label, why: failure.0, need_about }
            }
            _ => ChainError::Failed { label, why: failure.0 },
        }
    }
}
