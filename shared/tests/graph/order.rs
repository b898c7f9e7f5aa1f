//! Data order and jitter.
use assay_core::graph::{epoch_seed, gather_row, jitter_sign, steps_per_epoch};
use std::collections::BTreeSet;

#[test]
fn an_epoch_covers_every_row_once() {
    for (rows, batch) in [(1, 1), (10, 2), (64, 64), (1797, 3), (60_000, 100)] {
        let steps = steps_per_epoch(rows, batch);
        for epoch in [0, 1, 5] {
            let all: BTreeSet<u64> = (0..steps)
                .flat_map(|s| (0..batch).map(move |b| gather_row(7, rows, batch, epoch * steps + s, b)))
                .collect();
            assert_eq!(all.len(), rows as usize);
            assert_eq!(all.last(), Some(&u64::from(rows - 1)));
        }
    }
}

#[test]
fn a_last_partial_batch_is_dropped_and_other_rows_each_time() {
    let left_out = |epoch: u64| -> BTreeSet<u64> {
        let seen: BTreeSet<u64> =
            (0..7).flat_map(|s| (0..14).map(move |b| gather_row(3, 100, 14, epoch * 7 + s, b))).collect();
        assert_eq!(seen.len(), 98);
        (0..100).filter(|row| !seen.contains(row)).collect()
    };
    assert_eq!(steps_per_epoch(100, 14), 7);
    assert!((1..10).any(|epoch| left_out(epoch) != left_out(0)));
}

#[test]
fn epochs_and_seeds_differ() {
    let rows = |seed, step| -> Vec<u64> { (0..50).map(|b| gather_row(seed, 1000, 50, step, b)).collect() };
    assert_ne!(rows(1, 0), rows(1, 20));
    assert_ne!(rows(1, 0), rows(2, 0));
    assert_eq!(rows(1, 3), rows(1, 3));
    assert_ne!(epoch_seed(1, 0), epoch_seed(1, 1));
}

#[test]
fn senseless_sizes_do_not_panic() {
    for (rows, batch) in [(0, 0), (0, 1), (1, 0), (3, 5), (u32::MAX, u32::MAX), (u32::MAX, 1)] {
        for step in [0, 1, u64::MAX] {
            gather_row(u64::MAX, rows, batch, step, u32::MAX);
        }
    }
}

#[test]
fn the_three_signs_are_about_as_likely() {
    let mut count = [0; 3];
    for i in 0..30_000 {
        count[(jitter_sign(5, i / 1000, i % 1000) + 1) as usize] += 1;
    }
    assert!(count.iter().all(|n| (9_700..10_300).contains(n)), "{count:?}");
}
