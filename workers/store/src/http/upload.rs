//! Uploads.
use super::fetch::hash_file;
use super::retry::{Failure, Retry};
use super::HttpStore;
use crate::folder::blocking;
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use bytes::Bytes;
use reqwest::{Body, StatusCode};
use std::future::Future;
use std::path::Path;
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// Bytes of a file that are read at once.
const BUFFER: usize = 256 * 1024;
/// Bytes of a blob that is sent without asking whether the server has it already: asking costs more.
const SMALL: u64 = 4 << 20;

impl HttpStore {
    pub(super) async fn upload_bytes(&self, bytes: Bytes) -> Result<Hash> {
        let work = bytes.clone();
        let hash = blocking("hash a blob", move || Ok(assay_core::commit::hash(&work))).await?;
        self.upload_at(hash, bytes).await
    }

    /// The server holds the bytes against the address.
    pub(super) async fn upload_at(&self, hash: Hash, bytes: Bytes) -> Result<Hash> {
        let len = bytes.len() as u64;
        self.upload(hash, len, || {
            let bytes = bytes.clone();
            async move { Ok(Body::from(bytes)) }
        })
        .await
    }

    pub(super) async fn upload_file(&self, path: &Path) -> Result<Hash> {
        let work = path.to_path_buf();
        let hash = blocking("hash a file", move || hash_file(&work)).await?;
        let len = tokio::fs::metadata(path).await.map_err(StoreError::io("read", path))?.len();
        self.upload(hash, len, || async move {
            let file = tokio::fs::File::open(path).await.map_err(StoreError::io("read", path))?;
            Ok(Body::wrap_stream(ReaderStream::with_capacity(file, BUFFER)))
        })
        .await
    }

    /// Sends a blob, unless it is a large one that the server has; sending twice does no harm.
    async fn upload<F: Future<Output = Result<Body>>>(
        &self,
        hash: Hash,
        len: u64,
        body: impl Fn() -> F,
    ) -> Result<Hash> {
        let mut retry = Retry::new(&self.options);
        let mut ask = len > SMALL;
        loop {
            if ask && self.head(hash).await? {
                return Ok(hash);
            }
            match self.send(hash, len, body().await?).await {
                Ok(()) => return Ok(hash),
                Err(failure) => retry.after(failure, &self.base).await?,
            }
            // It may have arrived, and only the answer was lost.
            ask = true;
        }
    }

    async fn send(&self, hash: Hash, len: u64, body: Body) -> Result<(), Failure> {
        let limit = self.options.grace.saturating_add(Duration::from_secs(len / self.options.slowest.max(1)));
        let request = self.client.put(self.blob_url(hash)).timeout(limit);
        let response = request.header(reqwest::header::CONTENT_LENGTH, len).body(body).send().await?;
        match response.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let max = response.headers().get(crate::server::MAX_HEADER).and_then(|value| value.to_str().ok());
                let max = max.and_then(|text| text.parse().ok()).unwrap_or(0);
                Err(StoreError::TooLarge { hash, len, max }.into())
            }
            StatusCode::INSUFFICIENT_STORAGE => Err(StoreError::Full { place: self.base.clone(), len }.into()),
            _ => self.checked(response).await.map(drop),
        }
    }
}
