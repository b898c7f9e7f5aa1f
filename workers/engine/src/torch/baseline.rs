//! Plain training: what the same work costs without the protocol.
use super::evaluate::quality;
use super::loss::loss;
use super::network::{Mode, Network};
use super::samples::{size, Order, Samples};
use super::trainer::training_network;
use super::TorchError;
use crate::import::Model;
use crate::quality::Quality;
use crate::task::{Clip, Optimiser, Rule, Task, TaskData};
use std::time::{Duration, Instant};
use tch::nn::{self, OptimizerConfig};
use tch::{no_grad, Device, Reduction, Tensor};

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
/// model for another size of batch.
///
/// # Errors
/// A model for other batches, or an error of libtorch.
pub fn baseline(
    model: &Model,
    evaluation: &Model,
    task: &Task,
    data: &TaskData,
    steps: u64,
) -> Result<Baseline, TorchError> {
    let training = &task.training;
    let network = training_network(model, task)?;
    let samples = Samples::new(task, &data.train_inputs, &data.train_labels)?;
    let store = nn::VarStore::new(Device::Cpu);
    let params = parameters(model, &store)?;
    let mut optimiser = optimiser(&training.optimiser, &store)?;
    let mut order = Order::new(task, data.train_inputs.rows());
    let all_steps = task.steps(data.train_inputs.rows());
    let interval = u64::from(task.checkpoints.interval.max(1));
    // Read when training is over: reading waits, and costs time.
    let mut losses = Vec::new();
    let (begin, cpu) = (Instant::now(), processor_time());
    for step in 0..steps {
        optimiser.set_lr(training.rate(all_steps, step).into());
        optimiser.zero_grad();
        let parts = training.accumulate.max(1);
        let mut sum: Option<Tensor> = None;
        for part in 0..parts {
            let (inputs, labels) = samples.pick(&order.batch(step * u64::from(parts) + u64::from(part))?)?;
            let output = network.forward(&params, &inputs, Mode::Training { training, step, part })?;
            let loss = loss(training, &output, &labels, Reduction::Mean)?.f_div_scalar(i64::from(parts))?;
            loss.f_backward()?;
            let loss = loss.f_detach()?;
            sum = Some(sum.map_or(Ok(loss.shallow_clone()), |sum| sum.f_add(&loss))?);
        }
        match training.clip {
            Some(Clip::Norm(norm)) => optimiser.clip_grad_norm(norm),
            Some(Clip::Value(value)) => optimiser.clip_grad_value(value),
            None => {}
        }
        optimiser.step();
        let done = step.saturating_add(1);
        if done % interval == 0 || done == steps {
            losses.extend(sum.map(|loss| (done, loss)));
        }
    }
    let (time, cpu) = (begin.elapsed(), processor_time().saturating_sub(cpu));
    let read = |(done, loss): (u64, Tensor)| Ok((done, loss.f_double_value(&[])? as f32));
    let losses = losses.into_iter().map(read).collect::<Result<_, TorchError>>()?;
    let test = quality(&Network::new(evaluation), task, data, &params)?;
    Ok(Baseline { time, cpu, losses, test })
}

/// The model's parameters as variables.
fn parameters(model: &Model, store: &nn::VarStore) -> Result<Vec<Tensor>, TorchError> {
    let mut params = Vec::new();
    for (index, param) in model.params.iter().enumerate() {
        let (name, dims) = (format!("p{index}"), size(param.shape));
        let root = store.root();
        let mut place = if param.trained {
            root.f_var(&name, &dims, nn::Init::Const(0.0))?
        } else {
            root.f_zeros_no_train(&name, &dims)?
        };
        let values = Tensor::f_from_slice(&param.values)?.f_view(dims.as_slice())?;
        no_grad(|| place.f_copy_(&values))?;
        params.push(place);
    }
    Ok(params)
}

/// libtorch's optimiser of that name.
fn optimiser(optimiser: &Optimiser, store: &nn::VarStore) -> Result<nn::Optimizer, TorchError> {
    let Optimiser { learning_rate: rate, weight_decay: wd, rule } = *optimiser;
    Ok(match rule {
        Rule::Sgd { momentum, nesterov } => nn::Sgd { momentum, dampening: 0.0, wd, nesterov }.build(store, rate)?,
        Rule::Adam { betas: [beta1, beta2], epsilon: eps, decoupled: false } => {
            nn::Adam { beta1, beta2, wd, eps, amsgrad: false }.build(store, rate)?
        }
        Rule::Adam { betas: [beta1, beta2], epsilon: eps, decoupled: true } => {
            nn::AdamW { beta1, beta2, wd, eps, amsgrad: false }.build(store, rate)?
        }
    })
}

/// Of this process so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    // The kernel's clocks are never negative.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
