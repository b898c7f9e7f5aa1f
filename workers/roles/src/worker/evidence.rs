//! Executing again what others claim, and proving it in games.
use super::{compute, keep, Worker};
use crate::game::{forger, Replayer, Target as Place};
use crate::machine::{Hardware, Machine};
use crate::noise::noisy;
use crate::{Job, RoleError, VerifierCheat};
use assay_core::arith::F32;
use assay_core::protocol::{Part, ProfilePart, Target, Task};
use assay_engine::state::State;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a running computation reports its progress.
const REPORT: Duration = Duration::from_millis(200);

/// The distance that an inflated profile claims.
pub(crate) const INFLATED: F32 = F32::ONE;

/// A segment to execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// A segment of the training, from the solver's checkpoint.
    Segment(u32),
    /// The first segment with perturbed gradients.
    Jittered,
    /// A segment with a lie in it.
    Flipped(u32, Place),
}

impl Run {
    fn segment(self) -> u32 {
        match self {
            Self::Segment(segment) | Self::Flipped(segment, _) => segment,
            Self::Jittered => 0,
        }
    }

    fn machine(self, hardware: Hardware, job: &Job, first: u64, start: State) -> Result<Machine, RoleError> {
        let data = job.compiled.training_data();
        match self {
            Self::Segment(_) => Machine::new(hardware, &job.compiled.step, &data, start),
            Self::Jittered => Machine::new(hardware, &job.compiled.jitter, &data, start),
            // Only the processor can be made to lie.
            Self::Flipped(_, place) => {
                let executor = job.trainer()?.with_tampers(forger::flip(&after(first, place)));
                Ok(Machine::Cpu { executor, state: start })
            }
        }
    }
}

impl Worker {
    /// The state after a segment, executed by the reproducible engine; remembered for a while.
    pub(crate) async fn executed(
        &mut self,
        task: &Task,
        run: Run,
        stage: &'static str,
    ) -> Result<Arc<State>, RoleError> {
        if let Some((.., state)) = self.runs.iter().find(|(id, kept, _)| (*id, *kept) == (task.id, run)) {
            return Ok(state.clone());
        }
        let job = self.job(task).await?;
        let start = self.checkpoint(task, run.segment().into()).await?;
        let (first, steps) = task.spec.segment(run.segment());
        let hardware = self.ctx.hardware;
        let work = move |scribe: &crate::journal::Scribe| {
            let mut machine = run.machine(hardware, &job, first, State::clone(&start))?;
            let mut told = Instant::now();
            let mut done = 0_u64;
            machine.run(first, steps.into(), || {
                done += 1;
                if told.elapsed() >= REPORT {
                    scribe.progress(stage, done, steps.into());
                    told = Instant::now();
                }
            })?;
            scribe.progress(stage, done, steps.into());
            Ok(Arc::new(machine.state()?.into_owned()))
        };
        let state = compute(&self.scribe.about(task.id), stage, work).await?;
        keep(&mut self.runs, (task.id, run, state.clone()));
        Ok(state)
    }

    /// The distance that the task's program gives.
    pub(crate) async fn distance(
        &mut self,
        task: &Task,
        [start, replayed, claimed]: [Arc<State>; 3],
    ) -> Result<F32, RoleError> {
        let job = self.job(task).await?;
        let work = move |_: &_| Ok(job.compiled.meter()?.distance(&start, &replayed, &claimed)?);
        compute(&self.scribe.about(task.id), "distance", work).await
    }

    /// Where this worker says that a segment ends: the truth, unless it cheats.
    pub(crate) async fn stated_end(
        &mut self,
        task: &Task,
        segment: u32,
        cheat: Option<VerifierCheat>,
        stage: &'static str,
    ) -> Result<Arc<State>, RoleError> {
        match cheat {
            Some(VerifierCheat::ApproveForged) => self.checkpoint(task, u64::from(segment) + 1).await,
            Some(VerifierCheat::RefuteHonest) => {
                let end = self.executed(task, Run::Segment(segment), stage).await?;
                Ok(Arc::new(noisy(&end, segment.into())?))
            }
            Some(VerifierCheat::FlipBit(place)) => self.executed(task, Run::Flipped(segment, place), stage).await,
            _ => self.executed(task, Run::Segment(segment), stage).await,
        }
    }

    /// A prover for a game about this target, which says what this worker says.
    pub(crate) async fn prover(
        &mut self,
        task: &Task,
        target: Target,
        cheat: Option<VerifierCheat>,
    ) -> Result<Replayer, RoleError> {
        let job = self.job(task).await?;
        let (step, distance) = (&job.compiled.step, &job.compiled.distance);
        let data = job.compiled.training_data();
        match target {
            Target::Profile { part: ProfilePart::Base } => {
                Ok(Replayer::execution(step.clone(), &data, 0, job.start.clone())?)
            }
            Target::Profile { part: ProfilePart::Jittered } => {
                Ok(Replayer::execution(job.compiled.jitter.clone(), &data, 0, job.start.clone())?)
            }
            Target::Profile { part: ProfilePart::Distance } => {
                let base = self.executed(task, Run::Segment(0), "replay").await?;
                let jittered = self.executed(task, Run::Jittered, "replay").await?;
                let honest = Replayer::distance(distance.clone(), [job.start.clone(), base, jittered])?;
                let inflates = cheat == Some(VerifierCheat::InflateProfile);
                let lies = if inflates { forger::value(distance, INFLATED) } else { Vec::new() };
                Ok(honest.with_tampers(lies))
            }
            Target::Verdict { slot, report, part: Part::Distance } => {
                let segment = segment_of(task, slot, report)?;
                let start = self.checkpoint(task, segment.into()).await?;
                let claimed = self.checkpoint(task, u64::from(segment) + 1).await?;
                let end = self.stated_end(task, segment, cheat, "replay").await?;
                let honest = Replayer::distance(distance.clone(), [start, end, claimed])?;
                let understates = cheat == Some(VerifierCheat::UnderstateDistance);
                let lies = if understates { forger::value(distance, F32::ZERO) } else { Vec::new() };
                Ok(honest.with_tampers(lies))
            }
            Target::Verdict { slot, report, part: Part::Execution } => {
                let segment = segment_of(task, slot, report)?;
                let (first, steps) = task.spec.segment(segment);
                let start = self.checkpoint(task, segment.into()).await?;
                let honest = Replayer::execution(step.clone(), &data, first, start)?;
                let last = first.saturating_add(steps.into()).saturating_sub(1);
                let lies = match cheat {
                    Some(VerifierCheat::ApproveForged | VerifierCheat::RefuteHonest) => {
                        forger::end_state(step, last, &*self.stated_end(task, segment, cheat, "replay").await?)
                    }
                    Some(VerifierCheat::FlipBit(place)) => forger::flip(&after(first, place)),
                    _ => Vec::new(),
                };
                Ok(honest.with_tampers(lies))
            }
        }
    }
}

/// A place whose step is counted from a segment's first.
fn after(first: u64, place: Place) -> Place {
    Place { step: first.saturating_add(place.step), ..place }
}

/// The segment that a report is about.
fn segment_of(task: &Task, slot: u8, report: u8) -> Result<u32, RoleError> {
    let drawn = task.draws(slot);
    drawn.get(usize::from(report)).copied().ok_or(RoleError::Impossible { task: task.id, what: "no such report" })
}
