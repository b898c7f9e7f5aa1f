//! What runs training programs reproducibly: this machine's processor, or a GPU. The bits are the same.
use crate::RoleError;
use assay_core::graph::Program;
#[cfg(feature = "cuda")]
use assay_engine::cuda::CudaExecutor;
use assay_engine::data::DataTensor;
use assay_engine::device::Device;
use assay_engine::exec::Executor;
use assay_engine::state::State;
use std::borrow::Cow;
use std::ops::ControlFlow;

/// What a worker computes with: the same for the reproducible engine and for libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Where.
    pub device: Device,
    /// Threads on the processor. The reproducible engine's bits don't depend on them, libtorch's do.
    pub threads: usize,
}

impl Default for Hardware {
    fn default() -> Self {
        Self { device: Device::Cpu, threads: 1 }
    }
}

impl Hardware {
    /// Whether the reproducible engine can use it here: better asked before a task is taken.
    ///
    /// # Errors
    /// A build without CUDA; no driver, no such GPU.
    pub fn check(self) -> Result<(), RoleError> {
        match self.device {
            Device::Cpu => Ok(()),
            #[cfg(feature = "cuda")]
            Device::Cuda { ordinal } => Ok(assay_engine::cuda::Gpu::new(ordinal).map(drop)?),
            #[cfg(not(feature = "cuda"))]
            Device::Cuda { .. } => Err(RoleError::NoCuda),
        }
    }
}

/// A step program and the state that it has reached.
pub(crate) enum Machine {
    Cpu {
        executor: Executor,
        state: State,
    },
    #[cfg(feature = "cuda")]
    Cuda(CudaExecutor),
}

impl Machine {
    /// One that begins with `start`.
    pub(crate) fn new(
        hardware: Hardware,
        program: &Program,
        data: &[DataTensor],
        start: State,
    ) -> Result<Self, RoleError> {
        match hardware.device {
            Device::Cpu => {
                let executor = Executor::new(program.clone(), data)?.with_threads(hardware.threads)?;
                Ok(Self::Cpu { executor, state: start })
            }
            #[cfg(feature = "cuda")]
            Device::Cuda { ordinal } => {
                let mut executor = CudaExecutor::new(program.clone(), data, ordinal)?;
                executor.load(&start)?;
                Ok(Self::Cuda(executor))
            }
            #[cfg(not(feature = "cuda"))]
            Device::Cuda { .. } => Err(RoleError::NoCuda),
        }
    }

    /// Performs steps, calling `after` behind each; returns the last one's loss.
    pub(crate) fn run(&mut self, first: u64, steps: u64, mut after: impl FnMut()) -> Result<f32, RoleError> {
        let mut last = f32::NAN;
        let mut note = |loss| {
            last = loss;
            after();
            ControlFlow::Continue(())
        };
        match self {
            Self::Cpu { executor, state } => executor.run_segment(state, first, steps, |done| note(done.loss))?,
            #[cfg(feature = "cuda")]
            Self::Cuda(executor) => executor.run_segment(first, steps, |_, loss| note(loss))?,
        };
        Ok(last)
    }

    /// The state now.
    pub(crate) fn state(&mut self) -> Result<Cow<'_, State>, RoleError> {
        match self {
            Self::Cpu { state, .. } => Ok(Cow::Borrowed(state)),
            #[cfg(feature = "cuda")]
            Self::Cuda(executor) => Ok(Cow::Owned(executor.state()?)),
        }
    }

    /// Goes on from this state.
    pub(crate) fn load(&mut self, from: &State) -> Result<(), RoleError> {
        match self {
            Self::Cpu { state, .. } => state.clone_from(from),
            #[cfg(feature = "cuda")]
            Self::Cuda(executor) => executor.load(from)?,
        }
        Ok(())
    }
}
