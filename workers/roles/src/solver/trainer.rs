//! What does a solver's arithmetic.
use crate::machine::{Device, Machine};
use crate::{Backend, Job, RoleError};
use assay_core::protocol::Mode;
use assay_engine::state::State;

/// A model in training.
pub(super) trait Trainer: Send {
    /// Performs steps; returns the last one's loss.
    fn steps(&mut self, first: u64, steps: u64) -> Result<f32, RoleError>;

    /// The state now.
    fn state(&mut self) -> Result<State, RoleError>;

    /// Goes on from this state.
    fn load(&mut self, state: &State) -> Result<(), RoleError>;
}

/// The trainer that mode and options ask for.
pub(super) fn trainer(
    job: &Job,
    mode: Mode,
    (backend, device): (Backend, Device),
    start: State,
) -> Result<Box<dyn Trainer>, RoleError> {
    let reproducible = |start| Machine::new(device, &job.compiled.step, &job.compiled.training_data(), start);
    match (mode, backend) {
        #[cfg(feature = "torch")]
        (Mode::Tolerant, Backend::Torch { threads }) => {
            assay_engine::torch::set_threads(threads);
            let data = job.compiled.training_data();
            let trainer = assay_engine::torch::TorchTrainer::new(&job.model, &job.task, &data, &start)?;
            Ok(Box::new(Torch { trainer, state: None }))
        }
        #[cfg(not(feature = "torch"))]
        (Mode::Tolerant, Backend::Torch { .. }) => {
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

    fn state(&mut self) -> Result<State, RoleError> {
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

    fn state(&mut self) -> Result<State, RoleError> {
        match self.state.take() {
            Some(state) => Ok(state),
            None => Ok(self.trainer.state()?),
        }
    }

    fn load(&mut self, state: &State) -> Result<(), RoleError> {
        self.state = None;
        Ok(self.trainer.load(state)?)
    }
}
