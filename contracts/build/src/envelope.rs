//! Code and metadata as tools for people read them: `NAME.json` is the metadata, `NAME.contract` the same with the code.
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use serde_json::{json, Value};
use std::fmt::Write;

/// The hash under which a chain knows this code.
pub fn code_hash(wasm: &[u8]) -> String {
    hex(&Blake2b::<U32>::digest(wasm))
}

/// What ink! says about a contract (its `contract` with name and version, `spec`, `types`, `storage`, `version`), with the
/// `source` that tools look for. The code itself is included in a bundle.
pub fn envelope(metadata: &Value, wasm: &[u8], compiler: &str, bundle: bool) -> Result<String, String> {
    let Value::Object(mut document) = metadata.clone() else {
        return Err("metadata isn't an object".into());
    };
    for key in ["contract", "spec", "storage", "types", "version"] {
        if !document.contains_key(key) {
            return Err(format!("metadata without {key}"));
        }
    }
    let (hash, language) = (code_hash(wasm), "ink! 5.1.1");
    let source = if bundle {
        json!({ "hash": hash, "language": language, "compiler": compiler, "wasm": hex(wasm) })
    } else {
        json!({ "hash": hash, "language": language, "compiler": compiler })
    };
    document.insert("source".into(), source);
    let mut text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_blake2_256() {
        assert_eq!(code_hash(b""), "0x0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    }

    #[test]
    fn code_is_in_the_bundle_only() {
        let metadata = json!({"contract": {"name": "c"}, "spec": {}, "storage": {}, "types": [], "version": 5});
        let [plain, bundle] = [false, true].map(|bundle| {
            serde_json::from_str::<Value>(&envelope(&metadata, b"\0asm", "rustc", bundle).unwrap()).unwrap()
        });
        assert_eq!(plain["source"]["wasm"], Value::Null);
        assert_eq!(bundle["source"]["wasm"], "0x0061736d");
        assert_eq!(bundle["source"]["hash"], code_hash(b"\0asm"));
        assert_eq!(plain["contract"]["name"], "c");
        assert!(envelope(&json!({"spec": {}}), b"", "rustc", false).is_err());
    }
}
