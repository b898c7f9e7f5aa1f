//! Programs on a device.
use super::device::{Address, Device};
use super::memory::{check_sizes, Memory};
use super::plan::{Places, Plan};
use super::source::Kernels;
use super::{CudaError, Gpu};
use crate::data::DataTensor;
use crate::exec::{self, ExecError, Trace};
use crate::quality::Quality;
use crate::state::State;
use assay_core::arith::F32;
use assay_core::graph::{Program, ProgramKind};
use std::ops::ControlFlow;

/// Runs one program on a GPU, with the bits that [`exec::Executor`] gives. Everything is allocated once; the state stays
/// on the device between steps.
pub struct CudaExecutor {
    device: Box<dyn Device>,
    program: Program,
    plans: Vec<Plan>,
    memory: Memory,
    loss: Option<usize>,
    /// Whether the device has a state.
    loaded: bool,
}

impl CudaExecutor {
    /// An executor on the GPU of this number.
    ///
    /// # Errors
    /// No driver, no such GPU, no compiler, or not enough memory; what [`exec::Executor::new`] rejects, and tensors of
    /// more than [`MAX_ELEMENTS`](super::MAX_ELEMENTS).
    pub fn new(program: Program, data: impl Into<Vec<DataTensor>>, ordinal: usize) -> Result<CudaExecutor, CudaError> {
        CudaExecutor::on(Box::new(Gpu::new(ordinal)?), program, data)
    }

    /// The same on any device.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn on(
        device: Box<dyn Device>,
        program: Program,
        data: impl Into<Vec<DataTensor>>,
    ) -> Result<CudaExecutor, CudaError> {
        let data = data.into();
        exec::check(&program, &data)?;
        CudaExecutor::unchecked(device, program, &data)
    }

    /// An executor of a program that may not be whole, whose nodes are valid.
    pub(crate) fn unchecked(
        mut device: Box<dyn Device>,
        program: Program,
        data: &[DataTensor],
    ) -> Result<CudaExecutor, CudaError> {
        check_sizes(&program)?;
        let mut kernels = Kernels::default();
        let units = device.units();
        let plan = |node| Plan::of(node, units, &mut kernels);
        let plans = program.nodes.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
        device.load(&kernels.source(), kernels.names())?;
        let workspace = plans.iter().map(|plan| plan.workspace).max().unwrap_or(0);
        let memory = Memory::new(device.as_mut(), &program, data, workspace)?;
        let loss = exec::loss(&program);
        Ok(CudaExecutor { device, program, plans, memory, loss, loaded: false })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The device's name.
    pub fn device_name(&self) -> String {
        self.device.name()
    }

    /// Gives the device the state that [`step`](Self::step) goes on from.
    ///
    /// # Errors
    /// A distance program, a state of another shape, or the device fails.
    pub fn load(&mut self, state: &State) -> Result<(), CudaError> {
        exec::expect(&self.program, ProgramKind::Step)?;
        self.upload(&[state])
    }

    /// One training step from the state that the device has; it then has the next one. The loss is NaN if the program
    /// computes none. Reading it waits for the step to be done.
    ///
    /// # Errors
    /// A distance program, no state, or the device fails.
    pub fn step(&mut self, step: u64) -> Result<f32, CudaError> {
        exec::expect(&self.program, ProgramKind::Step)?;
        if !self.loaded {
            return Err(CudaError::NoState);
        }
        self.run(step)?;
        let loss = match self.loss {
            Some(loss) => self.output(loss)?[0],
            None => f32::NAN,
        };
        self.memory.turn();
        Ok(loss)
    }

    /// Several training steps. `on_step` is called after each with its number and its loss, and may stop early; returns
    /// the steps done.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn run_segment(
        &mut self,
        first: u64,
        steps: u64,
        mut on_step: impl FnMut(u64, f32) -> ControlFlow<()>,
    ) -> Result<u64, CudaError> {
        for done in 0..steps {
            let loss = self.step(first + done)?;
            if on_step(first + done, loss).is_break() {
                return Ok(done + 1);
            }
        }
        Ok(steps)
    }

    /// Waits until all steps are done, for measurements: without a loss to read, [`step`](Self::step) comes back before.
    ///
    /// # Errors
    /// The device fails.
    pub fn wait(&mut self) -> Result<(), CudaError> {
        self.device.wait()
    }

    /// The state that the device has.
    ///
    /// # Errors
    /// There is none, or the device fails.
    pub fn state(&mut self) -> Result<State, CudaError> {
        let places = self.memory.states.first().filter(|_| self.loaded).ok_or(CudaError::NoState)?.clone();
        let decls = self.program.states.clone();
        let read = |(place, len)| self.read(place, len);
        let lengths = decls.iter().map(|decl| decl.shape.elements() as usize);
        let tensors = places.into_iter().zip(lengths).map(read).collect::<Result<_, _>>()?;
        Ok(State::new(decls, tensors).map_err(ExecError::from)?)
    }

    /// The outputs of all nodes. `snapshots` is the one state of a step program, which the device then has; start,
    /// replayed and claimed end of a distance program (whose step is 0).
    ///
    /// # Errors
    /// Too few states, or of another shape; the device fails.
    pub fn trace(&mut self, snapshots: &[&State], step: u64) -> Result<Trace, CudaError> {
        self.upload(snapshots)?;
        self.run(step)?;
        let outputs = (0..self.program.nodes.len()).map(|node| self.output(node)).collect::<Result<_, _>>()?;
        Ok(Trace::new(outputs))
    }

    /// The value of a distance program.
    ///
    /// # Errors
    /// A step program, states of another shape, or the device fails.
    pub fn distance(&mut self, start: &State, replayed: &State, claimed: &State) -> Result<F32, CudaError> {
        exec::expect(&self.program, ProgramKind::Distance)?;
        self.upload(&[start, replayed, claimed])?;
        self.run(0)?;
        let value = self.output(self.program.nodes.len() - 1)?;
        Ok(F32(value.first().copied().unwrap_or(f32::NAN).to_bits())) // Validated: the last node has one element.
    }

    /// Runs the first `batches` steps of an evaluation program. The device then has this state.
    ///
    /// # Errors
    /// Not an evaluation program, a state of another shape, or the device fails.
    pub fn evaluate(&mut self, state: &State, batches: u64) -> Result<Quality, CudaError> {
        let measured = exec::Measured::of(&self.program)?;
        self.load(state)?;
        let mut sums = exec::Sums::of(&measured);
        for batch in 0..batches {
            self.run(batch)?;
            let outputs = measured.nodes().map(|node| node.map(|node| self.output(node)).transpose());
            let [logits, labels, loss, valid] = outputs;
            let (logits, labels, loss, valid) = (logits?, labels?, loss?, valid?);
            sums.add([&logits, &labels, &loss].map(|x| x.as_deref().unwrap_or_default()), valid.as_deref());
        }
        Ok(sums.quality())
    }

    fn upload(&mut self, snapshots: &[&State]) -> Result<(), CudaError> {
        exec::check_snapshots(&self.program, snapshots)?;
        self.loaded = false;
        for (state, places) in snapshots.iter().zip(&self.memory.states) {
            for (index, &place) in places.iter().enumerate() {
                // SAFETY: the place was made for such a tensor: the state fits the program.
                unsafe { self.device.upload(place, state.bytes(index))? };
            }
        }
        self.loaded = true;
        Ok(())
    }

    /// Launches all nodes.
    fn run(&mut self, step: u64) -> Result<(), CudaError> {
        for (index, (node, plan)) in self.program.nodes.iter().zip(&self.plans).enumerate() {
            let mut at =
                Places { output: self.memory.nodes[index], workspace: self.memory.workspace, ..Places::default() };
            for (place, input) in at.inputs.iter_mut().zip(&node.inputs) {
                *place = self.memory.input(input.source);
            }
            // SAFETY: the places were made for the node's tensors and the greatest workspace; the kernels are loaded.
            unsafe { plan.launches.launch(self.device.as_mut(), &at, step)? };
        }
        Ok(())
    }

    /// A node's output.
    fn output(&mut self, node: usize) -> Result<Vec<f32>, CudaError> {
        self.read(self.memory.nodes[node], self.program.nodes[node].shape.elements() as usize)
    }

    fn read(&mut self, from: Address, len: usize) -> Result<Vec<f32>, CudaError> {
        let mut values = vec![0.0_f32; len];
        // SAFETY: a tensor of that length lies there.
        unsafe { self.device.download(from, bytemuck::cast_slice_mut(&mut values))? };
        Ok(values)
    }

    /// Computes one node of a program, for tests.
    #[cfg(test)]
    pub(crate) fn node_output(&mut self, state: &State, step: u64) -> Result<Vec<f32>, CudaError> {
        for (index, &place) in self.memory.states[0].iter().enumerate() {
            // SAFETY: the place was made for such a tensor.
            unsafe { self.device.upload(place, state.bytes(index))? };
        }
        self.run(step)?;
        self.output(0)
    }
}

impl std::fmt::Debug for CudaExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CudaExecutor")
            .field("nodes", &self.program.nodes.len())
            .field("device", &self.device.name())
            .finish_non_exhaustive()
    }
}
