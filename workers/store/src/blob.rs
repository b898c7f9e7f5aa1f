//! The one interface to blobs.
use crate::Result;
use assay_core::commit::Hash;
use async_trait::async_trait;
use bytes::Bytes;
use std::ops::Range;
use std::path::Path;

/// Somewhere to keep blobs and to get them from. Whatever it returns has been checked against the address.
#[async_trait]
pub trait BlobStore: Send + Sync + std::fmt::Debug {
    /// Keeps bytes; when this returns, they survive a crash. Keeping the same bytes again is fine.
    async fn put(&self, bytes: Bytes) -> Result<Hash>;

    /// As [`put`](Self::put), for who has computed the address already; other bytes are refused.
    async fn put_at(&self, hash: Hash, bytes: Bytes) -> Result<()>;

    /// Keeps a file's contents, without loading them into memory.
    async fn put_file(&self, path: &Path) -> Result<Hash>;

    /// A whole blob of at most `max_len` bytes.
    async fn get(&self, hash: Hash, max_len: u64) -> Result<Vec<u8>>;

    /// Writes a whole blob of at most `max_len` bytes to a file, which appears only when complete; returns its length.
    /// A download that broke off goes on where it stopped.
    async fn get_file(&self, hash: Hash, to: &Path, max_len: u64) -> Result<u64>;

    /// Part of a blob, proven to be that part.
    async fn get_range(&self, hash: Hash, range: Range<u64>) -> Result<Vec<u8>>;

    /// The blob's length, proven.
    async fn len(&self, hash: Hash) -> Result<u64>;

    /// Whether the store says that it has the blob.
    async fn has(&self, hash: Hash) -> Result<bool>;
}
