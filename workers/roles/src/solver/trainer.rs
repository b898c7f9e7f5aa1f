//! What does a solver's arithmetic.
use crate::machine::{Hardware, Machine};
use crate::{Backend, Device, Job, RoleError};
use assay_core::arith::F32;
use assay_core::protocol::{Mode, Task};
use assay_engine::state::State;
use assay_engine::task::Arithmetic;
use std::borrow::Cow;

/// A model in training.
pub(super) trait Trainer: Send {
    /// Performs steps; returns the last one's loss.
    fn steps(&mut self, first: u64, steps: u64) -> Result<f32, RoleError>;

    /// The state now.
    fn state(&mut self) -> Result<Cow<'_, State>, RoleError>;

    /// Goes on from this state.
    fn load(&mut self, state: &State) -> Result<(), RoleError>;
}

/// Whether the trainer of a task can be had here, in its arithmetic: better asked before a bid.
#[cfg_attr(not(feature = "torch"), allow(unused_variables))]
pub(super) fn check(job: &Job, mode: Mode, (backend, hardware): (Backend, Hardware)) -> Result<(), RoleError> {
    match (mode, backend) {
        #[cfg(feature = "torch")]
        (Mode::Tolerant, Backend::Torch) => Ok(assay_engine::torch::check(hardware.device, job.task.terms.arithmetic)?),
        #[cfg(feature = "torch")]
        (Mode::Tolerant, Backend::Fastest) => {
            let torch = || check(job, mode, (Backend::Torch, hardware));
            hardware.check().or_else(|_| torch())
        }
        _ => hardware.check(),
    }
}

/// The arithmetic of an honest solver of this task: the coarsest that it allows, unless the threshold is too near for that.
pub(super) fn arithmetic(job: &Job, task: &Task) -> Arithmetic {
    let number = |value: F32| f32::from_bits(value.0);
    let allowed = job.task.terms.arithmetic;
    task.profile.as_ref().map_or(allowed, |profile| allowed.prudent(number(profile.value), number(profile.tau2)))
}

/// What the trainer makes of the arithmetic that a task allows, for the journal: nothing if it allows binary32 alone.
pub(super) fn remark(allowed: Arithmetic, taken: Arithmetic, (backend, device): (Backend, Device)) -> Option<String> {
    if allowed == Arithmetic::Binary32 {
        return None;
    }
    let torch = cfg!(feature = "torch") && backend == Backend::Torch;
    let done = match (taken, device) {
        _ if !torch => "the reproducible engine computes in binary32",
        (Arithmetic::Bf16, _) => "libtorch computes products in bf16",
        (Arithmetic::Tf32, Device::Cuda { .. }) => {
            "libtorch computes products in tf32 if the worker was started with --tf32, else in binary32"
        }
        (Arithmetic::Tf32, Device::Cpu) => "libtorch computes in binary32, a processor has no tf32",
        (Arithmetic::Binary32, _) => "libtorch computes in binary32",
    };
    let why = if taken == allowed { "" } else { "; coarser would come too near to the threshold" };
    Some(format!("the task allows {allowed}: {done}{why}"))
}

/// The trainer of a backend, in this arithmetic. Which one a task's mode allows, and is the fastest, was found out before.
#[cfg_attr(not(feature = "torch"), allow(unused_variables))]
pub(super) fn trainer(
    job: &Job,
    arithmetic: Arithmetic,
    (backend, hardware): (Backend, Hardware),
    start: State,
) -> Result<Box<dyn Trainer>, RoleError> {
    let reproducible = |start| Machine::new(hardware, &job.compiled.step, &job.compiled.training_data(), start);
    match backend {
        #[cfg(feature = "torch")]
        Backend::Torch => {
            assay_engine::torch::set_threads(hardware.threads);
            let data = job.compiled.training_data();
            let mut task = job.task.clone();
            task.terms.arithmetic = arithmetic;
            let trainer = assay_engine::torch::TorchTrainer::new(&job.model, &task, &data, &start, hardware.device)?;
            Ok(Box::new(Torch { trainer, state: None }))
        }
        #[cfg(not(feature = "torch"))]
        Backend::Torch => {
            tracing::warn!("this build has no libtorch: training with the reproducible engine");
            Ok(Box::new(reproducible(start)?))
        }
        _ => Ok(Box::new(reproducible(start)?)),
    }
}

impl Trainer for Machine {
    fn steps(&mut self, first: u64, steps: u64) -> Result<f32, RoleError> {
        self.run(first, steps, || ())
    }

    fn state(&mut self) -> Result<Cow<'_, State>, RoleError> {
        Machine::state(self)
    }

    fn load(&mut self, state: &State) -> Result<(), RoleError> {
        Machine::load(self, state)
    }
}

/// libtorch.
#[cfg(feature = "torch")]
struct Torch {
    trainer: assay_engine::torch::TorchTrainer,
    /// The state after the last step, if it was read already.
    state: Option<State>,
}

#[cfg(feature = "torch")]
impl Trainer for Torch {
    fn steps(&mut self, first: u64, steps: u64) -> Result<f32, RoleError> {
        let mut last = f32::NAN;
        self.state = None;
        // One call, at the end: reading the loss of every step would cost time.
        self.trainer.run(first, steps, u32::MAX, |_, state, loss| {
            last = loss;
            self.state = Some(state);
            Ok::<_, assay_engine::torch::TorchError>(())
        })?;
        Ok(last)
    }

    fn state(&mut self) -> Result<Cow<'_, State>, RoleError> {
        let state = match self.state.take() {
            Some(state) => state,
            None => self.trainer.state()?,
        };
        Ok(Cow::Owned(state))
    }

    fn load(&mut self, state: &State) -> Result<(), RoleError> {
        self.state = None;
        Ok(self.trainer.load(state)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_computed_is_said() {
        use Arithmetic::{Bf16, Binary32, Tf32};
        let (cpu, gpu) = (Device::Cpu, Device::Cuda { ordinal: 0 });
        let said = |allowed, taken, backend, device| remark(allowed, taken, (backend, device)).unwrap_or_default();
        for taken in [Backend::Torch, Backend::Reproducible] {
            assert_eq!(said(Binary32, Binary32, taken, cpu), "");
            assert!(
                said(Bf16, Bf16, Backend::Reproducible, cpu).contains("the reproducible engine computes in binary32")
            );
        }
        if cfg!(feature = "torch") {
            let torch = Backend::Torch;
            assert_eq!(said(Bf16, Bf16, torch, gpu), "the task allows bf16: libtorch computes products in bf16");
            assert!(said(Bf16, Tf32, torch, cpu).contains("no tf32; coarser would come too near"));
            assert!(said(Tf32, Tf32, torch, cpu).ends_with("a processor has no tf32"));
            assert!(said(Tf32, Tf32, torch, gpu).contains("--tf32"));
        }
    }
}
