//! A task that was checked: its inputs are what the contract says, and mean what `task.toml` says.
use crate::Bundle;
use assay_core::commit::Hash;
use assay_core::graph::{Program, ProgramError, ProgramKind, ProgramRef};
use assay_core::protocol::{Mode, TaskSpec};
use assay_engine::compile::{CompileError, Compiled};
use assay_engine::data::{DataError, DataTensor, Roots};
use assay_engine::exec::{ExecError, Executor};
use assay_engine::import::onnx::OnnxError;
use assay_engine::import::{onnx, AdaptError, Model};
use assay_engine::project::Models;
use assay_engine::state::{Checkpoint, State, StateError};
use assay_engine::task::{self, Parameters, TaskData, TaskError};
use std::sync::Arc;

/// Bytes of a task's data, and of all intermediate results of a step, at most: whoever writes a task must not be able to
/// exhaust those who look at it.
pub(crate) const MAX_BYTES: u64 = 16 << 30;
/// Bytes of a task's programs at most: a quarter of a million records, which are read before anything of them is known.
const MAX_RECORDS: u64 = 64 << 20;
/// Bytes that proving one micro-step of an element takes for each of the element's: its value, twice, and its bytes, with room
/// to grow.
const MICRO_STEP: u64 = 24;

/// What is wrong with a task. Nobody should bind themselves to one like that.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// The bundle names another program than the contract.
    #[error("the bundle's {which} program is {bundle}, the contract's is {contract}")]
    Address {
        /// Which.
        which: &'static str,
        /// In the bundle.
        bundle: Hash,
        /// In the contract.
        contract: Hash,
    },
    /// A program that can't be used.
    #[error("the {which} program: {error}")]
    Program {
        /// Which.
        which: &'static str,
        /// What is wrong with it.
        error: ProgramError,
    },
    /// A program that isn't what the model and `task.toml` give.
    #[error("the {which} program is {contract}, but model and task.toml give {compiled}")]
    Recompiled {
        /// Which.
        which: &'static str,
        /// In the contract.
        contract: Hash,
        /// By this worker's compiler.
        compiled: Hash,
    },
    /// A number that isn't what the inputs give.
    #[error("{what} is {contract} in the contract, but the inputs give {counted}")]
    Number {
        /// Which number.
        what: &'static str,
        /// In the contract.
        contract: u64,
        /// From the inputs.
        counted: u64,
    },
    /// Exact or tolerant.
    #[error("the mode is {contract:?} in the contract, but not in task.toml")]
    Mode {
        /// In the contract.
        contract: Mode,
    },
    /// A data set that the bundle lacks.
    #[error("the bundle lacks data set {0:?} of the program")]
    NoData(String),
    /// More than a worker wants to hold in memory.
    #[error("{what} would take {bytes} bytes, more than the {max} that this worker accepts")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How much.
        bytes: u64,
        /// What is accepted.
        max: u64,
    },
    /// Another number of data sets than training reads.
    #[error("the program reads {0} data sets, 2 expected: inputs and labels")]
    DataCount(usize),
    /// Bad data.
    #[error("data set {name:?}: {error}")]
    Data {
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: DataError,
    },
    /// A bad `task.toml`.
    #[error("task.toml: {0}")]
    Task(#[from] TaskError),
    /// A bad model.
    #[error("model: {0}")]
    Model(#[from] OnnxError),
    /// Adapters or frozen parameters that the model hasn't.
    #[error("task.toml: {0}")]
    Adapt(#[from] AdaptError),
    /// A model that doesn't fit the data.
    #[error("compiler: {0}")]
    Compile(#[from] CompileError),
    /// A first state that isn't the model's, or isn't the contract's.
    #[error("first state: {0}")]
    Start(#[from] StateError),
    /// A first state that isn't the model's.
    #[error("the first state is {contract}, but the model's weights give {compiled}")]
    OtherStart {
        /// In the contract.
        contract: Hash,
        /// From the model file.
        compiled: Hash,
    },
}

/// Everything that was downloaded for a task.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The bundle.
    pub bundle: Bundle,
    /// The model file.
    pub model: Vec<u8>,
    /// The records of the training step.
    pub program: Vec<u8>,
    /// The records of the perturbed step.
    pub jitter: Vec<u8>,
    /// The records of the distance.
    pub distance: Vec<u8>,
    /// The data sets' bytes by name.
    pub data: Vec<(String, Vec<u8>)>,
    /// The safetensors file of the first state.
    pub start: Vec<u8>,
}

/// A task that was checked.
#[derive(Debug)]
pub struct Job {
    /// `task.toml`.
    pub task: task::Task,
    /// The model.
    pub model: Model,
    /// The training data; in the place of the test data, which no worker needs, the same again.
    pub data: TaskData,
    /// The programs and the first state.
    pub compiled: Compiled,
    /// The first state.
    pub start: Arc<State>,
}

impl Job {
    /// Checks a task: every address, every program (by compiling it again), the work, the first state.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn inspect(spec: &TaskSpec, inputs: Inputs) -> Result<Job, Mismatch> {
        let bundle = &inputs.bundle;
        use ProgramKind::{Distance, Step};
        let program = open(("step", Step), &spec.program, bundle.program, &inputs.program)?;
        let jitter = open(("jitter", Step), &spec.jitter, bundle.jitter, &inputs.jitter)?;
        let distance = open(("distance", Distance), &spec.distance, bundle.distance, &inputs.distance)?;

        for program in [&program, &jitter, &distance] {
            outputs_and_proofs_fit(program)?;
        }
        let [train_inputs, train_labels] = tensors(&program, inputs.data)?;
        let task = task::Task::parse(&bundle.toml)?;
        let data = [train_inputs.clone(), train_labels.clone(), train_inputs, train_labels];
        let data = TaskData::new(&task, data)?;
        let mut models = Models::of(&onnx::File::parse(inputs.model)?, &task, &data)?;
        let parameters = &task.training.parameters;
        // Initial values from a file of the submitter's are in the first state, and only there.
        let of_names = Parameters { start: None, ..parameters.clone() };
        models.adapt(&of_names, &Roots::new([]))?;
        let mut compiled = Compiled::new(&models.training, &models.evaluation, &task, &data)?;
        same("step", &spec.program, &compiled.step)?;
        same("jitter", &spec.jitter, &compiled.jitter)?;
        same("distance", &spec.distance, &compiled.distance)?;

        number("the number of steps", spec.steps, compiled.steps)?;
        number("the checkpoint interval", spec.interval.into(), task.checkpoints.interval.into())?;
        number("the work of a step", spec.work_per_step, program.work())?;
        if spec.mode != mode(&task) {
            return Err(Mismatch::Mode { contract: spec.mode });
        }
        let start = Checkpoint::verified(&inputs.start, program.states, spec.start)?.state;
        // It may be the submitter's own; nothing good comes of training that begins with NaN.
        start.check_finite()?;
        if parameters.start.is_some() {
            compiled.start = start.clone();
        } else if start != compiled.start {
            return Err(Mismatch::OtherStart { contract: spec.start, compiled: compiled.start.root() });
        }
        Ok(Job { task, model: models.training, data, compiled, start: Arc::new(start) })
    }

    /// An executor of the training step.
    pub fn trainer(&self) -> Result<Executor, ExecError> {
        self.compiled.trainer()
    }

    /// Bytes of a checkpoint's file at most: the tensors, and a header with a line for each.
    pub fn checkpoint_len(&self) -> u64 {
        checkpoint_len(&self.compiled.step)
    }
}

/// Bytes of a checkpoint's file at most.
pub(crate) fn checkpoint_len(program: &Program) -> u64 {
    let tensors: u64 = program.states.iter().map(|decl| decl.shape.elements().saturating_mul(4)).sum();
    tensors.saturating_add(1024 * (program.states.len() as u64 + 16))
}

/// The mode that `task.toml` asks for.
pub(crate) fn mode(task: &task::Task) -> Mode {
    match task.terms.mode {
        task::Mode::Exact => Mode::Exact,
        task::Mode::Tolerant => Mode::Tolerant,
    }
}

fn open(
    (which, kind): (&'static str, ProgramKind),
    contract: &ProgramRef,
    bundle: Hash,
    bytes: &[u8],
) -> Result<Program, Mismatch> {
    if bundle != contract.root {
        return Err(Mismatch::Address { which, bundle, contract: contract.root });
    }
    let open = || {
        let program = contract.open(bytes)?;
        program.validate_as(kind)?;
        Ok(program)
    };
    open().map_err(|error| Mismatch::Program { which, error })
}

/// Refuses more bytes than a worker accepts.
pub(crate) fn fits(what: &'static str, bytes: impl Iterator<Item = u64>) -> Result<(), Mismatch> {
    within(MAX_BYTES, what, bytes)
}

/// Refuses programs whose outputs a worker couldn't hold, or of one element of which it couldn't prove every micro-step:
/// a dispute can be about any, and who can't answer in time loses it.
fn outputs_and_proofs_fit(program: &Program) -> Result<(), Mismatch> {
    fits("all outputs of a step", program.nodes.iter().map(|node| node.shape.elements().saturating_mul(4)))?;
    let traced = program.nodes.iter().filter(|node| !node.at_once());
    let longest = traced.map(|node| node.micro_len().saturating_mul(MICRO_STEP)).max();
    fits("a proof about one element", longest.into_iter())
}

/// Refuses programs that are too long to be looked at, before they are downloaded.
pub(crate) fn programs_fit(spec: &TaskSpec) -> Result<(), Mismatch> {
    let programs = [&spec.program, &spec.jitter, &spec.distance];
    within(MAX_RECORDS, "the programs", programs.into_iter().map(ProgramRef::byte_len))
}

fn within(max: u64, what: &'static str, bytes: impl Iterator<Item = u64>) -> Result<(), Mismatch> {
    let bytes = bytes.fold(0, u64::saturating_add);
    if bytes <= max {
        Ok(())
    } else {
        Err(Mismatch::TooLarge { what, bytes, max })
    }
}

fn same(which: &'static str, contract: &ProgramRef, compiled: &Program) -> Result<(), Mismatch> {
    let compiled = compiled.reference();
    if compiled == *contract {
        Ok(())
    } else {
        Err(Mismatch::Recompiled { which, contract: contract.root, compiled: compiled.root })
    }
}

fn number(what: &'static str, contract: u64, counted: u64) -> Result<(), Mismatch> {
    if contract == counted {
        Ok(())
    } else {
        Err(Mismatch::Number { what, contract, counted })
    }
}

/// The data sets that the program declares.
fn tensors(program: &Program, data: Vec<(String, Vec<u8>)>) -> Result<[DataTensor; 2], Mismatch> {
    let mut data: std::collections::BTreeMap<String, Vec<u8>> = data.into_iter().collect();
    let tensors = program.data.iter().map(|decl| {
        let name = decl.name.to_string();
        let bytes = data.remove(&name).ok_or_else(|| Mismatch::NoData(name.clone()))?;
        DataTensor::of_decl(decl, bytes).map_err(|error| Mismatch::Data { name, error })
    });
    let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
    tensors.try_into().map_err(|tensors: Vec<_>| Mismatch::DataCount(tensors.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_core::arith::F32;
    use assay_core::graph::{Input, Name, Node, Op, ReduceKind, Shape};

    #[test]
    fn what_nobody_could_prove_is_refused() {
        let sum = |elements: u32| {
            let (x, out) = (Input::state(0, Shape::new(&[elements]).unwrap()), Shape::new(&[1]).unwrap());
            let op = Op::Reduce { kind: ReduceKind::Sum, axes: 1, scale: F32::ONE };
            let node = Node { name: Name::default(), op, inputs: vec![x], shape: out };
            node.check().unwrap();
            Program { states: Vec::new(), data: Vec::new(), nodes: vec![node] }
        };
        outputs_and_proofs_fit(&sum(1 << 28)).unwrap();
        let refused = outputs_and_proofs_fit(&sum(1 << 31));
        assert!(matches!(refused, Err(Mismatch::TooLarge { what: "a proof about one element", .. })), "{refused:?}");
    }
}
