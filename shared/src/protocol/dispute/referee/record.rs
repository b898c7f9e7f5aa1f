//! A node's record, for those who only hand it on.
use crate::graph::RECORD_LEN;
use crate::wire::wire;
use codec::{Decode, Encode};

/// The bytes of a node's record in its program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
pub struct Record(pub [u8; RECORD_LEN]);

wire!(struct Record { 0 });

#[cfg(feature = "serde")]
impl serde::Serialize for Record {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::commit::hex_bytes::serialize(&self.0, serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = crate::commit::hex_bytes::deserialize(deserializer)?;
        let len = bytes.len();
        let record = bytes.try_into().map_err(|_| serde::de::Error::invalid_length(len, &"256 bytes"))?;
        Ok(Record(record))
    }
}
