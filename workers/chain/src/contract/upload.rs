//! Code on the chain.
use super::client::{receipt, some, ContractClient};
use super::dry_run::Allowance;
use crate::node::{blake2, storage_key, RawFailure};
use crate::{address, ChainError, Gas, Receipt, Result};
use assay_core::commit::Hash;
use assay_core::protocol::{AccountId, Balance};
use codec::{Decode, Encode};
use subxt::dynamic::Value;
use subxt::ext::scale_value::Composite;

/// The BLAKE2-256 hash of a contract's Wasm.
pub type CodeHash = Hash;

/// What `ContractInfoOf` keeps, as far as it matters.
#[derive(Decode)]
struct ContractInfo {
    _trie: Vec<u8>,
    code: [u8; 32],
}

impl ContractClient {
    /// The hash by which the chain knows this code.
    pub fn code_hash(wasm: &[u8]) -> CodeHash {
        Hash(blake2(wasm))
    }

    /// Puts code on the chain. Gives no receipt if it is there already.
    pub async fn upload(&self, wasm: &[u8]) -> Result<(CodeHash, Option<Receipt>)> {
        const LABEL: &str = "upload_code";
        let code = Self::code_hash(wasm);
        if self.has_code(code).await? {
            return Ok((code, None));
        }
        let deposit = self.try_upload(LABEL, wasm).await?;
        let fields = [
            ("code", Value::from_bytes(wasm)),
            ("storage_deposit_limit", some(deposit.saturating_add(self.slack()))),
            ("determinism", Value::unnamed_variant("Enforced", [])),
        ];
        let call = subxt::dynamic::transaction("Contracts", "upload_code", Composite::named(fields));
        let included = self.send(LABEL, &call).await?;
        if let Some(failure) = included.failure {
            // Another upload of the same code may have come first.
            let there = self.has_code(code).await?;
            return if there { Ok((code, None)) } else { Err(self.failed(LABEL, None, failure, deposit)) };
        }
        let allowance = Allowance { gas: Gas::default(), deposit, used: Gas::default() };
        Ok((code, Some(receipt(LABEL, wasm, &allowance, included))))
    }

    /// Whether the chain has this code.
    pub async fn has_code(&self, code: CodeHash) -> Result<bool> {
        // This map's keys are hashes already and not hashed again.
        let mut key = storage_key("Contracts", "CodeInfoOf", &[]);
        key.extend_from_slice(&code.0);
        Ok(self.node().storage(&key, None, "looking for code").await?.is_some())
    }

    /// The code that a contract runs.
    pub async fn code_of(&self, contract: AccountId) -> Result<CodeHash> {
        const DOING: &str = "reading a contract's code hash";
        // Hashed by xxHash-64, then itself.
        let mut key = storage_key("Contracts", "ContractInfoOf", &[]);
        key.extend_from_slice(&sp_crypto_hashing::twox_64(&contract));
        key.extend_from_slice(&contract);
        let bytes = self.node().storage(&key, None, DOING).await?;
        let bytes = bytes.ok_or_else(|| ChainError::NoContract { contract: address(&contract) })?;
        let info = ContractInfo::decode(&mut bytes.as_slice());
        let info = info.map_err(|error| ChainError::Node { doing: DOING, why: error.to_string() })?;
        Ok(Hash(info.code))
    }

    /// What code would lock.
    async fn try_upload(&self, label: &'static str, wasm: &[u8]) -> Result<Balance> {
        const DOING: &str = "a dry run of an upload";
        let enforced = 0_u8;
        let input = (self.account(), wasm, None::<Balance>, enforced).encode();
        let bytes = self.node().state_call("ContractsApi_upload_code", &input, DOING).await?;
        match Result::<([u8; 32], Balance), RawFailure>::decode(&mut bytes.as_slice()) {
            Ok(Ok((_, deposit))) => Ok(deposit),
            Ok(Err(failure)) => {
                let failure = self.node().name(&failure).await?;
                Err(self.failed(label, None, failure, 0))
            }
            Err(error) => Err(ChainError::Node { doing: DOING, why: error.to_string() }),
        }
    }
}
