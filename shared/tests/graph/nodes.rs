//! Nodes, values and a small program for the other tests.
use assay_core::arith::{random::philox, F32};
use assay_core::commit::hash;
use assay_core::graph::function::Function;
use assay_core::graph::{
    DataDecl, Dtype, Input, Name, Node, Op, Program, ReduceKind, ScheduleKind, Shape, Source, StateDecl,
};

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

pub(crate) fn f32(x: f32) -> F32 {
    F32(x.to_bits())
}

/// A node of its own over earlier nodes (Gather: over bytes) of these shapes.
pub(crate) fn node(op: Op, inputs: &[&[u32]], output: &[u32]) -> Node {
    let gather = matches!(op, Op::Gather { .. });
    let input = |(index, dims): (usize, &&[u32])| {
        if gather {
            Input::data(0, Dtype::U8, shape(dims))
        } else {
            Input::node(index as u32, shape(dims))
        }
    };
    Node { name: name(op.name()), op, inputs: inputs.iter().enumerate().map(input).collect(), shape: shape(output) }
}

/// Values around 1 with, if wanted, the odd special one.
pub(crate) fn values(seed: u64, len: usize, specials: bool) -> Vec<F32> {
    const SPECIALS: [F32; 8] = [
        F32::ZERO,
        F32::NEG_ZERO,
        F32::INFINITY,
        F32::NEG_INFINITY,
        F32::NAN,
        F32::MIN_SUBNORMAL,
        F32::MAX,
        F32::MIN_POSITIVE,
    ];
    let value = |i: usize| {
        let [a, b, c, _] = philox(seed, 77, i as u64);
        if specials && b.is_multiple_of(50) {
            SPECIALS[c as usize % SPECIALS.len()]
        } else {
            // Sign, exponent 2^-8 to 2^7, fraction.
            F32((a & 0x807f_ffff) | ((119 + (c & 15)) << 23))
        }
    };
    (0..len).map(value).collect()
}

/// Labels 0..classes, some of them wrong ones.
pub(crate) fn labels(seed: u64, len: usize, classes: u32) -> Vec<F32> {
    let label = |i: usize| assay_core::arith::from_u32(philox(seed, 78, i as u64)[0] % (classes + 1));
    (0..len).map(label).collect()
}

/// A training step of a linear classifier of 3 classes on 5 inputs: 7 rows in batches of 2, SGD with momentum and a
/// schedule.
pub(crate) fn classifier() -> Program {
    let pixels: Vec<u8> = (0..35).map(|i| (i * 37 % 256) as u8).collect();
    let labels: Vec<u8> = vec![0, 1, 2, 0, 1, 2, 1];
    let data = |text: &str, dims: &[u32], bytes: &[u8]| DataDecl {
        name: name(text),
        dtype: Dtype::U8,
        shape: shape(dims),
        root: hash(bytes),
    };
    let mut program = Program {
        states: [("w.v", &[5, 3][..]), ("b.v", &[3]), ("w", &[5, 3]), ("b", &[3])]
            .map(|(text, dims)| StateDecl { name: name(text), shape: shape(dims) })
            .to_vec(),
        data: vec![data("x", &[7, 5], &pixels), data("y", &[7], &labels)],
        nodes: vec![],
    };
    let [wv, bv, w, b] = [0, 1, 2, 3].map(|i| Input::state(i, program.states[i as usize].shape));
    let gather = |scale: f32| Op::Gather { seed: 11, rows: 7, scale: f32(scale), shift: F32::ZERO, part: 0, parts: 1 };
    let mut push = |text: &str, op: Op, inputs: &[Input], dims: &[u32]| {
        let index = program.nodes.len() as u32;
        program.nodes.push(Node { name: name(text), op, inputs: inputs.to_vec(), shape: shape(dims) });
        Input::node(index, shape(dims))
    };
    let x = push("x", gather(1.0 / 255.0), &[Input::data(0, Dtype::U8, shape(&[7, 5]))], &[2, 5]);
    let y = push("y", gather(1.0), &[Input::data(1, Dtype::U8, shape(&[7]))], &[2]);
    let xw = push("xw", Op::MatMul { trans_a: false, trans_b: false }, &[x, w], &[2, 3]);
    let y = push("labels", Op::Reshape, &[y], &[2, 1]);
    let logits = push("logits", Op::map(Function::Add), &[xw, b], &[2, 3]);
    let max = push("max", reduce(ReduceKind::Max, 0b10), &[logits], &[2, 1]);
    let e = push("e", Op::map(Function::SubExp), &[logits, max], &[2, 3]);
    let sum = push("sum", reduce(ReduceKind::Sum, 0b10), &[e], &[2, 1]);
    let lse = push("lse", Op::map(Function::LogSumExp), &[sum, max], &[2, 1]);
    let picked = push("picked", Op::Pick, &[logits, y], &[2, 1]);
    let losses = push("losses", map(Function::XentLoss, &[-100.0]), &[lse, picked, y], &[2, 1]);
    push("loss", Op::Reduce { kind: ReduceKind::Sum, axes: 0b11, scale: f32(0.5) }, &[losses], &[1]);
    let half = Op::Schedule { kind: ScheduleKind::Constant, base: f32(0.5), end: F32::ZERO, warmup: 0, period: 0 };
    let half = push("half", half, &[], &[1]);
    let dlogits = push("dlogits", map(Function::XentGrad, &[-100.0, 0.0, 1.0]), &[e, sum, y, half], &[2, 3]);
    let dw = push("dw", Op::MatMul { trans_a: true, trans_b: false }, &[x, dlogits], &[5, 3]);
    let db = push("db", reduce(ReduceKind::Sum, 0b01), &[dlogits], &[1, 3]);
    let db = push("db'", Op::Reshape, &[db], &[3]);
    let momentum = map(Function::SgdMomentum, &[0.9, 1e-4]);
    let rate = Op::Schedule { kind: ScheduleKind::Cosine, base: f32(0.1), end: F32::ZERO, warmup: 2, period: 100 };
    let rate = push("rate", rate, &[], &[1]);
    // The last nodes are the new states, in order.
    let new_wv = push("w.v'", momentum, &[wv, w, dw], &[5, 3]);
    let new_bv = push("b.v'", momentum, &[bv, b, db], &[3]);
    push("w'", Op::map(Function::Step), &[w, new_wv, rate], &[5, 3]);
    push("b'", Op::map(Function::Step), &[b, new_bv, rate], &[3]);
    program
}

/// A function with parameters.
pub(crate) fn map(function: Function, params: &[f32]) -> Op {
    let mut all = [F32::ZERO; 4];
    all.iter_mut().zip(params).for_each(|(to, &param)| *to = f32(param));
    Op::Map { function, params: all }
}

/// A reduction without scale.
pub(crate) fn reduce(kind: ReduceKind, axes: u8) -> Op {
    Op::Reduce { kind, axes, scale: F32::ONE }
}

/// The distance program of one tensor of 3 elements: d² of replayed and claimed over that of replayed and start.
pub(crate) fn distance() -> Program {
    let state =
        |snapshot| Input { source: Source::State { snapshot, index: 0 }, dtype: Dtype::F32, shape: shape(&[3]) };
    let scalar = |index| Input::node(index, Shape::SCALAR);
    let node =
        |text: &str, op, inputs: &[Input]| Node { name: name(text), op, inputs: inputs.to_vec(), shape: Shape::SCALAR };
    Program {
        states: vec![StateDecl { name: name("w"), shape: shape(&[3]) }],
        data: vec![],
        nodes: vec![
            node("difference", reduce(ReduceKind::SquaredDistance, 1), &[state(1), state(2)]),
            node("update", reduce(ReduceKind::SquaredDistance, 1), &[state(1), state(0)]),
            node("ratio", Op::map(Function::Ratio), &[scalar(0), scalar(1)]),
        ],
    }
}
