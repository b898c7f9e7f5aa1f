//! A client of [`crate::serve`] that believes nothing it can't check.
mod fetch;
mod retry;
mod stream;
mod upload;

use crate::slice::Span;
use crate::{BlobStore, Result, StoreError};
use assay_core::commit::Hash;
use async_trait::async_trait;
use bytes::Bytes;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

/// How patient the client is.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// For a connection to come about.
    pub connect: Duration,
    /// Without a single byte from the server.
    pub idle: Duration,
    /// For a whole request, beside what its size takes at [`HttpOptions::slowest`].
    pub grace: Duration,
    /// Bytes per second that a server must reach to be worth waiting for.
    pub slowest: u64,
    /// Failures in a row, without a byte gained, before giving up.
    pub attempts: u32,
    /// The wait after the first failure; it doubles, up to 32 times this.
    pub backoff: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        HttpOptions {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            grace: Duration::from_secs(60),
            slowest: 16 * 1024,
            attempts: 5,
            backoff: Duration::from_millis(200),
        }
    }
}

/// Blobs on a server.
#[derive(Clone, Debug)]
pub struct HttpStore {
    /// Without a slash at its end.
    base: String,
    client: reqwest::Client,
    options: HttpOptions,
}

impl HttpStore {
    /// A client of the server at `url`, which need not be there yet.
    pub fn new(url: &str, options: HttpOptions) -> Result<Self> {
        let bad = |why: String| StoreError::Location { location: url.into(), why };
        let parsed = reqwest::Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(bad("it has a query or a fragment".into()));
        }
        let client = reqwest::Client::builder()
            .connect_timeout(options.connect)
            .read_timeout(options.idle)
            // What a server is asked for, it must have itself: no sending clients elsewhere.
            .redirect(reqwest::redirect::Policy::none());
        let client = if parsed.scheme() == "https" {
            // A failure means that another part of the process has chosen already.
            let _ = rustls::crypto::ring::default_provider().install_default();
            client.build().map_err(|error| bad(format!("{error}; are the system's root certificates installed?")))?
        } else {
            client
                .tls_backend_preconfigured(no_roots().map_err(|error| bad(error.to_string()))?)
                .build()
                .map_err(|error| bad(error.to_string()))?
        };
        Ok(HttpStore { base: url.trim_end_matches('/').into(), client, options })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.base
    }

    fn blob_url(&self, hash: Hash) -> String {
        format!("{}/blob/{hash}", self.base)
    }

    fn not_found(&self, hash: Hash) -> StoreError {
        StoreError::NotFound { hash, place: self.base.clone() }
    }
}

/// For plain http: a machine without root certificates can use it too.
fn no_roots() -> Result<rustls::ClientConfig, rustls::Error> {
    Ok(rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

#[async_trait]
impl BlobStore for HttpStore {
    async fn put(&self, bytes: Bytes) -> Result<Hash> {
        self.upload_bytes(bytes).await
    }

    async fn put_at(&self, hash: Hash, bytes: Bytes) -> Result<()> {
        self.upload_at(hash, bytes).await.map(drop)
    }

    async fn put_file(&self, path: &Path) -> Result<Hash> {
        self.upload_file(path).await
    }

    async fn get(&self, hash: Hash, max_len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.fetch(hash, Span::from(0), max_len, &mut bytes).await?;
        Ok(bytes)
    }

    async fn get_file(&self, hash: Hash, to: &Path, max_len: u64) -> Result<u64> {
        self.fetch_file(hash, to, max_len).await
    }

    async fn get_range(&self, hash: Hash, range: Range<u64>) -> Result<Vec<u8>> {
        let Range { start, end } = range;
        let mut bytes = Vec::new();
        if start == end {
            return Ok(bytes);
        }
        let len = self.fetch(hash, Span { start, end: Some(end) }, u64::MAX, &mut bytes).await?;
        if start > end || end > len {
            return Err(StoreError::OutOfRange { hash, start, end, len });
        }
        Ok(bytes)
    }

    async fn len(&self, hash: Hash) -> Result<u64> {
        // Nothing lies there, so the slice is a proof of the length.
        self.fetch(hash, Span::from(u64::MAX), u64::MAX, &mut Vec::new()).await
    }

    async fn has(&self, hash: Hash) -> Result<bool> {
        self.head(hash).await
    }
}
