//! Something to train: a synthetic network on synthetic data or the beginning of an example, compiled by the engine, and
//! its solver's checkpoints.
use anyhow::{Context as _, Result};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::commit::{hash, Hash, Opening};
use assay_core::graph::{Dtype, Program, Shape};
use assay_core::protocol::beacon::seed_chain;
use assay_core::protocol::{Mode, Profile, Proof, TaskSpec};
use assay_engine::compile::{evaluation_batch, Compiled};
use assay_engine::data::DataTensor;
use assay_engine::exec::Executor;
use assay_engine::import::{onnx, Binary, Layer, LayerOp, Model, Param, Unary, Value};
use assay_engine::project::{Models, Project};
use assay_engine::state::State;
use assay_engine::task::{Task, TaskData};
use assay_roles::game::Committed;
use std::sync::Arc;

use crate::cast::{secret, submitter};
use crate::process::repository;

/// A perceptron with one hidden layer, its data, and how long it is trained.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Inputs.
    pub features: u32,
    /// Hidden units.
    pub hidden: u32,
    /// Outputs.
    pub classes: u32,
    /// Samples.
    pub rows: u32,
    /// Samples of a step.
    pub batch: u32,
    /// Steps of a segment.
    pub interval: u32,
    /// Segments.
    pub segments: u32,
    /// The task's program is the perturbed one, and the solver's the plain one, so that the protocol's program has every
    /// operator. Otherwise it is the other way round, as for real tasks.
    pub perturbed: bool,
}

impl Size {
    /// Small, but with every operator, and with dot products and reductions of several blocks.
    pub const TINY: Size =
        Size { features: 1056, hidden: 24, classes: 5, rows: 90, batch: 8, interval: 6, segments: 4, perturbed: true };

    /// As `examples/fashion-mlp`, of which it trains the first 100 steps.
    pub const EXAMPLE: Size = Size {
        features: 784,
        hidden: 128,
        classes: 10,
        rows: 60_000,
        batch: 64,
        interval: 25,
        segments: 4,
        perturbed: false,
    };

    /// The beginning of a task.
    fn of(task: &Task, rows: u32, segments: u32) -> Size {
        let (batch, interval) = (task.training.batch, task.checkpoints.interval);
        Size { features: 0, hidden: 0, classes: 0, rows, batch, interval, segments, perturbed: false }
    }
}

/// What a workload is made of.
pub(crate) struct Plan {
    /// How it is cut up; sizes of layers mean nothing to a model that has its own.
    pub(crate) size: Size,
    /// The model for a size of batch.
    pub(crate) model: Box<dyn Fn(u32) -> Result<Model>>,
    /// Dimensions of a sample.
    pub(crate) sample: Vec<u32>,
    /// Samples are numbers below this, scaled if it is 256.
    pub(crate) below: u32,
    /// Dimensions of a sample's labels, and what they are below.
    pub(crate) labels: (Vec<u32>, u32),
    /// More fields of `task.toml`'s training table, and the tables behind it.
    pub(crate) training: (&'static str, &'static str),
}

/// A task, and what its solver trained.
pub struct Workload {
    /// Its size.
    pub size: Size,
    /// Numbers that the training changes in the model.
    pub parameters: u64,
    /// Its programs, data and start.
    pub compiled: Compiled,
    checkpoints: Vec<Arc<State>>,
    list: Committed,
}

impl Workload {
    /// Makes up a perceptron and data, compiles, and trains as the solver does.
    ///
    /// # Errors
    /// When the engine refuses the task.
    pub fn new(size: Size) -> Result<Workload> {
        Workload::of(Plan {
            size,
            model: Box::new(move |batch| model(size, batch)),
            sample: vec![size.features],
            below: 256,
            labels: (vec![], size.classes),
            training: ("", SGD),
        })
    }

    /// The same of any model.
    ///
    /// # Errors
    /// When the engine refuses the task.
    pub(crate) fn of(plan: Plan) -> Result<Workload> {
        let Plan { size, model, sample, below, labels, training } = plan;
        let task = Task::parse(&toml(size, below, training))?;
        let data = noise(&task, size.rows, (&sample, below), (&labels.0, labels.1))?;
        let evaluation = model(evaluation_batch(size.rows))?;
        let model = model(size.batch)?;
        Workload::trained(size, &model, Compiled::new(&model, &evaluation, &task, &data)?)
    }

    /// The first segments of a folder of `examples/`, on the example's own data.
    ///
    /// # Errors
    /// When the data isn't there.
    pub fn example(name: &str, segments: u32) -> Result<Workload> {
        let project = Project::open(&repository().join("examples").join(name));
        let project = project.with_context(|| format!("`scripts/examples {name}` prepares the data of {name}"))?;
        let size = Size::of(&project.task, project.data.train_inputs.rows(), segments);
        Workload::trained(size, &project.models.training, project.compiled)
    }

    /// The same on noise instead of its data: the model and the task are the example's.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub fn example_on_noise(name: &str, segments: u32) -> Result<Workload> {
        let folder = repository().join("examples").join(name);
        let task = Task::read(&folder)?;
        let file = onnx::File::read(&folder.join(&task.model))?;
        let model = file.model(task.training.batch)?;
        let size = Size::of(&task, task.training.batch * task.checkpoints.interval * segments, segments);
        let (sample, output) = (model.input.dims(), model.shape(model.output));
        let (classes, labels) = output.dims().split_last().context("the model puts out nothing")?;
        let data = noise(&task, size.rows, (&sample[1..], ids(&model).unwrap_or(256)), (&labels[1..], *classes))?;
        let models = Models::of(&file, &task, &data)?;
        let compiled = Compiled::new(&models.training, &models.evaluation, &task, &data)?;
        Workload::trained(size, &models.training, compiled)
    }

    fn trained(size: Size, model: &Model, compiled: Compiled) -> Result<Workload> {
        let trained = model.params.iter().filter(|param| param.trained);
        let parameters = trained.map(|param| param.shape.elements()).sum();
        let (checkpoints, list) = (Vec::new(), Committed::new(Vec::new())?);
        let mut workload = Workload { size, parameters, compiled, checkpoints, list };
        workload.train()?;
        Ok(workload)
    }

    fn train(&mut self) -> Result<()> {
        let mut solver = Executor::new(self.twin().clone(), self.compiled.training_data())?;
        let mut state = self.compiled.start.clone();
        self.checkpoints.push(Arc::new(state.clone()));
        for segment in 0..self.size.segments {
            for step in segment * self.size.interval..(segment + 1) * self.size.interval {
                solver.step(&mut state, step.into())?;
            }
            self.checkpoints.push(Arc::new(state.clone()));
        }
        let roots: Vec<Hash> = self.checkpoints.iter().map(|state| state.root()).collect();
        self.list = Committed::list(&roots)?;
        Ok(())
    }

    /// The training step that is replayed.
    pub fn program(&self) -> &Program {
        if self.size.perturbed {
            &self.compiled.jitter
        } else {
            &self.compiled.step
        }
    }

    /// The other one: what the profile compares it with, and what the solver uses.
    pub fn twin(&self) -> &Program {
        if self.size.perturbed {
            &self.compiled.step
        } else {
            &self.compiled.jitter
        }
    }

    /// First step and number of steps of a segment.
    pub fn segment(&self, segment: u32) -> (u64, u32) {
        (u64::from(segment) * u64::from(self.size.interval), self.size.interval)
    }

    /// A checkpoint of the solver's; 0 is the start.
    ///
    /// # Errors
    /// There is none of that number.
    pub fn checkpoint(&self, index: u32) -> Result<Arc<State>> {
        self.checkpoints.get(index as usize).cloned().with_context(|| format!("no checkpoint {index}"))
    }

    /// The task, as it is submitted.
    pub fn spec(&self) -> TaskSpec {
        TaskSpec {
            metadata: hash(b"bundle"),
            program: self.program().reference(),
            jitter: self.twin().reference(),
            distance: self.compiled.distance.reference(),
            start: self.compiled.start.root(),
            steps: u64::from(self.size.interval) * u64::from(self.size.segments),
            interval: self.size.interval,
            work_per_step: self.program().work(),
            mode: Mode::Tolerant,
            max_price: 100_000,
            verifiers: 1,
            segments_per_verifier: 1,
            training_blocks: 50,
            seed_commit: seed_chain(&submitter(), &secret(&submitter())).1,
        }
    }

    /// The profile, measured.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn profile(&self) -> Result<Profile> {
        let mut base = self.compiled.start.clone();
        let mut executor = Executor::new(self.program().clone(), self.compiled.training_data())?;
        for step in 0..self.size.interval {
            executor.step(&mut base, step.into())?;
        }
        let jittered = self.checkpoint(1)?; // The solver's program is the twin.
        let value = self.distance(&self.compiled.start, &base, &jittered)?;
        Ok(Profile { base: base.root(), jittered: jittered.root(), value })
    }

    /// d² between two states, in units of the way from a third.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn distance(&self, start: &State, replayed: &State, claimed: &State) -> Result<F32> {
        Ok(self.compiled.meter()?.distance(start, replayed, claimed)?)
    }

    /// The solver's proof.
    ///
    /// # Errors
    /// Never.
    pub fn proof(&self) -> Result<Proof> {
        Ok(Proof {
            checkpoints: self.list.root(),
            blob: hash(b"proof"),
            first: self.list.open_item(0, 32)?,
            last: self.list.open_item(self.size.segments.into(), 32)?,
        })
    }

    /// Openings of a segment's two checkpoints: one if one chunk holds both.
    ///
    /// # Errors
    /// There is no such segment.
    pub fn openings(&self, segment: u32) -> Result<Vec<Opening>> {
        let per_chunk = (assay_core::commit::CHUNK / 32) as u32;
        let mut items = vec![segment];
        if (segment + 1).is_multiple_of(per_chunk) {
            items.push(segment + 1);
        }
        items.into_iter().map(|item| Ok(self.list.open_item(item.into(), 32)?)).collect()
    }
}

/// Made-up data: dimensions of a sample and of its labels, and what they are below.
fn noise(task: &Task, rows: u32, sample: (&[u32], u32), labels: (&[u32], u32)) -> Result<TaskData> {
    let tensor = |seed, (dims, below): (&[u32], u32)| -> Result<DataTensor> {
        let shape = Shape::new(&[&[rows], dims].concat())?;
        let words = (0..shape.elements().div_ceil(16)).flat_map(|at| philox(seed, 0, at));
        let bytes = words.flat_map(u32::to_le_bytes).take(shape.elements() as usize);
        let bytes: Vec<u8> = bytes.map(|byte| (u32::from(byte) * below / 256) as u8).collect();
        Ok(DataTensor::new(Dtype::U8, shape, bytes)?)
    };
    let (inputs, labels) = (tensor(1, sample)?, tensor(2, labels)?);
    Ok(TaskData::new(task, [inputs.clone(), labels.clone(), inputs, labels])?)
}

/// How many ids a model knows whose samples are looked up in a table.
fn ids(model: &Model) -> Option<u32> {
    let looks_up = |layer: &&Layer| layer.op == LayerOp::Embed && layer.inputs.get(1) == Some(&Value::Input);
    let table = model.layers.iter().find(looks_up)?.inputs.first()?;
    model.shape(*table).dims().first().copied()
}

fn model(size: Size, batch: u32) -> Result<Model> {
    let param = |name: &str, seed: u64, dims: &[u32]| -> Result<Param> {
        let shape = Shape::new(dims)?;
        let spread = 2.0 / (dims.last().copied().unwrap_or(1) as f32).sqrt();
        let value = |at| (philox(seed, 1, at)[0] as f32 / u32::MAX as f32 - 0.5) * spread;
        Ok(Param { name: name.into(), shape, values: (0..shape.elements()).map(value).collect(), trained: true })
    };
    let params = vec![
        param("hidden.weight", 1, &[size.hidden, size.features])?,
        param("hidden.bias", 2, &[size.hidden])?,
        param("output.weight", 3, &[size.classes, size.hidden])?,
        param("output.bias", 4, &[size.classes])?,
    ];
    let linear = LayerOp::MatMul { trans_a: false, trans_b: true };
    let add = LayerOp::Binary(Binary::Add);
    let layers = [
        ("hidden", linear.clone(), [Value::Input, Value::Param(0)].to_vec(), size.hidden),
        ("hidden.bias", add.clone(), [Value::Layer(0), Value::Param(1)].to_vec(), size.hidden),
        ("relu", LayerOp::Unary(Unary::Relu), [Value::Layer(1)].to_vec(), size.hidden),
        ("output", linear, [Value::Layer(2), Value::Param(2)].to_vec(), size.classes),
        ("output.bias", add, [Value::Layer(3), Value::Param(3)].to_vec(), size.classes),
    ];
    let layers = layers.into_iter().map(|(name, op, inputs, columns)| {
        Ok(Layer { name: name.into(), op, inputs, shape: Shape::new(&[batch, columns])? })
    });
    let layers = layers.collect::<Result<_>>()?;
    Ok(Model { input: Shape::new(&[batch, size.features])?, params, layers, output: Value::Layer(4) })
}

/// The table of a perceptron's optimiser.
const SGD: &str = "[training.optimiser]\nlearning-rate = 0.05\nmomentum = 0.9\nweight-decay = 0.0001";

fn toml(size: Size, below: u32, (training, tables): (&str, &str)) -> String {
    let (steps, Size { batch, interval, .. }) = (size.interval * size.segments, size);
    let scale = if below == 256 { "scale = 0.0078125\nshift = -1.0" } else { "" };
    format!(
        r#"
name = "synthetic"
model = "model.onnx"
[data]
train-inputs = {{ file = "x" }}
train-labels = {{ file = "y" }}
test-inputs = {{ file = "x" }}
test-labels = {{ file = "y" }}
{scale}
[training]
steps = {steps}
batch = {batch}
seed = 5
{training}
{tables}
[checkpoints]
interval = {interval}
[terms]
mode = "tolerant"
max-price = 100000
verifiers = 1
segments-per-verifier = 1
training-blocks = 50
"#
    )
}
