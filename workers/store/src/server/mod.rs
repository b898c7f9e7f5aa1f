//! A folder behind HTTP.
//!
//! | request | answer |
//! |---|---|
//! | `GET /health` | `{"status":"ok", …}` with the limits |
//! | `HEAD /blob/{hash}` | 200 with the length, or 404 |
//! | `GET /blob/{hash}` | the bytes; one `Range` is understood |
//! | `GET /blob/{hash}/bao?start=&end=` | a [`crate::slice`]: the bytes with their proof |
//! | `PUT /blob/{hash}` | 201; 200 if it is there already; 422 if the bytes have another address |
mod body;
mod connection;
mod download;
mod range;
mod routes;
mod upload;

use crate::{Folder, Result, StoreError};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The header that says how large a blob may be, in answers to uploads that are larger.
pub(crate) const MAX_HEADER: &str = "x-max-blob";

/// What a server accepts.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one uploaded blob.
    pub max_blob: u64,
    /// Bytes of all blobs together, above which uploads are refused.
    pub max_total: u64,
    /// Whether anyone may upload.
    pub writable: bool,
    /// Connections at a time; more wait.
    pub connections: usize,
    /// Without a byte from or to the client.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_blob: 8 << 30,
            max_total: 64 << 30,
            writable: true,
            connections: 256,
            idle: Duration::from_secs(30),
        }
    }
}

/// What requests share.
struct Shared {
    folder: Folder,
    limits: Limits,
    /// Bytes in the folder, uploads in progress included.
    used: AtomicU64,
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    url: String,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Handle {
    /// Where clients find it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on; tells the port if the system chose it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets requests in progress end, for a few seconds, then closes.
    pub async fn stop(self) {
        let Handle { stop, task, .. } = self;
        let _ = stop.send(true); // Fails only if it has stopped already.
        let _ = task.await;
    }

    /// Returns when the server has ended, which it does only if it must.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

/// Serves a folder at `address` (port 0: any free one) until the handle is dropped.
pub async fn serve(address: SocketAddr, folder: Folder, limits: Limits) -> Result<Handle> {
    let failed = |error: std::io::Error| StoreError::Location {
        location: address.to_string(),
        why: format!("can't listen there: {error}"),
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let used = AtomicU64::new(folder.used().await?);
    tracing::info!(%address, folder = %folder.root().display(), "serving blobs");
    let shared = Arc::new(Shared { folder, limits, used });
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(connection::accept(listener, shared, stopped));
    Ok(Handle { url: format!("http://{}", reachable(address)), address, stop, task })
}

/// The address that a client on this machine uses: a wildcard isn't one.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => (std::net::Ipv4Addr::LOCALHOST, v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}
