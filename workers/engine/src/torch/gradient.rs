//! Loss and gradients of a step, by autograd.
use super::layout::trained;
use super::loss::loss;
use super::network::{Mode, Network};
use super::samples::{Order, Samples};
use super::TorchError;
use crate::task::{Clip, Task};
use tch::{no_grad, Reduction, Tensor};

/// The mean loss of a step's forward passes, and the mean gradients of the trained parameters. Running statistics move.
pub(super) fn step_gradients(
    network: &Network,
    task: &Task,
    params: &[Tensor],
    (samples, order): (&Samples, &mut Order),
    step: u64,
) -> Result<(Tensor, Vec<Tensor>), TorchError> {
    let training = &task.training;
    let parts = training.accumulate.max(1);
    let trained: Vec<&Tensor> = trained(&network.model).map(|param| &params[param]).collect();
    let mut whole: Option<(Tensor, Vec<Tensor>)> = None;
    for part in 0..parts {
        let rows = order.batch(step * u64::from(parts) + u64::from(part))?;
        let (inputs, labels) = samples.pick(&rows)?;
        let output = network.forward(params, &inputs, Mode::Training { training, step, part })?;
        let mut loss = loss(training, &output, &labels, Reduction::Mean)?;
        if parts > 1 {
            loss = loss.f_div_scalar(i64::from(parts))?;
        }
        let gradients = Tensor::f_run_backward(&[&loss], &trained, false, false)?;
        if let Some(unused) = gradients.iter().position(|gradient| !gradient.defined()) {
            let param = self::trained(&network.model).nth(unused).unwrap_or(0);
            return Err(TorchError::Unused(network.model.params[param].name.clone()));
        }
        whole = Some(match whole {
            None => (loss.f_detach()?, gradients),
            Some((sum, mut sums)) => no_grad(|| {
                for (sum, gradient) in sums.iter_mut().zip(&gradients) {
                    *sum = sum.f_add(gradient)?;
                }
                Ok::<_, TorchError>((sum.f_add(&loss.f_detach()?)?, sums))
            })?,
        });
    }
    Ok(whole.unwrap_or_else(|| (Tensor::from(0.0_f32), Vec::new()))) // There is at least one pass.
}

/// Bounds gradients, as `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_` do.
pub(super) fn clip(gradients: &mut [Tensor], clip: Option<Clip>) -> Result<(), TorchError> {
    match clip {
        None => {}
        Some(Clip::Value(value)) => {
            for gradient in gradients {
                *gradient = gradient.f_clamp(-value, value)?;
            }
        }
        Some(Clip::Norm(most)) => {
            let norms = gradients.iter().map(Tensor::f_norm).collect::<Result<Vec<_>, _>>()?;
            let norm = Tensor::f_stack(&norms, 0)?.f_norm()?;
            // Not read, so that nothing waits.
            let factor = norm.f_add_scalar(1e-6)?.f_reciprocal()?.f_mul_scalar(most)?.f_clamp_max(1.0)?;
            for gradient in gradients {
                *gradient = gradient.f_mul(&factor)?;
            }
        }
    }
    Ok(())
}
