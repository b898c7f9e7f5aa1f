//! `chain_*`: blocks.

use super::{at, error, hex, method, optional, Answer, Module};
use crate::{
    chain::{Chain, StoredBlock},
    node::Node,
};
use assay_runtime::{BlockNumber, Hash, Header};
use jsonrpsee::{core::RegisterMethodError, types::params::ParamsSequence};
use serde::Deserialize;
use serde_json::{json, Value};
use std::sync::Arc;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "chain_getBlockHash", block_hash)?;
    module.register_alias("chain_getHead", "chain_getBlockHash")?;
    method(module, "chain_getFinalizedHead", |node, _| Ok(node.read(|chain| chain.best().hash)))?;
    module.register_alias("chain_getFinalisedHead", "chain_getFinalizedHead")?;
    method(module, "chain_getHeader", |node, params| {
        let at = at(params)?;
        Ok::<Option<Header>, _>(node.read(|chain| block(chain, at)).map(|block| block.header.clone()))
    })?;
    method(module, "chain_getBlock", |node, params| {
        let at = at(params)?;
        Ok::<Option<Value>, _>(node.read(|chain| block(chain, at)).map(|block| {
            let extrinsics: Vec<_> = block.body.iter().cloned().map(hex).collect();
            json!({ "block": { "header": block.header, "extrinsics": extrinsics }, "justifications": null })
        }))
    })
}

fn block(chain: &Chain, at: Option<Hash>) -> Option<Arc<StoredBlock>> {
    match at {
        None => Some(chain.best().clone()),
        Some(hash) => chain.block_by_hash(hash).cloned(),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Height {
    Number(BlockNumber),
    Hex(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Height),
    Many(Vec<Height>),
}

fn block_hash(node: &Node, params: &mut ParamsSequence<'_>) -> Answer<Value> {
    let hash = |height: Height| {
        let number = match height {
            Height::Number(number) => number,
            Height::Hex(text) => BlockNumber::from_str_radix(text.trim_start_matches("0x"), 16)
                .map_err(|reason| error(-32602, "Invalid params", Some(format!("block number {text:?}: {reason}"))))?,
        };
        Ok::<_, jsonrpsee::types::ErrorObjectOwned>(
            node.read(|chain| chain.block(number).map(|block| json!(block.hash))).unwrap_or_default(),
        )
    };
    match optional::<OneOrMany>(params)? {
        None => Ok(json!(node.read(|chain| chain.best().hash))),
        Some(OneOrMany::One(height)) => hash(height),
        Some(OneOrMany::Many(heights)) => heights.into_iter().map(hash).collect(),
    }
}
