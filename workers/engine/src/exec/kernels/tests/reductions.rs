//! Reduce.
use super::*;
use assay_core::graph::ReduceKind;

const KINDS: [(ReduceKind, usize); 4] =
    [(ReduceKind::Max, 1), (ReduceKind::Sum, 1), (ReduceKind::Dot, 2), (ReduceKind::SquaredDistance, 2)];

fn check_all(dims: &[u32], axes: u8, scale: f32, seed: u64) {
    for (kind, inputs) in KINDS {
        check_states(Op::Reduce { kind, axes, scale: f32_of(scale) }, &vec![dims.to_vec(); inputs], seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_axes(
        dims in prop::collection::vec(prop_oneof![Just(1_u32), 1_u32..6, 1_u32..6, 30_u32..70], 1..6)
            .prop_filter("small", |dims| elements(dims) < 20_000),
        axes: u8,
        scale in prop_oneof![Just(1.0_f32), Just(-0.0), -2.0_f32..2.0],
        seed in 0_u64..10_000,
    ) {
        let axes = axes % ((1 << dims.len()) - 1) + 1;
        check_all(&dims, axes, scale, seed);
    }
}

#[test]
fn long_ones() {
    for n in [4095, 4096, 4097, 12_289] {
        for seed in 0..4 {
            check_all(&[n], 1, 0.5, seed);
            check_all(&[2, n], 2, 1.0, seed);
            check_all(&[n, 3], 1, 1.0, seed);
        }
    }
    for seed in 0..4 {
        check_all(&[65, 3, 9, 9], 0b1101, 0.25, seed);
        check_all(&[40, 3, 220], 0b101, 1.0, seed);
        check_all(&[70, 3, 70, 2], 0b101, 1.0, seed);
        check_all(&[300, 130], 0b1, 1.0, seed);
        check_all(&[300, 130], 0b10, 1.0, seed);
        check_all(&[12, 70, 81], 0b10, 1.0, seed);
    }
}

#[test]
fn great_ones() {
    // Enough for both threads: outputs, columns, or the blocks of one output are shared out.
    for (dims, axes) in [
        (&[300_000][..], 1),
        (&[4, 50_000], 2),
        (&[70_000, 3], 1),
        (&[600, 300], 1),
        (&[600, 300], 2),
        (&[30, 9, 900], 5),
    ] {
        for (kind, inputs) in KINDS {
            let tensors: Vec<_> = (0..).step_by(4).take(inputs).map(|seed| values(elements(dims), seed)).collect();
            let op = Op::Reduce { kind, axes, scale: f32_of(0.5) };
            check_samples(&program(op, &vec![dims.to_vec(); inputs], &[], None), &tensors, 20);
        }
    }
}
