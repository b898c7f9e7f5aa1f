//! Reshape, Transpose, Slice, Pad and Concat.
use super::*;

fn dims() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(prop_oneof![Just(1_u32), 1_u32..5, 1_u32..5, 14_u32..36], 1..5)
        .prop_filter("small", |dims| elements(dims) < 20_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn transposes(dims in dims(), order in prop::array::uniform6(any::<u32>()), seed in 0_u64..10_000) {
        let mut perm = [0, 1, 2, 3, 4, 5];
        perm[..dims.len()].sort_by_key(|&axis| order[usize::from(axis)]);
        check_states(Op::Transpose { perm }, &[dims], seed);
    }

    #[test]
    fn slices(dims in dims(), axis: u8, first: u32, step in 1_u32..5, count: u32, seed in 0_u64..10_000) {
        let axis = axis % dims.len() as u8;
        let len = dims[usize::from(axis)];
        let start = first % len;
        let mut out = dims.clone();
        out[usize::from(axis)] = count % (len - start).div_ceil(step) + 1;
        check_shaped(Op::Slice { axis, start, step }, std::slice::from_ref(&dims), Some(&out), seed);
        // And back into the longer one, or one longer still.
        for more in [0, first % 3] {
            let mut back = dims.clone();
            back[usize::from(axis)] += more;
            check_shaped(Op::Pad { axis, start, step }, std::slice::from_ref(&out), Some(&back), seed);
        }
    }

    #[test]
    fn others(dims in dims(), axis: u8, other in 1_u32..40, seed in 0_u64..10_000) {
        let axis = axis % dims.len() as u8;
        let mut second = dims.clone();
        second[usize::from(axis)] = other;
        let n = elements(&dims) as u32;
        check_shaped(Op::Reshape, std::slice::from_ref(&dims), Some(&[1, n, 1]), seed);
        check_states(Op::Concat { axis }, &[dims, second], seed);
    }
}

#[test]
fn great_ones() {
    // Enough for both threads.
    let perm = |first: [u8; 4]| Op::Transpose { perm: [first[0], first[1], first[2], first[3], 4, 5] };
    for order in [[0, 2, 1, 3], [0, 1, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1], [0, 2, 3, 1]] {
        check_states(perm(order), &[vec![5, 33, 70, 35]], 2);
    }
    check_shaped(Op::Reshape, &[vec![600_001]], Some(&[600_001, 1]), 2);
    check_states(Op::Concat { axis: 1 }, &[vec![300, 301, 2], vec![300, 100, 2]], 2);
}
