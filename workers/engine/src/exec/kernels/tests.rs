//! Every operator on every instruction set and several threads, against the micro-programs in the referee's integers.
use crate::data::DataTensor;
use crate::exec::lanes::Isa;
use crate::exec::Executor;
use crate::state::State;
use assay_core::arith::random::philox;
use assay_core::arith::{Soft, F32};
use assay_core::graph::{eval_node, Dtype, Env, Input, Name, Node, Op, Program, Shape, StateDecl};
use proptest::prelude::*;

/// One node over states (or a data set), not a whole step program.
fn program(op: Op, shapes: &[Vec<u32>], data: &[DataTensor], out: Option<Shape>) -> Program {
    let shape = |dims: &Vec<u32>| Shape::new(dims).unwrap();
    let states: Vec<StateDecl> = (0..)
        .zip(shapes)
        .map(|(i, dims)| StateDecl { name: Name::new(format!("s{i}")).unwrap(), shape: shape(dims) })
        .collect();
    let mut inputs: Vec<Input> = (0..).zip(shapes).map(|(i, dims)| Input::state(i, shape(dims))).collect();
    inputs.extend(data.iter().map(|data| Input::data(0, data.dtype(), data.shape())));
    let shape = out.unwrap_or_else(|| op.infer(&inputs).unwrap());
    let node = Node { name: Name::default(), op, inputs, shape };
    node.check().unwrap();
    Program { states, data: data.iter().map(|data| data.decl("d").unwrap()).collect(), nodes: vec![node] }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Runs the node everywhere and compares.
fn check(program: Program, tensors: Vec<Vec<f32>>, data: Vec<DataTensor>, step: u64) {
    let node = program.nodes[0].clone();
    let as_f32 = |values: &Vec<f32>| values.iter().map(|x| F32(x.to_bits())).collect::<Vec<_>>();
    let mut inputs: Vec<Vec<F32>> = tensors.iter().map(as_f32).collect();
    inputs.extend(data.iter().map(|data| {
        (0..data.shape().elements() as usize).map(|i| F32(data.get(i).unwrap().to_bits())).collect::<Vec<_>>()
    }));
    let inputs: Vec<&[F32]> = inputs.iter().map(Vec::as_slice).collect();
    let expected: Vec<u32> = eval_node::<Soft>(&node, Env { step }, &inputs).unwrap().iter().map(|x| x.0).collect();
    let state = State::new(program.states.clone(), tensors).unwrap();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        for threads in [1, 2] {
            let mut executor = Executor::unchecked(program.clone(), data.clone(), isa, threads);
            executor.run_node(&[&state], step, 0);
            assert_eq!(bits(&executor.outputs[0]), expected, "{node:?} on {isa:?}, {threads} threads");
        }
    }
}

/// Values of every kind: mostly numbers near 1, some edges, some of any bits.
fn values(len: usize, seed: u64) -> Vec<f32> {
    const EDGES: [u32; 12] = [
        0,
        0x8000_0000,
        1,
        0x8000_0001,
        0x0080_0000,
        0x7f7f_ffff,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0xffc0_0001,
        0x3f80_0000,
        0xc2d0_0000,
    ];
    let value = |i: usize| {
        let [kind, word, ..] = philox(seed, 99, i as u64);
        // One seed in four has only numbers: there NaN doesn't hide everything else.
        match kind % 64 {
            0 if seed % 4 > 1 => f32::from_bits(word),
            1 if !seed.is_multiple_of(4) => f32::from_bits(EDGES[word as usize % 11]),
            2 => 0.0,
            _ => (f64::from(word) / f64::from(u32::MAX) * 6.0 - 3.0) as f32,
        }
    };
    (0..len).map(value).collect()
}

fn labels(rows: usize, classes: usize, seed: u64) -> Vec<f32> {
    let label = |i: usize| {
        let [word, kind, ..] = philox(seed, 98, i as u64);
        match kind % 16 {
            0 => f32::NAN,
            1 => -0.0,
            2 => classes as f32,
            3 => 0.5,
            _ => (word as usize % classes) as f32,
        }
    };
    (0..rows).map(label).collect()
}

fn elements(dims: &[u32]) -> usize {
    dims.iter().product::<u32>() as usize
}

fn check_states(op: Op, shapes: &[Vec<u32>], seed: u64) {
    let tensors = (seed..).zip(shapes).map(|(seed, dims)| values(elements(dims), seed)).collect();
    check(program(op, shapes, &[], None), tensors, vec![], seed);
}

fn f32_of(x: f32) -> F32 {
    F32(x.to_bits())
}

const VECTOR_OPS: [(Op, usize); 9] = [
    (Op::Relu, 1),
    (Op::ReluGrad, 2),
    (Op::Add, 2),
    (Op::Max, 2),
    (Op::Ratio, 2),
    (Op::XentLoss, 3),
    (Op::SqDist, 2),
    (Op::SumAll { scale: F32(0x3c80_0000) }, 1),
    (Op::Jitter { seed: 5, exponent: -22 }, 1),
];

fn sizes() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(31), Just(32), Just(33), 1_u32..100]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn vectors(n in prop_oneof![sizes(), Just(1023), Just(1025)], op in 0..VECTOR_OPS.len(), seed in 0_u64..10_000) {
        let (op, inputs) = VECTOR_OPS[op];
        check_states(op, &vec![vec![n]; inputs], seed);
    }

    #[test]
    fn optimisers(m in 1_u32..9, n in sizes(), seed in 0_u64..10_000, mu in 0.0_f32..1.0, wd in 0.0_f32..0.1) {
        check_states(Op::SgdMomentum { mu: f32_of(mu), wd: f32_of(wd) }, &vec![vec![m, n]; 3], seed);
        check_states(Op::SgdStep { lr: f32_of(wd) }, &vec![vec![m, n]; 2], seed);
    }

    #[test]
    fn rows(m in sizes(), n in sizes(), seed in 0_u64..10_000) {
        check_states(Op::BiasAdd, &[vec![m, n], vec![n]], seed);
        check_states(Op::RowMax, &[vec![m, n]], seed);
        check_states(Op::RowSum, &[vec![m, n]], seed);
        check_states(Op::ColSum, &[vec![m, n]], seed);
        check_states(Op::SubExp, &[vec![m, n], vec![m]], seed);
        let shapes = [vec![m, n], vec![m], vec![m]];
        let (m, n) = (m as usize, n as usize);
        let (x, sums, classes) = (values(m * n, seed), values(m, seed + 1), labels(m, n, seed));
        check(program(Op::Pick, &[shapes[0].clone(), shapes[1].clone()], &[], None), vec![x.clone(), classes.clone()], vec![], 0);
        let scale = f32_of(1.0 / m as f32);
        check(program(Op::XentGrad { scale }, &shapes, &[], None), vec![x, sums, classes], vec![], 0);
    }

    #[test]
    fn products(m in sizes(), k in sizes(), n in sizes(), trans_a: bool, trans_b: bool, seed in 0_u64..10_000) {
        let (m, k, n) = (m.min(40), k.min(60), n.min(50));
        let shapes = [if trans_a { vec![k, m] } else { vec![m, k] }, if trans_b { vec![n, k] } else { vec![k, n] }];
        check_states(Op::MatMul { trans_a, trans_b }, &shapes, seed);
    }

    #[test]
    fn gathers(rows in 1_u32..50, cut in 0_u32..50, columns in sizes(), step in 0_u64..1000, scale in -2.0_f32..2.0, shift in -1.0_f32..1.0) {
        let batch = (cut % rows) + 1;
        let count = (rows * columns) as usize;
        let bytes: Vec<u8> = (0..count).map(|i| philox(step, 1, i as u64)[0] as u8).collect();
        let floats: Vec<u8> = values(count, 4 * step).iter().flat_map(|x| x.to_le_bytes()).collect();
        for dims in [vec![rows, columns], vec![rows, 1, columns]] {
            let shape = Shape::new(&dims).unwrap();
            let out = Shape::new(&[&[batch], &dims[1..]].concat()).unwrap();
            for data in [DataTensor::new(Dtype::U8, shape, bytes.clone()), DataTensor::new(Dtype::F32, shape, floats.clone())] {
                let data = data.unwrap();
                let op = Op::Gather { seed: 3, rows, scale: f32_of(scale), shift: f32_of(shift) };
                check(program(op, &[], std::slice::from_ref(&data), Some(out)), vec![], vec![data], step);
            }
        }
    }
}

#[test]
fn long_ones() {
    for n in [4095, 4096, 4097, 12_289] {
        for seed in [0, 3] {
            check_states(Op::SqDist, &[vec![n], vec![n]], seed);
            check_states(Op::SumAll { scale: f32_of(0.5) }, &[vec![n]], seed);
            check_states(Op::RowSum, &[vec![2, n]], seed);
            check_states(Op::ColSum, &[vec![n, 3]], seed);
        }
    }
    for k in [1023, 1024, 1025, 2049] {
        check_states(Op::MatMul { trans_a: false, trans_b: true }, &[vec![3, k], vec![5, k]], 0);
        check_states(Op::MatMul { trans_a: true, trans_b: false }, &[vec![k, 9], vec![k, 2]], 1);
    }
    check_states(Op::RowMax, &[vec![2, 4097]], 0);
    check_states(Op::SubExp, &[vec![300, 41], vec![300]], 2);
}

#[test]
fn dot_products_of_nan_and_infinity() {
    let x = vec![f32::INFINITY, 1.0, f32::from_bits(0xffc1_2345), 0.0, -0.0, 1e-30];
    let y = vec![0.0, 2.0, 1.0, f32::NEG_INFINITY, 3.0, -1e-30];
    let shapes = [vec![6, 1], vec![1, 6]];
    check(program(Op::MatMul { trans_a: false, trans_b: false }, &shapes, &[], None), vec![x, y], vec![], 0);
}
