//! The metadata of `referee`.
extern crate referee as _;

fn main() -> Result<(), serde_json::Error> {
    metadata::print("referee")
}
