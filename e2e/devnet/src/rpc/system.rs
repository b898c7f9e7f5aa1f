//! `system_*`: what this node is.

use super::{at, error, hex, method, required, Answer, Module};
use crate::node::Node;
use assay_runtime::AccountId;
use codec::Encode;
use jsonrpsee::{core::RegisterMethodError, types::params::ParamsSequence};
use serde_json::{json, Value};
use sp_core::Bytes;
use std::str::FromStr;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "system_name", |_, _| Ok(env!("CARGO_PKG_NAME")))?;
    method(module, "system_version", |_, _| Ok(env!("CARGO_PKG_VERSION")))?;
    method(module, "system_chain", |_, _| Ok("Assay Development"))?;
    method(module, "system_chainType", |_, _| Ok("Development"))?;
    method(module, "system_properties", |_, _| {
        Ok(json!({ "ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "UNIT" }))
    })?;
    method(module, "system_health", |_, _| Ok(json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false })))?;
    method(module, "system_peers", |_, _| Ok(Vec::<Value>::new()))?;
    method(module, "system_nodeRoles", |_, _| Ok(["Authority"]))?;
    method(module, "system_localListenAddresses", |_, _| Ok(Vec::<String>::new()))?;
    method(module, "system_syncState", |node, _| {
        let best = node.read(|chain| chain.best().header.number);
        Ok(json!({ "startingBlock": 0, "currentBlock": best, "highestBlock": best }))
    })?;
    method(module, "system_accountNextIndex", next_index)?;
    module.register_alias("account_nextIndex", "system_accountNextIndex")?;
    method(module, "system_dryRun", dry_run)?;
    module.register_alias("system_dryRunAt", "system_dryRun")
}

fn next_index(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<u32> {
    let text: String = required(params)?;
    let account = AccountId::from_str(&text)
        .map_err(|reason| error(-32602, "Invalid params", Some(format!("not an account: {reason}"))))?;
    Ok(node.read(|chain| chain.next_nonce(&account))?)
}

fn dry_run(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<Bytes> {
    let tx: Bytes = required(params)?;
    let at = at(params)?;
    Ok(hex(node.read(|chain| chain.dry_run(at, &tx))?.encode()))
}
