//! The metadata of `jackpot`.
extern crate jackpot as _;

fn main() -> Result<(), serde_json::Error> {
    metadata::print("jackpot")
}
