//! Checkpoints' buffers, used again.
//!
//! Fresh memory of a checkpoint's size comes from the system page by page, which takes longer than hashing what is written
//! to it. So a buffer that was uploaded serves for a later checkpoint.
use assay_store::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers that nobody uses at the moment; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

/// A buffer that is somebody's, and spare again when the last of its readers is gone.
struct Lent {
    bytes: Vec<u8>,
    spare: Spare,
}

impl Spare {
    /// A buffer, with whatever it held last.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Its contents, to be read by many; it comes back by itself.
    pub(super) fn lend(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { bytes, spare: self.clone() })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.spare.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_nobody_reads_it() {
        let spare = Spare::default();
        let mut buffer = spare.take();
        buffer.extend_from_slice(&[7; 100]);
        let place = buffer.as_ptr();
        let bytes = spare.lend(buffer);
        let reader = bytes.clone();
        drop(bytes);
        assert!(spare.take().is_empty());
        assert_eq!(reader, [7; 100].as_slice());
        drop(reader);
        let again = spare.take();
        assert_eq!((again.as_ptr(), again.len()), (place, 100));
        assert!(spare.take().is_empty());
    }
}
