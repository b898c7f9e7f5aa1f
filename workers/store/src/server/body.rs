//! A response body that a blocking task writes.
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use std::io::{self, Write};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes that are collected before they are sent on.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for the network at most.
const WAITING: usize = 8;

/// The writing end.
pub(super) struct BodyWriter {
    to: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
    idle: Duration,
    runtime: Handle,
}

impl BodyWriter {
    fn send(&mut self, item: io::Result<Bytes>) -> io::Result<()> {
        let sent = self.runtime.block_on(tokio::time::timeout(self.idle, self.to.send(item)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Sends the rest; or breaks the response off, so that the client sees that it is incomplete.
    fn end(mut self, result: crate::Result<()>) {
        let sent = match result {
            Ok(()) => self.flush(),
            Err(error) => {
                tracing::warn!(%error, "a download is broken off");
                self.send(Err(io::Error::other("broken off")))
            }
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "the client has gone");
        }
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.send(Ok(piece.into()))
    }
}

/// A body with what `work` writes.
pub(super) fn written(
    idle: Duration,
    work: impl FnOnce(&mut BodyWriter) -> crate::Result<()> + Send + 'static,
) -> Body {
    let (to, mut from) = mpsc::channel(WAITING);
    let mut writer = BodyWriter { to, piece: Vec::new(), idle, runtime: Handle::current() };
    tokio::task::spawn_blocking(move || {
        let result = work(&mut writer);
        writer.end(result);
    });
    Body::from_stream(stream::poll_fn(move |cx| from.poll_recv(cx)))
}
