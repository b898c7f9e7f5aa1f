//! The table `[training]`: everything in it, what may be left out, and what contradicts itself.
use super::*;
use assay_core::graph::{Op, ScheduleKind};

/// A task with this table.
fn task(training: &str) -> Result<Task, TaskError> {
    let (head, rest) = EXAMPLE.split_once("[training]").unwrap();
    let (_, tail) = rest.split_once("[checkpoints]").unwrap();
    Task::parse(&format!("{head}{training}\n[checkpoints]{tail}"))
}

const SHORT: &str = "[training]\nsteps = 9\nbatch = 4\nseed = 1\n[training.optimiser]\nlearning-rate = 0.5\n";

const LONG: &str = r#"
[training]
epochs = 3
batch = 4
accumulate = 2
seed = 1
loss = "cross-entropy"
label-smoothing = 0.1
ignore-index = -100
[training.optimiser]
kind = "adamw"
learning-rate = 0.5
weight-decay = 0.01
betas = [0.8, 0.99]
epsilon = 1e-6
[training.schedule]
kind = "cosine"
warmup = 10
end = 0.001
steps = 50
[training.clip]
norm = 1.0
[training.parameters]
freeze = ["wte.*", "*.bias"]
lora = { rank = 8, alpha = 16.0, on = ["*.attn.*.weight"], seed = 3 }
start = "file.safetensors"
"#;

#[test]
fn what_is_left_out_has_a_default() {
    let training = task(SHORT).unwrap().training;
    assert_eq!((training.accumulate, training.loss, training.label_smoothing), (1, Loss::CrossEntropy, 0.0));
    assert_eq!(training.optimiser.rule, Rule::Sgd { momentum: 0.0, nesterov: false });
    assert_eq!(training.schedule, Schedule { warmup: 0, course: Course::Constant });
    assert_eq!((training.ignore_index, training.clip), (None, None));
    assert!(training.parameters.is_plain());
    let adam = task(&SHORT.replace("learning-rate", "kind = \"adam\"\nlearning-rate")).unwrap().training.optimiser;
    assert_eq!(adam.rule, Rule::Adam { betas: [0.9, 0.999], epsilon: 1e-8, decoupled: false });
}

#[test]
fn everything_is_read_and_survives_writing() {
    let whole = task(LONG).unwrap();
    let training = &whole.training;
    assert_eq!(training.optimiser.rule, Rule::Adam { betas: [0.8, 0.99], epsilon: 1e-6, decoupled: true });
    let course = Course::Cosine { end: 0.001, steps: Some(50) };
    assert_eq!((training.schedule, training.clip), (Schedule { warmup: 10, course }, Some(Clip::Norm(1.0))));
    assert_eq!((training.accumulate, training.label_smoothing, training.ignore_index), (2, 0.1, Some(-100)));
    let lora = Lora { rank: 8, alpha: 16.0, on: vec!["*.attn.*.weight".into()], seed: 3 };
    assert_eq!(training.parameters.lora, Some(lora));
    assert_eq!(training.parameters.start.as_deref(), Some("file.safetensors"));
    for schedule in ["kind = \"step\"\nevery = 3\nfactor = 0.5", "kind = \"linear\"\nwarmup = 2", "warmup = 7"] {
        let (before, _) = LONG.split_once("kind = \"cosine\"").unwrap();
        let task = task(&format!("{before}{schedule}")).unwrap();
        assert_eq!(Task::parse(&toml::to_string(&task).unwrap()).unwrap(), task);
    }
    assert_eq!(Task::parse(&toml::to_string(&whole).unwrap()).unwrap(), whole);
    // 3 epochs of 5 batches, two of which are a step.
    assert_eq!(whole.steps(23), 8);
}

#[test]
fn contradictions_are_named() {
    for (from, to, expected) in [
        ("kind = \"adamw\"", "kind = \"sgd\"", "betas means nothing to the optimiser \"sgd\""),
        ("kind = \"adamw\"", "kind = \"rmsprop\"", "rmsprop"),
        ("betas = [0.8, 0.99]", "momentum = 0.9", "momentum means nothing to the optimiser \"adamw\""),
        ("betas = [0.8, 0.99]", "betas = [0.8, 1.0]", "training.optimiser.betas is 1"),
        ("learning-rate = 0.5", "", "learning-rate"),
        ("epsilon = 1e-6", "epsilon = 0", "epsilon"),
        ("kind = \"cosine\"", "kind = \"constant\"", "end means nothing to the schedule \"constant\""),
        ("kind = \"cosine\"", "kind = \"step\"", "end means nothing to the schedule \"step\""),
        ("kind = \"cosine\"", "kind = \"cosine\"\nevery = 3", "every means nothing to the schedule \"cosine\""),
        ("steps = 50", "steps = 10", "training.schedule.steps is 10"),
        ("end = 0.001", "end = -1.0", "training.schedule.end is -1"),
        ("norm = 1.0", "norm = 1.0\nvalue = 2.0", "exactly 1 element"),
        ("norm = 1.0", "norm = 0.0", "training.clip.norm is 0"),
        ("norm = 1.0", "size = 0.0", "size"),
        ("\"cross-entropy\"", "\"mse\"", "training.label-smoothing means nothing to the loss \"mse\""),
        ("label-smoothing = 0.1", "label-smoothing = 1.5", "training.label-smoothing is 1.5"),
        ("ignore-index = -100", "ignore-index = 99999999", "training.ignore-index is 99999999"),
        ("accumulate = 2", "accumulate = 0", "training.accumulate is 0"),
        ("rank = 8", "rank = 0", "training.parameters.lora.rank is 0"),
        ("on = [\"*.attn.*.weight\"]", "on = []", "at least one pattern"),
        ("batch = 4", "batch = 4\nmomentum = 0.9", "momentum"),
    ] {
        assert!(LONG.contains(from), "{from}");
        let message = task(&LONG.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(message.contains(expected), "{to}: {message}");
    }
    let step = format!("{SHORT}[training.schedule]\nkind = \"step\"\nevery = 5");
    assert!(task(&step).unwrap_err().to_string().contains("needs every and factor"));
    let nesterov = format!("{SHORT}nesterov = true");
    assert!(task(&nesterov).unwrap_err().to_string().contains("greater than 0 with nesterov"));
    let smooth = LONG.replace("\"cross-entropy\"", "\"mse\"").replace("label-smoothing = 0.1", "");
    assert!(task(&smooth).unwrap_err().to_string().contains("training.ignore-index means nothing"));
}

#[test]
fn rates_are_those_of_the_node() {
    let rates = |schedule: &str, steps: u64, at: &[u64]| -> Vec<f32> {
        let training = task(&format!("{SHORT}[training.schedule]\n{schedule}")).unwrap().training;
        at.iter().map(|&step| training.rate(steps, step)).collect()
    };
    assert_eq!(rates("warmup = 4", 9, &[0, 3, 4, 100]), [0.125, 0.5, 0.5, 0.5]);
    assert_eq!(rates("kind = \"linear\"", 8, &[0, 4, 6, 8]), [0.5, 0.25, 0.125, 0.0]);
    assert_eq!(rates("kind = \"cosine\"\nend = 0.25\nsteps = 4", 100, &[0, 2, 4, 50]), [0.5, 0.375, 0.25, 0.25]);
    assert_eq!(rates("kind = \"step\"\nevery = 3\nfactor = 0.5", 9, &[0, 2, 3, 6]), [0.5, 0.5, 0.25, 0.125]);
    // A warm-up longer than the training is still a valid node.
    assert_eq!(rates("kind = \"linear\"\nwarmup = 20", 8, &[9]), [0.25]);
    let Op::Schedule { kind, period, .. } = task(SHORT).unwrap().training.rate_op(9) else { panic!() };
    assert_eq!((kind, period), (ScheduleKind::Constant, 0));
}

#[test]
fn dropout_differs_by_layer_and_pass() {
    let training = task(SHORT).unwrap().training;
    let of = |layer, part, probability| match training.dropout_op(layer, part, probability) {
        Op::Dropout { seed, keep_below, scale } => (seed, keep_below, f32::from_bits(scale.0)),
        _ => panic!(),
    };
    let seeds: std::collections::BTreeSet<u64> = (0..9).map(|i| of(i / 3, i as u16 % 3, 0.5).0).collect();
    assert_eq!(seeds.len(), 9);
    assert_eq!(of(0, 0, 0.25), (of(0, 0, 0.5).0, 3 << 30, 4.0 / 3.0));
    assert_eq!(of(0, 0, 0.0).1, u32::MAX);
}
