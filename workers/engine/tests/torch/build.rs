//! Small models, tasks and data.
use assay_core::arith::random::philox;
use assay_core::graph::{Dtype, Name, Shape, StateDecl};
use assay_engine::data::DataTensor;
use assay_engine::import::{Layer, LayerOp, Model, Param, Value};
use assay_engine::state::State;
use assay_engine::task::{Rule, Task, TaskData};

/// A number from −0.5 to 0.5.
pub(crate) fn noise(seed: u64, index: u64) -> f32 {
    (f64::from(philox(seed, 1, index)[0]) / f64::from(u32::MAX) - 0.5) as f32
}

pub(crate) fn shape(dims: &[u32]) -> Shape {
    Shape::new(dims).unwrap()
}

/// A model as it grows.
pub(crate) struct Build {
    pub(crate) model: Model,
}

impl Build {
    pub(crate) fn new(input: &[u32]) -> Build {
        Build { model: Model { input: shape(input), params: Vec::new(), layers: Vec::new(), output: Value::Input } }
    }

    pub(crate) fn batch(&self) -> u32 {
        self.model.input.dims()[0]
    }

    fn param(&mut self, name: &str, dims: &[u32], values: Vec<f32>, trained: bool) -> Value {
        let shape = shape(dims);
        assert_eq!(values.len() as u64, shape.elements());
        self.model.params.push(Param { name: name.into(), shape, values, trained });
        Value::Param(self.model.params.len() - 1)
    }

    /// A trained parameter of noise.
    pub(crate) fn weight(&mut self, name: &str, dims: &[u32]) -> Value {
        let seed = 100 + self.model.params.len() as u64;
        let values = (0..shape(dims).elements()).map(|i| noise(seed, i)).collect();
        self.param(name, dims, values, true)
    }

    /// A trained parameter.
    pub(crate) fn weight_of(&mut self, name: &str, dims: &[u32], values: &[f32]) -> Value {
        self.param(name, dims, values.to_vec(), true)
    }

    /// A constant.
    pub(crate) fn constant(&mut self, name: &str, dims: &[u32], value: impl Fn(u64) -> f32) -> Value {
        let values = (0..shape(dims).elements()).map(value).collect();
        self.param(name, dims, values, false)
    }

    pub(crate) fn layer(&mut self, op: LayerOp, inputs: &[Value], dims: &[u32]) -> Value {
        let name = format!("layer{}", self.model.layers.len());
        self.model.layers.push(Layer { name, op, inputs: inputs.to_vec(), shape: shape(dims) });
        Value::Layer(self.model.layers.len() - 1)
    }

    /// A layer that leaves the shape as it is.
    pub(crate) fn same(&mut self, op: LayerOp, inputs: &[Value]) -> Value {
        let dims = self.dims(inputs[0]);
        self.layer(op, inputs, &dims)
    }

    pub(crate) fn dims(&self, value: Value) -> Vec<u32> {
        self.model.shape(value).dims().to_vec()
    }

    pub(crate) fn finish(mut self, output: Value) -> Model {
        self.model.output = output;
        self.model
    }
}

const TASK: &str = r#"
name = "test"
model = "model.onnx"
[data]
train-inputs = { file = "x" }
train-labels = { file = "y" }
test-inputs = { file = "x" }
test-labels = { file = "y" }
DATA
[training]
TRAINING
seed = 5
OPTIMISER
[checkpoints]
interval = 1
[terms]
mode = "tolerant"
max-price = 1000000
verifiers = 1
segments-per-verifier = 1
training-blocks = 1000
"#;

/// A task of so many steps. `tables` has the table of the optimiser and what else comes behind it, or nothing.
pub(crate) fn task(data: &str, training: &str, tables: &str) -> Task {
    let tables = match tables {
        "" => "[training.optimiser]\nlearning-rate = 0.1\nmomentum = 0.9\nweight-decay = 0.0001",
        tables => tables,
    };
    let text = TASK.replace("DATA", data).replace("TRAINING", training).replace("OPTIMISER", tables);
    Task::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// Bytes below a limit.
pub(crate) fn bytes(dims: &[u32], limit: u32, seed: u64) -> DataTensor {
    let shape = shape(dims);
    let bytes: Vec<u8> = (0..shape.elements()).map(|i| (philox(seed, 2, i)[0] % limit) as u8).collect();
    DataTensor::new(Dtype::U8, shape, bytes).unwrap()
}

pub(crate) fn floats(dims: &[u32], value: impl Fn(u64) -> f32) -> DataTensor {
    let shape = shape(dims);
    let bytes: Vec<u8> = (0..shape.elements()).flat_map(|i| value(i).to_le_bytes()).collect();
    DataTensor::new(Dtype::F32, shape, bytes).unwrap()
}

pub(crate) fn data(task: &Task, [x, y]: [DataTensor; 2], [test_x, test_y]: [DataTensor; 2]) -> TaskData {
    TaskData::new(task, [x, y, test_x, test_y]).unwrap()
}

/// The first state: slots of zeros, then the parameters.
pub(crate) fn start(model: &Model, task: &Task) -> State {
    let suffixes: &[&str] = match task.training.optimiser.rule {
        Rule::Sgd { momentum: 0.0, .. } => &[],
        Rule::Sgd { .. } => &["momentum"],
        Rule::Adam { .. } => &["exp_avg", "exp_avg_sq"],
    };
    let mut decls = Vec::new();
    let mut tensors = Vec::new();
    for suffix in suffixes {
        for param in model.params.iter().filter(|param| param.trained) {
            decls.push(StateDecl { name: Name::new(format!("{}.{suffix}", param.name)).unwrap(), shape: param.shape });
            tensors.push(vec![0.0; param.values.len()]);
        }
    }
    for param in &model.params {
        decls.push(StateDecl { name: Name::new(&param.name).unwrap(), shape: param.shape });
        tensors.push(param.values.clone());
    }
    State::new(decls, tensors).unwrap()
}

/// Where nothing is greater, all is rounding: the gradient of a bias before a batch norm is 0 but for that.
const NOTHING: f32 = 1e-2;

/// Panics where numbers differ by more than a share of the greatest.
pub(crate) fn close(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(NOTHING, |a, b| a.max(b.abs()));
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        // Also if one isn't a number.
        assert!((a - b).abs() <= tolerance * scale, "{what}: element {index} is {a}, not {b}, of up to {scale}");
    }
}
