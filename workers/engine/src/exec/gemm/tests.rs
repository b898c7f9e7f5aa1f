//! Products against the definition, term by term.
use super::*;
use proptest::prelude::*;

#[test]
fn the_busiest_thread_is_as_idle_as_may_be() {
    let by = |m, n| by_columns(Sizes { m, k: 100, n }, 2);
    // A tile that isn't whole for each thread, or packing twice, which so many rows don't feel.
    assert!(!by(1024, 128) && !by(384, 128));
    assert!(by(84, 128) && by(128, 512) && by(8, 72) && by(8, 50_000));
    // Whole tiles for both.
    assert!(by(512, 960));
    // One vector more for one of them.
    assert!(!by(64, 48));
}

/// Element by element as the protocol says, with the machine's (or libm's exact) fused multiply-add.
fn reference(sizes: Sizes, a: Factor<'_>, b: Factor<'_>) -> Vec<f32> {
    let Sizes { m, k, n } = sizes;
    let mut c = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let mut total = 0.0;
            for block in (0..k).step_by(BLOCK) {
                let mut sum = 0.0_f32;
                for p in block..(block + BLOCK).min(k) {
                    sum = a.values[i * a.rows + p * a.columns].mul_add(b.values[p * b.rows + j * b.columns], sum);
                }
                total = if block == 0 { sum } else { total + sum };
            }
            c.push(total);
        }
    }
    c
}

pub(crate) fn noise(len: usize, seed: u64) -> Vec<f32> {
    let word = |i: usize| assay_core::arith::random::philox(seed, 0, i as u64)[0];
    (0..len).map(|i| (f64::from(word(i)) / f64::from(u32::MAX) - 0.5) as f32).collect()
}

/// The instruction sets of this machine that have vectors: the portable kernels are slow.
fn vectors() -> impl Iterator<Item = Isa> {
    Isa::available().filter(|&isa| isa != Isa::Portable)
}

fn check(sizes: Sizes, trans_a: bool, trans_b: bool, isas: impl Iterator<Item = Isa>) {
    let Sizes { m, k, n } = sizes;
    let (x, y) = (noise(m * k, 1), noise(k * n, 2));
    let a = Factor::new(&x, if trans_a { m } else { k }, trans_a);
    let b = Factor::new(&y, if trans_b { k } else { n }, trans_b);
    let bits = |c: &[f32]| c.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let expected = bits(&reference(sizes, a, b));
    for isa in isas {
        for threads in [1, 2] {
            let mut c = vec![f32::NAN; m * n];
            gemm(isa, &Pool::new(threads).unwrap(), sizes, a, b, &mut c);
            assert!(bits(&c) == expected, "{sizes:?} {trans_a} {trans_b} {isa:?} {threads} threads");
        }
    }
}

#[test]
fn edges() {
    for (m, k, n) in [
        (1, 1, 1),
        (1, 1024, 1),
        (3, 1023, 5),
        (2, 1025, 17),
        (9, 2049, 50),
        (65, 255, 47),
        (8, 257, 48),
        (64, 784, 128),
        (7, 3100, 33),
        (1024, 4, 1024),
        (33, 1024, 2),
        (7, 600, 35),
        (100, 513, 17),
        (13, 1537, 1060),
        (5, 3, 1100),
        // Tall tiles, of several blocks, with a last panel that isn't of whole vectors.
        (30, 2100, 75),
        (29, 1300, 1100),
        (1030, 520, 48),
    ] {
        for (trans_a, trans_b) in [(false, false), (false, true), (true, false), (true, true)] {
            check(Sizes { m, k, n }, trans_a, trans_b, vectors());
        }
    }
    check(Sizes { m: 9, k: 1100, n: 50 }, false, true, Isa::available());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn any_sizes(m in 1_usize..70, k in 1_usize..300, n in 1_usize..150, trans_a: bool, trans_b: bool) {
        check(Sizes { m, k, n }, trans_a, trans_b, Isa::available());
    }
}

/// Seconds that this thread has run: on a busy machine wall time says little.
fn cpu_seconds() -> f64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// `cargo test --release -p assay-engine gflops -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn gflops() {
    for (m, k, n) in [(64, 784, 128), (128, 64, 784), (64, 128, 10), (10, 64, 128), (512, 512, 512), (1024, 1024, 1024)]
    {
        for (trans_a, trans_b) in [(false, true), (true, false), (false, false)] {
            let (x, y) = (noise(m * k, 1), noise(k * n, 2));
            let a = Factor::new(&x, if trans_a { m } else { k }, trans_a);
            let b = Factor::new(&y, if trans_b { k } else { n }, trans_b);
            let mut c = vec![0.0; m * n];
            print!("{m} x {k} x {n} {trans_a} {trans_b}:");
            for isa in vectors() {
                let pool = Pool::new(1).unwrap();
                let operations = 2.0 * (m * k * n) as f64;
                let repeats = (4e9 / operations).ceil() as usize;
                let mut best = f64::MAX;
                for _ in 0..10 {
                    let begin = cpu_seconds();
                    for _ in 0..repeats {
                        gemm(isa, &pool, Sizes { m, k, n }, a, b, &mut c);
                    }
                    best = best.min((cpu_seconds() - begin) / repeats as f64);
                }
                print!(" {isa:?} {:.1} GFLOP/s ({:.1} us)", operations / best / 1e9, best * 1e6);
            }
            println!();
        }
    }
}
