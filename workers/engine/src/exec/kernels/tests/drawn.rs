//! Gather, Jitter, Dropout, and what depends on the step alone.
use super::*;
use assay_core::graph::{Dtype, ScheduleKind};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn gathers(
        rows in 1_u32..50,
        cut in 0_u32..50,
        columns in sizes(),
        step in 0_u64..1000,
        (part, parts) in (0_u16..3, 1_u16..3),
        scale in -2.0_f32..2.0,
        shift in -1.0_f32..1.0,
    ) {
        let batch = (cut % rows) + 1;
        let count = (rows * columns) as usize;
        let bytes: Vec<u8> = (0..count).map(|i| philox(step, 1, i as u64)[0] as u8).collect();
        let floats: Vec<u8> = values(count, 4 * step).iter().flat_map(|x| x.to_le_bytes()).collect();
        for dims in [vec![rows, columns], vec![rows, 1, columns]] {
            let shape = Shape::new(&dims).unwrap();
            let out = [&[batch], &dims[1..]].concat();
            for (dtype, bytes) in [(Dtype::U8, &bytes), (Dtype::F32, &floats)] {
                let data = [DataTensor::new(dtype, shape, bytes.clone()).unwrap()];
                let (scale, shift, part) = (f32_of(scale), f32_of(shift), part % parts);
                let op = Op::Gather { seed: 3, rows, scale, shift, part, parts };
                check(&program(op, &[], &data, Some(&out)), &[], &data, step);
            }
        }
    }

    #[test]
    fn factors(n in prop_oneof![sizes(), 1_u32..3000], seed: u64, exponent in -23_i8..0, keep_below: u32, scale: f32) {
        check_states(Op::Jitter { seed, exponent }, &[vec![n]], seed % 1000);
        check_states(Op::Dropout { seed, keep_below, scale: f32_of(scale) }, &[vec![n]], seed % 1000);
    }

    #[test]
    fn steps(step: u64, beta in 0_u64..1 << 63, base: u32, end: u32, warmup in 0_u32..100, more in 1_u32..100) {
        for step in [step, step % 300] {
            for kind in [ScheduleKind::Constant, ScheduleKind::Linear, ScheduleKind::Cosine, ScheduleKind::Exponential] {
                let op = Op::Schedule { kind, base: F32(base), end: F32(end), warmup, period: warmup + more };
                check(&program(op, &[], &[], None), &[], &[], step);
            }
            check(&program(Op::BiasCorrection { beta }, &[], &[], None), &[], &[], step);
        }
    }
}

#[test]
fn many_factors() {
    // Enough for both threads.
    let (n, seed) = (40_000, u64::MAX - 5);
    let x = [values(n as usize, 3)];
    for op in [Op::Jitter { seed, exponent: -3 }, Op::Dropout { seed, keep_below: 1 << 31, scale: f32_of(2.0) }] {
        check(&program(op, &[vec![n]], &[], None), &x, &[], u64::MAX);
    }
}

#[test]
fn many_rows() {
    let bytes: Vec<u8> = (0..200_000_u64).map(|i| philox(1, 1, i)[0] as u8).collect();
    let data = [DataTensor::new(Dtype::U8, Shape::new(&[1000, 200]).unwrap(), bytes).unwrap()];
    let op = Op::Gather { seed: 1, rows: 1000, scale: f32_of(0.01), shift: f32_of(-1.0), part: 1, parts: 2 };
    check(&program(op, &[], &data, Some(&[500, 200])), &[], &data, 7);
}
