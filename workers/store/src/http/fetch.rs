//! Downloads: verified as they arrive, resumed where they broke off, bounded in size and time.
use super::retry::{Failure, Retry};
use super::stream::Body;
use super::HttpStore;
use crate::folder::blocking;
use crate::slice::{cut, forged, root, tree, Span, HEADER};
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use bao_tree::io::fsm::{ResponseDecoder, ResponseDecoderNext};
use bao_tree::io::{BaoContentItem, DecodeError};
use iroh_io::AsyncStreamReader;
use reqwest::StatusCode;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Where verified bytes go, in order.
pub(super) trait Sink: Send {
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = Result<()>> + Send;
}

impl Sink for Vec<u8> {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A file that is written to from its end on.
struct Part {
    file: File,
    path: PathBuf,
}

impl Sink for Part {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(StoreError::io("write", &self.path))
    }
}

/// How far a download has come.
struct Progress {
    start: Instant,
    span: Span,
    /// Everything before this is verified and written.
    next: u64,
    /// The blob's length as the server first gave it; proven when the download ends.
    len: Option<u64>,
    /// Verified bytes.
    received: u64,
}

impl HttpStore {
    /// Brings `span` of a blob to `sink`; returns the blob's length, which is proven if the span reaches the end.
    pub(super) async fn fetch(&self, hash: Hash, span: Span, max: u64, sink: &mut impl Sink) -> Result<u64> {
        let mut progress = Progress { start: Instant::now(), span, next: span.start, len: None, received: 0 };
        let mut retry = Retry::new(&self.options);
        loop {
            let before = progress.next;
            let failure = match self.attempt(hash, max, &mut progress, sink).await {
                Ok(len) => return Ok(len),
                Err(failure) => failure,
            };
            if progress.next > before {
                retry.progress();
            }
            retry.after(failure, &self.base).await?;
        }
    }

    /// Waits for the network, as long as the whole download may take; writing to the sink is never cut off.
    async fn within<T>(&self, hash: Hash, progress: &Progress, work: impl Future<Output = T>) -> Result<T, Failure> {
        let bytes = progress.len.map_or(0, |len| progress.span.content(len));
        let patience = Duration::from_secs(bytes / self.options.slowest.max(1)).saturating_add(self.options.grace);
        tokio::time::timeout_at(progress.start + patience, work).await.map_err(|_| {
            let (url, received) = (self.blob_url(hash), progress.received);
            StoreError::TooSlow { url, after: progress.start.elapsed(), received }.into()
        })
    }

    async fn attempt(
        &self,
        hash: Hash,
        max: u64,
        progress: &mut Progress,
        sink: &mut impl Sink,
    ) -> Result<u64, Failure> {
        let rest = Span { start: progress.next, end: progress.span.end };
        let end = rest.end.map_or(String::new(), |end| format!("&end={end}"));
        let url = format!("{}/bao?start={}{end}", self.blob_url(hash), rest.start);
        let response = self.within(hash, progress, self.client.get(&url).send()).await??;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(self.not_found(hash).into());
        }
        let mut body = Body::new(self.checked(response).await?);
        let header = self.within(hash, progress, body.read::<HEADER>()).await?;
        let len = u64::from_le_bytes(header.map_err(|error| Failure::Passing(format!("no length came: {error}")))?);
        if len > max {
            return Err(StoreError::TooLarge { hash, len, max }.into());
        }
        if progress.len.is_some_and(|before| before != len) {
            let why = "the server gives another length than before".into();
            let (place, offset) = (self.base.clone(), progress.next);
            return Err(StoreError::Forged { expected: hash, place, offset, why }.into());
        }
        progress.len = Some(len);
        let mut decoder = ResponseDecoder::new(root(hash), rest.chunks(), tree(len), body);
        loop {
            let (next, item) = match self.within(hash, progress, decoder.next()).await? {
                ResponseDecoderNext::More(more) => more,
                ResponseDecoderNext::Done(_) => return Ok(len),
            };
            decoder = next;
            match item.map_err(|error| self.broken(hash, progress.next, &error))? {
                BaoContentItem::Parent(_) => {}
                BaoContentItem::Leaf(leaf) => {
                    let bytes = cut(leaf.offset, &leaf.data, rest);
                    sink.write(bytes).await?;
                    progress.received = progress.received.saturating_add(leaf.data.len() as u64);
                    if !bytes.is_empty() {
                        progress.next = leaf.offset.max(rest.start).saturating_add(bytes.len() as u64);
                    }
                }
            }
        }
    }

    /// A false group is a lie; a slice that ends is a connection that broke.
    fn broken(&self, hash: Hash, offset: u64, error: &DecodeError) -> Failure {
        match error {
            DecodeError::ParentHashMismatch(_) | DecodeError::LeafHashMismatch(_) => {
                Failure::Final(forged(hash, &self.base, offset, error))
            }
            DecodeError::Io(error) => Failure::Passing(error.to_string()),
            DecodeError::ParentNotFound(_) | DecodeError::LeafNotFound(_) => {
                Failure::Passing(format!("it hung up after byte {offset}"))
            }
        }
    }

    /// Downloads next to `to`, then renames; a file left by an interrupted download is continued.
    pub(super) async fn fetch_file(&self, hash: Hash, to: &Path, max: u64) -> Result<u64> {
        let part = part_path(hash, to);
        let had = tokio::fs::metadata(&part).await.map_or(0, |meta| meta.len());
        match self.fetch_part(hash, &part, had, max).await {
            // What was left by the interrupted download was not this blob, so start again.
            Err(StoreError::Corrupt { .. }) if had > 0 => {
                tokio::fs::remove_file(&part).await.map_err(StoreError::io("remove", &part))?;
                self.fetch_part(hash, &part, 0, max).await?;
            }
            other => other?,
        }
        let len = tokio::fs::metadata(&part).await.map_err(StoreError::io("read", &part))?.len();
        tokio::fs::rename(&part, to).await.map_err(StoreError::io("write", to))?;
        Ok(len)
    }

    async fn fetch_part(&self, hash: Hash, part: &Path, had: u64, max: u64) -> Result<()> {
        let file = OpenOptions::new().append(true).create(true).open(part).await;
        let mut sink = Part { file: file.map_err(StoreError::io("write", part))?, path: part.into() };
        // A complete part still costs a request, which proves the length.
        self.fetch(hash, Span::from(had), max, &mut sink).await?;
        sink.file.sync_all().await.map_err(StoreError::io("write", part))?;
        let path = part.to_path_buf();
        let got = blocking("check a download", move || hash_file(&path)).await?;
        if got != hash {
            return Err(StoreError::Corrupt { expected: hash, got, place: part.display().to_string() });
        }
        Ok(())
    }

    pub(super) async fn head(&self, hash: Hash) -> Result<bool> {
        let url = self.blob_url(hash);
        let mut retry = Retry::new(&self.options);
        loop {
            let failure = match self.client.head(&url).timeout(self.options.grace).send().await {
                Ok(response) if response.status() == StatusCode::NOT_FOUND => return Ok(false),
                Ok(response) => match self.checked(response).await {
                    Ok(_) => return Ok(true),
                    Err(failure) => failure,
                },
                Err(error) => error.into(),
            };
            retry.after(failure, &self.base).await?;
        }
    }
}

/// Named by the blob too, so that a part is never continued with another blob's bytes.
fn part_path(hash: Hash, to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{hash}.part"));
    to.with_file_name(name)
}

/// A file's address.
pub(super) fn hash_file(path: &Path) -> Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).map_err(StoreError::io("read", path))?;
    hasher.update_reader(file).map_err(StoreError::io("read", path))?;
    Ok(Hash(*hasher.finalize().as_bytes()))
}
