//! What only a development node can do: make blocks on demand.

use super::{error, method, optional, Answer, Module};
use crate::node::Node;
use assay_runtime::Hash;
use jsonrpsee::{core::RegisterMethodError, types::params::ParamsSequence};
use serde::Deserialize;
use serde_json::json;

/// The most blocks that one request makes.
const MAX_BLOCKS: u32 = 10_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    // As in chopsticks.
    method(module, "dev_newBlock", new_blocks)?;
    // As in Substrate's manual seal.
    method(module, "engine_createBlock", |node, _| Ok(json!({ "hash": node.build_block()?.hash })))?;
    // Every block is final already.
    method(module, "engine_finalizeBlock", |_, _| Ok(true))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum HowMany {
    Count(u32),
    Options { count: Option<u32> },
}

fn new_blocks(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<Hash> {
    let count = match optional::<HowMany>(params)? {
        None => 1,
        Some(HowMany::Count(count)) => count,
        Some(HowMany::Options { count }) => count.unwrap_or(1),
    };
    if !(1..=MAX_BLOCKS).contains(&count) {
        return Err(error(-32602, "Invalid params", Some(format!("count must be 1 to {MAX_BLOCKS}, not {count}"))));
    }
    let mut hash = Hash::zero();
    for _ in 0..count {
        hash = node.build_block()?.hash;
    }
    Ok(hash)
}
