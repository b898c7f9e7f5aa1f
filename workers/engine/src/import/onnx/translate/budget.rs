//! How much arithmetic on constants a file may ask for.
use crate::import::onnx::node::Node;
use crate::import::onnx::OnnxError;

/// Bytes of constants at one time.
const MAX_HELD: u64 = 1 << 29;
/// Elements of constants that are read or made in all.
const MAX_WORK: u64 = 1 << 30;
/// What a node counts at least, in elements.
const NODE: u64 = 256;

/// What has been used of it.
#[derive(Debug, Default)]
pub(super) struct Budget {
    held: u64,
    work: u64,
}

impl Budget {
    /// Bytes are kept.
    ///
    /// # Errors
    /// Too many.
    pub(super) fn hold(&mut self, node: &Node, bytes: u64) -> Result<(), OnnxError> {
        self.held = self.held.saturating_add(bytes);
        if self.held > MAX_HELD {
            return Err(node.usage(format!("with it the model's constants take more than {MAX_HELD} bytes")));
        }
        Ok(())
    }

    /// Bytes are dropped.
    pub(super) fn release(&mut self, bytes: u64) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Elements are computed.
    ///
    /// # Errors
    /// Too many.
    pub(super) fn work(&mut self, node: &Node, elements: u64) -> Result<(), OnnxError> {
        self.work = self.work.saturating_add(elements).saturating_add(NODE);
        if self.work > MAX_WORK {
            return Err(node.usage(format!("the model computes more than {MAX_WORK} elements of constants")));
        }
        Ok(())
    }
}
