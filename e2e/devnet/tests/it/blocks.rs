//! Transactions into blocks.

use crate::support::{balance, remark, signed, signed_at, transfer, Alice, Bob};
use assay_devnet::{Chain, Error, PoolError, Status};
use assay_runtime::{genesis::ENDOWMENT, Balances, RuntimeEvent, System, UNIT};
use sp_crypto_hashing::twox_128;
use sp_runtime::transaction_validity::InvalidTransaction;

fn issuance(chain: &Chain) -> u128 {
    chain.with_state(Balances::total_issuance).unwrap()
}

#[test]
fn a_transfer_moves_money_and_burns_exactly_the_fee() {
    let mut chain = Chain::new_dev().unwrap();
    let before = issuance(&chain);
    assert_eq!(before, 8 * ENDOWMENT);
    let mut watch = chain.submit(signed(&chain, Alice, transfer(Bob, 5 * UNIT))).unwrap();
    let block = chain.build_block().unwrap();
    let status: Vec<_> = std::iter::from_fn(|| watch.status.try_recv().ok()).collect();
    assert_eq!(status, [Status::Ready, Status::InBlock(block.hash), Status::Finalized(block.hash)]);

    let fee = chain
        .with_state(|| {
            System::read_events_no_consensus().find_map(|record| match record.event {
                RuntimeEvent::TransactionPayment(pallet_transaction_payment::Event::TransactionFeePaid {
                    actual_fee,
                    ..
                }) => Some(actual_fee),
                _ => None,
            })
        })
        .unwrap()
        .expect("a fee is reported");
    assert!(fee > 0 && fee < UNIT / 100, "{fee}");
    assert_eq!(balance(&chain, &Bob.to_account_id()), ENDOWMENT + 5 * UNIT);
    assert_eq!(balance(&chain, &Alice.to_account_id()), ENDOWMENT - 5 * UNIT - fee);
    assert_eq!(issuance(&chain), before - fee);
}

#[test]
fn headers_link_and_carry_the_state_root() {
    let mut chain = Chain::new_dev().unwrap();
    for _ in 0..5 {
        let parent = chain.best().clone();
        let block = chain.build_block().unwrap();
        assert_eq!(block.header.parent_hash, parent.hash);
        assert_eq!(block.header.number, parent.header.number + 1);
        assert_ne!(block.header.state_root, parent.header.state_root);
        assert_eq!(chain.block_by_hash(block.hash).map(|b| b.header.number), Some(block.header.number));
    }
    let hash = chain.block(2).map(|block| block.hash);
    assert_eq!(chain.with_state(|| System::block_hash(2)).unwrap(), hash.unwrap());
}

#[test]
fn a_nonce_gap_waits_and_then_all_go_in_order() {
    let mut chain = Chain::new_dev().unwrap();
    let early = signed_at(&chain, Alice, transfer(Bob, UNIT), 2, 0);
    let mut watch = chain.submit(early.clone()).unwrap();
    assert_eq!(watch.status.try_recv(), Ok(Status::Future));
    assert_eq!(chain.build_block().unwrap().body.len(), 1, "only the timestamp");
    let first = signed(&chain, Alice, transfer(Bob, UNIT));
    chain.submit(first.clone()).unwrap();
    let second = signed(&chain, Alice, transfer(Bob, UNIT));
    chain.submit(second.clone()).unwrap();
    assert_eq!(chain.next_nonce(&Alice.to_account_id()).unwrap(), 3);
    let block = chain.build_block().unwrap();
    assert_eq!(block.body[1..], [first, second, early]);
    assert_eq!(balance(&chain, &Bob.to_account_id()), ENDOWMENT + 3 * UNIT);
}

#[test]
fn refusals_say_why() {
    let mut chain = Chain::new_dev().unwrap();
    let good = signed(&chain, Alice, transfer(Bob, UNIT));

    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(chain.submit(forged).unwrap_err(), PoolError::Invalid(InvalidTransaction::BadProof));
    assert!(matches!(chain.submit(vec![1, 2, 3]).unwrap_err(), PoolError::Format(_)));
    assert!(matches!(chain.submit(good[..last].to_vec()).unwrap_err(), PoolError::Format(_)));

    let huge = signed(&chain, Alice, remark(4 * 1024 * 1024));
    assert_eq!(chain.submit(huge).unwrap_err(), PoolError::Invalid(InvalidTransaction::ExhaustsResources));

    let hash = chain.submit(good.clone()).unwrap().hash;
    assert_eq!(chain.submit(good.clone()).unwrap_err(), PoolError::AlreadyImported(hash));
    let rival = signed_at(&chain, Alice, transfer(Bob, 2 * UNIT), 0, 0);
    assert!(matches!(chain.submit(rival).unwrap_err(), PoolError::TooLowPriority { .. }));
    let better = signed_at(&chain, Alice, transfer(Bob, 3 * UNIT), 0, UNIT);
    chain.submit(better.clone()).unwrap();
    assert_eq!(chain.build_block().unwrap().body[1..], [better.clone()]);

    assert_eq!(chain.submit(better).unwrap_err(), PoolError::Banned);
    assert_eq!(chain.submit(good).unwrap_err(), PoolError::Invalid(InvalidTransaction::Stale));

    let poor = signed(&chain, Alice, transfer(Bob, 1));
    let tip = signed_at(&chain, Alice, transfer(Bob, 1), 1, 2 * ENDOWMENT);
    assert_eq!(chain.submit(tip).unwrap_err(), PoolError::Invalid(InvalidTransaction::Payment));
    chain.submit(poor).unwrap();
}

#[test]
fn what_does_not_fit_waits_for_the_next_block() {
    let mut chain = Chain::new_dev().unwrap();
    for _ in 0..5 {
        chain.submit(signed(&chain, Alice, remark(1024 * 1024))).unwrap();
    }
    let bodies: Vec<usize> = (0..3).map(|_| chain.build_block().unwrap().body.len() - 1).collect();
    assert_eq!(bodies, [3, 2, 0]);
}

#[test]
fn a_failed_transaction_pays_and_is_in_the_block() {
    let mut chain = Chain::new_dev().unwrap();
    chain.submit(signed(&chain, Alice, transfer(Bob, 2 * ENDOWMENT))).unwrap();
    assert_eq!(chain.build_block().unwrap().body.len(), 2);
    assert_eq!(balance(&chain, &Bob.to_account_id()), ENDOWMENT);
    assert!(balance(&chain, &Alice.to_account_id()) < ENDOWMENT);
    assert_eq!(chain.next_nonce(&Alice.to_account_id()).unwrap(), 1);
}

#[test]
fn the_runtime_answers_or_says_what_is_wrong() {
    let chain = Chain::new_dev().unwrap();
    assert!(chain.runtime_call(None, "Metadata_metadata", &[]).unwrap().len() > 10_000);
    assert!(matches!(chain.runtime_call(None, "No_such", &[]), Err(Error::UnknownFunction(_))));
    assert!(matches!(chain.runtime_call(None, "Metadata_metadata", &[1]), Err(Error::Panic(_))));
    assert_eq!(chain.runtime_call(None, "AccountNonceApi_account_nonce", &[1; 32]).unwrap(), [0; 4]);
}

#[test]
fn old_states_can_be_read_until_they_are_dropped() {
    let config = assay_devnet::ChainConfig { states: 3, ..Default::default() };
    let mut chain = Chain::open(config).unwrap();
    let key = [twox_128(b"System"), twox_128(b"Number")].concat();
    for number in 1..=6u32 {
        let hash = chain.build_block().unwrap().hash;
        assert_eq!(chain.storage(Some(hash), &key).unwrap(), Some(number.to_le_bytes().to_vec()));
    }
    for number in 1..=6u32 {
        let value = chain.storage(Some(chain.block(number).unwrap().hash), &key);
        if number > 3 {
            assert_eq!(value.unwrap(), Some(number.to_le_bytes().to_vec()));
        } else {
            assert!(matches!(value, Err(Error::StateDiscarded { kept: 3, .. })));
        }
    }
    assert!(matches!(chain.storage(Some(Default::default()), &key), Err(Error::UnknownBlock(_))));
}
