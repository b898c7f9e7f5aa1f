//! Micro-programs against the plain definitions of [`naive`](super::naive).
use super::naive;
use super::nodes::{classifier, distance, f32, labels, node, reduce, values};
use assay_core::arith::{from_u32, random::philox, Soft, F32};
use assay_core::graph::function::Function;
use assay_core::graph::{
    eval_node, eval_program, ConvPart, Env, Node, Op, PoolKind, ReduceKind, ScheduleKind, Source, Window,
};

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
        let last = || *node.inputs[0].shape.dims().last().unwrap();
        match (node.op, position) {
            (Op::Pick, 1) | (Op::Map { function: Function::XentGrad, .. }, 2) => labels(seed, len, last()),
            (Op::Embed, 1) => labels(seed, len, node.inputs[0].shape.dims()[0]),
            (Op::EmbedGrad, 1) => labels(seed, len, node.shape.dims()[0]),
            (Op::PoolGrad { kernel: [h, w], .. }, 1) => labels(seed, len, u32::from(h) * u32::from(w)),
            (Op::Gather { .. }, _) => (0..len).map(|i| from_u32(philox(seed, 79, i as u64)[0] % 256)).collect(),
            _ => values(seed, len, specials),
        }
    };
    node.inputs.iter().enumerate().map(tensor).collect()
}

/// Windows with everything that they can have.
const ODD: Window = Window { stride: [2, 1], dilation: [1, 2], before: [1, 2], after: [0, 1] };

/// Convolutions and pooling of images `c` channels deep and `h` high.
fn windows(c: u32, h: u32) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (window, groups, out) in [(Window::UNIT, 1, [h, 3]), (ODD, 2, [h.div_ceil(2), 4])] {
        let (x, weight) = ([2, 2 * c, h, 3], [4, 2 * c / groups, 1, 1]);
        let weight = if groups == 2 { [4, c, 2, 2] } else { weight };
        let y = [2, 4, out[0], out[1]];
        let conv = |part| Op::Conv { part, window, groups: groups as u16 };
        nodes.push(node(conv(ConvPart::Forward), &[&x, &weight], &y));
        nodes.push(node(conv(ConvPart::Input), &[&y, &weight], &x));
        nodes.push(node(conv(ConvPart::Weight), &[&y, &x], &weight));
        let kernel = [weight[2] as u8, weight[3] as u8];
        let pooled = [2, 2 * c, out[0], out[1]];
        for kind in [PoolKind::Max, PoolKind::Argmax, PoolKind::Average, PoolKind::AverageInside] {
            nodes.push(node(Op::Pool { kind, window, kernel }, &[&x], &pooled));
        }
        let grad = |kind| Op::PoolGrad { kind, window, kernel };
        nodes.push(node(grad(PoolKind::Max), &[&pooled, &pooled], &x));
        nodes.push(node(grad(PoolKind::Average), &[&pooled], &x));
        nodes.push(node(grad(PoolKind::AverageInside), &[&pooled], &x));
    }
    nodes
}

/// One node of every operator, reductions and dot products over `n` items.
pub(crate) fn every_operator(n: u32) -> Vec<Node> {
    let gather = |rows, parts| Op::Gather { seed: 9, rows, scale: f32(0.1), shift: f32(-0.5), part: parts - 1, parts };
    let matmul = |trans_a, trans_b| Op::MatMul { trans_a, trans_b };
    let scaled = |kind, axes| Op::Reduce { kind, axes, scale: f32(0.7) };
    let schedule = |kind| Op::Schedule { kind, base: f32(0.1), end: f32(0.01), warmup: 3, period: 9 };
    let mut nodes = vec![
        node(gather(3, 1), &[&[3, n]], &[2, n]),
        node(gather(n, 2), &[&[n]], &[n.div_ceil(2)]),
        node(Op::Jitter { seed: 5, exponent: -12 }, &[&[n]], &[n]),
        node(Op::Dropout { seed: 5, keep_below: 3 << 30, scale: f32(4.0 / 3.0) }, &[&[n]], &[n]),
        node(matmul(false, false), &[&[2, n], &[n, 3]], &[2, 3]),
        node(matmul(false, true), &[&[2, n], &[3, n]], &[2, 3]),
        node(matmul(true, false), &[&[n, 2], &[n, 3]], &[2, 3]),
        node(matmul(true, true), &[&[n, 2], &[3, n]], &[2, 3]),
        node(matmul(false, true), &[&[2, 1, 2, n], &[3, 1, n]], &[2, 3, 2, 1]),
        node(matmul(true, false), &[&[n, 2], &[2, n, 1]], &[2, 2, 1]),
        node(reduce(ReduceKind::Max, 0b10), &[&[2, n]], &[2, 1]),
        node(reduce(ReduceKind::Sum, 0b10), &[&[2, n]], &[2, 1]),
        node(reduce(ReduceKind::Sum, 0b1), &[&[n, 2]], &[1, 2]),
        node(scaled(ReduceKind::Sum, 0b1), &[&[n]], &[1]),
        node(scaled(ReduceKind::Max, 0b101), &[&[2, 3, n]], &[1, 3, 1]),
        node(scaled(ReduceKind::Dot, 0b101), &[&[2, 3, n], &[2, 3, n]], &[1, 3, 1]),
        node(reduce(ReduceKind::Dot, 0b11), &[&[2, n], &[2, n]], &[1]),
        node(reduce(ReduceKind::SquaredDistance, 0b1), &[&[n], &[n]], &[1]),
        node(scaled(ReduceKind::SquaredDistance, 0b10), &[&[3, n], &[3, n]], &[3, 1]),
        node(Op::Pick, &[&[2, n], &[2]], &[2, 1]),
        node(Op::Embed, &[&[n, 2], &[3, 1]], &[3, 1, 2]),
        node(Op::EmbedGrad, &[&[n, 2], &[n]], &[3, 2]),
        node(Op::Reshape, &[&[n, 4]], &[2, n, 2]),
        node(Op::Transpose { perm: [2, 0, 1, 3, 4, 5] }, &[&[2, n, 3]], &[3, 2, n]),
        node(Op::Slice { axis: 1, start: 1, step: 2 }, &[&[2, 2 * n, 2]], &[2, n, 2]),
        node(Op::Slice { axis: 0, start: 0, step: 1 }, &[&[n]], &[n.div_ceil(2)]),
        node(Op::Pad { axis: 1, start: 1, step: 2 }, &[&[2, n]], &[2, 2 * n + 1]),
        node(Op::Concat { axis: 1 }, &[&[2, n], &[2, 3]], &[2, n + 3]),
        node(schedule(ScheduleKind::Constant), &[], &[1]),
        node(schedule(ScheduleKind::Linear), &[], &[1]),
        node(schedule(ScheduleKind::Cosine), &[], &[1]),
        node(schedule(ScheduleKind::Exponential), &[], &[1]),
        node(Op::BiasCorrection { beta: 9 << 59 }, &[], &[1]),
    ];
    for &function in Function::ALL {
        let params = [0.3, -0.5, 0.25, 2.0].map(f32);
        let mut used = [F32::ZERO; 4];
        used.iter_mut().zip(params).take(usize::from(function.params())).for_each(|(to, param)| *to = param);
        let op = Op::Map { function, params: used };
        let few = n.min(300); // Long ones say nothing new.
        let own: [&[u32]; 4] = [&[2, few], &[few], &[2, 1], &[1]];
        nodes.push(node(op, &own[..usize::from(function.arity())], &[2, few]));
    }
    nodes.extend(windows(n.clamp(1, 3), n.min(9)));
    // Dot products over n items and more.
    let conv = |part| Op::Conv { part, window: Window::UNIT, groups: 1 };
    nodes.push(node(conv(ConvPart::Forward), &[&[2, n, 1, 2], &[3, n, 1, 1]], &[2, 3, 1, 2]));
    nodes.push(node(conv(ConvPart::Input), &[&[1, n, 1, 2], &[n, 2, 1, 1]], &[1, 2, 1, 2]));
    nodes.push(node(conv(ConvPart::Weight), &[&[1, 2, n, 2], &[1, 1, n, 2]], &[2, 1, 1, 1]));
    nodes
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
