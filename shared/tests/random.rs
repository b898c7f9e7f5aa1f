//! Philox against its authors' vectors; the keyed permutation against what a shuffle has to be.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::indexing_slicing)]
use assay_core::arith::random::{permute, permute_domain, philox};
use proptest::prelude::*;

/// How much to try: unoptimised code tries less.
const fn scale(debug: u64, release: u64) -> u64 {
    if cfg!(debug_assertions) {
        debug
    } else {
        release
    }
}

/// `philox4x32 10` of Random123's `kat_vectors` (github.com/DEShawResearch/random123): counter, key, result.
#[test]
fn philox_known_answers() {
    assert_eq!(philox(0, 0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox(u64::MAX, u64::MAX, u64::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let (seed, stream, index) = (0x299f_31d0_a409_3822, 0x0370_7344_1319_8a2e, 0x85a3_08d3_243f_6a88);
    assert_eq!(philox(seed, stream, index), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
}

/// Part of the protocol: data order follows from it.
#[test]
fn permute_golden() {
    let of = |seed, n| (0..n).map(|i| permute(seed, n, i)).collect::<Vec<_>>();
    assert_eq!(of(1, 10), [4, 0, 6, 1, 3, 5, 8, 7, 2, 9]);
    assert_eq!(of(2, 10), [4, 6, 9, 5, 0, 7, 8, 2, 1, 3]);
    assert_eq!(permute(7, u64::MAX, 12_345), 137_553_036_929_349_880);
}

/// What the data order costs follows from it.
#[test]
fn domains_are_powers_of_four_that_hold_the_numbers() {
    let of = [0, 1, 2, 4, 5, 1438, 60_000, 77_390, u64::MAX].map(permute_domain);
    assert_eq!(of, [1, 1, 4, 4, 16, 4096, 1 << 16, 1 << 18, u64::MAX]);
    for n in 2..10_000 {
        assert!((n..4 * n).contains(&permute_domain(n)), "{n}");
    }
}

fn assert_bijection(seed: u64, n: u64) {
    let mut seen = vec![false; n as usize];
    for i in 0..n {
        let j = permute(seed, n, i) as usize;
        assert!(!std::mem::replace(&mut seen[j], true), "seed {seed}, n {n}: {j} twice");
    }
}

#[test]
fn permute_is_a_bijection_for_every_small_n() {
    for n in 1..=scale(80, 300) {
        for seed in 0..8 {
            assert_bijection(seed, n);
        }
    }
}

#[test]
fn permute_leaves_what_lies_outside() {
    assert_eq!(permute(1, 0, 0), 0);
    assert_eq!(permute(1, 10, 10), 10);
    assert_eq!(permute(1, 10, u64::MAX), u64::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: scale(16, 128) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn permute_is_a_bijection(seed: u64, n in 1..5000_u64) {
        assert_bijection(seed, n);
    }

    #[test]
    fn permute_stays_in_range(seed: u64, n in 1..=u64::MAX, i: u64) {
        prop_assert!(permute(seed, n, i % n) < n);
    }
}

/// Pearson's statistic against equal frequencies, in standard deviations above its mean (degrees of freedom).
fn excess(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let expected = total as f64 / counts.len() as f64;
    let chi2: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    (chi2 - freedom) / (2.0 * freedom).sqrt()
}

/// Every order of a few items comes up equally often over seeds.
#[test]
fn permute_gives_all_orders() {
    for n in 2..=scale(5, 7) {
        let orders: u64 = (1..=n).product();
        let mut counts = vec![0; orders as usize];
        for seed in 0..orders * 100 {
            // The order's rank in the factorial number system.
            let order: Vec<u64> = (0..n).map(|i| permute(seed, n, i)).collect();
            let rank = (0..n as usize).fold(0, |rank, i| {
                let smaller = order[i + 1..].iter().filter(|&&x| x < order[i]).count() as u64;
                rank * (n - i as u64) + smaller
            });
            counts[rank as usize] += 1;
        }
        let excess = excess(&counts);
        println!("n {n}: {excess:.2} standard deviations");
        assert!(excess < 5.0, "n {n}: {excess}");
    }
}

/// Where an item lands is uniform over seeds, and neighbours don't stay together.
#[test]
fn permute_scatters() {
    let n = 200;
    let (mut first, mut middle, mut step) = (vec![0; 200], vec![0; 200], vec![0; 199]);
    for seed in 0..scale(4_000, 40_000) {
        let [a, b, c] = [0, n / 2, n / 2 + 1].map(|i| permute(seed, n, i));
        first[a as usize] += 1;
        middle[b as usize] += 1;
        step[((c + n - b) % n - 1) as usize] += 1;
    }
    for counts in [first, middle, step] {
        let excess = excess(&counts);
        println!("{excess:.2} standard deviations");
        assert!(excess < 5.0, "{excess}");
    }
    // One fixed point and one kept neighbour per permutation on average.
    let (mut fixed, mut kept) = (0, 0);
    for seed in 0..200 {
        let order: Vec<u64> = (0..1000).map(|i| permute(seed, 1000, i)).collect();
        fixed += (0..).zip(&order).filter(|(i, &j)| *i == j).count();
        kept += order.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    }
    println!("fixed {fixed}, kept {kept} of 200 expected");
    assert!((140..260).contains(&fixed) && (140..260).contains(&kept), "{fixed} {kept}");
}
