//! Compiled programs: their shape, what they compute, and what they refuse.
mod arithmetic;

use super::*;
use crate::exec::Isa;
use crate::import::{Binary, Layer, LayerOp, Param, Unary, Value};
use crate::tamper::Tamper;
use assay_core::arith::random::philox;
use assay_core::arith::{Soft, F32};
use assay_core::graph::function::Function;
use assay_core::graph::{eval_program, Dtype, Env, Input, Op, ProgramKind, Shape};
use std::ops::ControlFlow;

/// Seven features, a residual connection, three classes.
pub(super) fn model(batch: u32) -> Model {
    let param = |name: &str, dims: &[u32], seed: u64| {
        let shape = Shape::new(dims).unwrap();
        let value = |i: u64| (f64::from(philox(seed, 4, i)[0]) / f64::from(u32::MAX) - 0.5) as f32;
        Param { name: name.into(), shape, values: (0..shape.elements()).map(value).collect(), trained: true }
    };
    let linear = |trans_b| LayerOp::MatMul { trans_a: false, trans_b };
    let add = || LayerOp::Binary(Binary::Add);
    let layers = [
        (linear(true), vec![Value::Input, Value::Param(0)], 5),
        (add(), vec![Value::Layer(0), Value::Param(1)], 5),
        (LayerOp::Unary(Unary::Relu), vec![Value::Layer(1)], 5),
        (linear(false), vec![Value::Layer(2), Value::Param(2)], 5),
        (add(), vec![Value::Layer(3), Value::Layer(2)], 5),
        (linear(false), vec![Value::Layer(4), Value::Param(3)], 3),
        (add(), vec![Value::Layer(5), Value::Param(4)], 3),
    ];
    let layer = |(op, inputs, columns)| Layer {
        name: "layer".into(),
        op,
        inputs,
        shape: Shape::new(&[batch, columns]).unwrap(),
    };
    Model {
        input: Shape::new(&[batch, 7]).unwrap(),
        params: vec![
            param("a", &[5, 7], 1),
            param("ab", &[5], 2),
            param("c", &[5, 5], 3),
            param("d", &[5, 3], 4),
            param("db", &[3], 5),
        ],
        layers: layers.into_iter().map(layer).collect(),
        output: Value::Layer(6),
    }
}

pub(super) fn task() -> Task {
    let text = include_str!("../../../../examples/fashion-mlp/task.toml");
    Task::parse(&text.replace("batch = 64", "batch = 6").replace("interval = 25", "interval = 4")).unwrap()
}

pub(super) fn data(rows: u32, features: u32, classes: u32) -> [DataTensor; 4] {
    let tensor = |dims: &[u32], limit: u32, seed: u64| {
        let shape = Shape::new(dims).unwrap();
        let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(seed, 6, i)[0] % limit) as u8).collect();
        DataTensor::new(Dtype::U8, shape, bytes).unwrap()
    };
    [
        tensor(&[rows, features], 256, 1),
        tensor(&[rows], classes, 2),
        tensor(&[10, features], 256, 3),
        tensor(&[10], classes, 4),
    ]
}

fn compiled() -> Compiled {
    let task = task();
    Compiled::new(&model(6), &model(10), &task, &TaskData::new(&task, data(40, 7, 3)).unwrap()).unwrap()
}

fn as_f32(tensors: &[Vec<f32>]) -> Vec<Vec<F32>> {
    tensors.iter().map(|tensor| tensor.iter().map(|x| F32(x.to_bits())).collect()).collect()
}

fn bytes_as_f32(data: &[DataTensor]) -> Vec<Vec<F32>> {
    data.iter().map(|data| (0..data.bytes().len()).map(|i| F32(data.get(i).unwrap().to_bits())).collect()).collect()
}

#[test]
fn executor_and_reference_interpreter_agree_on_whole_programs() {
    let compiled = compiled();
    for (program, data) in [
        (&compiled.step, compiled.training_data()),
        (&compiled.jitter, compiled.training_data()),
        (&compiled.evaluation, compiled.evaluation_data()),
    ] {
        let mut state = compiled.start.clone();
        let mut executor = Executor::new(program.clone(), data.clone()).unwrap();
        for step in [0, 1, 2, 7, 1000] {
            let snapshots = [as_f32(state.tensors())];
            let expected = eval_program::<Soft>(program, Env { step }, &snapshots, &bytes_as_f32(&data)).unwrap();
            let trace = executor.trace(&[&state], step).unwrap();
            assert_eq!(as_f32(trace.outputs()), expected);
            let root = trace.roots()[trace.roots().len() - 1];
            executor.step(&mut state, step).unwrap();
            assert_eq!(*state.roots().last().unwrap(), root);
        }
        for isa in Isa::available() {
            for threads in [1, 2] {
                let mut again = compiled.start.clone();
                let mut executor =
                    Executor::new(program.clone(), data.clone()).unwrap().with_isa(isa).with_threads(threads).unwrap();
                for step in [0, 1, 2, 7, 1000] {
                    executor.step(&mut again, step).unwrap();
                }
                assert_eq!(again, state);
            }
        }
    }
}

#[test]
fn distances() {
    let compiled = compiled();
    let mut trainer = compiled.trainer().unwrap();
    let mut meter = compiled.meter().unwrap();
    let start = &compiled.start;
    let mut replayed = start.clone();
    let done = trainer.run_segment(&mut replayed, 0, 4, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(done, 4);
    let value =
        |meter: &mut Executor, claimed: &State| f32::from_bits(meter.distance(start, &replayed, claimed).unwrap().0);
    assert_eq!(value(&mut meter, &replayed.clone()), 0.0);
    assert!((value(&mut meter, start) - 1.0).abs() < 1e-6);
    let mut skipped = start.clone();
    trainer.run_segment(&mut skipped, 0, 3, |_| ControlFlow::Continue(())).unwrap();
    let skip = value(&mut meter, &skipped);
    assert!(skip > 1e-3 && skip < 1.0, "{skip}");
    let mut jittered = start.clone();
    compiled.jittered_trainer().unwrap().run_segment(&mut jittered, 0, 4, |_| ControlFlow::Continue(())).unwrap();
    let jitter = value(&mut meter, &jittered);
    assert!(jitter > 0.0 && jitter < 1e-11, "{jitter}");
    let snapshots = [start, &replayed, &skipped].map(|state| as_f32(state.tensors()));
    let expected = eval_program::<Soft>(&compiled.distance, Env::default(), &snapshots, &[]).unwrap();
    assert_eq!(as_f32(meter.trace(&[start, &replayed, &skipped], 0).unwrap().outputs()), expected);
    // Nothing moved and nothing differs: not NaN.
    assert_eq!(f32::from_bits(meter.distance(start, start, start).unwrap().0), 0.0);
    assert!(matches!(meter.step(&mut start.clone(), 0), Err(ExecError::Kind { .. })));
    assert!(matches!(trainer.distance(start, start, start), Err(ExecError::Kind { .. })));
    let mut huge = compiled.step.clone();
    let wide = Shape::new(&[1 << 20, 1 << 19]).unwrap();
    huge.states.push(assay_core::graph::StateDecl { name: Name::new("wide").unwrap(), shape: wide });
    let input = assay_core::graph::Input::state(huge.states.len() as u32 - 1, wide);
    huge.nodes.push(assay_core::graph::Node {
        name: Name::default(),
        op: Op::map(Function::Relu),
        inputs: vec![input],
        shape: wide,
    });
    assert!(matches!(Executor::new(huge, compiled.training_data()), Err(ExecError::TooLarge { .. })));
    assert!(matches!(meter.trace(&[start], 0), Err(ExecError::Snapshots { expected: 3, got: 1 })));
}

#[test]
fn micro_traces_end_in_their_elements() {
    let compiled = compiled();
    let trainer = &mut compiled.trainer().unwrap();
    let snapshots = [&compiled.start];
    let trace = trainer.trace(&snapshots, 3).unwrap();
    for (node, decl) in compiled.step.nodes.iter().enumerate() {
        for element in [0, decl.shape.elements() / 2, decl.shape.elements() - 1] {
            let values = trainer.micro_trace(&snapshots, &trace, 3, node, element).unwrap();
            assert_eq!(values.len() as u64, decl.micro_len());
            assert_eq!(values.last().unwrap().0, trace.output(node)[element as usize].to_bits(), "{}", decl.name);
        }
    }
    assert!(trainer.micro_trace(&snapshots, &trace, 3, 1000, 0).is_err());
    assert!(trainer.micro_trace(&snapshots, &trace, 3, 0, 1 << 40).is_err());
}

#[test]
fn a_tampering_executor_lies_once_and_goes_on_honestly() {
    let compiled = compiled();
    let product = compiled.step.nodes.iter().position(|node| matches!(node.op, Op::MatMul { .. })).unwrap();
    let mut honest = compiled.trainer().unwrap();
    let mut cheat = compiled.trainer().unwrap().with_tampers([Tamper::flip(2, product, 4)]);
    let (mut a, mut b) = (compiled.start.clone(), compiled.start.clone());
    for step in 0..2 {
        honest.step(&mut a, step).unwrap();
        cheat.step(&mut b, step).unwrap();
    }
    assert_eq!(a, b);
    let (right, wrong) = (honest.trace(&[&a], 2).unwrap(), cheat.trace(&[&b], 2).unwrap());
    let first = right.roots().iter().zip(wrong.roots()).position(|(a, b)| a != b);
    assert_eq!(first, Some(product));
    let different = (0..right.output(product).len()).filter(|&e| right.output(product)[e] != wrong.output(product)[e]);
    assert_eq!(different.collect::<Vec<_>>(), [4]);
    let micro = cheat.micro_trace(&[&b], &wrong, 2, product, 4).unwrap();
    assert_eq!(micro.last().unwrap().0, wrong.output(product)[4].to_bits());
    assert_ne!(right.root(), wrong.root());
}

#[test]
fn accuracy_counts_every_sample_once() {
    let compiled = compiled();
    let quality = compiled.evaluator().unwrap().evaluate(&compiled.start, compiled.evaluation_batches).unwrap();
    assert_eq!(quality.total, 10);
    assert!(matches!(compiled.meter().unwrap().evaluate(&compiled.start, 1), Err(ExecError::NotEvaluation(_))));
}

#[test]
fn programs_survive_their_bytes_and_are_valid() {
    let compiled = compiled();
    for program in [&compiled.step, &compiled.jitter, &compiled.distance, &compiled.evaluation] {
        let bytes = program.to_bytes();
        let reference = program.reference();
        assert_eq!(&reference.open(&bytes).unwrap(), program);
    }
    assert_eq!(compiled.step.kind(), ProgramKind::Step);
    assert_eq!(compiled.distance.kind(), ProgramKind::Distance);
    assert_eq!(compiled.step.states, compiled.distance.states);
    assert_eq!(compiled.jitter.nodes.len(), compiled.step.nodes.len() + 5);
    assert_eq!(crate::cost::Cost::of(&compiled.step, 10).work(), u128::from(compiled.step.work()) * 10);
}

#[test]
fn what_does_not_fit_is_refused() {
    let task = task();
    let both = |model: &Model, evaluation: &Model, data: [DataTensor; 4]| {
        Compiled::new(model, evaluation, &task, &TaskData::new(&task, data).unwrap()).unwrap_err().to_string()
    };
    let error = |change: &dyn Fn(&mut Model), data: [DataTensor; 4]| {
        let (mut model, mut evaluation) = (model(6), model(10));
        change(&mut model);
        change(&mut evaluation);
        both(&model, &evaluation, data)
    };
    assert!(error(&|_| {}, data(40, 8, 3)).contains("samples of 7 values, the data to train has 8"));
    assert!(error(&|_| {}, data(40, 7, 4)).contains("classes 0 to 2"));
    assert!(both(&model(5), &model(10), data(40, 7, 3)).contains("batches of 5, the task has batches of 6"));
    let mut other = model(10);
    other.params[0].name = "b".into();
    assert!(both(&model(6), &other, data(40, 7, 3)).contains("other parameters"));
    assert!(error(&|model| model.params[0].name = "n".repeat(60), data(40, 7, 3)).contains("too long"));
    let cyclic = error(&|model| model.layers[2].inputs = vec![Value::Layer(4)], data(40, 7, 3));
    assert!(cyclic.contains("layer 2 reads something"), "{cyclic}");
    let unused = |model: &mut Model| {
        model.params.push(Param { name: "unused".into(), ..model.params[1].clone() });
    };
    assert!(error(&unused, data(40, 7, 3)).contains("\"unused\""));
    let shapes = error(&|model| model.layers[3].inputs = vec![Value::Layer(2), Value::Param(0)], data(40, 7, 3));
    assert!(shapes.contains("gives shape"), "{shapes}");
    let inputs = error(&|model| model.layers[3].inputs = vec![Value::Layer(2)], data(40, 7, 3));
    assert!(inputs.contains("can't have 1 inputs"), "{inputs}");
}

/// Models of every kind, as PyTorch exports them: the executor against the reference interpreter, whole programs.
#[test]
fn exported_models_mean_the_same_to_both() {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/models");
    for name in ["lenet.dynamo", "resnet.ts", "gpt.dynamo", "llama.ts", "encoder.dynamo", "vit.dynamo", "groupnorm.ts"]
    {
        let file = crate::import::onnx::File::read(&folder.join(format!("{name}.onnx"))).unwrap();
        let batch = file.batch().unwrap_or(2);
        let model = file.model(batch).unwrap();
        let (input, output) = (model.input, model.shape(model.output));
        let classes = *output.dims().last().unwrap();
        let text = include_str!("../../../../examples/fashion-mlp/task.toml");
        let task = Task::parse(
            &text.replace("batch = 64", &format!("batch = {batch}")).replace("interval = 25", "interval = 1"),
        )
        .unwrap();
        let rows = batch * 2;
        let tensor = |n: u64, limit: u32| {
            let shape = Shape::new(&[rows, n as u32]).unwrap();
            let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(3, 6, i)[0] % limit) as u8).collect();
            DataTensor::new(Dtype::U8, shape, bytes).unwrap()
        };
        // Few enough for any vocabulary.
        let x = tensor(input.elements() / u64::from(batch), 4);
        let y = tensor(output.elements() / u64::from(batch) / u64::from(classes), classes.min(200));
        let data = TaskData::new(&task, [x.clone(), y.clone(), x, y]).unwrap();
        let compiled = Compiled::new(&model, &model, &task, &data).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (program, data) in
            [(&compiled.step, compiled.training_data()), (&compiled.evaluation, compiled.evaluation_data())]
        {
            let snapshots = [as_f32(compiled.start.tensors())];
            let expected = eval_program::<Soft>(program, Env { step: 1 }, &snapshots, &bytes_as_f32(&data)).unwrap();
            let trace = Executor::new(program.clone(), data).unwrap().trace(&[&compiled.start], 1).unwrap();
            for (node, (got, expected)) in program.nodes.iter().zip(as_f32(trace.outputs()).iter().zip(&expected)) {
                assert_eq!(got, expected, "{name}: {} ({})", node.name, node.op.name());
            }
        }
    }
}
