//! Any table and every function, against the definition.
use super::*;
use crate::exec::kernels::tests::{check, elements, program, values};
use crate::exec::lanes::tests::PRIMS;
use assay_core::arith::random::philox;
use assay_core::arith::{from_u32, Soft};
use assay_core::graph::function::{source, Source};
use assay_core::graph::{eval_prim, Op};
use proptest::prelude::*;

/// A table of any rows; selects are frequent, so that values are moved.
fn table(len: usize, inputs: u8, seed: u64) -> Vec<Defined> {
    let row = |t: usize| {
        let words = [philox(seed, 1, t as u64), philox(seed, 2, t as u64)].concat();
        let prim = match words[0] % 3 {
            0 => PRIMS[7 + words[1] as usize % 2],
            _ => PRIMS[words[1] as usize % 12],
        };
        let arg = |word: u32| match word % 8 {
            0..4 if t > 0 => (word >> 8) as u8 % t as u8,
            7 => (100 + (word >> 8) % 5) as u8,
            _ => 96 + (word >> 8) as u8 % inputs,
        };
        (prim, [2, 3, 4, 5].map(|i| arg(words[i])))
    };
    (0..len).map(row).collect()
}

/// The definition, over all elements.
fn expected(rows: &[Defined], params: [F32; 4], columns: usize, inputs: &[Vec<F32>]) -> Vec<u32> {
    let element = |e: usize| {
        let mut values: Vec<F32> = Vec::new();
        for &(prim, args) in rows {
            let args = args.map(|arg| match source(arg) {
                Source::Row(row) => values.get(usize::from(row)).copied().unwrap_or(F32::ZERO),
                Source::Input(input) => inputs[usize::from(input)][e],
                Source::Param(param) => params[usize::from(param)],
                Source::Column => from_u32((e % columns) as u32),
                Source::Const(value) => value,
            });
            values.push(eval_prim::<Soft>(prim, args));
        }
        values[rows.len() - 1].0
    };
    (0..inputs[0].len()).map(element).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn any_table(
        len in 1_usize..25,
        inputs in 1_u8..5,
        n in prop_oneof![1_u32..70, 1_u32..3000],
        seed in 0_u64..10_000,
        bits in prop::array::uniform4(any::<u32>()),
    ) {
        let rows = table(len, inputs, seed);
        let shapes = vec![vec![n]; inputs.into()];
        let params = bits.map(F32);
        // Any operator of that many inputs: the table is another.
        let function = Function::ALL.iter().copied().find(|function| function.arity() == inputs).unwrap();
        let node = program(Op::map(function), &shapes, &[], None).nodes.remove(0);
        let tensors: Vec<Vec<f32>> = (seed..).take(inputs.into()).map(|seed| values(n as usize, seed)).collect();
        let as_f32 = |x: &Vec<f32>| x.iter().map(|x| F32(x.to_bits())).collect::<Vec<_>>();
        let soft: Vec<Vec<F32>> = tensors.iter().map(as_f32).collect();
        let expected = expected(&rows, params, n as usize, &soft);
        let map = Map::of_rows(&node, &rows, params);
        let tensors: Vec<&[f32]> = tensors.iter().map(Vec::as_slice).collect();
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let mut out = vec![0.0; n as usize];
            map.run(isa, &Pool::new(1).unwrap(), &tensors, &mut [&mut out]);
            let got: Vec<u32> = out.iter().map(|x| x.to_bits()).collect();
            prop_assert_eq!(&got, &expected, "{:?} {:?}", rows, isa);
        }
    }

    #[test]
    fn functions(
        function in 0..Function::ALL.len(),
        dims in prop::collection::vec(prop_oneof![Just(1_u32), 1_u32..5, 1_u32..5, 14_u32..36], 1..4)
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

/// The same by kernels for GPUs, emulated.
#[cfg(feature = "cuda")]
#[test]
fn any_table_on_a_gpu() {
    use crate::cuda::testing::{run, Table};
    let tables: Vec<Table> = (0..150_u64)
        .map(|seed| {
            let words = philox(seed, 3, 0);
            let inputs = words[0] as u8 % 4 + 1;
            Table {
                rows: table(words[1] as usize % 24 + 1, inputs, seed),
                params: philox(seed, 4, 0).map(F32),
                inputs: (seed..).take(inputs.into()).map(|seed| values(words[2] as usize % 300 + 1, seed)).collect(),
            }
        })
        .collect();
    for (table, got) in tables.iter().zip(run(&tables)) {
        let inputs: Vec<Vec<F32>> = table.inputs.iter().map(|x| x.iter().map(|x| F32(x.to_bits())).collect()).collect();
        let expected = expected(&table.rows, table.params, got.len(), &inputs);
        let got: Vec<u32> = got.iter().map(|x| x.to_bits()).collect();
        assert_eq!(got, expected, "{:?}", table.rows);
    }
}

#[test]
fn great_ones() {
    // Broadcast along all kinds of axes, and enough for both threads.
    let dims = [20, 30, 40, 5];
    for own in
        [vec![1], vec![5], vec![40, 5], vec![30, 1, 1], vec![20, 1, 40, 1], vec![20, 30, 40, 1], vec![1, 30, 1, 5]]
    {
        let shapes = [dims.to_vec(), own];
        let tensors = [values(elements(&dims), 0), values(elements(&shapes[1]), 4)];
        for function in [Function::Add, Function::Mul] {
            check(&program(Op::map(function), &shapes, &[], None), &tensors, &[], 0);
        }
    }
}
