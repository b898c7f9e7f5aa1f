//! Micro-programs against the plain definitions of [`naive`](super::naive).
use super::naive;
use super::nodes::{classifier, distance, f32, labels, node, values};
use assay_core::arith::{from_u32, random::philox, Soft, F32};
use assay_core::graph::{eval_node, eval_program, Env, Node, Op, Source};

fn agrees(node: &Node, step: u64, inputs: &[Vec<F32>]) {
    node.check().unwrap();
    let env = Env { step };
    let slices: Vec<&[F32]> = inputs.iter().map(Vec::as_slice).collect();
    let got = eval_node::<Soft>(node, env, &slices).unwrap();
    let expected = naive::eval(node, env, inputs);
    for (e, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert_eq!(got, expected, "element {e} of {node:?}");
    }
    assert_eq!(got.len(), expected.len());
}

/// Inputs for a node: labels where it wants labels, bytes for Gather.
pub(crate) fn inputs(node: &Node, seed: u64, specials: bool) -> Vec<Vec<F32>> {
    let tensor = |(position, input): (usize, &assay_core::graph::Input)| {
        let len = input.shape.elements() as usize;
        let seed = seed * 10 + position as u64;
        match (node.op, position) {
            (Op::Pick, 1) | (Op::XentGrad { .. }, 2) => labels(seed, len, node.inputs[0].shape.dims()[1]),
            (Op::Gather { .. }, _) => (0..len).map(|i| from_u32(philox(seed, 79, i as u64)[0] % 256)).collect(),
            _ => values(seed, len, specials),
        }
    };
    node.inputs.iter().enumerate().map(tensor).collect()
}

/// One node of every operator, reductions and dot products over `n` items.
pub(crate) fn every_operator(n: u32) -> Vec<Node> {
    let jitter = Op::Jitter { seed: 5, exponent: -12 };
    let gather = |rows| Op::Gather { seed: 9, rows, scale: f32(0.1), shift: f32(-0.5) };
    let matmul = |trans_a, trans_b| Op::MatMul { trans_a, trans_b };
    vec![
        node(gather(3), &[&[3, n]], &[2, n]),
        node(gather(n), &[&[n]], &[n.div_ceil(2)]),
        node(jitter, &[&[n]], &[n]),
        node(matmul(false, false), &[&[2, n], &[n, 3]], &[2, 3]),
        node(matmul(false, true), &[&[2, n], &[3, n]], &[2, 3]),
        node(matmul(true, false), &[&[n, 2], &[n, 3]], &[2, 3]),
        node(matmul(true, true), &[&[n, 2], &[3, n]], &[2, 3]),
        node(Op::BiasAdd, &[&[2, n], &[n]], &[2, n]),
        node(Op::Relu, &[&[n, 1, 2]], &[n, 1, 2]),
        node(Op::ReluGrad, &[&[n], &[n]], &[n]),
        node(Op::RowMax, &[&[2, n]], &[2]),
        node(Op::SubExp, &[&[n, 2], &[n]], &[n, 2]),
        node(Op::RowSum, &[&[2, n]], &[2]),
        node(Op::Pick, &[&[2, n], &[2]], &[2]),
        node(Op::XentLoss, &[&[n], &[n], &[n]], &[n]),
        node(Op::XentGrad { scale: f32(0.3) }, &[&[2, n], &[2], &[2]], &[2, n]),
        node(Op::SumAll { scale: f32(0.7) }, &[&[n]], &[1]),
        node(Op::SumAll { scale: f32(0.7) }, &[&[2, n]], &[1]),
        node(Op::ColSum, &[&[n, 2]], &[2]),
        node(Op::SgdMomentum { mu: f32(0.9), wd: f32(0.01) }, &[&[n], &[n], &[n]], &[n]),
        node(Op::SgdStep { lr: f32(0.1) }, &[&[n], &[n]], &[n]),
        node(Op::SqDist, &[&[n], &[n]], &[1]),
        node(Op::SqDist, &[&[3, n], &[3, n]], &[1]),
        node(Op::Add, &[&[n], &[n]], &[n]),
        node(Op::Max, &[&[n], &[n]], &[n]),
        node(Op::Ratio, &[&[n], &[n]], &[n]),
    ]
}

#[test]
fn every_operator_means_what_it_says_at_every_boundary() {
    for n in [1, 2, 7, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193] {
        for node in every_operator(n) {
            agrees(&node, u64::from(n), &inputs(&node, 1, false));
            agrees(&node, 3, &inputs(&node, 2, true));
        }
    }
}

#[test]
fn and_for_random_lengths() {
    for i in 0..60 {
        let n = philox(4, 0, i)[0] % 300 + 1;
        for node in every_operator(n) {
            agrees(&node, i, &inputs(&node, i, i % 2 == 0));
        }
    }
}

#[test]
fn a_program_is_its_nodes_one_after_another() {
    let program = classifier();
    let state: Vec<Vec<F32>> =
        program.states.iter().enumerate().map(|(i, s)| values(i as u64, s.shape.elements() as usize, false)).collect();
    let data: Vec<Vec<F32>> =
        vec![(0..35).map(|i| from_u32(i * 37 % 256)).collect(), [0, 1, 2, 0, 1, 2, 1].map(from_u32).to_vec()];
    for step in 0..5 {
        let env = Env { step };
        let outputs = eval_program::<Soft>(&program, env, std::slice::from_ref(&state), &data).unwrap();
        for (node, output) in program.nodes.iter().zip(&outputs) {
            let read = |source| match source {
                Source::State { index, .. } => state[index as usize].clone(),
                Source::Data { index } => data[index as usize].clone(),
                Source::Node { index } => outputs[index as usize].clone(),
            };
            let inputs: Vec<Vec<F32>> = node.inputs.iter().map(|input| read(input.source)).collect();
            assert_eq!(*output, naive::eval(node, env, &inputs), "{node:?}");
        }
    }
}

#[test]
fn the_distance_of_a_state_from_itself_is_zero_even_without_an_update() {
    let program = distance();
    let w = values(1, 3, false);
    let snapshots = vec![vec![w.clone()], vec![w.clone()], vec![w]];
    let outputs = eval_program::<Soft>(&program, Env::default(), &snapshots, &[]).unwrap();
    assert_eq!(outputs[2], [F32::ZERO]);
}
