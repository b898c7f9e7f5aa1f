//! `author_*`: transactions.

use super::{hex, method, required, Module};
use crate::pool::Status;
use jsonrpsee::core::RegisterMethodError;
use serde_json::{json, Value};
use sp_core::Bytes;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "author_submitExtrinsic", |node, params| {
        let tx: Bytes = required(params)?;
        Ok(node.submit(tx.0)?.hash)
    })?;
    method(module, "author_pendingExtrinsics", |node, _| {
        Ok(node.read(|chain| chain.pool().in_order().iter().map(|tx| hex(tx.bytes.clone())).collect::<Vec<_>>()))
    })?;
    module.register_subscription(
        "author_submitAndWatchExtrinsic",
        "author_extrinsicUpdate",
        "author_unwatchExtrinsic",
        |params, pending, node, _| async move {
            let tx = match params.one::<Bytes>() {
                Ok(tx) => tx,
                Err(error) => return pending.reject(error).await,
            };
            let submitted = tokio::task::spawn_blocking(move || node.submit(tx.0)).await;
            let mut status = match submitted {
                Ok(Ok(submitted)) => submitted.status,
                Ok(Err(refusal)) => return pending.reject(refusal).await,
                // The node is stopping.
                Err(_) => return,
            };
            let Ok(sink) = pending.accept().await else {
                return;
            };
            loop {
                let news = tokio::select! {
                    () = sink.closed() => return,
                    news = status.recv() => news,
                };
                let Some(news) = news else { return };
                if !super::subscriptions::send(&sink, &in_json(news)).await || is_last(news) {
                    return;
                }
            }
        },
    )?;
    Ok(())
}

fn in_json(status: Status) -> Value {
    match status {
        Status::Future => json!("future"),
        Status::Ready => json!("ready"),
        Status::InBlock(hash) => json!({ "inBlock": hash }),
        Status::Finalized(hash) => json!({ "finalized": hash }),
        Status::Usurped(hash) => json!({ "usurped": hash }),
        Status::Dropped => json!("dropped"),
        Status::Invalid => json!("invalid"),
    }
}

fn is_last(status: Status) -> bool {
    matches!(status, Status::Finalized(_) | Status::Usurped(_) | Status::Dropped | Status::Invalid)
}
