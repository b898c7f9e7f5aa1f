//! Plain training: what the same work costs without the protocol.
use super::network::{forward, loss, size, Order, Samples};
use super::TorchError;
use crate::exec::Accuracy;
use crate::import::Model;
use crate::task::{Task, TaskData};
use std::time::{Duration, Instant};
use tch::nn::{self, OptimizerConfig};
use tch::{no_grad, Device, Kind, Tensor};

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
    pub accuracy: Accuracy,
}

/// Trains with libtorch's own optimiser, from the model's weights and in the task's data order.
///
/// # Errors
/// An error of libtorch.
pub fn baseline(model: &Model, task: &Task, data: &TaskData, steps: u64) -> Result<Baseline, TorchError> {
    let training = &task.training;
    let scaling = (task.data.scale, task.data.shift);
    let samples = Samples::new(&data.train_inputs, &data.train_labels, scaling)?;
    let store = nn::VarStore::new(Device::Cpu);
    let mut params = Vec::new();
    for (index, param) in model.params.iter().enumerate() {
        let mut place = store.root().var(&format!("p{index}"), &size(param.shape), nn::Init::Const(0.0));
        let values = Tensor::f_from_slice(&param.values)?.f_view(size(param.shape).as_slice())?;
        no_grad(|| place.f_copy_(&values))?;
        params.push(place);
    }
    let sgd = nn::Sgd { momentum: training.momentum, dampening: 0.0, wd: training.weight_decay, nesterov: false };
    let mut optimiser = sgd.build(&store, training.learning_rate)?;
    let mut order = Order::new(training.seed, data.train_inputs.rows(), training.batch);
    let interval = u64::from(task.checkpoints.interval.max(1));
    // Read when training is over: reading waits, and costs time.
    let mut losses = Vec::new();
    let (begin, cpu) = (Instant::now(), processor_time());
    for step in 0..steps {
        let rows = order.batch(step)?;
        let (inputs, labels) = (samples.inputs.f_index_select(0, &rows)?, samples.labels.f_index_select(0, &rows)?);
        let loss = loss(&forward(model, &params, &inputs)?, &labels)?;
        optimiser.backward_step(&loss);
        let done = step.saturating_add(1);
        if done % interval == 0 || done == steps {
            losses.push((done, loss.f_detach()?));
        }
    }
    let (time, cpu) = (begin.elapsed(), processor_time().saturating_sub(cpu));
    let read = |(done, loss): (u64, Tensor)| Ok((done, loss.f_double_value(&[])? as f32));
    let losses = losses.into_iter().map(read).collect::<Result<_, TorchError>>()?;
    let test = Samples::new(&data.test_inputs, &data.test_labels, scaling)?;
    let logits = no_grad(|| forward(model, &params, &test.inputs))?;
    let correct = logits.f_argmax(1, false)?.f_eq_tensor(&test.labels)?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    let accuracy = Accuracy { correct: correct.unsigned_abs(), total: data.test_labels.rows().into() };
    Ok(Baseline { time, cpu, losses, accuracy })
}

/// Of this process so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // The kernel's clocks are never negative.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
