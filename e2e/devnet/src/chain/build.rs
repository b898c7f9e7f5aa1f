//! Making blocks.

use super::{submit::decode, Chain, StoredBlock};
use crate::{
    error::Error,
    exec::{self, Overlay},
    explain,
    journal::Record,
    pool::Pooled,
    state::{split, unreadable, STATE_VERSION},
};
use assay_runtime::{Executive, Hash, Header, Moment, RuntimeCall, System, Timestamp, UncheckedExtrinsic};
use codec::Encode;
use frame_support::traits::Time;
use sp_runtime::{
    traits::Header as HeaderT,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// After so many transactions that no longer fit, a block counts as full.
const MISFITS: usize = 8;

/// The header that the runtime starts the next block from.
pub(super) fn next_header(parent: &StoredBlock) -> Header {
    let number = parent.header.number.saturating_add(1);
    Header::new(number, Hash::zero(), Hash::zero(), parent.hash, Default::default())
}

/// What became of one transaction.
enum Outcome {
    Included,
    NoRoom,
    Rejected(String),
}

impl Chain {
    /// Makes a block of the ready transactions, now.
    pub fn build_block(&mut self) -> Result<Arc<StoredBlock>, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        self.build_block_at(Moment::try_from(now).unwrap_or(Moment::MAX))
    }

    /// Makes a block with the time `now`, or one millisecond after the last block if that is later.
    pub fn build_block_at(&mut self, now: Moment) -> Result<Arc<StoredBlock>, Error> {
        let started = std::time::Instant::now();
        let header = next_header(self.best());
        let number = header.number;
        let state = self.state(None)?;
        let mut overlay = Overlay::default();

        let timestamp = exec::run(&state, &mut overlay, || {
            Executive::initialize_block(&header);
            let now = now.max(Timestamp::now().saturating_add(1));
            let set = UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set { now }));
            Executive::apply_extrinsic(set.clone()).map(|outcome| outcome.map(|()| set.encode()))
        })?;
        let mut body = match timestamp {
            Ok(Ok(bytes)) => vec![bytes],
            other => return Err(Error::Build { number, reason: format!("timestamp: {other:?}") }),
        };

        let (mut included, mut rejected) = (Vec::new(), Vec::new());
        let mut unprovided = HashSet::new();
        let mut misfits = 0;
        for tx in self.pool.in_order() {
            if misfits >= MISFITS {
                break;
            }
            let outcome = if tx.valid.requires.iter().any(|tag| unprovided.contains(tag)) {
                Outcome::NoRoom
            } else {
                match apply(&state, &mut overlay, &tx, number)? {
                    // Alone in a block and still too large: it will never fit.
                    Outcome::NoRoom if included.is_empty() => Outcome::Rejected("too large for a block".into()),
                    Outcome::NoRoom => {
                        misfits += 1;
                        Outcome::NoRoom
                    }
                    outcome => outcome,
                }
            };
            match outcome {
                Outcome::Included => {
                    body.push(tx.bytes.clone());
                    included.push(tx.hash);
                }
                Outcome::NoRoom => unprovided.extend(tx.valid.provides.iter().cloned()),
                Outcome::Rejected(reason) => {
                    unprovided.extend(tx.valid.provides.iter().cloned());
                    rejected.push((tx.hash, reason));
                }
            }
        }

        let (header, weight) = exec::run(&state, &mut overlay, || {
            let header = Executive::finalize_block();
            (header, System::block_weight().total())
        })?;
        let changes = overlay.drain_storage_changes(&state, STATE_VERSION).map_err(unreadable)?;
        let (changes, transaction, root) = split(changes);
        if root != header.state_root {
            let reason = format!("state root {root:?}, header says {:?}", header.state_root);
            return Err(Error::Build { number, reason });
        }
        drop(state);
        let block = self.add(Record { header, body, changes }, transaction)?;
        for (hash, reason) in rejected {
            tracing::warn!(?hash, reason, "dropped transaction");
            self.pool.reject(hash);
        }
        self.pool.on_block(number, block.hash, &included);
        let (waiting, took) = (self.pool.ready_len() + self.pool.future_len(), started.elapsed());
        let weight = explain::share_of_block(weight);
        if included.is_empty() {
            tracing::debug!(number, hash = ?block.hash, waiting, ?took, "empty block");
        } else {
            tracing::info!(number, hash = ?block.hash, transactions = included.len(), %weight, waiting, ?took, "block");
        }
        Ok(block)
    }
}

fn apply(
    state: &crate::state::StateBackend<'_>,
    overlay: &mut Overlay,
    tx: &Pooled,
    number: u32,
) -> Result<Outcome, Error> {
    let extrinsic = match decode(&tx.bytes) {
        Ok(extrinsic) => extrinsic,
        Err(error) => return Ok(Outcome::Rejected(error.to_string())),
    };
    let call = explain::call(&extrinsic);
    match exec::run_or_undo(state, overlay, || Executive::apply_extrinsic(extrinsic)) {
        Ok(Ok(Ok(()))) => {
            tracing::debug!(number, hash = ?tx.hash, call, "applied");
            Ok(Outcome::Included)
        }
        // Failed, but it paid and it is in the block.
        Ok(Ok(Err(error))) => {
            tracing::warn!(number, hash = ?tx.hash, call, error = explain::dispatch_error(&error), "transaction failed");
            Ok(Outcome::Included)
        }
        Ok(Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources))) => Ok(Outcome::NoRoom),
        Ok(Err(error)) => Ok(Outcome::Rejected(<&'static str>::from(error).to_string())),
        Err(Error::Panic(message)) => Ok(Outcome::Rejected(format!("the runtime panicked: {message}"))),
        Err(error) => Err(error),
    }
}
