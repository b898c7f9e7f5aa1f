//! The metadata of `arbiter`.
extern crate arbiter as _;

fn main() -> Result<(), serde_json::Error> {
    metadata::print("arbiter")
}
