//! Accounts as text.
use crate::{ChainError, Result};
use assay_core::commit::hex_bytes;
use assay_core::protocol::AccountId;
use std::str::FromStr;
use subxt::utils::AccountId32;

/// An account's SS58 address, as wallets show it.
pub fn address(account: &AccountId) -> String {
    AccountId32(*account).to_string()
}

/// Reads an SS58 address, or `0x` and 64 hexadecimal digits.
pub fn parse_address(text: &str) -> Result<AccountId> {
    let bad = || ChainError::Address { text: text.into() };
    match text.strip_prefix("0x") {
        Some(digits) => hex_bytes::decode(digits).and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad),
        None => AccountId32::from_str(text).map(|account| account.0).map_err(|_| bad()),
    }
}

/// For serde: an account as its address.
pub(crate) mod text {
    use super::*;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(account: &AccountId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&address(account))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
        parse_address(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let account = parse_address(alice).unwrap();
        assert_eq!(address(&account), alice);
        assert_eq!(parse_address(&format!("0x{}", hex_bytes::encode(&account))).unwrap(), account);
        for wrong in ["", "alice", "0x12", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQX"] {
            assert!(matches!(parse_address(wrong), Err(ChainError::Address { .. })), "{wrong}");
        }
    }
}
