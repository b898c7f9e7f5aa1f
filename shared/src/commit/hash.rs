//! A BLAKE3 hash or chaining value, and its text form.
use crate::wire::wire;
use alloc::string::String;
use codec::{Decode, Encode};
use core::fmt;
use core::str::FromStr;

/// The root of a committed byte string, or the chaining value of one of its subtrees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
pub struct Hash(pub [u8; 32]);

wire!(struct Hash { 0 });

/// The commitment to a byte string: its BLAKE3 hash.
///
/// Workers that hash much call `blake3` directly, on several threads: the value is the same.
pub fn hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

impl Hash {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Hash(bytes)
    }
}

impl From<Hash> for [u8; 32] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// A text that isn't a hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashParseError {
    /// Too long or too short.
    #[error("a hash has 64 hexadecimal digits, not {0} bytes of text")]
    Length(usize),
    /// Something else than hexadecimal digits.
    #[error("not a hexadecimal digit in {0:?}")]
    Digit(String),
}

impl FromStr for Hash {
    type Err = HashParseError;

    /// 64 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, HashParseError> {
        if text.len() != 64 {
            return Err(HashParseError::Length(text.len()));
        }
        let bytes = super::hex_bytes::decode(text).ok_or_else(|| HashParseError::Digit(text.into()))?;
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|bytes| HashParseError::Length(bytes.len()))?;
        Ok(Hash(bytes))
    }
}

/// Hexadecimal text in formats for people (JSON), 32 bytes in others (MessagePack).
#[cfg(feature = "serde")]
impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::hex_bytes::serialize(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = super::hex_bytes::deserialize(deserializer)?;
        let bytes =
            <[u8; 32]>::try_from(bytes).map_err(|bytes| serde::de::Error::invalid_length(bytes.len(), &"32 bytes"))?;
        Ok(Hash(bytes))
    }
}
