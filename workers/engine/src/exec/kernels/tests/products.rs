//! MatMul.
use super::*;

/// Stored dimensions of a matrix.
fn stored(lead: &[u32], rows: u32, columns: u32, transposed: bool) -> Vec<u32> {
    let last = if transposed { [columns, rows] } else { [rows, columns] };
    [lead, &last].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn single(m in sizes(), k in sizes(), n in sizes(), trans_a: bool, trans_b: bool, seed in 0_u64..10_000) {
        let (m, k, n) = (m.min(40), k.min(60), n.min(50));
        let shapes = [stored(&[], m, k, trans_a), stored(&[], k, n, trans_b)];
        check_states(Op::MatMul { trans_a, trans_b }, &shapes, seed);
    }

    #[test]
    fn batches(
        lead in prop::collection::vec((1_u32..4, 0..4), 0..4),
        cut in 0_usize..3,
        (m, k, n) in (1_u32..20, 1_u32..20, 1_u32..20),
        trans_a: bool,
        trans_b: bool,
        cut_b: bool,
        seed in 0_u64..10_000,
    ) {
        // Either input may have 1 along an axis, and one of them fewer axes.
        let of = |skip: i32| lead.iter().map(|&(dim, kind)| if kind == skip { 1 } else { dim }).collect::<Vec<_>>();
        let (mut a, mut b) = (of(0), of(1));
        let fewer = if cut_b { &mut b } else { &mut a };
        fewer.drain(..cut.min(fewer.len()));
        let shapes = [stored(&a, m, k, trans_a), stored(&b, k, n, trans_b)];
        check_states(Op::MatMul { trans_a, trans_b }, &shapes, seed);
    }
}

#[test]
fn long_ones() {
    for k in [1023, 1024, 1025, 2049] {
        check_states(Op::MatMul { trans_a: false, trans_b: true }, &[vec![3, k], vec![5, k]], 0);
        check_states(Op::MatMul { trans_a: true, trans_b: false }, &[vec![2, k, 9], vec![2, k, 2]], 1);
    }
    // What a GPU does by great and by small tiles and by single outputs, long sums in one and shared out.
    check_states(Op::MatMul { trans_a: true, trans_b: true }, &[vec![1100, 70], vec![70, 1100]], 0);
    check_states(Op::MatMul { trans_a: false, trans_b: true }, &[vec![20, 1100], vec![130, 1100]], 1);
    check_states(Op::MatMul { trans_a: false, trans_b: false }, &[vec![3, 1030], vec![1030, 300]], 0);
    for (trans_a, trans_b) in [(false, false), (true, false), (false, true)] {
        let shapes = [stored(&[], 1000, 1200, trans_a), stored(&[], 1200, 70, trans_b)];
        let program = program(Op::MatMul { trans_a, trans_b }, &shapes, &[], None);
        check_samples(&program, &[values(1_200_000, 0), values(84_000, 4)], 50);
    }
}

#[test]
fn dot_products_of_nan_and_infinity() {
    let x = vec![f32::INFINITY, 1.0, f32::from_bits(0xffc1_2345), 0.0, -0.0, 1e-30];
    let y = vec![0.0, 2.0, 1.0, f32::NEG_INFINITY, 3.0, -1e-30];
    let shapes = [vec![6, 1], vec![1, 6]];
    check(&program(Op::MatMul { trans_a: false, trans_b: false }, &shapes, &[], None), &[x, y], &[], 0);
}
