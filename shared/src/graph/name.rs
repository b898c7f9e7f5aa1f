//! Names of states, data sets and nodes.
use super::GraphError;
use crate::wire::{Reader, Wire};
use alloc::string::String;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::fmt;

/// A name of at most 64 bytes of UTF-8, for people and as the key in safetensors files.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Name(Vec<u8>); // Not a `String`: the check that makes one is large.

impl Name {
    /// Bytes of a name at most.
    pub const MAX_LEN: usize = 64;

    /// A name.
    ///
    /// # Errors
    /// More than 64 bytes.
    pub fn new(name: impl Into<String>) -> Result<Name, GraphError> {
        let name = name.into();
        if name.len() > Name::MAX_LEN {
            return Err(GraphError::NameLength(u64::try_from(name.len()).unwrap_or(u64::MAX)));
        }
        Ok(Name(name.into_bytes()))
    }

    /// The name of this text.
    ///
    /// # Errors
    /// More than 64 bytes, or not UTF-8.
    pub(super) fn from_bytes(text: Vec<u8>) -> Result<Name, GraphError> {
        if text.len() > Name::MAX_LEN {
            return Err(GraphError::NameLength(u64::try_from(text.len()).unwrap_or(u64::MAX)));
        }
        if !is_utf8(&text) {
            return Err(GraphError::NameUtf8);
        }
        Ok(Name(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default() // It always is UTF-8.
    }

    /// The bytes of the text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Decode for Name {
    fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
        Name::new(String::decode(input)?).map_err(|_| "name longer than 64 bytes".into())
    }
}

impl Wire for Name {
    fn blank() -> Self {
        Name::default()
    }

    #[inline(never)]
    fn fill<I: codec::Input>(&mut self, reader: &mut Reader<'_, I>) {
        let mut text = Vec::new();
        reader.list(&mut text, Name::MAX_LEN);
        match Name::from_bytes(text) {
            Ok(name) => *self = name,
            Err(_) => reader.fail(),
        }
    }
}

impl TryFrom<String> for Name {
    type Error = GraphError;

    fn try_from(name: String) -> Result<Self, GraphError> {
        Name::new(name)
    }
}

impl TryFrom<&str> for Name {
    type Error = GraphError;

    fn try_from(name: &str) -> Result<Self, GraphError> {
        Name::new(name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        String::from_utf8(name.0).unwrap_or_default() // It always is UTF-8.
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Looks like the text that it is.
#[cfg(feature = "scale-info")]
impl scale_info::TypeInfo for Name {
    type Identity = Self;

    fn type_info() -> scale_info::Type {
        let text = scale_info::build::Fields::unnamed().field(|field| field.ty::<String>().type_name("String"));
        scale_info::Type::builder().path(scale_info::Path::new("Name", module_path!())).composite(text)
    }
}

/// Whether bytes are UTF-8 (The Unicode Standard, table 3-7): what `core::str::from_utf8` says, in a sixth of its code.
fn is_utf8(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        let ones = first.leading_ones();
        let mut scalar = u32::from(*first) & 0x7f_u32.wrapping_shr(ones);
        let (more, least) = match ones {
            0 => (0, 0),
            2 => (1, 0x80),
            3 => (2, 0x800),
            4 => (3, 0x1_0000),
            _ => return false,
        };
        bytes = rest;
        for _ in 0..more {
            let [next, rest @ ..] = bytes else { return false };
            if next & 0xc0 != 0x80 {
                return false;
            }
            scalar = scalar << 6 | u32::from(next & 0x3f);
            bytes = rest;
        }
        if scalar < least || char::from_u32(scalar).is_none() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_what_the_library_says() {
        let edges = [
            0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
            0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfc, 0xfe, 0xff,
        ];
        for first in 0..=255 {
            for second in 0..=255 {
                for third in edges {
                    for fourth in edges {
                        let bytes = [first, second, third, fourth, 0x41];
                        for len in 0..=5 {
                            assert_eq!(
                                is_utf8(&bytes[..len]),
                                core::str::from_utf8(&bytes[..len]).is_ok(),
                                "{bytes:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
