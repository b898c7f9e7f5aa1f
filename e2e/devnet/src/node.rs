//! A chain that makes its own blocks, for many users at once.

use crate::{
    chain::{Chain, StoredBlock, Submitted},
    error::Error,
    pool::PoolError,
};
use assay_runtime::BlockNumber;
use parking_lot::RwLock;
use std::{
    sync::{
        mpsc::{Receiver, RecvTimeoutError, Sender},
        Arc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long the author waits after it could not make a block.
const RETRY: Duration = Duration::from_millis(500);

/// What wakes the author.
enum Wake {
    Transaction,
    Stop,
}

/// A chain shared by the RPC and the author.
pub(crate) struct Node {
    chain: RwLock<Chain>,
    best: watch::Sender<BlockNumber>,
    author: Sender<Wake>,
}

impl Node {
    /// Shares `chain` and starts its author.
    pub(crate) fn start(
        chain: Chain,
        instant: bool,
        block_time: Option<Duration>,
    ) -> Result<(Arc<Self>, JoinHandle<()>), Error> {
        let (author, wake) = std::sync::mpsc::channel();
        let best = watch::Sender::new(chain.best().header.number);
        let node = Arc::new(Self { chain: RwLock::new(chain), best, author });
        let thread = std::thread::Builder::new()
            .name("author".into())
            .stack_size(crate::STACK)
            .spawn({
                let node = node.clone();
                move || author_blocks(&node, &wake, instant, block_time)
            })
            .map_err(Error::Start)?;
        Ok((node, thread))
    }

    /// Reads the chain.
    pub(crate) fn read<R>(&self, f: impl FnOnce(&Chain) -> R) -> R {
        f(&self.chain.read())
    }

    /// Queues a transaction.
    pub(crate) fn submit(&self, bytes: Vec<u8>) -> Result<Submitted, PoolError> {
        let submitted = self.chain.write().submit(bytes)?;
        // A closed channel means that the node is stopping.
        let _ = self.author.send(Wake::Transaction);
        Ok(submitted)
    }

    /// Makes a block now.
    pub(crate) fn build_block(&self) -> Result<Arc<StoredBlock>, Error> {
        let mut chain = self.chain.write();
        let block = chain.build_block()?;
        self.best.send_replace(block.header.number);
        Ok(block)
    }

    /// Follows the best block's height.
    pub(crate) fn watch(&self) -> watch::Receiver<BlockNumber> {
        self.best.subscribe()
    }

    /// Asks the author to finish.
    pub(crate) fn stop(&self) {
        let _ = self.author.send(Wake::Stop);
    }
}

fn author_blocks(node: &Node, wake: &Receiver<Wake>, instant: bool, block_time: Option<Duration>) {
    let mut next = block_time.map(|time| Instant::now() + time);
    loop {
        let woken = match next {
            Some(next) => wake.recv_timeout(next.saturating_duration_since(Instant::now())),
            None => wake.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let result = match woken {
            Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(Wake::Transaction) if instant && node.read(|chain| chain.pool().ready_len()) > 0 => node.build_block(),
            Ok(Wake::Transaction) => continue,
            Err(RecvTimeoutError::Timeout) => {
                // From the moment it was due, so that the rhythm holds; from now if a block took longer than that.
                next = next.zip(block_time).map(|(due, time)| (due + time).max(Instant::now()));
                node.build_block()
            }
        };
        match result {
            // More is ready than fitted: with instant blocks nothing else would wake the author.
            Ok(_) if instant && node.read(|chain| chain.pool().ready_len()) > 0 => {
                let _ = node.author.send(Wake::Transaction);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "no block");
                // The transactions wait; a full disk, say, may be put right.
                std::thread::sleep(RETRY);
                if instant {
                    let _ = node.author.send(Wake::Transaction);
                }
            }
        }
    }
}
