//! Names of states, data sets and nodes.
use super::GraphError;
use alloc::string::String;
use codec::{Decode, Encode};
use core::fmt;

/// A name of at most 64 bytes of UTF-8, for people and as the key in safetensors files.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Name(String);

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
        Ok(Name(name))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Decode for Name {
    fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
        Name::new(String::decode(input)?).map_err(|_| "name longer than 64 bytes".into())
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
        name.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
