//! Every example's first state roots, as checked in: no machine, no number of threads and no later version may change
//! them.
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Shape};
use assay_engine::compile::Compiled;
use assay_engine::data::{DataTensor, Roots};
use assay_engine::exec::Isa;
use assay_engine::import::{onnx, LayerOp, Model, Value};
use assay_engine::project::Models;
use assay_engine::task::{Task, TaskData};
use serde_json::{json, Value as Json};
use std::path::{Path, PathBuf};

const EXAMPLES: [&str; 7] =
    ["digits-logistic", "digits-mlp", "fashion-cnn", "fashion-mlp", "fashion-resnet", "milton-lora", "shakespeare-gpt"];
/// Steps whose states are recorded.
const STEPS: u64 = 20;
/// Batches of the synthetic training data: enough for the segments that a task wants.
const BATCHES: u32 = 50;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../examples").join(name)
}

/// Ids that a model takes, or 256 if it takes numbers.
fn limit(model: &Model) -> u32 {
    let embeds =
        |layer: &&assay_engine::import::Layer| layer.op == LayerOp::Embed && layer.inputs.get(1) == Some(&Value::Input);
    let table = model.layers.iter().find(embeds).and_then(|layer| layer.inputs.first());
    table.map_or(256, |&table| model.shape(table).dims()[0])
}

/// Data of the shapes that the model takes.
fn synthetic(task: &Task, model: &Model) -> TaskData {
    let tensor = |dims: &[u32], limit: u32, seed: u64| {
        let shape = Shape::new(dims).unwrap();
        let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(seed, 0, i)[0] % limit) as u8).collect();
        DataTensor::new(Dtype::U8, shape, bytes).unwrap()
    };
    let (sample, output) = (model.input, model.shape(model.output));
    let [_, labels @ .., classes] = output.dims() else { panic!() };
    let of = |rows: u32, seed| {
        let inputs = tensor(&[&[rows], &sample.dims()[1..]].concat(), limit(model), seed);
        [inputs, tensor(&[&[rows], labels].concat(), *classes, seed + 1)]
    };
    let ([x, y], [test_x, test_y]) = (of(BATCHES * task.training.batch, 1), of(100, 3));
    TaskData::new(task, [x, y, test_x, test_y]).unwrap()
}

/// An example's task, the data that it can be checked on, and what is compiled from them.
fn programs(name: &str) -> Vec<(&'static str, Compiled)> {
    let folder = folder(name);
    let task = Task::read(&folder).unwrap();
    let file = onnx::File::read(&folder.join(&task.model)).unwrap();
    let mut all = vec![("synthetic", synthetic(&task, &file.model(task.training.batch).unwrap()))];
    match TaskData::load(&task, &Roots::standard(&folder)) {
        Ok(data) => all.push(("real", data)),
        Err(error) => eprintln!("{name}: skipped on its real data: {error}"),
    }
    let compile = |(key, data): (&'static str, TaskData)| {
        let mut parameters = task.training.parameters.clone();
        if key == "synthetic" {
            parameters.start = None; // It is made of real data.
        }
        let mut models = Models::of(&file, &task, &data).unwrap();
        models.adapt(&parameters, &Roots::standard(&folder)).unwrap();
        (key, Compiled::new(&models.training, &models.evaluation, &task, &data).unwrap())
    };
    all.into_iter().map(compile).collect()
}

fn roots(compiled: &Compiled, isa: Isa, threads: usize, steps: u64) -> Vec<String> {
    let mut trainer = compiled.trainer().unwrap().with_isa(isa).with_threads(threads).unwrap();
    let mut state = compiled.start.clone();
    let mut roots = vec![state.root().to_string()];
    for step in 0..steps {
        trainer.step(&mut state, step).unwrap();
        roots.push(state.root().to_string());
    }
    roots
}

fn golden(folder: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap()
}

#[test]
fn every_example_on_every_machine() {
    for name in EXAMPLES {
        let golden = golden(&folder(name));
        for (key, compiled) in programs(name) {
            let expected: Vec<String> = serde_json::from_value(golden[key]["state_roots"].clone()).unwrap();
            assert_eq!(compiled.step.root().to_string(), golden[key]["program"], "{name}, {key}: the program");
            for isa in [Isa::Avx512, Isa::Avx2].into_iter().filter(|isa| isa.is_available()) {
                for threads in [1, 2] {
                    let roots = roots(&compiled, isa, threads, STEPS);
                    assert_eq!(roots, expected, "{name}, {key} on {isa:?} with {threads} threads");
                }
            }
            let roots = roots(&compiled, Isa::Portable, 2, STEPS);
            assert_eq!(roots, expected, "{name}, {key} on any machine");
        }
    }
}

/// `ASSAY_BLESS=1 cargo test --release -p assay-engine --test golden -- --ignored` writes every example's golden.json
/// anew, after a deliberate change; it needs all data (`scripts/examples`).
#[test]
#[ignore = "writes, not checks"]
fn write() {
    assert!(std::env::var_os("ASSAY_BLESS").is_some());
    for name in EXAMPLES {
        let entry = |compiled: &Compiled| json!({ "program": compiled.step.root().to_string(), "state_roots": roots(compiled, Isa::best(), 1, STEPS) });
        let all = programs(name);
        assert_eq!(all.len(), 2, "{name}: its data isn't there");
        let golden: serde_json::Map<String, Json> =
            all.iter().map(|(key, compiled)| ((*key).into(), entry(compiled))).collect();
        let text = serde_json::to_string_pretty(&golden).unwrap() + "\n";
        std::fs::write(folder(name).join("golden.json"), text).unwrap();
    }
}
