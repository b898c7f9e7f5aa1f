//! A verifier posts the profile of a tolerant task.
use super::{after, Phase, Posted, Standing, Task};
use crate::arith::{ge, gt, mul, F32};
use crate::protocol::error::{ensure, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::Effects;
use crate::protocol::types::{Block, Context, Profile};
use crate::protocol::{Error, Parameters};

/// Any joined verifier may, the first one does, up to `profile_blocks` after the bids.
pub(crate) fn post_profile(task: &mut Task, context: &Context, profile: &Profile, effects: &mut Effects) -> Checked {
    ensure!(task.phase == Phase::Open && task.is_tolerant(), Error::Phase(task.phase));
    let last = last_block(task)?;
    ensure!(context.now <= last, Error::TooLate(last));
    let (slot, own) = task.own_slot(&context.caller)?;
    ensure!(own.standing == Standing::Joined, Error::NotYours);
    ensure!(task.profile.is_none(), Error::ProfilePosted);
    let Profile { base, jittered, value } = *profile;
    ensure!(ge(value, F32::ZERO) && gt(F32::INFINITY, value), Error::NotADistance);
    let tau2 = threshold(value, &task.parameters);
    let until = after(context.now, task.parameters.profile_blocks)?;
    task.profile = Some(Posted { slot, base, jittered, value, tau2, until, games: [0; 3], fell: false });
    effects.tell(Event::ProfilePosted { profiler: context.caller, tau2 });
    Ok(())
}

/// The last block in which a profile may be posted.
pub(super) fn last_block(task: &Task) -> Checked<Block> {
    after(task.deadline, task.parameters.profile_blocks)
}

/// `clamp(value · safety², floor², ceiling²)`.
fn threshold(value: F32, parameters: &Parameters) -> F32 {
    let tau2 = mul(value, parameters.tau_safety2);
    if gt(tau2, parameters.tau_ceiling2) {
        parameters.tau_ceiling2
    } else if gt(parameters.tau_floor2, tau2) {
        parameters.tau_floor2
    } else {
        tau2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threshold_is_clamped() {
        let parameters = Parameters::default();
        let of = |value: f32| f32::from_bits(threshold(F32(value.to_bits()), &parameters).0);
        assert_eq!(of(0.0), 4.9e-3);
        assert_eq!(of(1e-12), 4.9e-3);
        assert_eq!(of(7e-5), 7e-5 * 100.0);
        assert_eq!(of(1e-3), 1e-2);
        assert_eq!(of(f32::MAX), 1e-2);
    }
}
