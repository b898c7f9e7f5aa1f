//! Requests and answers.
use super::{download, upload, Shared};
use crate::StoreError;
use assay_core::commit::Hash;
use axum::extract::{Path, State};
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use std::sync::atomic::Ordering;
use std::sync::Arc;

/// An answer that isn't a blob.
pub(super) type Answer<T = Response> = Result<T, (StatusCode, String)>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/blob/{hash}", get(download::whole).put(upload::put))
        .route("/blob/{hash}/bao", get(download::slice))
        .with_state(shared)
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let limits = &shared.limits;
    let used = shared.used.load(Ordering::Relaxed);
    let text = format!(
        r#"{{"status":"ok","writable":{},"used":{used},"max_total":{},"max_blob":{}}}"#,
        limits.writable, limits.max_total, limits.max_blob
    );
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// An address from a path: 64 hexadecimal digits and nothing else.
pub(super) fn address(Path(text): Path<String>) -> Answer<Hash> {
    text.parse().map_err(|error| (StatusCode::BAD_REQUEST, format!("{error}")))
}

/// A failure, as a client may see it: without the names of this machine's files.
pub(super) fn refusal(error: StoreError) -> (StatusCode, String) {
    let status = match &error {
        StoreError::NotFound { .. } => return (StatusCode::NOT_FOUND, "no such blob".into()),
        StoreError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        StoreError::Corrupt { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        _ => {
            tracing::error!(%error, "a request failed");
            return (StatusCode::INTERNAL_SERVER_ERROR, "the store failed; its log says why".into());
        }
    };
    (status, error.to_string())
}
