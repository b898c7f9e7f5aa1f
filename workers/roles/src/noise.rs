//! False states, for cheats.
use crate::RoleError;
use assay_core::arith::random::philox;
use assay_engine::state::State;

/// Every value off by up to a quarter, or by a little if it is zero: plausible, and nothing that training would give. None
/// becomes negative: of a negative second moment Adam makes NaN, which nobody would pay for.
pub(crate) fn noisy(state: &State, step: u64) -> Result<State, RoleError> {
    let change = |stream: u64, index: u64, value: f32| {
        let noise = f64::from(philox(step, stream, index)[0]) / f64::from(u32::MAX) - 0.5;
        let little = 1e-4 * noise as f32;
        value * (1.0 + 0.5 * noise as f32) + if value < 0.0 { little } else { little.abs() }
    };
    let tensors = (0_u64..).zip(state.tensors()).map(|(stream, tensor)| {
        let values = (0_u64..).zip(tensor).map(|(index, value)| change(stream, index, *value));
        values.collect()
    });
    Ok(State::new(state.decls().to_vec(), tensors.collect())?)
}
