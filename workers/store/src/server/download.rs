//! Blobs and slices on their way out.
use super::body::written;
use super::range::{range, span, Asked};
use super::routes::{address, refusal, Answer};
use super::Shared;
use crate::{Result, StoreError};
use assay_core::commit::Hash;
use axum::extract::{Path, RawQuery, State};
use axum::http::{header, HeaderMap, Method, StatusCode};
use axum::response::Response;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

/// Bytes of a file that are read at once.
const BUFFER: usize = 64 * 1024;

/// `GET` and `HEAD /blob/{hash}`: the client checks the bytes when it has all of them.
pub(super) async fn whole(
    State(shared): State<Arc<Shared>>,
    path: Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Answer {
    let hash = address(path)?;
    let (file, len) = shared.folder.run("read a blob", move |disk| disk.file(hash)).await.map_err(refusal)?;
    let answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
        .header(header::ETAG, format!("\"{hash}\""));
    let (status, start, end) = match range(&headers, len) {
        _ if method == Method::HEAD => (StatusCode::OK, 0, len),
        Asked::All => (StatusCode::OK, 0, len),
        Asked::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Asked::Outside => return Err((StatusCode::RANGE_NOT_SATISFIABLE, format!("the blob has {len} bytes"))),
    };
    let answer = answer.status(status).header(header::CONTENT_LENGTH, end - start);
    let answer = match status {
        StatusCode::PARTIAL_CONTENT => {
            answer.header(header::CONTENT_RANGE, format!("bytes {start}-{}/{len}", end.saturating_sub(1)))
        }
        _ => answer,
    };
    let body = if method == Method::HEAD {
        axum::body::Body::empty()
    } else {
        written(shared.limits.idle, move |to| send(file, hash, start, end - start, to))
    };
    answer.body(body).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn send(mut file: File, hash: Hash, start: u64, len: u64, to: &mut impl Write) -> Result<()> {
    let failed = |error| StoreError::io("send", hash.to_string())(error);
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    let mut rest = file.take(len);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = rest.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(buffer.get(..count).unwrap_or_default()).map_err(failed)?;
    }
}

/// `GET /blob/{hash}/bao?start=&end=`.
pub(super) async fn slice(State(shared): State<Arc<Shared>>, path: Path<String>, RawQuery(query): RawQuery) -> Answer {
    let hash = address(path)?;
    let span = span(query.as_deref()).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    let encoded = shared.folder.run("read a blob", move |disk| disk.slice(hash, span)).await.map_err(refusal)?;
    let disk = shared.folder.disk();
    let body = written(shared.limits.idle, move |to| disk.encode(&encoded, to));
    Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(body)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
