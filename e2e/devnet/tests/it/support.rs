//! What the tests share.

use assay_devnet::{sign, sign_with_nonce, Chain};
use assay_runtime::{AccountId, Balance, Balances, RuntimeCall};
pub(crate) use sp_keyring::Sr25519Keyring::{self, Alice, Bob};

pub(crate) fn transfer(to: Sr25519Keyring, value: Balance) -> RuntimeCall {
    let dest = to.to_account_id().into();
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest, value })
}

pub(crate) fn remark(bytes: usize) -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark { remark: vec![7; bytes] })
}

pub(crate) fn signed(chain: &Chain, from: Sr25519Keyring, call: RuntimeCall) -> Vec<u8> {
    sign(chain, &from.pair(), call).unwrap()
}

pub(crate) fn signed_at(chain: &Chain, from: Sr25519Keyring, call: RuntimeCall, nonce: u32, tip: Balance) -> Vec<u8> {
    sign_with_nonce(chain, &from.pair(), call, nonce, tip).unwrap()
}

pub(crate) fn balance(chain: &Chain, account: &AccountId) -> Balance {
    chain.with_state(|| Balances::free_balance(account)).unwrap()
}
