//! PyTorch's optimisers, on states as the protocol has them.
//!
//! A multiple is a tensor of its own, which is then added in place: `addcmul_` with a scalar would do without it, and takes
//! twice as long.
use super::TorchError;
use crate::task::{Optimiser, Rule};
use tch::Tensor;

/// One update of a parameter from its gradient. `slots` are its own, `step` counts from 0.
pub(super) fn update(
    optimiser: &Optimiser,
    (param, slots): (&mut Tensor, &mut [&mut Tensor]),
    gradient: &Tensor,
    (rate, step): (f32, u64),
) -> Result<(), TorchError> {
    let decay = optimiser.weight_decay;
    let coupled = !matches!(optimiser.rule, Rule::Adam { decoupled: true, .. });
    let mut gradient = gradient.shallow_clone();
    if coupled && decay != 0.0 {
        gradient = param.f_mul_scalar(decay)?.f_add_(&gradient)?;
    }
    let rate = f64::from(rate);
    match (optimiser.rule, slots) {
        (Rule::Sgd { momentum, nesterov }, [buffer]) => {
            let _ = buffer.f_mul_scalar_(momentum)?.f_add_(&gradient)?;
            if nesterov {
                gradient = buffer.f_mul_scalar(momentum)?.f_add_(&gradient)?;
                let _ = param.f_sub_(&gradient.f_mul_scalar(rate)?)?;
            } else {
                let _ = param.f_sub_(&buffer.f_mul_scalar(rate)?)?;
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
            let divisor = square.f_sqrt()?.f_div_scalar_(correction2.sqrt())?.f_add_scalar_(epsilon)?;
            let _ = param.f_sub_(&mean.f_div(&divisor)?.f_mul_scalar_(rate / correction1)?)?;
        }
        // Without momentum there is nothing to remember.
        _ => {
            let _ = param.f_sub_(&gradient.f_mul_scalar(rate)?)?;
        }
    }
    Ok(())
}
