//! From artifacts to contracts.
use super::LIMIT;
use anyhow::{anyhow, bail, Context as _, Result};
use assay_core::protocol::AccountId;
use assay_devnet::Scratch;
use assay_runtime::Contracts;
use std::path::Path;

pub(super) fn instantiate(
    state: &mut Scratch<'_>,
    artifacts: &Path,
    name: &str,
    deployer: &AccountId,
    arguments: Vec<u8>,
) -> Result<AccountId> {
    let path = artifacts.join(format!("{name}.wasm"));
    let code = std::fs::read(&path).with_context(|| format!("no {}: run scripts/build-contracts", path.display()))?;
    let mut data = selector("new").to_vec();
    data.extend(arguments);
    let deployer = (*deployer).into();
    let answer = state.with_state(|| {
        Contracts::bare_instantiate(
            deployer,
            0,
            LIMIT,
            None,
            pallet_contracts::Code::Upload(code),
            data,
            Vec::new(),
            pallet_contracts::DebugInfo::Skip,
            pallet_contracts::CollectEvents::Skip,
        )
    })?;
    let instantiated = answer.result.map_err(|error| anyhow!("{name} could not be instantiated: {error:?}"))?;
    if instantiated.result.did_revert() {
        bail!("the constructor of {name} refused: {:?}", instantiated.result.data);
    }
    Ok(instantiated.account_id.into())
}

/// ink!'s selector of a message or constructor.
pub fn selector(label: &str) -> [u8; 4] {
    let hash = sp_crypto_hashing::blake2_256(label.as_bytes());
    [hash[0], hash[1], hash[2], hash[3]]
}
