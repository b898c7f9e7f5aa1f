//! Something to train: a synthetic network on synthetic data, compiled by the engine, and its solver's checkpoints.
use anyhow::{Context as _, Result};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::commit::{hash, Hash, Opening};
use assay_core::graph::{Dtype, Program, Shape};
use assay_core::protocol::beacon::seed_chain;
use assay_core::protocol::{Mode, Profile, Proof, TaskSpec};
use assay_engine::compile::Compiled;
use assay_engine::data::DataTensor;
use assay_engine::exec::Executor;
use assay_engine::import::{Layer, Model, Param, Value};
use assay_engine::state::State;
use assay_engine::task::{Task, TaskData};
use assay_roles::game::Committed;
use std::sync::Arc;

use crate::cast::{secret, submitter};

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
}

/// A task, and what its solver trained.
pub struct Workload {
    /// Its size.
    pub size: Size,
    /// Its programs, data and start.
    pub compiled: Compiled,
    checkpoints: Vec<Arc<State>>,
    list: Committed,
}

impl Workload {
    /// Makes up a model and data, compiles, and trains as the solver does.
    ///
    /// # Errors
    /// When the engine refuses the task.
    pub fn new(size: Size) -> Result<Workload> {
        let task = Task::parse(&toml(size))?;
        let bytes = |seed, n: u64, below: u64| -> Vec<u8> {
            let words = (0..n.div_ceil(16)).flat_map(|at| philox(seed, 0, at));
            let bytes = words.flat_map(u32::to_le_bytes).take(n as usize);
            bytes.map(|byte| (u64::from(byte) * below / 256) as u8).collect()
        };
        let (rows, features) = (u64::from(size.rows), u64::from(size.features));
        let shape = Shape::new(&[size.rows, size.features])?;
        let inputs = DataTensor::new(Dtype::U8, shape, bytes(1, rows * features, 256))?;
        let labels = DataTensor::new(Dtype::U8, Shape::new(&[size.rows])?, bytes(2, rows, size.classes.into()))?;
        let data = TaskData::new(&task, [inputs.clone(), labels.clone(), inputs, labels])?;
        let compiled = Compiled::new(&model(size)?, &task, &data)?;
        let mut workload = Workload { size, compiled, checkpoints: Vec::new(), list: Committed::new(Vec::new())? };
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
        if (segment + 1) % per_chunk == 0 {
            items.push(segment + 1);
        }
        items.into_iter().map(|item| Ok(self.list.open_item(item.into(), 32)?)).collect()
    }
}

fn model(size: Size) -> Result<Model> {
    let param = |name: &str, seed: u64, dims: &[u32]| -> Result<Param> {
        let shape = Shape::new(dims)?;
        let spread = 2.0 / (dims.last().copied().unwrap_or(1) as f32).sqrt();
        let value = |at| (philox(seed, 1, at)[0] as f32 / u32::MAX as f32 - 0.5) * spread;
        Ok(Param { name: name.into(), shape, values: (0..shape.elements()).map(value).collect() })
    };
    let params = vec![
        param("hidden.weight", 1, &[size.hidden, size.features])?,
        param("hidden.bias", 2, &[size.hidden])?,
        param("output.weight", 3, &[size.classes, size.hidden])?,
        param("output.bias", 4, &[size.classes])?,
    ];
    let layers = vec![
        Layer::MatMul { x: Value::Batch, weight: 0, transposed: true },
        Layer::Bias { x: Value::Layer(0), bias: 1 },
        Layer::Relu { x: Value::Layer(1) },
        Layer::MatMul { x: Value::Layer(2), weight: 2, transposed: true },
        Layer::Bias { x: Value::Layer(3), bias: 3 },
    ];
    Ok(Model { features: size.features, classes: size.classes, params, layers })
}

fn toml(size: Size) -> String {
    let (steps, Size { batch, interval, .. }) = (size.interval * size.segments, size);
    format!(
        r#"
name = "synthetic"
model = "model.onnx"
[data]
train-inputs = {{ file = "x" }}
train-labels = {{ file = "y" }}
test-inputs = {{ file = "x" }}
test-labels = {{ file = "y" }}
scale = 0.0078125
shift = -1.0
[training]
steps = {steps}
batch = {batch}
learning-rate = 0.05
momentum = 0.9
weight-decay = 0.0001
seed = 5
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
