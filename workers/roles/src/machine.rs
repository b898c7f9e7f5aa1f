//! What runs training programs reproducibly: this machine's processor, or a GPU. The bits are the same.
use crate::RoleError;
use assay_core::graph::Program;
#[cfg(feature = "cuda")]
use assay_engine::cuda::CudaExecutor;
use assay_engine::data::DataTensor;
use assay_engine::exec::Executor;
use assay_engine::state::State;
use std::ops::ControlFlow;
use std::str::FromStr;

/// Where the reproducible engine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Device {
    /// On the processor.
    #[default]
    Cpu,
    /// On the NVIDIA GPU of this number, in builds with the feature `cuda`.
    Cuda {
        /// Counted from 0, as the driver counts.
        ordinal: usize,
    },
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no device: cpu, cuda or cuda:N")]
pub struct DeviceError(String);

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Device, DeviceError> {
        let error = || DeviceError(text.into());
        match text.split_once(':') {
            None if text == "cpu" => Ok(Device::Cpu),
            None if text == "cuda" => Ok(Device::Cuda { ordinal: 0 }),
            Some(("cuda", ordinal)) => Ok(Device::Cuda { ordinal: ordinal.parse().map_err(|_| error())? }),
            _ => Err(error()),
        }
    }
}

impl Device {
    /// Whether it can be used here: better asked before a task is taken.
    ///
    /// # Errors
    /// A build without CUDA; no driver, no such GPU.
    pub fn check(self) -> Result<(), RoleError> {
        match self {
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
    pub(crate) fn new(device: Device, program: &Program, data: &[DataTensor], start: State) -> Result<Self, RoleError> {
        match device {
            Device::Cpu => Ok(Self::Cpu { executor: Executor::new(program.clone(), data)?, state: start }),
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
    pub(crate) fn state(&mut self) -> Result<State, RoleError> {
        match self {
            Self::Cpu { state, .. } => Ok(state.clone()),
            #[cfg(feature = "cuda")]
            Self::Cuda(executor) => Ok(executor.state()?),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("cuda".parse(), Ok(Device::Cuda { ordinal: 0 }));
        assert_eq!("cuda:3".parse(), Ok(Device::Cuda { ordinal: 3 }));
        for text in ["", "gpu", "cuda:", "cuda:x", "cpu:0", "CUDA"] {
            assert_eq!(text.parse::<Device>(), Err(DeviceError(text.into())));
        }
    }
}
