//! A response's body as the stream that a slice's decoder reads.
use bytes::{Bytes, BytesMut};
use iroh_io::AsyncStreamReader;
use reqwest::Response;
use std::io;

/// Reads a body piece by piece; never holds more than what was asked for and one network read.
pub(super) struct Body {
    response: Response,
    buffer: BytesMut,
}

impl Body {
    pub(super) fn new(response: Response) -> Self {
        Body { response, buffer: BytesMut::new() }
    }

    /// Fills the buffer to `len` bytes, or to the body's end.
    async fn fill(&mut self, len: usize) -> io::Result<()> {
        while self.buffer.len() < len {
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(())
    }
}

impl AsyncStreamReader for Body {
    async fn read_bytes(&mut self, len: usize) -> io::Result<Bytes> {
        self.fill(len).await?;
        let len = len.min(self.buffer.len());
        Ok(self.buffer.split_to(len).freeze())
    }

    async fn read<const L: usize>(&mut self) -> io::Result<[u8; L]> {
        let bytes = self.read_bytes(L).await?;
        <[u8; L]>::try_from(bytes.as_ref()).map_err(|_| io::ErrorKind::UnexpectedEof.into())
    }
}
