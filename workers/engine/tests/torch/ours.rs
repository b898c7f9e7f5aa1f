//! Our programs against autograd: outputs and gradients of every layer, states after steps of every optimiser, and a real
//! task.
use super::build::{bytes, close, data, floats, noise, start, task, Build};
use super::cases::{case_data, cases};
use super::training::{model as perceptron, setting, trainings, BATCH};
use assay_engine::compile::Compiled;
use assay_engine::data::Roots;
use assay_engine::device::Device;
use assay_engine::import::{LayerOp, Model, Value};
use assay_engine::project::Project;
use assay_engine::state::State;
use assay_engine::task::{Task, TaskData};
use assay_engine::torch::{baseline, evaluate, gradients, set_threads, TorchError, TorchTrainer};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Position of the last node of this name.
fn node(compiled: &Compiled, name: &str) -> usize {
    let found = compiled.step.nodes.iter().rposition(|node| node.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no node {name:?}"))
}

/// Position of a state tensor.
fn state(compiled: &Compiled, name: &str) -> usize {
    let found = compiled.step.states.iter().position(|decl| decl.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no state {name:?}"))
}

/// Loss, logits, gradients and running statistics of a few steps, all from the first state.
fn compare(name: &str, (model, evaluation): (&Model, &Model), (task, data): (&Task, &TaskData), tolerance: f32) {
    let compiled = Compiled::new(model, evaluation, task, data).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut trainer = compiled.trainer().unwrap();
    for step in 0..3 {
        let expected = gradients(model, task, data, &compiled.start, step).unwrap();
        let trace = trainer.trace(&[&compiled.start], step).unwrap();
        let at = |what: &str| format!("{name}, step {step}: {what}");
        close(&at("loss"), &[trace.output(node(&compiled, "loss"))[0]], &[expected.loss], tolerance);
        close(&at("logits"), trace.output(node(&compiled, "logits")), &expected.output, tolerance);
        for (param, gradient) in &expected.params {
            let what = format!("{}/grad", model.params[*param].name);
            close(&at(&what), trace.output(node(&compiled, &what)), gradient, tolerance);
        }
        // The new states are the last nodes.
        let first = compiled.step.nodes.len() - compiled.step.states.len();
        for (param, values) in &expected.others {
            let name = &model.params[*param].name;
            close(&at(name), trace.output(first + state(&compiled, name)), values, tolerance);
        }
    }
}

#[test]
fn every_layers_gradients_are_autograds() {
    for case in cases() {
        let (task, data) = case_data(&case);
        let (model, evaluation) = (case.model(task.training.batch), case.model(5));
        compare(&case.name, (&model, &evaluation), (&task, &data), case.tolerance);
    }
}

/// Six rows of five logits for every sample of six tokens.
fn language(batch: u32) -> Model {
    let mut b = Build::new(&[batch, 6]);
    let (table, head) = (b.weight("table", &[11, 4]), b.weight("head", &[5, 4]));
    let y = b.layer(LayerOp::Embed, &[table, Value::Input], &[batch, 6, 4]);
    let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[y, head], &[batch, 6, 5]);
    b.finish(y)
}

#[test]
fn losses_are_pytorchs() {
    for (training, classes) in [
        ("", true),
        ("label-smoothing = 0.1", true),
        ("ignore-index = 3", true),
        ("ignore-index = 1\nlabel-smoothing = 0.2", true),
        ("loss = \"mse\"", false),
        ("loss = \"bce-with-logits\"", false),
    ] {
        let task = task("", &format!("steps = 9\nbatch = 6\n{training}"), "");
        let of = |rows: u32| {
            let labels = if classes { bytes(&[rows, 6], 5, 9) } else { floats(&[rows, 6, 5], |i| noise(8, i) + 0.5) };
            [bytes(&[rows, 6], 11, 1), labels]
        };
        let data = data(&task, of(20), of(10));
        compare(training, (&language(6), &language(5)), (&task, &data), 1e-5);
    }
}

/// Loss and accuracy on the test data, of which batches may have many ignored labels or only such.
#[test]
fn evaluations_are_libtorchs() {
    let labels = |count: f64, ignored: f32| {
        floats(&[30, 6], move |i| match f64::from(noise(12, i) + 0.5) < count {
            true => (noise(13, i) * 1e4).abs().floor() % 5.0,
            false => ignored,
        })
    };
    // Only the last of six batches.
    let late = floats(&[30, 6], |i| if i < 170 { 3.0 } else { (i % 3) as f32 });
    let few = |i: u64| if i.is_multiple_of(97) { 1.0 } else { 2.0 };
    for (training, test_labels, counted) in [
        ("", labels(1.0, 0.0), Some(180)),
        ("ignore-index = -100", labels(0.5, -100.0), None),
        ("ignore-index = -100\nlabel-smoothing = 0.1", labels(0.1, -100.0), None),
        ("ignore-index = 3", late, Some(10)),
        ("ignore-index = 2", floats(&[30, 6], few), Some(2)),
        ("ignore-index = 4", floats(&[30, 6], |_| 4.0), Some(0)),
        ("loss = \"mse\"", floats(&[30, 6, 5], |i| noise(8, i) + 0.5), Some(900)),
        ("loss = \"bce-with-logits\"", floats(&[30, 6, 5], |i| noise(8, i) + 0.5), Some(900)),
    ] {
        let task = task("", &format!("steps = 9\nbatch = 6\n{training}"), "");
        let inputs = || bytes(&[30, 6], 11, 1);
        let data = data(&task, [inputs(), test_labels.clone()], [inputs(), test_labels]);
        let compiled = Compiled::new(&language(6), &language(5), &task, &data).unwrap();
        let mut state = compiled.start.clone();
        if counted != Some(0) {
            compiled.trainer().unwrap().run_segment(&mut state, 0, 3, |_| ControlFlow::Continue(())).unwrap();
        }
        let ours = compiled.evaluator().unwrap().evaluate(&state, compiled.evaluation_batches).unwrap();
        let theirs = evaluate(&language(7), &task, &data, &state).unwrap();
        assert_eq!((ours.correct, ours.total), (theirs.correct, theirs.total), "{training}");
        assert!((ours.loss - theirs.loss).abs() <= 2e-6 * theirs.loss.abs(), "{training}: {ours}; {theirs}");
        assert_eq!(ours.correct.is_some(), !training.contains("loss = "), "{training}");
        assert!(counted.is_none_or(|counted| ours.total == counted), "{training}: {ours:?}");
        assert!(counted.is_some() || (ours.total > 0 && ours.total < 150), "{training}: {ours:?}");
    }
}

/// States after three steps of each optimiser, schedule and clipping.
#[test]
fn steps_are_pytorchs() {
    for (training, tables) in trainings() {
        let (task, data) = setting(training, tables);
        let name = format!("{training} {tables}");
        let compiled = Compiled::new(&perceptron(BATCH), &perceptron(23), &task, &data).unwrap();
        assert_eq!(compiled.start, start(&perceptron(BATCH), &task), "{name}");
        let mut ours = compiled.start.clone();
        compiled.trainer().unwrap().run_segment(&mut ours, 0, 3, |_| ControlFlow::Continue(())).unwrap();
        let mut torch =
            TorchTrainer::new(&perceptron(BATCH), &task, &compiled.training_data(), &compiled.start, Device::Cpu)
                .unwrap();
        for step in 0..3 {
            torch.step(step).unwrap();
        }
        let theirs: State = torch.state().unwrap();
        for (index, decl) in theirs.decls().iter().enumerate() {
            // Adam divides by the root of what may be little more than rounding.
            let tolerance = if tables.contains("adam") { 1e-3 } else { 2e-5 };
            close(&format!("{name}: {}", decl.name.as_str()), ours.tensor(index), theirs.tensor(index), tolerance);
        }
    }
}

fn example() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../examples/fashion-mlp")
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
    let project = Project::open(&example()).unwrap();
    let (model, evaluation, compiled) = (project.models.training, project.models.evaluation, project.compiled);
    let steps = 300;
    let mut trainer = compiled.trainer().unwrap();
    let mut state = compiled.start.clone();
    trainer.run_segment(&mut state, 0, steps, |_| ControlFlow::Continue(())).unwrap();
    let ours = compiled.evaluator().unwrap().evaluate(&state, compiled.evaluation_batches).unwrap();
    let theirs = baseline(&model, &evaluation, &task, &data, steps, Device::Cpu).unwrap().test;
    let (our_share, their_share) = (ours.accuracy().unwrap(), theirs.accuracy().unwrap());
    assert!(our_share > 0.75 && (our_share - their_share).abs() < 0.01, "{ours}; {theirs}");

    let mut checkpoints = vec![compiled.start.clone()];
    let mut torch = TorchTrainer::new(&model, &task, &compiled.training_data(), &compiled.start, Device::Cpu).unwrap();
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
