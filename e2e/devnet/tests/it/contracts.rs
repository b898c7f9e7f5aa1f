//! Contracts with storage, which lives in child tries.

use crate::support::{signed, Alice};
use assay_devnet::Chain;
use assay_runtime::{AccountId, Contracts, RuntimeCall, RuntimeEvent, System, UNIT};
use frame_support::weights::Weight;
use pallet_contracts::{CollectEvents, DebugInfo, Determinism};

/// Stores its input under a key of 32 zero bytes; traps without input.
const STORE: &str = r#"(module
    (import "env" "memory" (memory 1 16))
    (import "seal0" "input" (func $input (param i32 i32)))
    (import "seal2" "set_storage" (func $set (param i32 i32 i32 i32) (result i32)))
    (data (i32.const 100) "\00\10\00\00")
    (func (export "deploy"))
    (func (export "call")
        (call $input (i32.const 200) (i32.const 100))
        (if (i32.eqz (i32.load (i32.const 100))) (then unreachable))
        (drop (call $set (i32.const 0) (i32.const 32) (i32.const 200) (i32.load (i32.const 100))))))"#;

const GAS: Weight = Weight::from_parts(10_000_000_000, 1024 * 1024);

fn call(dest: &AccountId, data: &[u8]) -> RuntimeCall {
    RuntimeCall::Contracts(pallet_contracts::Call::call {
        dest: dest.clone().into(),
        value: 0,
        gas_limit: GAS,
        storage_deposit_limit: None,
        data: data.to_vec(),
    })
}

fn deployed() -> (Chain, AccountId) {
    let mut chain = Chain::new_dev().unwrap();
    let deploy = RuntimeCall::Contracts(pallet_contracts::Call::instantiate_with_code {
        value: UNIT,
        gas_limit: GAS,
        storage_deposit_limit: None,
        code: wat::parse_str(STORE).unwrap(),
        data: vec![],
        salt: vec![],
    });
    chain.submit(signed(&chain, Alice, deploy)).unwrap();
    chain.build_block().unwrap();
    let address = chain
        .with_state(|| {
            System::read_events_no_consensus().find_map(|record| match record.event {
                RuntimeEvent::Contracts(pallet_contracts::Event::Instantiated { contract, .. }) => Some(contract),
                _ => None,
            })
        })
        .unwrap()
        .expect("instantiated");
    (chain, address)
}

fn stored(chain: &Chain, address: &AccountId) -> Option<Vec<u8>> {
    chain.with_state(|| Contracts::get_storage(address.clone(), vec![0; 32])).unwrap().unwrap()
}

#[test]
fn storage_stays_and_a_trap_changes_nothing() {
    let (mut chain, address) = deployed();
    let before = chain.best().hash;
    for data in [b"one".as_slice(), b"two", b""] {
        chain.submit(signed(&chain, Alice, call(&address, data))).unwrap();
        assert_eq!(chain.build_block().unwrap().body.len(), 2);
    }
    assert_eq!(stored(&chain, &address).as_deref(), Some(b"two".as_slice()), "the last call trapped");
    let args = codec::Encode::encode(&(&address, vec![0u8; 32]));
    let answer = chain.runtime_call(Some(before), "ContractsApi_get_storage", &args).unwrap();
    assert_eq!(answer, [0, 0], "Ok(None): nothing was stored then");
}

#[test]
fn scratch_states_keep_their_changes_to_themselves() {
    let (chain, address) = deployed();
    let mut scratch = chain.scratch().unwrap();
    let run = |data: &[u8]| {
        Contracts::bare_call(
            Alice.to_account_id(),
            address.clone(),
            0,
            GAS,
            None,
            data.to_vec(),
            DebugInfo::Skip,
            CollectEvents::Skip,
            Determinism::Enforced,
        )
    };
    assert!(scratch.with_state(|| run(b"mine")).unwrap().result.is_ok());
    assert!(scratch.with_state(|| run(b"")).unwrap().result.is_err());
    let read = scratch.with_state(|| Contracts::get_storage(address.clone(), vec![0; 32])).unwrap().unwrap();
    assert_eq!(read.as_deref(), Some(b"mine".as_slice()));
    assert_eq!(stored(&chain, &address), None);
}

#[test]
fn a_thousand_blocks_of_one_call() {
    let (mut chain, address) = deployed();
    for round in 0..1_000u32 {
        chain.submit(signed(&chain, Alice, call(&address, &round.to_le_bytes()))).unwrap();
        chain.build_block().unwrap();
    }
    assert_eq!(stored(&chain, &address).as_deref(), Some(999u32.to_le_bytes().as_slice()));
}
