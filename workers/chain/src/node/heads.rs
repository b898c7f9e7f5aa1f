//! The number of the best block, as it grows.
use crate::{ChainError, Result};
use assay_core::protocol::Block;
use std::time::Duration;
use subxt::config::{RpcConfigFor, SubstrateConfig};
use subxt::rpcs::LegacyRpcMethods;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Between attempts to subscribe, each of which waits for the connection already.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows the best chain until dropped.
pub(super) struct Heads {
    best: watch::Receiver<Block>,
    task: JoinHandle<()>,
}

impl Heads {
    pub(super) fn follow(rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>) -> Self {
        let (to, best) = watch::channel(0);
        let task = tokio::spawn(async move {
            loop {
                // The subscription begins with the current block, so nothing is missed between two of them.
                match rpc.chain_subscribe_new_heads().await {
                    Ok(mut heads) => {
                        while let Some(Ok(head)) = heads.next().await {
                            to.send_replace(Block::try_from(head.number).unwrap_or(Block::MAX));
                        }
                    }
                    Err(error) => tracing::warn!(%error, "can't follow the chain; trying again"),
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Heads { best, task }
    }

    /// Waits for a block later than `after`.
    pub(super) async fn later_than(&self, after: Block) -> Result<Block> {
        let mut best = self.best.clone();
        let found = best.wait_for(|best| *best > after).await;
        found.map(|best| *best).map_err(|_| ChainError::Node { doing: "following the chain", why: "stopped".into() })
    }
}

impl Drop for Heads {
    fn drop(&mut self) {
        self.task.abort();
    }
}
