//! Who takes part: well-known development accounts.
use assay_core::commit::{hash, Hash};
use assay_core::protocol::AccountId;
use sp_keyring::Sr25519Keyring as Key;

fn account(key: Key) -> AccountId {
    key.to_account_id().into()
}

/// The deployer, and whoever has no role: pokes and calls timeouts.
pub fn anyone() -> AccountId {
    account(Key::Alice)
}

/// Who pays.
pub fn submitter() -> AccountId {
    account(Key::Bob)
}

/// Who trains.
pub fn solver() -> AccountId {
    account(Key::Charlie)
}

/// The verifier of the first round.
pub fn verifier() -> AccountId {
    account(Key::Dave)
}

/// The verifier of the second round.
pub fn second_verifier() -> AccountId {
    account(Key::Eve)
}

/// The whistleblower.
pub fn whistleblower() -> AccountId {
    account(Key::Ferdie)
}

/// Everybody, with a name.
pub fn everybody() -> [(&'static str, AccountId); 6] {
    [
        ("anyone", anyone()),
        ("submitter", submitter()),
        ("solver", solver()),
        ("verifier", verifier()),
        ("second verifier", second_verifier()),
        ("whistleblower", whistleblower()),
    ]
}

/// What only that account knows: its seed, and the salt of its commitments.
pub fn secret(account: &AccountId) -> Hash {
    hash(account)
}
