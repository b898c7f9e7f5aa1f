//! `state_*` and `childstate_*`: storage, metadata and calls into the runtime.

use super::{at, error, hex, method, optional, required, Answer, Module};
use crate::node::Node;
use assay_runtime::Hash;
use codec::Decode;
use jsonrpsee::{core::RegisterMethodError, types::params::ParamsSequence};
use serde::Serialize;
use serde_json::{json, Value};
use sp_core::{
    storage::{ChildType, PrefixedStorageKey},
    Bytes,
};
use sp_crypto_hashing::blake2_256;
use sp_version::RuntimeVersion;

/// The most keys in one answer, as in Substrate.
const MAX_KEYS: u32 = 1_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "state_getStorage", |node, params| value(node, params).map(|value| value.map(hex)))?;
    module.register_alias("state_getStorageAt", "state_getStorage")?;
    method(module, "state_getStorageHash", |node, params| {
        Ok(value(node, params)?.map(|value| Hash::from(blake2_256(&value))))
    })?;
    module.register_alias("state_getStorageHashAt", "state_getStorageHash")?;
    method(module, "state_getStorageSize", |node, params| Ok(value(node, params)?.map(|value| value.len())))?;
    module.register_alias("state_getStorageSizeAt", "state_getStorageSize")?;
    method(module, "state_getKeysPaged", |node, params| keys(node, None, params))?;
    module.register_alias("state_getKeysPagedAt", "state_getKeysPaged")?;
    method(module, "state_queryStorageAt", |node, params| {
        let keys: Vec<Bytes> = required(params)?;
        let block = at(params)?.unwrap_or_else(|| node.read(|chain| chain.best().hash));
        Ok([ChangeSet::read(node, block, &keys)?])
    })?;
    method(module, "state_queryStorage", query_range)?;
    method(module, "state_getReadProof", |node, params| {
        let keys: Vec<Bytes> = required(params)?;
        let block = at(params)?.unwrap_or_else(|| node.read(|chain| chain.best().hash));
        let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| key.0).collect();
        let proof = node.read(|chain| chain.read_proof(Some(block), &keys))?;
        Ok(json!({ "at": block, "proof": proof.into_iter().map(hex).collect::<Vec<_>>() }))
    })?;
    method(module, "state_call", |node, params| {
        let function: String = required(params)?;
        let args: Bytes = required(params)?;
        let at = at(params)?;
        Ok(hex(node.read(|chain| chain.runtime_call(at, &function, &args))?))
    })?;
    module.register_alias("state_callAt", "state_call")?;
    method(module, "state_getMetadata", |node, params| {
        let at = at(params)?;
        let opaque = node.read(|chain| chain.runtime_call(at, "Metadata_metadata", &[]))?;
        let metadata = Vec::<u8>::decode(&mut opaque.as_slice())
            .map_err(|reason| error(4003, format!("Client error: {reason}"), None))?;
        Ok(hex(metadata))
    })?;
    method(module, "state_getRuntimeVersion", |node, params| {
        let at = at(params)?;
        // One runtime for all blocks; a block that does not exist is an error all the same.
        node.read(|chain| chain.state(at).map(|_| ()))?;
        Ok(version())
    })?;
    module.register_alias("chain_getRuntimeVersion", "state_getRuntimeVersion")?;
    method(module, "childstate_getStorage", |node, params| {
        let child = child(params)?;
        let key: Bytes = required(params)?;
        let at = at(params)?;
        Ok(node.read(|chain| chain.child_storage(at, &child, &key))?.map(hex))
    })?;
    method(module, "childstate_getKeysPaged", |node, params| {
        let child = child(params)?;
        keys(node, Some(&child), params)
    })
}

/// What the runtime is.
pub(super) fn version() -> RuntimeVersion {
    assay_runtime::VERSION
}

/// Values at a block, as subscriptions and queries report them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ChangeSet {
    block: Hash,
    pub(super) changes: Vec<(Bytes, Option<Bytes>)>,
}

impl ChangeSet {
    pub(super) fn read(node: &Node, block: Hash, keys: &[Bytes]) -> Answer<Self> {
        let read = |key: &Bytes| node.read(|chain| chain.storage(Some(block), key)).map(|value| value.map(hex));
        let changes =
            keys.iter().map(|key| Ok((key.clone(), read(key)?))).collect::<Result<_, crate::error::Error>>()?;
        Ok(Self { block, changes })
    }

    /// Drops what is as in `before`, and says whether anything is left.
    pub(super) fn keep_new(&mut self, before: &[(Bytes, Option<Bytes>)]) -> bool {
        let mut index = 0;
        self.changes.retain(|change| {
            let same = before.get(index) == Some(change);
            index += 1;
            !same
        });
        !self.changes.is_empty()
    }
}

fn value(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<Option<Vec<u8>>> {
    let key: Bytes = required(params)?;
    let at = at(params)?;
    Ok(node.read(|chain| chain.storage(at, &key))?)
}

fn keys(node: &Node, child: Option<&[u8]>, params: &mut ParamsSequence<'_>) -> Answer<Vec<Bytes>> {
    let prefix: Option<Bytes> = optional(params)?;
    let count: u32 = required(params)?;
    let start: Option<Bytes> = optional(params)?;
    let at = at(params)?;
    if count > MAX_KEYS {
        return Err(error(4002, format!("count exceeds maximum value. value: {count}, max: {MAX_KEYS}"), None));
    }
    let prefix = prefix.map(|prefix| prefix.0).unwrap_or_default();
    let start = start.as_deref();
    Ok(node.read(|chain| chain.keys(at, child, &prefix, count as usize, start))?.into_iter().map(hex).collect())
}

/// The first parameter of `childstate_*`: a child storage's key with the prefix of default child storages.
fn child(params: &mut ParamsSequence<'_>) -> Answer<Vec<u8>> {
    let key: Bytes = required(params)?;
    match ChildType::from_prefixed_key(&PrefixedStorageKey::new(key.0)) {
        Some((ChildType::ParentKeyId, key)) => Ok(key.to_vec()),
        None => Err(error(4003, "Client error: invalid child storage key", None)),
    }
}

fn query_range(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<Value> {
    let keys: Vec<Bytes> = required(params)?;
    let from: Hash = required(params)?;
    let to: Option<Hash> = optional(params)?;
    let number = |hash: Hash| {
        node.read(|chain| chain.block_by_hash(hash).map(|block| block.header.number))
            .ok_or_else(|| error(4001, format!("Cannot resolve a block range: unknown block {hash:?}"), None))
    };
    let first = number(from)?;
    let last = to.map_or_else(|| Ok(node.read(|chain| chain.best().header.number)), number)?;
    if last < first || last - first > MAX_KEYS {
        return Err(error(4001, format!("Cannot resolve a block range: {first}..={last}"), None));
    }
    let (mut sets, mut before) = (Vec::new(), Vec::new());
    for height in first..=last {
        let Some(hash) = node.read(|chain| chain.block(height).map(|block| block.hash)) else {
            break;
        };
        let mut set = ChangeSet::read(node, hash, &keys)?;
        let now = set.changes.clone();
        if set.keep_new(&before) {
            sets.push(set);
        }
        before = now;
    }
    Ok(json!(sets))
}
