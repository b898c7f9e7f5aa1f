//! Every operator on every instruction set and several threads, against the micro-programs in the referee's integers.
mod drawn;
mod images;
mod lookups;
mod movements;
mod products;
mod reductions;
mod timings;

use crate::data::DataTensor;
use crate::exec::lanes::Isa;
use crate::exec::Executor;
use crate::state::State;
use assay_core::arith::random::philox;
use assay_core::arith::{Soft, F32};
use assay_core::graph::{eval_element, eval_node, Env, GraphError, Input, Name, Node, Op, Program, Shape, StateDecl};
use proptest::prelude::*;

/// One node over states (or a data set), not a whole step program.
pub(in crate::exec) fn program(op: Op, shapes: &[Vec<u32>], data: &[DataTensor], out: Option<&[u32]>) -> Program {
    let shape = |dims: &[u32]| Shape::new(dims).unwrap();
    let states: Vec<StateDecl> = (0..)
        .zip(shapes)
        .map(|(i, dims)| StateDecl { name: Name::new(format!("s{i}")).unwrap(), shape: shape(dims) })
        .collect();
    let mut inputs: Vec<Input> = (0..).zip(shapes).map(|(i, dims)| Input::state(i, shape(dims))).collect();
    inputs.extend(data.iter().map(|data| Input::data(0, data.dtype(), data.shape())));
    let shape = out.map_or_else(|| op.infer(&inputs).unwrap(), shape);
    let node = Node { name: Name::default(), op, inputs, shape };
    node.check().unwrap();
    Program { states, data: data.iter().map(|data| data.decl("d").unwrap()).collect(), nodes: vec![node] }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn f32s(values: &[f32]) -> Vec<F32> {
    values.iter().map(|x| F32(x.to_bits())).collect()
}

/// What the node gives on each available instruction set, on one and on two threads.
fn everywhere(
    program: &Program,
    tensors: &[Vec<f32>],
    data: &[DataTensor],
    step: u64,
    mut each: impl FnMut(&[f32], String),
) {
    let state = State::new(program.states.clone(), tensors.to_vec()).unwrap();
    for isa in Isa::available() {
        for threads in [1, 2] {
            let mut executor = Executor::unchecked(program.clone(), data.to_vec(), isa, threads);
            executor.run(&[&state], step, |_| ()).unwrap();
            each(executor.output(0), format!("{:?} on {isa:?}, {threads} threads", program.nodes[0]));
        }
    }
    #[cfg(feature = "cuda")]
    emulated(program, &state, data, step, each);
}

/// What the kernels for GPUs give, emulated or (with `ASSAY_GPU` set) on one: planned for few thread blocks at once (great tiles, long sums in one), and
/// for many.
#[cfg(feature = "cuda")]
fn emulated(program: &Program, state: &State, data: &[DataTensor], step: u64, mut each: impl FnMut(&[f32], String)) {
    use crate::cuda::{testing::device, CudaExecutor};
    for units in [1, 1000] {
        let mut executor = CudaExecutor::unchecked(device(units), program.clone(), data).unwrap();
        let output = executor.node_output(state, step).unwrap();
        each(&output, format!("{:?} on an emulated GPU of {units} units", program.nodes[0]));
    }
}

fn input_values(tensors: &[Vec<f32>], data: &[DataTensor]) -> Vec<Vec<F32>> {
    let mut inputs: Vec<Vec<F32>> = tensors.iter().map(|tensor| f32s(tensor)).collect();
    inputs.extend(data.iter().map(|data| {
        (0..data.shape().elements() as usize).map(|i| F32(data.get(i).unwrap().to_bits())).collect::<Vec<_>>()
    }));
    inputs
}

/// Runs the node everywhere and compares all elements.
pub(in crate::exec) fn check(program: &Program, tensors: &[Vec<f32>], data: &[DataTensor], step: u64) {
    let inputs = input_values(tensors, data);
    let inputs: Vec<&[F32]> = inputs.iter().map(Vec::as_slice).collect();
    let expected = eval_node::<Soft>(&program.nodes[0], Env { step }, &inputs).unwrap();
    let expected: Vec<u32> = expected.iter().map(|x| x.0).collect();
    everywhere(program, tensors, data, step, |got, what| {
        let got = bits(got);
        if let Some(at) = (0..expected.len()).find(|&e| got[e] != expected[e]) {
            panic!("element {at}: {:08x} instead of {:08x}: {what}", got[at], expected[at]);
        }
    });
}

/// Runs a great node everywhere: compares some elements with the definition, all with each other.
fn check_samples(program: &Program, tensors: &[Vec<f32>], samples: u64) {
    let inputs = input_values(tensors, &[]);
    let node = &program.nodes[0];
    let fetch = |input: u8, index: u64| Ok(inputs[usize::from(input)][index as usize]);
    let elements = node.shape.elements();
    let sample = |i: u64| match i {
        0 => 0,
        1 => elements - 1,
        _ => philox(1, 2, i)[0] as u64 % elements,
    };
    let expected: Vec<(u64, F32)> = (0..samples)
        .map(sample)
        .map(|e| (e, eval_element::<Soft, GraphError>(node, Env { step: 0 }, e, fetch, None).unwrap()))
        .collect();
    let mut first = None;
    everywhere(program, tensors, &[], 0, |got, what| {
        for (e, expected) in &expected {
            assert_eq!(got[*e as usize].to_bits(), expected.0, "element {e}: {what}");
        }
        let got = bits(got);
        assert!(*first.get_or_insert_with(|| got.clone()) == got, "{what}");
    });
}

/// Values of every kind: mostly numbers near 1, some edges, some of any bits.
pub(in crate::exec) fn values(len: usize, seed: u64) -> Vec<f32> {
    const EDGES: [u32; 14] = [
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
        0x7f80_0001,
        0x3f80_0000,
        0xc2d0_0000,
        0xbf80_0000,
    ];
    let value = |i: usize| {
        let [kind, word, ..] = philox(seed, 99, i as u64);
        // One seed in four has only numbers: there NaN doesn't hide everything else. Another has tiny ones, whose
        // products become zeros of both signs.
        match kind % 64 {
            _ if seed % 4 == 1 => f32::from_bits((word & 0x807f_ffff) | (0x1a00_0000 + ((kind >> 8 & 0xf) << 23))),
            0 if seed % 4 > 1 => f32::from_bits(word),
            1 if !seed.is_multiple_of(4) => f32::from_bits(EDGES[word as usize % EDGES.len()]),
            2 => 0.0,
            3 => -0.0,
            _ => (f64::from(word) / f64::from(u32::MAX) * 6.0 - 3.0) as f32,
        }
    };
    (0..len).map(value).collect()
}

/// Numbers of candidates, and what is none.
fn labels(rows: usize, classes: usize, seed: u64) -> Vec<f32> {
    let label = |i: usize| {
        let [word, kind, ..] = philox(seed, 98, i as u64);
        match kind % 16 {
            0 => f32::NAN,
            1 => -0.0,
            2 => classes as f32,
            3 => 0.5,
            4 => -1.0,
            _ => (word as usize % classes) as f32,
        }
    };
    (0..rows).map(label).collect()
}

pub(in crate::exec) fn elements(dims: &[u32]) -> usize {
    dims.iter().product::<u32>() as usize
}

fn check_states(op: Op, shapes: &[Vec<u32>], seed: u64) {
    check_shaped(op, shapes, None, seed);
}

/// With a stated output shape.
fn check_shaped(op: Op, shapes: &[Vec<u32>], out: Option<&[u32]>, seed: u64) {
    let tensors: Vec<_> = (seed..).zip(shapes).map(|(seed, dims)| values(elements(dims), seed)).collect();
    check(&program(op, shapes, &[], out), &tensors, &[], seed);
}

fn f32_of(x: f32) -> F32 {
    F32(x.to_bits())
}

fn sizes() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(31), Just(32), Just(33), 1_u32..100]
}
