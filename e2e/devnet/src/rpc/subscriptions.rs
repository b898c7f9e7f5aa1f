//! Subscriptions to blocks, storage and the runtime's version.
//!
//! Each follows the chain by height, so a slow client sees every block, late, and holds nothing in memory.

use super::{state::ChangeSet, Module};
use crate::node::Node;
use assay_runtime::{BlockNumber, Hash, Header};
use jsonrpsee::{
    core::RegisterMethodError,
    server::SubscriptionSink,
    types::{ErrorObjectOwned, Params},
    PendingSubscriptionSink,
};
use serde::Serialize;
use sp_core::Bytes;
use std::sync::Arc;
use tokio::sync::watch;

/// The most storage keys that one subscription follows.
const MAX_KEYS: usize = 1_024;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    // Without forks and with finality at once the three are the same.
    for (subscribe, notify, unsubscribe) in [
        ("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"),
        ("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"),
    ] {
        module.register_subscription(subscribe, notify, unsubscribe, |_, pending, node, _| heads(pending, node))?;
    }
    for (alias, method) in [
        ("chain_subscribeNewHead", "chain_subscribeNewHeads"),
        ("subscribe_newHead", "chain_subscribeNewHeads"),
        ("chain_unsubscribeNewHead", "chain_unsubscribeNewHeads"),
        ("unsubscribe_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeFinalisedHeads", "chain_subscribeFinalizedHeads"),
        ("chain_unsubscribeFinalisedHeads", "chain_unsubscribeFinalizedHeads"),
    ] {
        module.register_alias(alias, method)?;
    }
    for (subscribe, notify, unsubscribe) in [
        ("state_subscribeRuntimeVersion", "state_runtimeVersion", "state_unsubscribeRuntimeVersion"),
        ("chain_subscribeRuntimeVersion", "chain_runtimeVersion", "chain_unsubscribeRuntimeVersion"),
    ] {
        module.register_subscription(subscribe, notify, unsubscribe, |_, pending, _, _| async move {
            let Ok(sink) = pending.accept().await else {
                return;
            };
            // The version never changes; the subscription stays open as clients expect.
            if send(&sink, &super::state::version()).await {
                sink.closed().await;
            }
        })?;
    }
    module.register_subscription(
        "state_subscribeStorage",
        "state_storage",
        "state_unsubscribeStorage",
        |params, pending, node, _| storage(params, pending, node),
    )?;
    Ok(())
}

/// Sends one notification; `false` once the client is gone.
pub(super) async fn send(sink: &SubscriptionSink, value: &impl Serialize) -> bool {
    match serde_json::value::to_raw_value(value) {
        Ok(message) => sink.send(message).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, "can't encode a notification");
            false
        }
    }
}

/// Waits for a block; `false` once there will be none that matters.
async fn next_block(sink: &SubscriptionSink, best: &mut watch::Receiver<BlockNumber>) -> bool {
    tokio::select! {
        () = sink.closed() => false,
        changed = best.changed() => changed.is_ok(),
    }
}

async fn heads(pending: PendingSubscriptionSink, node: Arc<Node>) {
    let mut best = node.watch();
    let mut next = *best.borrow_and_update();
    let Ok(sink) = pending.accept().await else {
        return;
    };
    loop {
        while next <= *best.borrow_and_update() {
            let header: Option<Header> = node.read(|chain| chain.block(next).map(|block| block.header.clone()));
            let Some(header) = header else { return };
            if !send(&sink, &header).await {
                return;
            }
            next += 1;
        }
        if !next_block(&sink, &mut best).await {
            return;
        }
    }
}

async fn storage(params: Params<'static>, pending: PendingSubscriptionSink, node: Arc<Node>) {
    let keys: Vec<Bytes> = match params.one::<Vec<Bytes>>() {
        Ok(keys) if keys.len() <= MAX_KEYS => keys,
        Ok(_) => return pending.reject(too_many()).await,
        // Without keys Substrate reports all storage; public nodes refuse that, so does this one.
        Err(error) => return pending.reject(error).await,
    };
    let mut best = node.watch();
    let mut next = *best.borrow_and_update();
    let Ok(sink) = pending.accept().await else {
        return;
    };
    let mut before = Vec::new();
    loop {
        while next <= *best.borrow_and_update() {
            let hash: Option<Hash> = node.read(|chain| chain.block(next).map(|block| block.hash));
            // A client that is thousands of blocks late misses the states that are gone.
            let set = hash.and_then(|hash| ChangeSet::read(&node, hash, &keys).ok());
            if let Some(mut set) = set {
                let now = set.changes.clone();
                if set.keep_new(&before) && !send(&sink, &set).await {
                    return;
                }
                before = now;
            }
            next += 1;
        }
        if !next_block(&sink, &mut best).await {
            return;
        }
    }
}

fn too_many() -> ErrorObjectOwned {
    super::error(-32602, "Invalid params", Some(format!("at most {MAX_KEYS} keys")))
}
