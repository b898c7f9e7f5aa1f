//! PyTorch's optimisers, on states as the protocol has them.
use super::TorchError;
use crate::task::{Optimiser, Rule};
use tch::{Kind, Tensor};

/// One update of a parameter from its gradient. `slots` are its own, `step` counts from 0.
pub(super) fn update(
    optimiser: &Optimiser,
    (param, slots): (&mut Tensor, &mut [&mut Tensor]),
    gradient: &Tensor,
    (rate, step): (f32, u64),
) -> Result<(), TorchError> {
    let decay = optimiser.weight_decay;
    let coupled = !matches!(optimiser.rule, Rule::Adam { decoupled: true, .. });
    // Scalars as tensors: `addcmul_` multiplies by them without a temporary, and rounds as PyTorch's own optimisers do.
    let place = (Kind::Float, param.device());
    let scalar = |x: f64| Tensor::f_full([0_i64; 0], f64::from(x as f32), place);
    let mut gradient = gradient.shallow_clone();
    if coupled && decay != 0.0 {
        gradient = gradient.f_addcmul(param, &scalar(decay)?)?;
    }
    let rate = f64::from(rate);
    match (optimiser.rule, slots) {
        (Rule::Sgd { momentum, nesterov }, [buffer]) => {
            let _ = buffer.f_mul_scalar_(momentum)?.f_add_(&gradient)?;
            if nesterov {
                gradient = gradient.f_addcmul(buffer, &scalar(momentum)?)?;
                let _ = param.f_addcmul_(&gradient, &scalar(-rate)?)?;
            } else {
                let _ = param.f_addcmul_(buffer, &scalar(-rate)?)?;
            }
        }
        (Rule::Adam { betas: [beta1, beta2], epsilon, decoupled }, [mean, square]) => {
            if decoupled {
                let _ = param.f_mul_scalar_(1.0 - rate * decay)?;
            }
            let _ = mean.f_lerp_(&gradient, 1.0 - beta1)?;
            let squared = gradient.f_square()?.f_mul_scalar(1.0 - beta2)?;
            let _ = square.f_mul_scalar_(beta2)?.f_add_(&squared)?;
            let times = (step + 1) as f64;
            let [correction1, correction2] = [beta1, beta2].map(|beta| 1.0 - beta.powf(times));
            let divisor = square.f_sqrt()?.f_div_scalar(correction2.sqrt())?.f_add_scalar(epsilon)?;
            let _ = param.f_addcmul_(&mean.f_div(&divisor)?, &scalar(-rate / correction1)?)?;
        }
        // Without momentum there is nothing to remember.
        _ => {
            let _ = param.f_addcmul_(&gradient, &scalar(-rate)?)?;
        }
    }
    Ok(())
}
