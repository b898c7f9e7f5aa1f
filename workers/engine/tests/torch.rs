//! Against libtorch: gradients, a short run, and drift.
#![cfg(feature = "torch")]
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Shape};
use assay_engine::compile::{Compiled, Layout};
use assay_engine::data::{DataTensor, Roots};
use assay_engine::import::{onnx, Layer, Model, Param, Value};
use assay_engine::task::{Task, TaskData};
use assay_engine::torch::{baseline, gradients, set_threads, TorchError, TorchTrainer};
use std::ops::ControlFlow;
use std::path::PathBuf;

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/fashion-mlp")
}

fn noise(seed: u64, index: u64) -> f32 {
    (f64::from(philox(seed, 1, index)[0]) / f64::from(u32::MAX) - 0.5) as f32
}

fn param(name: &str, dims: &[u32], seed: u64) -> Param {
    let shape = Shape::new(dims).unwrap();
    Param { name: name.into(), shape, values: (0..shape.elements()).map(|i| noise(seed, i)).collect() }
}

/// All layers: both kinds of product, biases with and without, a weight used twice, a residual connection.
fn model() -> Model {
    Model {
        features: 9,
        classes: 4,
        params: vec![
            param("a", &[8, 9], 1),
            param("ab", &[8], 2),
            param("c", &[8, 8], 3),
            param("d", &[8, 4], 4),
            param("db", &[4], 5),
        ],
        layers: vec![
            Layer::MatMul { x: Value::Batch, weight: 0, transposed: true },
            Layer::Bias { x: Value::Layer(0), bias: 1 },
            Layer::Relu { x: Value::Layer(1) },
            Layer::MatMul { x: Value::Layer(2), weight: 2, transposed: false },
            Layer::Relu { x: Value::Layer(3) },
            Layer::MatMul { x: Value::Layer(4), weight: 2, transposed: true },
            Layer::Add { x: Value::Layer(5), y: Value::Layer(2) },
            Layer::MatMul { x: Value::Layer(6), weight: 3, transposed: false },
            Layer::Bias { x: Value::Layer(7), bias: 4 },
        ],
    }
}

fn synthetic(rows: u32, features: u32, classes: u32) -> [DataTensor; 4] {
    let tensor = |dims: &[u32], limit: u32, seed: u64| {
        let shape = Shape::new(dims).unwrap();
        let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(seed, 2, i)[0] % limit) as u8).collect();
        DataTensor::new(Dtype::U8, shape, bytes).unwrap()
    };
    [
        tensor(&[rows, features], 256, 1),
        tensor(&[rows], classes, 2),
        tensor(&[50, features], 256, 3),
        tensor(&[50], classes, 4),
    ]
}

#[test]
fn gradients_are_autograds_but_for_rounding() {
    let text = std::fs::read_to_string(example().join("task.toml")).unwrap();
    let task = Task::parse(&text.replace("batch = 64", "batch = 33")).unwrap();
    let model = model();
    let data = TaskData::new(&task, synthetic(200, 9, 4)).unwrap();
    let compiled = Compiled::new(&model, &task, &data).unwrap();
    let mut trainer = compiled.trainer().unwrap();
    for step in 0..20 {
        let expected = gradients(&model, &task, &data, &compiled.start, step).unwrap();
        let trace = trainer.trace(&[&compiled.start], step).unwrap();
        let node = |name: &str| compiled.step.nodes.iter().rposition(|node| node.name.as_str() == name).unwrap();
        let loss = trace.output(node("loss"))[0];
        assert!((loss - expected.loss).abs() < 1e-5 * expected.loss.abs(), "{loss} {}", expected.loss);
        for (index, (param, expected)) in model.params.iter().zip(&expected.params).enumerate() {
            // The gradient is what the optimiser's node reads last.
            let update = compiled.step.nodes.len() - compiled.step.states.len() + Layout::of(&model).buffer(index);
            let assay_core::graph::Source::Node { index } = compiled.step.nodes[update].inputs[2].source else {
                panic!()
            };
            let found = trace.output(index as usize);
            let scale = expected.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            assert!(scale > 0.0);
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() <= 2e-6 * scale, "{} step {step}: {a} {b}", param.name);
            }
        }
    }
}

/// The example for 300 steps: as accurate, and segments that agree.
#[test]
fn the_example_trains_alike() {
    set_threads(1);
    let task = Task::read(&example()).unwrap();
    let data = match TaskData::load(&task, &Roots::standard(&example())) {
        Ok(data) => data,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let model = onnx::read_file(&example().join(&task.model)).unwrap();
    let compiled = Compiled::new(&model, &task, &data).unwrap();
    let steps = 300;
    let mut trainer = compiled.trainer().unwrap();
    let mut state = compiled.start.clone();
    trainer.run_segment(&mut state, 0, steps, |_| ControlFlow::Continue(())).unwrap();
    let ours = compiled.evaluator().unwrap().accuracy(&state, compiled.evaluation_batches).unwrap();
    let theirs = baseline(&model, &task, &data, steps).unwrap().accuracy;
    assert!(ours.percent() > 75.0 && (ours.percent() - theirs.percent()).abs() < 1.0, "{ours} {theirs}");

    let mut checkpoints = vec![compiled.start.clone()];
    let mut torch = TorchTrainer::new(&model, &task, &compiled.training_data(), &compiled.start).unwrap();
    let collect = |_, state, _| -> Result<(), TorchError> {
        checkpoints.push(state);
        Ok(())
    };
    torch.run(0, steps, task.checkpoints.interval, collect).unwrap();
    assert_eq!(checkpoints.len(), 13);
    let mut meter = compiled.meter().unwrap();
    for (segment, ends) in (0..).zip(checkpoints.windows(2)) {
        let mut replayed = ends[0].clone();
        trainer.run_segment(&mut replayed, segment * 25, 25, |_| ControlFlow::Continue(())).unwrap();
        let value = f32::from_bits(meter.distance(&ends[0], &replayed, &ends[1]).unwrap().0);
        assert!(value < 1e-5, "segment {segment}: {value}");
        let mut skipped = ends[0].clone();
        trainer.run_segment(&mut skipped, segment * 25, 24, |_| ControlFlow::Continue(())).unwrap();
        let value = f32::from_bits(meter.distance(&ends[0], &replayed, &skipped).unwrap().0);
        assert!(value > 1e-4, "segment {segment} without its last step: {value}");
    }
}
