//! Prints ink!'s metadata of the contract that a program links.
#![deny(unsafe_code)]
use ink::metadata::InkProject;

extern "Rust" {
    /// What `#[ink::contract]` generates, under this name, in every contract.
    fn __ink_generate_metadata() -> InkProject;
}

/// Prints the metadata of the contract that the caller links, as JSON.
pub fn print(name: &str) -> Result<(), serde_json::Error> {
    // Sound: the one definition that is linked has this type, since ink! wrote both from the same crate.
    #[allow(unsafe_code)]
    let project = unsafe { __ink_generate_metadata() };
    let contract = serde_json::json!({ "name": name, "version": env!("CARGO_PKG_VERSION"), "authors": ["Assay"] });
    let mut document = serde_json::to_value(&project)?;
    if let Some(document) = document.as_object_mut() {
        document.insert("contract".into(), contract);
    }
    println!("{document}");
    Ok(())
}
