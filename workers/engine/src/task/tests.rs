//! The example's task, and wrong ones.
mod training;

use super::*;
use crate::data::DataTensor;
use assay_core::graph::{Dtype, Shape};

const EXAMPLE: &str = include_str!("../../../../examples/fashion-mlp/task.toml");

fn error(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from}");
    Task::parse(&EXAMPLE.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn the_example_is_valid_and_survives_writing() {
    let task = Task::parse(EXAMPLE).unwrap();
    assert_eq!((task.steps(60_000), task.segments(60_000)), (5 * 937, 188));
    assert_eq!(task.terms.mode, Mode::Tolerant);
    let text = toml::to_string(&task).unwrap();
    assert_eq!(Task::parse(&text).unwrap(), task);
}

#[test]
fn errors_name_the_field() {
    for (from, to, expected) in [
        ("momentum = 0.9", "momentun = 0.9", "momentun"),
        ("interval = 25", "interval = 25\nevery = 3", "every"),
        ("batch = 64", "", "batch"),
        ("epochs = 5", "", "either epochs or steps"),
        ("epochs = 5", "epochs = 5\nsteps = 3", "either epochs or steps"),
        ("epochs = 5", "epochs = 0", "1 to 2^40"),
        ("batch = 64", "batch = 0", "training.batch is 0"),
        ("learning-rate = 0.01", "learning-rate = -0.05", "training.optimiser.learning-rate is -0.05"),
        ("learning-rate = 0.01", "learning-rate = nan", "training.optimiser.learning-rate is NaN"),
        ("momentum = 0.9", "momentum = 1.0", "training.optimiser.momentum is 1"),
        ("weight-decay = 1e-4", "weight-decay = inf", "training.optimiser.weight-decay is inf"),
        ("interval = 25", "interval = 0", "checkpoints.interval"),
        ("mode = \"tolerant\"", "mode = \"sloppy\"", "sloppy"),
        ("verifiers = 1", "verifiers = 5", "terms.verifiers is 5: it must be 1 to 4"),
        ("segments-per-verifier = 2", "segments-per-verifier = 0", "terms.segments-per-verifier"),
        ("training-blocks = 150", "training-blocks = 0", "terms.training-blocks"),
        ("max-price = 2_000_000_000", "max-price = -1", "max-price"),
        ("scale = 0.00392156862745098", "scale = 1e-60", "data.scale"),
        ("name = \"fashion-mlp\"", "name = \"\"", "name is 0"),
    ] {
        let message = error(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn arithmetic_is_written_down_if_it_is_not_binary32() {
    let task = Task::parse(EXAMPLE).unwrap();
    assert_eq!(task.terms.arithmetic, Arithmetic::Binary32);
    let text = |arithmetic| task.clone().with(Changes { arithmetic, ..Changes::default() }).unwrap();
    // A task that says nothing keeps its bytes, and so its address.
    assert!(!text(None).contains("arithmetic"));
    assert_eq!(text(Some(Arithmetic::Binary32)), text(None));
    for arithmetic in [Arithmetic::Tf32, Arithmetic::Bf16] {
        let text = text(Some(arithmetic));
        assert!(text.contains(&format!("arithmetic = \"{arithmetic}\"")), "{text}");
        assert_eq!(Task::parse(&text).unwrap().terms.arithmetic, arithmetic);
    }
    let named = "mode = \"tolerant\"\narithmetic = \"binary32\"";
    assert_eq!(Task::parse(&EXAMPLE.replace("mode = \"tolerant\"", named)).unwrap(), task);
}

#[test]
fn exact_mode_has_one_arithmetic() {
    for (terms, expected) in [
        ("mode = \"exact\"\narithmetic = \"bf16\"", "terms.arithmetic is bf16: in exact mode it must be binary32"),
        ("mode = \"exact\"\narithmetic = \"tf32\"", "terms.arithmetic is tf32"),
        ("mode = \"tolerant\"\narithmetic = \"fp8\"", "fp8"),
    ] {
        let message = error("mode = \"tolerant\"", terms);
        assert!(message.contains(expected), "{terms}: {message}");
    }
    let exact = EXAMPLE.replace("mode = \"tolerant\"", "mode = \"exact\"\narithmetic = \"binary32\"");
    assert!(Task::parse(&exact).is_ok());
    // As `--mode exact` on a task of bf16 does.
    let coarse = Changes { arithmetic: Some(Arithmetic::Bf16), mode: Some(Mode::Exact), ..Changes::default() };
    let text = Task::parse(EXAMPLE).unwrap().with(coarse).unwrap();
    assert!(matches!(Task::parse(&text), Err(TaskError::ExactArithmetic(Arithmetic::Bf16))));
}

fn tensor(dims: &[u32]) -> DataTensor {
    let shape = Shape::new(dims).unwrap();
    DataTensor::new(Dtype::U8, shape, vec![0; shape.elements() as usize]).unwrap()
}

#[test]
fn data_must_fit() {
    let task = Task::parse(EXAMPLE).unwrap();
    let load = |train: &[u32], labels: &[u32], test: u32| {
        TaskData::new(&task, [tensor(train), tensor(labels), tensor(&[test, 2]), tensor(&[test])])
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(load(&[1000, 2, 2], &[1000], 10), Ok(()));
    assert!(load(&[1000, 2], &[999], 10).unwrap_err().contains("1000 inputs but 999 labels to train"));
    assert_eq!(load(&[1000, 2], &[1000, 3, 2], 10), Ok(()));
    assert!(load(&[63, 2], &[63], 10).unwrap_err().contains("a batch of 64 from 63 samples"));
    assert!(load(&[64, 2], &[64], 10).unwrap_err().contains("1 segments"));
}
