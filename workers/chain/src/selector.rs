//! How ink! names messages and events: by hashes of their text.
use sp_crypto_hashing::blake2_256;

/// The four bytes in front of a message's arguments.
pub type Selector = [u8; 4];

/// The selector of a message or constructor: the first four bytes of the BLAKE2-256 hash of its label.
pub fn selector(label: &str) -> Selector {
    let [a, b, c, d, ..] = blake2_256(label.as_bytes());
    [a, b, c, d]
}

/// The first topic of an event: the BLAKE2-256 hash of its name and the types of its fields, as its source writes them
/// without spaces.
pub fn signature(event: &str) -> [u8; 32] {
    blake2_256(event.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_those_of_ink() {
        // From ink!'s own documentation and examples.
        assert_eq!(selector("flip"), [0x63, 0x3a, 0xa5, 0x51]);
        assert_eq!(selector("get"), [0x2f, 0x86, 0x5b, 0xd9]);
        assert_eq!(selector("new"), [0x9b, 0xae, 0x9d, 0x5e]);
    }
}
