//! Which backend a solver takes that was left the choice: the one that is faster at the task itself.
use super::trainer::{check, trainer, Trainer};
use crate::journal::Scribe;
use crate::machine::Hardware;
use crate::{Backend, Job, RoleError};
use assay_core::protocol::{Mode, TaskSpec};
use assay_engine::task::Arithmetic;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a backend is watched at least: it's paid by nobody, and tells backends apart that differ by a tenth.
const WATCH: Duration = Duration::from_millis(25);

/// How often it is watched at least: the first steps make ready what the others use.
const TIMES: u32 = 3;

/// Has every backend that can be had here train the task's first steps, and says in the journal what they took.
pub(super) fn fastest(
    scribe: &Scribe,
    job: &Arc<Job>,
    spec: &TaskSpec,
    arithmetic: Arithmetic,
    hardware: Hardware,
) -> Result<Backend, RoleError> {
    let can_be_had = |backend: &Backend| backend.is_built() && check(job, Mode::Tolerant, (*backend, hardware)).is_ok();
    let backends: Vec<Backend> = [Backend::Torch, Backend::Reproducible].into_iter().filter(can_be_had).collect();
    if let [] | [_] = backends.as_slice() {
        // What can't be had fails when it is used, with its reason.
        return Ok(backends.first().copied().unwrap_or_default());
    }
    let mut paces = Vec::new();
    for backend in backends {
        // One after the other: a model may fit into memory once.
        let mut trainer = trainer(job, arithmetic, (backend, hardware), (*job.start).clone())?;
        paces.push((backend, pace(trainer.as_mut(), spec.steps)?));
    }
    let (fastest, _) = paces.iter().min_by_key(|(_, pace)| *pace).copied().unwrap_or_default();
    let each = paces.iter().map(|(backend, pace)| format!("{backend} takes {pace:.3?} for a step"));
    scribe.note(format!("{}: training with {fastest}", each.collect::<Vec<_>>().join(", ")));
    Ok(fastest)
}

/// What one step takes, when it goes well.
fn pace(trainer: &mut dyn Trainer, most: u64) -> Result<Duration, RoleError> {
    let (mut steps, mut pace) = (1_u32, Duration::MAX);
    for times in 1_u32.. {
        let begin = Instant::now();
        trainer.steps(0, steps.into())?;
        let took = begin.elapsed();
        pace = pace.min(took / steps);
        let enough = took >= WATCH || u64::from(steps) * 2 > most;
        if enough && times >= TIMES {
            break;
        }
        if !enough {
            steps *= 2;
        }
    }
    Ok(pace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::state::State;
    use std::borrow::Cow;

    /// Takes so long for a step, and ten times as long for its first.
    struct Slow {
        step: Duration,
        done: u64,
    }

    impl Trainer for Slow {
        fn steps(&mut self, first: u64, steps: u64) -> Result<f32, RoleError> {
            assert_eq!(first, 0);
            let more = if self.done == 0 { 9 } else { 0 };
            std::thread::sleep(self.step * u32::try_from(steps + more).unwrap());
            self.done += steps;
            Ok(0.5)
        }

        fn state(&mut self) -> Result<Cow<'_, State>, RoleError> {
            unreachable!("nobody asks")
        }

        fn load(&mut self, _: &State) -> Result<(), RoleError> {
            unreachable!("nobody asks")
        }
    }

    fn watched(step: Duration, most: u64) -> (Duration, u64) {
        let mut trainer = Slow { step, done: 0 };
        (pace(&mut trainer, most).unwrap(), trainer.done)
    }

    #[test]
    fn a_backend_is_watched_for_a_while_but_not_for_more_steps_than_there_are() {
        // 1, 1, 2, 4, ... or 1, 2, 4, ... until they take long enough; sleep is never shorter than it was asked for.
        let (pace, done) = watched(Duration::from_millis(4), u64::MAX);
        assert!(pace >= Duration::from_millis(4) && (4..=16).contains(&done), "{pace:?}, {done} steps");
        let (pace, done) = watched(Duration::from_millis(30), u64::MAX);
        assert!(pace >= Duration::from_millis(30) && done == 3, "{pace:?}, {done} steps");
        let (_, done) = watched(Duration::ZERO, 5);
        assert_eq!(done, 1 + 2 + 4);
        let (_, done) = watched(Duration::ZERO, 1);
        assert_eq!(done, 3);
    }
}
