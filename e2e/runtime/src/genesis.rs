//! The first state: well-known development accounts with money, nothing else.

use crate::{AccountId, Balance, BalancesConfig, RuntimeGenesisConfig, UNIT};
use alloc::{vec, vec::Vec};
use sp_genesis_builder::PresetId;
use sp_keyring::Sr25519Keyring;

/// What every development account starts with.
pub const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// The accounts with publicly known keys (`//Alice`, …, `//Two`), so never use this genesis for anything of value.
pub fn dev_accounts() -> Vec<AccountId> {
    use Sr25519Keyring::{Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two};
    [Alice, Bob, Charlie, Dave, Eve, Ferdie, One, Two].iter().map(|key| key.to_account_id()).collect()
}

/// The preset "development", as the patch that genesis builders apply to the default configuration.
pub fn development() -> serde_json::Value {
    frame_support::build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig {
            balances: dev_accounts().into_iter().map(|account| (account, ENDOWMENT)).collect::<Vec<_>>(),
        },
    })
}

/// A preset by name.
pub fn preset(id: &PresetId) -> Option<Vec<u8>> {
    match id.as_ref() {
        sp_genesis_builder::DEV_RUNTIME_PRESET => serde_json::to_vec(&development()).ok(),
        _ => None,
    }
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
    vec![PresetId::from(sp_genesis_builder::DEV_RUNTIME_PRESET)]
}
