//! False states, for cheats.
use crate::RoleError;
use assay_core::arith::random::philox;
use assay_engine::state::State;

/// Every value off by up to a quarter, or by a little if it is zero: plausible, and nothing that training would give.
pub(crate) fn noisy(state: &State, step: u64) -> Result<State, RoleError> {
    let change = |stream: u64, index: u64, value: f32| {
        let noise = f64::from(philox(step, stream, index)[0]) / f64::from(u32::MAX) - 0.5;
        value * (1.0 + 0.5 * noise as f32) + 1e-4 * noise as f32
    };
    let tensors = (0_u64..).zip(state.tensors()).map(|(stream, tensor)| {
        let values = (0_u64..).zip(tensor).map(|(index, value)| change(stream, index, *value));
        values.collect()
    });
    Ok(State::new(state.decls().to_vec(), tensors.collect())?)
}
