//! The example's first state roots, as checked in: no machine and no later version may change them.
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Shape};
use assay_engine::compile::Compiled;
use assay_engine::data::{DataTensor, Roots};
use assay_engine::exec::Isa;
use assay_engine::import::onnx;
use assay_engine::task::{Task, TaskData};
use std::path::PathBuf;

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/fashion-mlp")
}

/// Data of Fashion-MNIST's shape: 640 training samples, 100 to test.
fn synthetic() -> [DataTensor; 4] {
    let tensor = |dims: &[u32], limit: u32, seed: u64| {
        let shape = Shape::new(dims).unwrap();
        let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(seed, 0, i)[0] % limit) as u8).collect();
        DataTensor::new(Dtype::U8, shape, bytes).unwrap()
    };
    [tensor(&[640, 28, 28], 256, 1), tensor(&[640], 10, 2), tensor(&[100, 28, 28], 256, 3), tensor(&[100], 10, 4)]
}

fn roots(compiled: &Compiled, isa: Isa, steps: u64) -> Vec<String> {
    let mut trainer = compiled.trainer().unwrap().with_isa(isa);
    let mut state = compiled.start.clone();
    let mut roots = vec![state.root().to_string()];
    for step in 0..steps {
        trainer.step(&mut state, step).unwrap();
        roots.push(state.root().to_string());
    }
    roots
}

fn check(key: &str, data: impl FnOnce(&Task) -> TaskData) {
    let golden: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example().join("golden.json")).unwrap()).unwrap();
    let task = Task::read(&example()).unwrap();
    let model = onnx::read_file(&example().join(&task.model)).unwrap();
    let compiled = Compiled::new(&model, &task, &data(&task)).unwrap();
    let expected: Vec<String> = serde_json::from_value(golden[key]["state_roots"].clone()).unwrap();
    for isa in [Isa::Avx512, Isa::Avx2].into_iter().filter(|isa| isa.is_available()) {
        assert_eq!(roots(&compiled, isa, 20), expected, "{key} on {isa:?}");
    }
    assert_eq!(roots(&compiled, Isa::Portable, 1), expected[..2], "{key} on any machine");
    assert_eq!(compiled.step.root().to_string(), golden[key]["program"], "{key}: the program");
}

#[test]
fn synthetic_data() {
    check("synthetic", |task| TaskData::new(task, synthetic()).unwrap());
}

#[test]
fn fashion_mnist() {
    let task = Task::read(&example()).unwrap();
    match TaskData::load(&task, &Roots::standard(&example())) {
        Ok(data) => check("fashion-mnist", |_| data),
        Err(error) => eprintln!("skipped: {error}"),
    }
}

/// `cargo test --release -p assay-engine --test golden -- --ignored --nocapture` prints a new golden.json.
#[test]
#[ignore = "writes, not checks"]
fn print() {
    let task = Task::read(&example()).unwrap();
    let model = onnx::read_file(&example().join(&task.model)).unwrap();
    let entry = |data: &TaskData| {
        let compiled = Compiled::new(&model, &task, data).unwrap();
        serde_json::json!({ "program": compiled.step.root().to_string(), "state_roots": roots(&compiled, Isa::best(), 20) })
    };
    let golden = serde_json::json!({
        "fashion-mnist": entry(&TaskData::load(&task, &Roots::standard(&example())).unwrap()),
        "synthetic": entry(&TaskData::new(&task, synthetic()).unwrap()),
    });
    println!("{}", serde_json::to_string_pretty(&golden).unwrap());
}
