//! Every function, against the definition.
#[cfg(feature = "cuda")]
mod on_gpu;

use super::*;
use crate::exec::kernels::tests::{check, elements, program, values};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn functions(
        function in 0..Function::ALL.len(),
        dims in prop::collection::vec(prop_oneof![Just(1_u32), 1_u32..5, 1_u32..5, 14_u32..36, Just(16), Just(48)], 1..4)
            .prop_filter("small", |dims| elements(dims) < 4000),
        repeats in prop::array::uniform4((any::<u8>(), 0_usize..3)),
        params in prop::array::uniform4(prop_oneof![-2.0_f32..2.0, any::<f32>()]),
        seed in 0_u64..10_000,
    ) {
        let function = Function::ALL[function];
        let mut bits = [F32::ZERO; 4];
        bits.iter_mut().zip(params).take(function.params().into()).for_each(|(to, x)| *to = F32(x.to_bits()));
        let own = |&(ones, fewer): &(u8, usize)| {
            let dims = dims.iter().enumerate().skip(fewer.min(dims.len()));
            dims.map(|(axis, &dim)| if ones >> axis & 9 == 9 { 1 } else { dim }).collect::<Vec<_>>()
        };
        let shapes: Vec<Vec<u32>> = repeats.iter().take(function.arity().into()).map(own).collect();
        let tensors: Vec<_> = (seed..).zip(&shapes).map(|(seed, dims)| values(elements(dims), seed)).collect();
        check(&program(Op::Map { function, params: bits }, &shapes, &[], Some(&dims)), &tensors, &[], 0);
    }
}

#[test]
fn great_ones() {
    // Broadcast along all kinds of axes, and enough for both threads; rows of whole vectors, of none, of some
    // and a part of one, and rows that begin in the middle of a thread's part, or shortly before its end.
    for [a, b, c, d] in
        [[20, 30, 40, 5], [4, 30, 8, 48], [8, 30, 7, 17], [64, 32, 7, 7], [3, 7, 5, 784], [3, 5, 1, 4096]]
    {
        let own = [
            vec![1],
            vec![d],
            vec![c, d],
            vec![b, 1, 1],
            vec![a, 1, c, 1],
            vec![a, b, c, 1],
            vec![1, b, 1, d],
            vec![a, 1, 1, d],
        ];
        for own in own {
            let shapes = [vec![a, b, c, d], own];
            let tensors = [values(elements(&shapes[0]), 0), values(elements(&shapes[1]), 4)];
            for function in [Function::Add, Function::Mul] {
                check(&program(Op::map(function), &shapes, &[], None), &tensors, &[], 0);
            }
        }
    }
}
