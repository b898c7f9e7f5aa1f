//! Transactions on their way into the pool.

use super::Chain;
use crate::{
    error::Error,
    exec::{self, Overlay},
    pool::{PoolError, Status},
};
use assay_runtime::{Executive, Hash, UncheckedExtrinsic};
use codec::{DecodeAll, DecodeLimit};
use sp_crypto_hashing::blake2_256;
use sp_runtime::{transaction_validity::TransactionSource, ApplyExtrinsicResult};
use tokio::sync::mpsc;

/// A transaction that the pool took.
#[derive(Debug)]
pub struct Submitted {
    /// Its hash.
    pub hash: Hash,
    /// What becomes of it.
    pub status: mpsc::UnboundedReceiver<Status>,
}

/// Decodes a transaction, or says why not.
pub(super) fn decode(bytes: &[u8]) -> Result<UncheckedExtrinsic, PoolError> {
    // The length in front first: it keeps the decoder within the bytes.
    Vec::<u8>::decode_all(&mut &bytes[..]).map_err(|error| PoolError::Format(error.to_string()))?;
    UncheckedExtrinsic::decode_all_with_depth_limit(frame_support::MAX_EXTRINSIC_DEPTH, &mut &bytes[..])
        .map_err(|error| PoolError::Format(error.to_string()))
}

impl Chain {
    /// Validates a transaction (SCALE-encoded, with its length in front) on the best state and queues it.
    pub fn submit(&mut self, bytes: Vec<u8>) -> Result<Submitted, PoolError> {
        let hash = Hash::from(blake2_256(&bytes));
        self.pool.check_new(hash)?;
        let tx = decode(&bytes)?;
        let best = self.best().clone();
        let verification = |error: Error| PoolError::Verification(error.to_string());
        let state = self.state(None).map_err(verification)?;
        let valid = exec::run(&state, &mut Overlay::default(), || {
            Executive::validate_transaction(TransactionSource::External, tx, best.hash)
        })
        .map_err(verification)??;
        drop(state);
        let (watcher, status) = mpsc::unbounded_channel();
        self.pool.import(hash, bytes, valid, best.header.number, Some(watcher))?;
        Ok(Submitted { hash, status })
    }

    /// What a block on top of `at` would say of a transaction.
    pub fn dry_run(&self, at: Option<Hash>, bytes: &[u8]) -> Result<ApplyExtrinsicResult, Error> {
        let tx = decode(bytes)?;
        let block = match at {
            None => self.best(),
            Some(hash) => self.block_by_hash(hash).ok_or(Error::UnknownBlock(hash))?,
        };
        let state = self.state(at)?;
        let header = super::build::next_header(block);
        exec::run(&state, &mut Overlay::default(), || {
            Executive::initialize_block(&header);
            Executive::apply_extrinsic(tx)
        })
    }
}
