//! When blocks are sealed.

use assay_runtime::Hash;
use futures::{
    channel::mpsc::Receiver,
    stream::{self, BoxStream},
    StreamExt,
};
use futures_timer::Delay;
use sc_consensus_manual_seal::EngineCommand;
use std::time::Duration;

/// A block, final as soon as it exists: clients that wait for finality wait for this.
fn seal(create_empty: bool) -> EngineCommand<Hash> {
    EngineCommand::SealNewBlock { create_empty, finalize: true, parent_hash: None, sender: None }
}

/// A block per transaction, per `engine_createBlock` and, if wanted, per `block_time`.
pub(crate) fn commands(
    transactions: impl futures::Stream<Item = Hash> + Send + 'static,
    requests: Receiver<EngineCommand<Hash>>,
    block_time: Option<Duration>,
) -> BoxStream<'static, EngineCommand<Hash>> {
    // One block takes all that is ready; the notifications of the others then find an empty pool and seal nothing.
    let instant = transactions.map(|_| seal(false)).boxed();
    let timed = match block_time {
        Some(time) => stream::unfold((), move |()| async move {
            Delay::new(time).await;
            Some((seal(true), ()))
        })
        .boxed(),
        None => stream::pending().boxed(),
    };
    stream::select(stream::select(instant, timed), requests).boxed()
}
