//! The trainer of states against libtorch's own optimisers.
use super::build::{bytes, close, data, start, task, Build};
use assay_engine::device::Device;
use assay_engine::import::{Binary, LayerOp, Model, Unary, Value};
use assay_engine::state::State;
use assay_engine::task::{Task, TaskData};
use assay_engine::torch::{baseline, evaluate, TorchError, TorchTrainer};

/// A perceptron with a batch norm, dropout, and a bias that stays.
pub(crate) fn model(batch: u32) -> Model {
    let mut b = Build::new(&[batch, 6]);
    let (w, frozen) = (b.weight("w", &[8, 6]), b.constant("frozen.bias", &[8], |i| i as f32 / 16.0));
    let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[Value::Input, w], &[batch, 8]);
    let y = b.same(LayerOp::Binary(Binary::Add), &[y, frozen]);
    let (weight, bias) = (b.weight("bn.weight", &[8]), b.weight("bn.bias", &[8]));
    let (mean, variance) = (b.constant("bn.running_mean", &[8], |_| 0.0), b.constant("bn.running_var", &[8], |_| 1.0));
    let y = b.same(LayerOp::BatchNorm { epsilon: 1e-5, momentum: 0.1 }, &[y, weight, bias, mean, variance]);
    let y = b.same(LayerOp::Unary(Unary::Gelu), &[y]);
    let y = b.same(LayerOp::Dropout { probability: 0.25 }, &[y]);
    let (head, bias) = (b.weight("head", &[4, 8]), b.weight("bias", &[4]));
    let y = b.layer(LayerOp::MatMul { trans_a: false, trans_b: true }, &[y, head], &[batch, 4]);
    let y = b.same(LayerOp::Binary(Binary::Add), &[y, bias]);
    b.finish(y)
}

/// Ways to train it: lines of the table, and the tables behind it.
pub(crate) fn trainings() -> Vec<(&'static str, &'static str)> {
    vec![
        ("", "[training.optimiser]\nlearning-rate = 0.1"),
        ("", "[training.optimiser]\nlearning-rate = 0.1\nweight-decay = 0.01"),
        ("", "[training.optimiser]\nlearning-rate = 0.1\nmomentum = 0.9\nweight-decay = 0.01"),
        ("accumulate = 3", "[training.optimiser]\nlearning-rate = 0.1\nmomentum = 0.9\nnesterov = true"),
        ("", "[training.optimiser]\nkind = \"adam\"\nlearning-rate = 0.01\nweight-decay = 0.1"),
        (
            "label-smoothing = 0.1",
            "[training.optimiser]\nkind = \"adam\"\nlearning-rate = 0.01\nbetas = [0.5, 0.8]\nepsilon = 1e-3",
        ),
        (
            "accumulate = 2",
            "[training.optimiser]\nkind = \"adamw\"\nlearning-rate = 0.01\nweight-decay = 0.1\n[training.schedule]\n\
             kind = \"cosine\"\nwarmup = 5\nend = 0.0001\n[training.clip]\nnorm = 0.5",
        ),
        (
            "",
            "[training.optimiser]\nlearning-rate = 0.1\nmomentum = 0.5\n[training.schedule]\nkind = \"linear\"\n\
             [training.clip]\nvalue = 0.01",
        ),
        (
            "",
            "[training.optimiser]\nlearning-rate = 0.1\n[training.schedule]\nkind = \"step\"\nevery = 4\n\
             factor = 0.5\n[training.clip]\nnorm = 0.05",
        ),
    ]
}

pub(crate) const STEPS: u64 = 20;
pub(crate) const BATCH: u32 = 10;

pub(crate) fn setting(training: &str, tables: &str) -> (Task, TaskData) {
    let task =
        task("scale = 0.0078125\nshift = -1.0", &format!("steps = {STEPS}\nbatch = {BATCH}\n{training}"), tables);
    let [train, test] =
        [(64, 1), (23, 3)].map(|(rows, seed)| [bytes(&[rows, 6], 256, seed), bytes(&[rows], 4, seed + 1)]);
    let data = data(&task, train, test);
    (task, data)
}

fn trained(task: &Task, data: &TaskData, start: &State) -> (Vec<(u64, f32)>, State) {
    let inputs = [data.train_inputs.clone(), data.train_labels.clone()];
    let mut trainer = TorchTrainer::new(&model(BATCH), task, &inputs, start, Device::Cpu).unwrap();
    let mut losses = Vec::new();
    let collect = |done, _, loss| -> Result<(), TorchError> {
        losses.push((done, loss));
        Ok(())
    };
    trainer.run(0, STEPS, 1, collect).unwrap();
    (losses, trainer.state().unwrap())
}

#[test]
fn states_follow_libtorchs_own_optimisers() {
    for (training, tables) in trainings() {
        let (task, data) = setting(training, tables);
        let start = start(&model(BATCH), &task);
        let (losses, end) = trained(&task, &data, &start);
        let plain = baseline(&model(BATCH), &model(7), &task, &data, STEPS, Device::Cpu).unwrap();
        let (steps, found): (Vec<u64>, Vec<f32>) = losses.into_iter().unzip();
        let (same, expected): (Vec<u64>, Vec<f32>) = plain.losses.into_iter().unzip();
        assert_eq!(steps, same);
        close(&format!("{training} {tables}: losses"), &found, &expected, 2e-5);
        let test = evaluate(&model(7), &task, &data, &end).unwrap();
        assert!((test.loss - plain.test.loss).abs() < 1e-4 * test.loss, "{training} {tables}");
        assert_eq!((test.correct, test.total), (plain.test.correct, 23));
        // What is frozen stayed, and nothing else.
        for (decl, (from, to)) in start.decls().iter().zip(start.tensors().iter().zip(end.tensors())) {
            assert_eq!(from == to, decl.name.as_str() == "frozen.bias", "{} {tables}", decl.name.as_str());
        }
    }
}

/// An evaluation doesn't depend on the size of its batches.
#[test]
fn evaluation_is_of_all_samples_once() {
    let (task, data) = setting("", trainings()[2].1);
    let start = start(&model(BATCH), &task);
    let all: Vec<_> = [1, 4, 23, 50].map(|batch| evaluate(&model(batch), &task, &data, &start).unwrap()).into();
    for metric in &all {
        assert_eq!((metric.correct, metric.total), (all[0].correct, 23));
        assert!((metric.loss - all[0].loss).abs() < 1e-6);
        assert!(metric.accuracy().unwrap() < 1.0);
    }
}

#[test]
fn a_checkpoint_is_gone_on_from() {
    let (task, data) = setting("accumulate = 2", trainings()[6].1);
    let start = start(&model(BATCH), &task);
    let inputs = [data.train_inputs.clone(), data.train_labels.clone()];
    let trainer = || TorchTrainer::new(&model(BATCH), &task, &inputs, &start, Device::Cpu).unwrap();
    let mut whole = trainer();
    for step in 0..8 {
        whole.step(step).unwrap();
    }
    let mut first = trainer();
    for step in 0..5 {
        first.step(step).unwrap();
    }
    let mut second = trainer();
    second.load(&first.state().unwrap()).unwrap();
    for step in 5..8 {
        second.step(step).unwrap();
    }
    assert!(whole.state().unwrap() == second.state().unwrap());
}

#[test]
fn states_and_batches_must_fit() {
    let (task, data) = setting("", trainings()[4].1);
    let start = start(&model(BATCH), &task);
    let inputs = [data.train_inputs.clone(), data.train_labels.clone()];
    let error = |task: &Task, model: &Model, start: &State| {
        TorchTrainer::new(model, task, &inputs, start, Device::Cpu).map(|_| ()).unwrap_err().to_string()
    };
    let (other, _) = setting("", trainings()[0].1);
    assert!(error(&other, &model(BATCH), &start).contains("tensors"));
    assert!(error(&task, &model(BATCH + 1), &start).contains("batches of 11 samples"));
    let mut renamed = model(BATCH);
    renamed.params[0].name = "v".into();
    assert!(error(&task, &renamed, &start).contains("\"v.exp_avg\""));
}
