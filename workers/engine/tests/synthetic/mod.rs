//! The examples on data of the right shapes that say nothing: what doesn't depend on data can be checked without them.
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Shape};
use assay_engine::compile::Compiled;
use assay_engine::data::{DataTensor, Roots};
use assay_engine::import::{onnx, LayerOp, Model, Value};
use assay_engine::project::Models;
use assay_engine::task::{Parameters, Task, TaskData};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLES: [&str; 7] =
    ["digits-logistic", "digits-mlp", "fashion-cnn", "fashion-mlp", "fashion-resnet", "milton-lora", "shakespeare-gpt"];
/// Batches of the synthetic training data: enough for the segments that a task wants.
const BATCHES: u32 = 50;

/// An example's folder.
pub(crate) fn folder(name: &str) -> PathBuf {
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
pub(crate) fn synthetic(task: &Task, model: &Model) -> TaskData {
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

/// What is compiled from an example and these data; initial values as these parameters say.
pub(crate) fn compile(
    folder: &Path,
    (file, task, parameters): (&onnx::File, &Task, &Parameters),
    data: &TaskData,
) -> Compiled {
    let mut models = Models::of(file, task, data).unwrap();
    models.adapt(parameters, &Roots::standard(folder)).unwrap();
    Compiled::new(&models.training, &models.evaluation, task, data).unwrap()
}
