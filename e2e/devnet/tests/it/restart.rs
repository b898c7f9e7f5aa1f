//! Chains that are opened again.

use crate::support::{balance, signed, transfer, Alice, Bob};
use assay_devnet::{journal::FILE, Chain, ChainConfig, Error};
use assay_runtime::{genesis::ENDOWMENT, UNIT};
use std::path::Path;

fn open(dir: &Path, states: u32) -> Result<Chain, Error> {
    Chain::open(ChainConfig { data_dir: Some(dir.to_path_buf()), states, ..Default::default() })
}

fn with_transfers(dir: &Path, count: u32) -> Vec<assay_runtime::Hash> {
    let mut chain = open(dir, 100).unwrap();
    for _ in 0..count {
        chain.submit(signed(&chain, Alice, transfer(Bob, UNIT))).unwrap();
        chain.build_block().unwrap();
    }
    (0..=count).map(|number| chain.block(number).unwrap().hash).collect()
}

#[test]
fn a_chain_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let hashes = with_transfers(dir.path(), 10);
    // Fewer states than blocks, exactly as many, and more.
    for (round, states) in [1, 4, 11, 12, 100].into_iter().enumerate() {
        let mut chain = open(dir.path(), states).unwrap();
        let height = 10 + round as u32;
        assert_eq!(chain.best().header.number, height);
        for (number, hash) in hashes.iter().enumerate() {
            let block = chain.block(number as u32).unwrap();
            assert_eq!(block.hash, *hash);
            assert_eq!(chain.storage(Some(block.hash), b"any").is_ok(), height - (number as u32) < states);
        }
        assert_eq!(balance(&chain, &Bob.to_account_id()), ENDOWMENT + u128::from(height) * UNIT);
        chain.submit(signed(&chain, Alice, transfer(Bob, UNIT))).unwrap();
        assert_eq!(chain.build_block().unwrap().body.len(), 2);
    }
}

#[test]
fn a_torn_tail_costs_the_last_block_only() {
    let dir = tempfile::tempdir().unwrap();
    let hashes = with_transfers(dir.path(), 3);
    let file = dir.path().join(FILE);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 7]).unwrap();
    let mut chain = open(dir.path(), 10).unwrap();
    assert_eq!(chain.best().hash, hashes[2]);
    chain.submit(signed(&chain, Alice, transfer(Bob, UNIT))).unwrap();
    let best = chain.build_block().unwrap().hash;
    drop(chain);
    assert_eq!(open(dir.path(), 10).unwrap().best().hash, best);
}

#[test]
fn damage_in_the_middle_and_a_second_user_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    with_transfers(dir.path(), 3);
    let _open = open(dir.path(), 10).unwrap();
    assert!(matches!(open(dir.path(), 10), Err(Error::InUse { .. })));
    drop(_open);
    let file = dir.path().join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[300] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    assert!(matches!(open(dir.path(), 10), Err(Error::Corrupt { .. })));
}
