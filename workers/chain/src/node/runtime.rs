//! What the chain's metadata is needed for: building transactions, reading events.
use super::{odd, Node};
use crate::{ChainError, Result};
use codec::{Decode, Encode};
use sp_crypto_hashing::{blake2_128, blake2_256, twox_128};
use std::sync::Arc;
use subxt::client::{OfflineClient, OfflineClientAtBlock};
use subxt::config::substrate::SpecVersionForRange;
use subxt::config::SubstrateConfig;
use subxt::Metadata;

/// The newest metadata that is understood here.
const NEWEST: u32 = 16;

/// One version of the chain's runtime.
pub(super) struct Runtime {
    pub(super) spec: u32,
    pub(super) client: OfflineClientAtBlock<SubstrateConfig>,
}

impl Node {
    /// The runtime of the best block; fetched again only when its version changes.
    pub(super) async fn runtime(&self) -> Result<Arc<Runtime>> {
        const DOING: &str = "reading the runtime's version";
        let version = self.inner.rpc.state_get_runtime_version(None).await.map_err(self.failed(DOING))?;
        let spec = version.spec_version;
        let mut known = self.inner.runtime.lock().await;
        if let Some(runtime) = known.as_ref().filter(|runtime| runtime.spec == spec) {
            return Ok(runtime.clone());
        }
        let metadata = self.metadata().await?;
        let versions = SpecVersionForRange {
            block_range: 0..u64::MAX,
            spec_version: spec,
            transaction_version: version.transaction_version,
        };
        let config = SubstrateConfig::builder()
            .set_genesis_hash(self.inner.genesis)
            .set_metadata_for_spec_versions([(spec, Arc::new(metadata))])
            .set_spec_version_for_block_ranges([versions])
            .build();
        let client = OfflineClient::new_with_config(config).at_block(0_u64).map_err(odd(DOING))?;
        let runtime = Arc::new(Runtime { spec, client });
        *known = Some(runtime.clone());
        Ok(runtime)
    }

    async fn metadata(&self) -> Result<Metadata> {
        const DOING: &str = "reading the chain's metadata";
        let versions: Vec<u32> = self.api("Metadata_metadata_versions", &(), DOING).await?;
        let version = versions.into_iter().filter(|version| *version <= NEWEST).max();
        let version = version.ok_or(ChainError::Node { doing: DOING, why: format!("none up to {NEWEST}") })?;
        let bytes: Option<Vec<u8>> = self.api("Metadata_metadata_at_version", &version, DOING).await?;
        let bytes = bytes.ok_or(ChainError::Node { doing: DOING, why: "it has none".into() })?;
        Metadata::decode(&mut bytes.as_slice()).map_err(odd(DOING))
    }

    /// Calls a function of the runtime at the best block.
    pub(super) async fn api<T: Decode>(&self, function: &str, input: &impl Encode, doing: &'static str) -> Result<T> {
        let bytes = self.state_call(function, &input.encode(), doing).await?;
        T::decode(&mut bytes.as_slice()).map_err(odd(doing))
    }
}

/// The BLAKE2-256 hash: of transactions, of code.
pub(crate) fn blake2(bytes: &[u8]) -> [u8; 32] {
    blake2_256(bytes)
}

/// Where a storage item lies; `key` is of the hasher "BLAKE2-128, then itself" unless empty.
pub(crate) fn storage_key(pallet: &str, item: &str, key: &[u8]) -> Vec<u8> {
    let mut path = [twox_128(pallet.as_bytes()), twox_128(item.as_bytes())].concat();
    if !key.is_empty() {
        path.extend_from_slice(&blake2_128(key));
        path.extend_from_slice(key);
    }
    path
}
