//! A small training run, and games about it.
#![allow(dead_code, unreachable_pub)] // Each test file uses some of it.

pub mod cast;
pub mod chain;
pub mod store;

use assay_core::arith::F32;
use assay_core::graph::{Dtype, Program, Shape};
use assay_core::protocol::dispute::{self, Side, Stage, Verdict};
use assay_core::protocol::{Claim, Game, Move};
use assay_engine::compile::Compiled;
use assay_engine::data::DataTensor;
use assay_engine::import::{Binary, Layer, LayerOp, Model, Param, Unary, Value};
use assay_engine::project::Models;
use assay_engine::state::State;
use assay_engine::task::{Task, TaskData};
use assay_roles::game::{next_move, GameError, Prover, Replayer};
use codec::Encode;
use std::sync::Arc;

pub const ASSERTER: [u8; 32] = [1; 32];
pub const CHALLENGER: [u8; 32] = [2; 32];

/// Numbers that look random, the same every time.
pub fn noise(seed: u64, n: usize) -> Vec<f32> {
    let word = |i| assay_core::arith::random::philox(seed, 0, i as u64)[0];
    (0..n).map(|i| word(i) as f32 / u32::MAX as f32 - 0.5).collect()
}

const TASK: &str = r#"
name = "small"
model = "model.onnx"
[data]
train-inputs = { file = "x" }
train-labels = { file = "y" }
test-inputs = { file = "x" }
test-labels = { file = "y" }
scale = 0.0078125
shift = -1.0
[training]
steps = 100
batch = 24
seed = 5
[training.optimiser]
learning-rate = 0.1
momentum = 0.9
weight-decay = 0.0001
[checkpoints]
interval = 20
[terms]
mode = "tolerant"
max-price = 1000000
verifiers = 1
segments-per-verifier = 2
training-blocks = 1000
"#;

/// A perceptron with a residual connection, 40 inputs, 5 classes, and 90 samples: tensors of one to four chunks.
pub fn compiled() -> Compiled {
    let param = |name: &str, dims: &[u32], seed| {
        let shape = Shape::new(dims).unwrap();
        let values = noise(seed, shape.elements() as usize);
        Param { name: name.into(), shape, values, trained: true }
    };
    let params = vec![
        param("a.weight", &[24, 40], 1),
        param("a.bias", &[24], 2),
        param("b.weight", &[24, 24], 3),
        param("c.weight", &[5, 24], 4),
        param("c.bias", &[5], 5),
    ];
    let linear = |trans_b| LayerOp::MatMul { trans_a: false, trans_b };
    let add = LayerOp::Binary(Binary::Add);
    let layers = vec![
        ("a", linear(true), vec![Value::Input, Value::Param(0)], 24),
        ("a.bias", add.clone(), vec![Value::Layer(0), Value::Param(1)], 24),
        ("relu", LayerOp::Unary(Unary::Relu), vec![Value::Layer(1)], 24),
        ("b", linear(false), vec![Value::Layer(2), Value::Param(2)], 24),
        ("sum", add.clone(), vec![Value::Layer(3), Value::Layer(2)], 24),
        ("c", linear(true), vec![Value::Layer(4), Value::Param(3)], 5),
        ("c.bias", add, vec![Value::Layer(5), Value::Param(4)], 5),
    ];
    let model = |batch| {
        let layer = |(name, op, inputs, columns): &(&str, LayerOp, Vec<Value>, u32)| Layer {
            name: (*name).into(),
            op: op.clone(),
            inputs: inputs.clone(),
            shape: Shape::new(&[batch, *columns]).unwrap(),
        };
        let layers: Vec<Layer> = layers.iter().map(layer).collect();
        let input = Shape::new(&[batch, 40]).unwrap();
        Model { input, params: params.clone(), layers, output: Value::Layer(6) }
    };
    let task = Task::parse(TASK).unwrap();
    let bytes = |n: usize, m: u32| -> Vec<u8> {
        (0..n).map(|i| (assay_core::arith::random::philox(9, m.into(), i as u64)[0] % m) as u8).collect()
    };
    let inputs = DataTensor::new(Dtype::U8, Shape::new(&[90, 40]).unwrap(), bytes(90 * 40, 256)).unwrap();
    let labels = DataTensor::new(Dtype::U8, Shape::new(&[90]).unwrap(), bytes(90, 5)).unwrap();
    let data = TaskData::new(&task, [inputs.clone(), labels.clone(), inputs, labels]).unwrap();
    Compiled::new(&model(task.training.batch), &model(45), &task, &data).unwrap()
}

/// The shapes of `examples/fashion-mlp`, with random samples.
pub fn example() -> Compiled {
    let path = std::path::Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../../examples/fashion-mlp/model.onnx");
    let file = assay_engine::import::onnx::File::read(&path).unwrap();
    let task = Task::parse(&TASK.replace("batch = 24", "batch = 64")).unwrap();
    let rows = 256;
    let byte = |stream, i: u32, m| (assay_core::arith::random::philox(9, stream, i.into())[0] % m) as u8;
    let tensor = |dims: &[u32], bytes: Vec<u8>| DataTensor::new(Dtype::U8, Shape::new(dims).unwrap(), bytes).unwrap();
    let inputs = tensor(&[rows, 784], (0..rows * 784).map(|i| byte(1, i, 256)).collect());
    let labels = tensor(&[rows], (0..rows).map(|i| byte(2, i, 10)).collect());
    let data = TaskData::new(&task, [inputs.clone(), labels.clone(), inputs, labels]).unwrap();
    let models = Models::of(&file, &task, &data).unwrap();
    Compiled::new(&models.training, &models.evaluation, &task, &data).unwrap()
}

pub fn replayer(compiled: &Compiled, program: &Program, first: u64, start: &Arc<State>) -> Replayer {
    Replayer::execution(program.clone(), &compiled.training_data(), first, start.clone()).unwrap()
}

/// What the prover says that these steps give.
pub fn execution(program: &Program, first: u64, steps: u32, start: &Arc<State>, prover: &mut dyn Prover) -> Claim {
    let end = prover.state_root(first + u64::from(steps)).unwrap();
    Claim::Execution { program: program.reference(), first_step: first, steps, start: start.root(), end }
}

pub fn distance(program: &Program, states: &[Arc<State>; 3], value: F32) -> Claim {
    let [start, replayed, claimed] = states.each_ref().map(|state| state.root());
    Claim::Distance { program: program.reference(), start, replayed, claimed, value }
}

/// How a game went.
#[derive(Clone, Copy, Debug)]
pub struct Played {
    pub asserter_won: bool,
    pub verdict: Verdict,
    pub asserter_moves: u32,
    pub challenger_moves: u32,
    pub bytes: usize,
    pub largest: usize,
}

/// Plays a game to its end. The asserter's moves are never refused.
pub fn play(
    claim: Claim,
    asserter: &mut dyn Prover,
    mut pick: impl FnMut(&Game) -> Result<Option<Move>, GameError>,
) -> Played {
    let mut game = dispute::open(claim, ASSERTER, CHALLENGER, 0, 1000).unwrap();
    let (mut asserter_moves, mut challenger_moves, mut bytes, mut largest) = (0, 0, 0, 0);
    loop {
        let (who, mv) = match game.turn() {
            Some(Side::Asserter) => {
                asserter_moves += 1;
                (ASSERTER, next_move(&game, asserter).unwrap().unwrap())
            }
            Some(Side::Challenger) => {
                challenger_moves += 1;
                (CHALLENGER, pick(&game).unwrap().unwrap())
            }
            None => break,
        };
        let size = mv.encoded_size();
        (bytes, largest) = (bytes + size, largest.max(size));
        game = dispute::play(game, &who, mv, 1).unwrap_or_else(|error| panic!("{who:?} refused: {error}"));
    }
    match game.stage {
        Stage::Over { asserter_won, verdict } => {
            Played { asserter_won, verdict, asserter_moves, challenger_moves, bytes, largest }
        }
        _ => unreachable!(),
    }
}
