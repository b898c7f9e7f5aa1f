//! Files of PyTorch's exporters (tests/models), files made here, and broken ones.
mod build;
mod external;
mod fixtures;
mod hostile;
mod operators;

use super::*;
use crate::import::{Layer, LayerOp, Param};

/// The bytes of a test model.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/models").join(name)).unwrap()
}

/// The model for a batch of 4.
fn read(bytes: &[u8]) -> Result<Model, OnnxError> {
    File::parse(bytes.to_vec())?.model(4)
}

fn count(model: &Model, is: impl Fn(&LayerOp) -> bool) -> usize {
    model.layers.iter().filter(|layer| is(&layer.op)).count()
}
