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

/// The state that is published in place of the trained one, if another one is.
pub(super) fn forged(cheat: Option<SolverCheat>, state: &State, step: u64) -> Result<Option<State>, RoleError> {
    match cheat {
        Some(SolverCheat::ForgeCheckpoint) => noisy(state, step).map(Some),
        _ => Ok(None),
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
        let noisy = forged(Some(SolverCheat::ForgeCheckpoint), &state, 3).unwrap().unwrap();
        assert!(noisy.tensor(0).iter().zip(state.tensor(0)).all(|(a, b)| a != b && (a - b).abs() <= 1.1));
        assert!(noisy.tensor(0).iter().zip(state.tensor(0)).all(|(a, b)| (*a < 0.0) == (*b < 0.0)));
        assert_eq!(forged(Some(SolverCheat::SkipSteps), &state, 3).unwrap(), None);
        assert_eq!(performed(Some(SolverCheat::SkipSteps), 25), 12);
        assert_eq!(performed(None, 25), 25);
    }
}
