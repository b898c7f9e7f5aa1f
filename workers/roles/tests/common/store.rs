//! A store that loses what was published.
use super::chain::SimChain;
use assay_core::commit::Hash;
use assay_store::{BlobStore, Bytes, Result, StoreError};
use async_trait::async_trait;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Has nothing any more once a proof is on the chain.
#[derive(Debug)]
pub struct Lossy {
    pub inner: Arc<dyn BlobStore>,
    pub chain: SimChain,
}

#[async_trait]
impl BlobStore for Lossy {
    async fn put(&self, bytes: Bytes) -> Result<Hash> {
        self.inner.put(bytes).await
    }

    async fn put_at(&self, hash: Hash, bytes: Bytes) -> Result<()> {
        self.inner.put_at(hash, bytes).await
    }

    async fn put_file(&self, path: &Path) -> Result<Hash> {
        self.inner.put_file(path).await
    }

    async fn get(&self, hash: Hash, max_len: u64) -> Result<Vec<u8>> {
        if self.chain.lock().tasks.values().any(|task| task.proof.is_some()) {
            return Err(StoreError::NotFound { hash, place: "the test's store".into() });
        }
        self.inner.get(hash, max_len).await
    }

    async fn get_file(&self, hash: Hash, to: &Path, max_len: u64) -> Result<u64> {
        self.inner.get_file(hash, to, max_len).await
    }

    async fn get_range(&self, hash: Hash, range: Range<u64>) -> Result<Vec<u8>> {
        self.inner.get_range(hash, range).await
    }

    async fn len(&self, hash: Hash) -> Result<u64> {
        self.inner.len(hash).await
    }

    async fn has(&self, hash: Hash) -> Result<bool> {
        self.inner.has(hash).await
    }
}
