//! Blobs in a directory.
//!
//! ```text
//! blobs/3f/3f9a…      a blob under its address; appears by rename when its bytes are on the disk
//! outboards/3f/3f9a…  the inner nodes of a large blob's tree: a cache, rebuilt when missing or damaged
//! incoming/…          what is being written; leftovers of a crash are removed after a day
//! ```
mod disk;
mod outboard;
mod writer;

pub(crate) use disk::Disk;

use crate::{BlobStore, Result, StoreError};
use assay_core::commit::Hash;
use async_trait::async_trait;
use bytes::Bytes;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Blobs in a directory, which several processes may share.
#[derive(Clone, Debug)]
pub struct Folder {
    disk: Arc<Disk>,
}

impl Folder {
    /// Opens a directory, created if need be.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let disk = blocking("open a folder", move || Disk::open(root)).await?;
        Ok(Folder { disk: Arc::new(disk) })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        self.disk.root()
    }

    /// Bytes in all blobs.
    pub async fn used(&self) -> Result<u64> {
        self.run("count blobs", Disk::used).await
    }

    pub(crate) fn disk(&self) -> Arc<Disk> {
        self.disk.clone()
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Disk) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let disk = self.disk.clone();
        blocking(doing, move || work(&disk)).await
    }
}

/// Runs file work where it doesn't hold up other tasks.
pub(crate) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Stopped { doing })?
}

#[async_trait]
impl BlobStore for Folder {
    async fn put(&self, bytes: Bytes) -> Result<Hash> {
        self.run("write a blob", move |disk| disk.put(&bytes)).await
    }

    async fn put_at(&self, hash: Hash, bytes: Bytes) -> Result<()> {
        self.run("write a blob", move |disk| disk.put_at(hash, &bytes)).await
    }

    async fn put_file(&self, path: &Path) -> Result<Hash> {
        let path = path.to_path_buf();
        self.run("copy a file", move |disk| disk.put_file(&path)).await
    }

    async fn get(&self, hash: Hash, max_len: u64) -> Result<Vec<u8>> {
        self.run("read a blob", move |disk| disk.get(hash, max_len)).await
    }

    async fn get_file(&self, hash: Hash, to: &Path, max_len: u64) -> Result<u64> {
        let to = to.to_path_buf();
        self.run("copy a blob", move |disk| disk.get_file(hash, &to, max_len)).await
    }

    async fn get_range(&self, hash: Hash, range: Range<u64>) -> Result<Vec<u8>> {
        self.run("read a range", move |disk| disk.get_range(hash, range)).await
    }

    async fn len(&self, hash: Hash) -> Result<u64> {
        self.run("measure a blob", move |disk| disk.len(hash)).await
    }

    async fn has(&self, hash: Hash) -> Result<bool> {
        self.run("look for a blob", move |disk| match disk.len(hash) {
            Ok(_) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(other) => Err(other),
        })
        .await
    }
}
