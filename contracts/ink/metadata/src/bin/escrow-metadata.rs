//! The metadata of `escrow`.
extern crate escrow as _;

fn main() -> Result<(), serde_json::Error> {
    metadata::print("escrow")
}
