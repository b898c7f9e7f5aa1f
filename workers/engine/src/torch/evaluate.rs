//! How good a model is.
use super::layout::tensors;
use super::loss::{loss, rows};
use super::network::{Mode, Network};
use super::samples::Samples;
use super::TorchError;
use crate::import::Model;
use crate::quality::Quality;
use crate::state::State;
use crate::task::{Arithmetic, Loss, Task, TaskData};
use tch::{no_grad, Device, Kind, Reduction, Tensor};

/// Evaluates a state on the test data. The model is the one for evaluation, of any size of batch.
///
/// # Errors
/// A state that isn't the model's, or an error of libtorch.
pub fn evaluate(evaluation: &Model, task: &Task, data: &TaskData, state: &State) -> Result<Quality, TorchError> {
    let (_, params) = tensors(evaluation, &task.training.optimiser, state, Device::Cpu)?;
    quality(evaluation, task, data, &params)
}

/// The same with parameters as tensors, where they are. In binary32 whatever the task's arithmetic: it is about the weights.
pub(super) fn quality(
    evaluation: &Model,
    task: &Task,
    data: &TaskData,
    params: &[Tensor],
) -> Result<Quality, TorchError> {
    let network = Network::new(evaluation, Arithmetic::Binary32);
    let device = params.first().map_or(Device::Cpu, Tensor::device);
    let samples = Samples::new(task, &data.test_inputs, &data.test_labels, device)?;
    let (all, batch) = (i64::from(data.test_inputs.rows()), i64::from(network.batch()));
    let training = &task.training;
    let mut whole = (0.0, 0, 0);
    let mut first = 0;
    while first < all {
        let count = batch.min(all - first);
        // The model has one size of batch: the last one is filled up with its own last sample.
        let picked: Vec<i64> = (first..first + batch).map(|row| row.min(all - 1)).collect();
        let (inputs, labels) = samples.pick(&Tensor::f_from_slice(&picked)?)?;
        let (sum, correct, total) = no_grad(|| {
            let output = network.forward(params, &inputs, Mode::Evaluation)?;
            let per_sample = output.numel() as i64 / batch;
            let last = output.size().last().copied().unwrap_or(1);
            let kept = output.f_reshape([batch, per_sample])?.f_narrow(0, 0, count)?;
            let output = if per_sample % last == 0 { kept.f_reshape([-1, last])? } else { kept };
            let labels = labels.f_narrow(0, 0, count)?;
            let sum = loss(training, &output, &labels, Reduction::Sum)?.f_double_value(&[])?;
            let (correct, total) = match training.loss {
                Loss::CrossEntropy => counts(&output, &labels, training.ignore_index)?,
                _ => (0, output.numel() as u64),
            };
            Ok::<_, TorchError>((sum, correct, total))
        })?;
        whole = (whole.0 + sum, whole.1 + correct, whole.2 + total);
        first += batch;
    }
    let (sum, correct, total) = whole;
    let correct = (training.loss == Loss::CrossEntropy).then_some(correct);
    Ok(Quality::of_sums(sum, correct, total))
}

/// Correct labels, and those that count.
fn counts(output: &Tensor, labels: &Tensor, ignored: Option<i64>) -> Result<(u64, u64), TorchError> {
    let (logits, labels) = rows(output, labels)?;
    let hit = logits.f_argmax(1, false)?.f_eq_tensor(&labels)?;
    let counted = match ignored {
        Some(ignored) => labels.f_ne(ignored)?,
        None => labels.f_ge(0)?,
    };
    let number = |of: &Tensor| Ok::<_, TorchError>(of.f_sum(Kind::Int64)?.f_int64_value(&[])?.unsigned_abs());
    Ok((number(&hit.f_logical_and(&counted)?)?, number(&counted)?))
}
