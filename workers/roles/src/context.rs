//! What a role works with.
use crate::journal::Journal;
use crate::Hardware;
use assay_chain::Chain;
use assay_store::BlobStore;
use std::path::PathBuf;
use std::sync::Arc;

/// What a role works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The chain, with the worker's account.
    pub chain: Arc<dyn Chain>,
    /// Where blobs are kept.
    pub store: Arc<dyn BlobStore>,
    /// The worker's own folder: its key file, what it must remember, its results.
    pub home: PathBuf,
    /// Where it reports.
    pub journal: Journal,
    /// What it computes with.
    pub hardware: Hardware,
}
