//! Programs at full speed on a CPU, with bits that `graph` defines and no machine changes.
//!
//! ```no_run
//! # use assay_engine::{exec::Executor, state::State, data::DataTensor};
//! # fn run(program: assay_core::graph::Program, data: Vec<DataTensor>, mut state: State) -> anyhow::Result<()> {
//! let mut executor = Executor::new(program, data)?;
//! let loss = executor.step(&mut state, 0)?;
//! # Ok(()) }
//! ```
mod aligned;
mod error;
mod evaluate;
mod gemm;
mod kernels;
mod lanes;
mod memory;
mod micro;
mod node;
mod pool;
mod schedule;
mod trace;

pub use error::ExecError;
#[cfg(feature = "cuda")]
pub(crate) use evaluate::{Measured, Sums};
pub use evaluate::{LABELS, LOGITS, VALID};
pub use lanes::Isa;
pub use trace::Trace;

use crate::data::DataTensor;
use crate::state::State;
use crate::tamper::Tamper;
use assay_core::arith::F32;
use assay_core::graph::{Node, Op, Program, ProgramKind, ReduceKind, Shape, Source};
use kernels::gather::Rows;
use memory::Memory;
use pool::Pool;
use schedule::Schedule;
use std::ops::ControlFlow;

/// Bytes of all nodes' outputs together, at most: a program may come from a stranger.
pub const MAX_BYTES: u64 = 16 << 30;
/// Name of the node that is a step's loss.
pub const LOSS: &str = "loss";

/// Runs one program. All buffers are allocated once, and shared by nodes whose outputs aren't needed at the same time.
pub struct Executor {
    program: Program,
    data: Vec<DataTensor>,
    isa: Isa,
    pool: Pool,
    memory: Memory,
    rows: Rows,
    loss: Option<usize>,
    tampers: Vec<Tamper>,
}

/// How far a segment is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The step just done.
    pub step: u64,
    /// The state after it.
    pub state: &'a State,
    /// Its loss.
    pub loss: f32,
}

impl Executor {
    /// An executor on one thread with the fastest instructions of this machine.
    ///
    /// # Errors
    /// An invalid program, one beyond [`MAX_BYTES`], or data that isn't the program's.
    pub fn new(program: Program, data: impl Into<Vec<DataTensor>>) -> Result<Executor, ExecError> {
        let data = data.into();
        check(&program, &data)?;
        let loss = loss(&program);
        let memory = Memory::new(Schedule::fast(&program, &kept(&program, loss)));
        Ok(Executor {
            program,
            data,
            isa: Isa::best(),
            pool: Pool::new(1).map_err(ExecError::Threads)?,
            memory,
            rows: Rows::default(),
            loss,
            tampers: Vec::new(),
        })
    }

    /// The same, one node after the other and each with a buffer of its own, as in a [trace](Self::trace): for
    /// measurements. The bits don't depend on it.
    pub fn node_by_node(self) -> Executor {
        Executor { memory: Memory::new(Schedule::plain(&self.program)), ..self }
    }

    /// The same, where the outputs of these nodes are computed and kept to the end of a step, whoever reads them: for
    /// measurements of parts of a program.
    pub fn keeping(self, nodes: &[usize]) -> Executor {
        let mut kept = kept(&self.program, self.loss);
        kept.iter_mut().enumerate().for_each(|(node, kept)| *kept |= nodes.contains(&node));
        Executor { memory: Memory::new(Schedule::fast(&self.program, &kept)), ..self }
    }

    /// The same on several threads. The bits don't depend on it.
    ///
    /// # Errors
    /// The operating system gives no threads.
    pub fn with_threads(self, threads: usize) -> Result<Executor, ExecError> {
        Ok(Executor { pool: Pool::new(threads).map_err(ExecError::Threads)?, ..self })
    }

    /// The same with other instructions. The bits don't depend on it.
    pub fn with_isa(self, isa: Isa) -> Executor {
        Executor { isa, ..self }
    }

    /// An executor that **cheats**, for tests and demonstrations: it changes the outputs of some nodes, and goes on
    /// honestly with what it made of them.
    pub fn with_tampers(self, tampers: impl Into<Vec<Tamper>>) -> Executor {
        Executor { tampers: tampers.into(), ..self.node_by_node() }
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The data.
    pub fn data(&self) -> &[DataTensor] {
        &self.data
    }

    /// Bytes of the buffers that outputs are kept in.
    pub fn bytes(&self) -> u64 {
        self.memory.bytes()
    }

    /// One training step: the state becomes the next one. The loss is NaN if the program computes none.
    ///
    /// # Errors
    /// A distance program, or a state of another shape.
    pub fn step(&mut self, state: &mut State, step: u64) -> Result<f32, ExecError> {
        self.step_observed(state, step, |_| ())
    }

    /// The same, calling `after` with every node's number when it is done: for measurements. What is computed together
    /// is done together, unless it runs [node by node](Self::node_by_node); what costs nothing isn't mentioned.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_observed(&mut self, state: &mut State, step: u64, after: impl FnMut(usize)) -> Result<f32, ExecError> {
        expect(&self.program, ProgramKind::Step)?;
        self.run(&[state], step, after)?;
        let loss = self.loss.map_or(f32::NAN, |loss| self.output(loss)[0]);
        let first = self.program.nodes.len() - state.len();
        for (node, tensor) in (first..).zip(state.tensors_mut()) {
            self.memory.swap(node, tensor);
        }
        Ok(loss)
    }

    /// Several training steps. `on_step` is called after each and may stop early; returns the steps done.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn run_segment(
        &mut self,
        state: &mut State,
        first: u64,
        steps: u64,
        mut on_step: impl FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<u64, ExecError> {
        for done in 0..steps {
            let step = first + done;
            let loss = self.step(state, step)?;
            if on_step(Progress { step, state, loss }).is_break() {
                return Ok(done + 1);
            }
        }
        Ok(steps)
    }

    /// The outputs of all nodes. `snapshots` is the one state of a step program; start, replayed and claimed end of a
    /// distance program (whose step is 0).
    ///
    /// # Errors
    /// Too few states, or of another shape.
    pub fn trace(&mut self, snapshots: &[&State], step: u64) -> Result<Trace, ExecError> {
        let mut memory = Memory::new(Schedule::plain(&self.program));
        self.run_in(&mut memory, snapshots, step, |_| ())?;
        Ok(Trace::new(memory.into_buffers()))
    }

    /// The value of a distance program.
    ///
    /// # Errors
    /// A step program, or states of another shape.
    pub fn distance(&mut self, start: &State, replayed: &State, claimed: &State) -> Result<F32, ExecError> {
        expect(&self.program, ProgramKind::Distance)?;
        self.run(&[start, replayed, claimed], 0, |_| ())?;
        let value = self.program.nodes.len().checked_sub(1).and_then(|last| self.output(last).first());
        Ok(F32(value.copied().unwrap_or(f32::NAN).to_bits())) // Validated: the last node has one element.
    }

    /// An executor of a program that isn't whole.
    #[cfg(test)]
    fn unchecked(program: Program, data: Vec<DataTensor>, isa: Isa, threads: usize) -> Executor {
        #[allow(clippy::unwrap_used)]
        let pool = Pool::new(threads).unwrap();
        let memory = Memory::new(Schedule::plain(&program));
        Executor { program, data, isa, pool, memory, rows: Rows::default(), loss: None, tampers: Vec::new() }
    }

    /// Computes all nodes.
    fn run(&mut self, snapshots: &[&State], step: u64, after: impl FnMut(usize)) -> Result<(), ExecError> {
        let mut memory = std::mem::take(&mut self.memory);
        let done = self.run_in(&mut memory, snapshots, step, after);
        self.memory = memory;
        done
    }

    /// The same in this memory.
    fn run_in(
        &mut self,
        memory: &mut Memory,
        snapshots: &[&State],
        step: u64,
        mut after: impl FnMut(usize),
    ) -> Result<(), ExecError> {
        check_snapshots(&self.program, snapshots)?;
        for index in 0..memory.schedule().works.len() {
            self.perform(memory, snapshots, step, index);
            for &node in memory.schedule().works[index].nodes() {
                after(node);
            }
            // Who cheats runs node by node.
            if let &[node] = memory.schedule().works[index].nodes() {
                for tamper in self.tampers.iter().filter(|tamper| tamper.applies(step, node)) {
                    tamper.apply(memory.output_mut(node));
                }
            }
        }
        Ok(())
    }

    /// A kept node's output, after a run.
    fn output(&self, node: usize) -> &[f32] {
        self.memory.output(node, self.program.nodes[node].shape.elements() as usize)
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor")
            .field("nodes", &self.program.nodes.len())
            .field("isa", &self.isa)
            .field("threads", &self.pool.threads())
            .finish_non_exhaustive()
    }
}

/// Checks what an executor is given: a valid program within [`MAX_BYTES`], and its data.
pub(crate) fn check(program: &Program, data: &[DataTensor]) -> Result<(), ExecError> {
    program.validate()?;
    if program.data.len() != data.len() {
        return Err(ExecError::DataCount { expected: program.data.len(), got: data.len() });
    }
    for (decl, tensor) in program.data.iter().zip(data) {
        if (decl.root, decl.dtype, decl.shape) != (tensor.root(), tensor.dtype(), tensor.shape()) {
            return Err(ExecError::Data { name: decl.name.to_string(), expected: decl.root, got: tensor.root() });
        }
    }
    let bytes = |node: &Node| node.shape.elements().saturating_mul(4);
    let got = program.nodes.iter().map(bytes).fold(0, u64::saturating_add);
    if got > MAX_BYTES {
        return Err(ExecError::TooLarge { got, max: MAX_BYTES });
    }
    Ok(())
}

/// Checks that it is a program of this kind.
pub(crate) fn expect(program: &Program, expected: ProgramKind) -> Result<(), ExecError> {
    let got = program.kind();
    if got == expected {
        Ok(())
    } else {
        Err(ExecError::Kind { expected, got })
    }
}

/// Checks that these are as many states as the program reads, and of its shapes.
pub(crate) fn check_snapshots(program: &Program, snapshots: &[&State]) -> Result<(), ExecError> {
    let expected = match program.kind() {
        ProgramKind::Step => 1,
        ProgramKind::Distance => 3,
    };
    if snapshots.len() != expected {
        return Err(ExecError::Snapshots { expected, got: snapshots.len() });
    }
    snapshots.iter().try_for_each(|state| Ok(state.check(&program.states)?))
}

/// The node whose value is a step's loss: the one of that name, or the last sum of everything.
pub(crate) fn loss(program: &Program) -> Option<usize> {
    let sums_all =
        |node: &Node| matches!(node.op, Op::Reduce { kind: ReduceKind::Sum, .. }) && node.shape == Shape::SCALAR;
    let named = program.nodes.iter().rposition(|node| node.name.as_str() == LOSS);
    named.or_else(|| program.nodes.iter().rposition(sums_all))
}

/// The nodes whose outputs are looked at after a run, beside the program's results.
fn kept(program: &Program, loss: Option<usize>) -> Vec<bool> {
    let named = |node: &Node| [LOGITS, LABELS, VALID].contains(&node.name.as_str());
    let kept = |(index, node)| Some(index) == loss || named(node);
    program.nodes.iter().enumerate().map(kept).collect()
}

/// Position in a list of the program.
fn at(index: u32) -> usize {
    index as usize
}

/// What a node's input reads, unless it is data; `output` gives nodes' outputs.
fn tensor<'a>(source: Source, snapshots: &[&'a State], output: impl FnOnce(usize) -> &'a [f32]) -> &'a [f32] {
    match source {
        Source::State { snapshot, index } => snapshots[usize::from(snapshot)].tensor(at(index)),
        Source::Node { index } => output(at(index)),
        Source::Data { .. } => &[], // Only Gather reads data, and it reads it elsewhere.
    }
}
