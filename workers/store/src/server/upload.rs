//! Blobs on their way in.
use super::routes::{address, refusal, Answer};
use super::{Shared, MAX_HEADER};
use crate::folder::{blocking, Disk};
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Network reads that wait for the disk at most.
const WAITING: usize = 16;

/// Room taken from the total; given back unless kept.
struct Room {
    shared: Arc<Shared>,
    len: u64,
}

impl Room {
    fn take(shared: &Arc<Shared>, len: u64) -> Result<Self> {
        let max = shared.limits.max_total;
        let add = |used: u64| used.checked_add(len).filter(|used| *used <= max);
        match shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(Room { shared: shared.clone(), len }),
            Err(_) => Err(StoreError::Full { place: "the store".into(), len }),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shared.used.fetch_sub(self.len, Ordering::Relaxed);
    }
}

/// `PUT /blob/{hash}`.
pub(super) async fn put(
    State(shared): State<Arc<Shared>>,
    path: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let hash = address(path)?;
    let len = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let Some(len) = len else {
        return Err((StatusCode::LENGTH_REQUIRED, "say how long the blob is".into()));
    };
    // First of all: a client may send without having asked.
    let known = shared.folder.run("look for a blob", move |disk| disk.len(hash)).await;
    if matches!(known, Ok(known) if known == len) {
        return Ok(StatusCode::OK.into_response());
    }
    if !shared.limits.writable {
        return Err((StatusCode::FORBIDDEN, "this store takes no uploads".into()));
    }
    let max = shared.limits.max_blob;
    if len > max {
        let text = StoreError::TooLarge { hash, len, max }.to_string();
        return Ok((StatusCode::PAYLOAD_TOO_LARGE, [(MAX_HEADER, max.to_string())], text).into_response());
    }
    let mut room = Room::take(&shared, len).map_err(refusal)?;
    receive(&shared, hash, len, body).await?;
    room.len = 0;
    Ok(StatusCode::CREATED.into_response())
}

/// Writes the body to the disk as it comes.
async fn receive(shared: &Shared, hash: Hash, len: u64, mut body: Body) -> Answer<()> {
    let (to, from) = mpsc::channel(WAITING);
    let disk = shared.folder.disk();
    let writing = tokio::spawn(blocking("receive a blob", move || write(&disk, hash, len, from)));
    let broken = |why: &str| (StatusCode::REQUEST_TIMEOUT, format!("the upload broke off: {why}"));
    loop {
        let frame = match tokio::time::timeout(shared.limits.idle, body.frame()).await {
            Err(_) => return Err(broken("nothing came for too long")),
            Ok(Some(Err(error))) => return Err(broken(&error.to_string())),
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(bytes) = frame.into_data() {
            if to.send(Some(bytes)).await.is_err() {
                break; // The disk failed; its error is below.
            }
        }
    }
    // An ended body is told apart from a request that was given up, which drops the channel without this.
    let _ = to.send(None).await;
    let result = writing.await.map_err(|_| refusal(StoreError::Stopped { doing: "receive a blob" }))?;
    result.map_err(refusal)
}

fn write(disk: &Disk, hash: Hash, len: u64, mut from: mpsc::Receiver<Option<Bytes>>) -> Result<()> {
    let mut writer = disk.writer()?;
    loop {
        match from.blocking_recv() {
            Some(Some(bytes)) => writer.write(&bytes)?,
            Some(None) => break,
            None => return Err(StoreError::Stopped { doing: "receive a blob" }),
        }
        if writer.len() > len {
            return Err(StoreError::TooLarge { hash, len: writer.len(), max: len });
        }
    }
    disk.publish_at(hash, writer)
}
