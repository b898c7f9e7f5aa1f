//! How a solver cheats, when a demonstration or a test asks for it.
use crate::noise::noisy;
use crate::{RoleError, SolverCheat};
use assay_engine::state::State;

/// Steps that are performed of a segment.
pub(super) fn performed(cheat: Option<SolverCheat>, steps: u32) -> u32 {
    match cheat {
        Some(SolverCheat::SkipSteps) => steps / 2,
        _ => steps,
    }
}

/// The state that is published in place of the trained one.
pub(super) fn published(cheat: Option<SolverCheat>, state: State, step: u64) -> Result<State, RoleError> {
    match cheat {
        Some(SolverCheat::ForgeCheckpoint) => noisy(&state, step),
        _ => Ok(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_core::graph::{Name, Shape, StateDecl};

    #[test]
    fn noise_changes_what_it_should() {
        let decl = StateDecl { name: Name::new("w").unwrap(), shape: Shape::new(&[4]).unwrap() };
        let state = State::new(vec![decl], vec![vec![1.0, -2.0, 0.0, 4.0]]).unwrap();
        let forged = published(Some(SolverCheat::ForgeCheckpoint), state.clone(), 3).unwrap();
        assert!(forged.tensor(0).iter().zip(state.tensor(0)).all(|(a, b)| a != b && (a - b).abs() <= 1.1));
        assert!(forged.tensor(0).iter().zip(state.tensor(0)).all(|(a, b)| (*a < 0.0) == (*b < 0.0)));
        assert_eq!(published(Some(SolverCheat::SkipSteps), state.clone(), 3).unwrap(), state);
        assert_eq!(performed(Some(SolverCheat::SkipSteps), 25), 12);
        assert_eq!(performed(None, 25), 25);
    }
}
