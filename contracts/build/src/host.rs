//! What a contract may import from pallet-contracts 51: every function of its `wasm/runtime.rs` that is neither unstable
//! nor deprecated (those are off unless a chain turns them on) nor a chain extension (a chain's own).

/// Functions that exist under two names: plain, and with `seal_` before it. By version, which is the module's number.
const ALIASED: [&[&str]; 3] = [
    &[
        "address",
        "balance",
        "block_number",
        "call",
        "caller",
        "caller_is_origin",
        "clear_storage",
        "code_hash",
        "contains_storage",
        "debug_message",
        "delegate_call",
        "deposit_event",
        "ecdsa_recover",
        "ecdsa_to_eth_address",
        "gas_left",
        "get_storage",
        "hash_blake2_128",
        "hash_blake2_256",
        "hash_keccak_256",
        "hash_sha2_256",
        "input",
        "instantiate",
        "is_contract",
        "minimum_balance",
        "now",
        "own_code_hash",
        "set_code_hash",
        "set_storage",
        "take_storage",
        "terminate",
        "transfer",
        "value_transferred",
        "weight_to_fee",
    ],
    &["call", "clear_storage", "contains_storage", "get_storage", "instantiate", "set_storage", "terminate"],
    &["set_storage"],
];

/// Functions with one name.
const PLAIN: [&[&str]; 3] = [
    &[
        "call_runtime",
        "caller_is_root",
        "instantiation_nonce",
        "lock_delegate_dependency",
        "seal_return",
        "sr25519_verify",
        "unlock_delegate_dependency",
        "xcm_execute",
        "xcm_send",
    ],
    &[],
    &["call", "instantiate"],
];

/// Whether a stock pallet-contracts 51 offers this function.
pub(crate) fn offers(module: &str, name: &str) -> bool {
    let version = match module {
        "seal0" => 0,
        "seal1" => 1,
        "seal2" => 2,
        _ => return false,
    };
    let listed = |lists: &[&[&str]; 3], name: &str| lists.get(version).is_some_and(|list| list.contains(&name));
    let unprefixed = name.strip_prefix("seal_").unwrap_or(name);
    listed(&ALIASED, unprefixed) || listed(&PLAIN, name)
}

#[cfg(test)]
mod tests {
    use super::offers;

    #[test]
    fn versions_and_aliases() {
        for (module, name) in [
            ("seal0", "input"),
            ("seal0", "seal_input"),
            ("seal0", "seal_return"),
            ("seal1", "get_storage"),
            ("seal2", "seal_set_storage"),
            ("seal2", "call"),
        ] {
            assert!(offers(module, name), "{module}.{name}");
        }
        for (module, name) in [
            ("seal0", "return"),
            ("seal2", "seal_call"),
            ("seal2", "get_storage"),
            ("seal0", "random"),
            ("seal1", "gas_left"),
            ("seal0", "seal_call_chain_extension"),
            ("seal3", "call"),
            ("env", "input"),
        ] {
            assert!(!offers(module, name), "{module}.{name}");
        }
    }
}
