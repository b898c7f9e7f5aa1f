//! What is made small.
use super::network::indices;
use super::TorchError;
use crate::task::{Loss, Training};
use tch::{Reduction, Tensor};

/// What PyTorch ignores by itself.
const IGNORED: i64 = -100;

/// The loss of a batch.
pub(super) fn loss(
    training: &Training,
    output: &Tensor,
    labels: &Tensor,
    reduction: Reduction,
) -> Result<Tensor, TorchError> {
    Ok(match training.loss {
        Loss::CrossEntropy => {
            let (logits, labels) = rows(output, labels)?;
            let ignored = training.ignore_index.unwrap_or(IGNORED);
            logits.f_cross_entropy_loss::<Tensor>(&labels, None, reduction, ignored, training.label_smoothing)?
        }
        Loss::Mse => output.f_mse_loss(&labels.f_reshape(output.size())?, reduction)?,
        Loss::BceWithLogits => {
            let labels = labels.f_reshape(output.size())?;
            output.f_binary_cross_entropy_with_logits::<Tensor>(&labels, None, None, reduction)?
        }
    })
}

/// Logits as a matrix, and a class for every row.
pub(super) fn rows(output: &Tensor, labels: &Tensor) -> Result<(Tensor, Tensor), TorchError> {
    let classes = output.size().last().copied().unwrap_or(1);
    Ok((output.f_reshape([-1, classes])?, indices(&labels.f_reshape(-1)?)?))
}
