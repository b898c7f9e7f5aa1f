//! Plain training: what the same work costs without the protocol.
use super::device::{place, wait};
use super::evaluate::quality;
use super::plain::PlainTrainer;
use super::TorchError;
use crate::device::Device;
use crate::import::Model;
use crate::quality::Quality;
use crate::task::{Task, TaskData};
use std::time::{Duration, Instant};
use tch::Tensor;

/// The outcome of a plain run.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// Training only: without reading data, and without evaluation.
    pub time: Duration,
    /// Processor time of the same, of all threads: what the roles' compute is compared with, however busy the machine is.
    pub cpu: Duration,
    /// Steps done, and the loss of the last of them: at the end of each checkpoint interval, as a solver reports it.
    pub losses: Vec<(u64, f32)>,
    /// On the test data.
    pub test: Quality,
}

/// Trains with libtorch's own optimiser, from the model's weights and in the task's data order; `evaluation` is the same
/// model for another size of batch. Products are computed in the task's arithmetic.
///
/// # Errors
/// A device that can't be had; a model for other batches, or an error of libtorch.
pub fn baseline(
    model: &Model,
    evaluation: &Model,
    task: &Task,
    data: &TaskData,
    steps: u64,
    device: Device,
) -> Result<Baseline, TorchError> {
    let training_data = [data.train_inputs.clone(), data.train_labels.clone()];
    let mut trainer = PlainTrainer::new(model, task, &training_data, device)?;
    let interval = u64::from(task.checkpoints.interval.max(1));
    // Read when training is over: reading waits, and costs time.
    let mut losses = Vec::new();
    let (begin, cpu) = (Instant::now(), processor_time());
    for step in 0..steps {
        let loss = trainer.train(step)?;
        let done = step.saturating_add(1);
        if done % interval == 0 || done == steps {
            losses.push((done, loss));
        }
    }
    wait(place(device, task.terms.arithmetic)?);
    let (time, cpu) = (begin.elapsed(), processor_time().saturating_sub(cpu));
    let read = |(done, loss): (u64, Tensor)| Ok((done, loss.f_double_value(&[])? as f32));
    let losses = losses.into_iter().map(read).collect::<Result<_, TorchError>>()?;
    let test = quality(evaluation, task, data, trainer.params())?;
    Ok(Baseline { time, cpu, losses, test })
}

/// Of this process so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // The kernel's clocks are never negative.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
