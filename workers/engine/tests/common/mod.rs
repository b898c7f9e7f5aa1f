//! The examples' programs, on data of their shapes.
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Shape};
use assay_engine::compile::Compiled;
use assay_engine::data::{DataTensor, Roots};
use assay_engine::import::{onnx, LayerOp, Model, Value};
use assay_engine::project::Models;
use assay_engine::task::{Task, TaskData};
use std::path::PathBuf;

/// All of them.
#[allow(dead_code)] // Not every test wants it.
pub(crate) const EXAMPLES: [&str; 7] =
    ["digits-logistic", "digits-mlp", "fashion-cnn", "fashion-mlp", "fashion-resnet", "milton-lora", "shakespeare-gpt"];
/// Batches of the synthetic training data: enough for the segments that a task wants.
const BATCHES: u32 = 50;

/// An example's folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()))
        .join("../../examples")
        .join(name)
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

/// An example as it can be compiled on some data.
pub(crate) struct Example {
    folder: PathBuf,
    task: Task,
    file: onnx::File,
}

impl Example {
    pub(crate) fn read(name: &str) -> Example {
        let folder = folder(name);
        let task = Task::read(&folder).unwrap();
        let file = onnx::File::read(&folder.join(&task.model)).unwrap();
        Example { folder, task, file }
    }

    /// Its programs on synthetic data. What starts from a file made of real data starts anew.
    pub(crate) fn synthetic(&self) -> Compiled {
        let data = synthetic(&self.task, &self.file.model(self.task.training.batch).unwrap());
        self.compile(&data, true)
    }

    /// Its programs on its own data, if that is there.
    #[allow(dead_code)] // Not every test wants it.
    pub(crate) fn real(&self) -> Result<Compiled, assay_engine::task::TaskError> {
        let data = TaskData::load(&self.task, &Roots::standard(&self.folder))?;
        Ok(self.compile(&data, false))
    }

    fn compile(&self, data: &TaskData, is_synthetic: bool) -> Compiled {
        let mut parameters = self.task.training.parameters.clone();
        if is_synthetic {
            parameters.start = None;
        }
        let mut models = Models::of(&self.file, &self.task, data).unwrap();
        models.adapt(&parameters, &Roots::standard(&self.folder)).unwrap();
        Compiled::new(&models.training, &models.evaluation, &self.task, data).unwrap()
    }
}
