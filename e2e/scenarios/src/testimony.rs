//! What a verifier says about a segment, true or not, and what it can show for it.
use crate::workload::Workload;
use anyhow::Result;
use assay_core::arith::F32;
use assay_core::protocol::{Part, SegmentReport};
use assay_engine::exec::Executor;
use assay_engine::state::State;
use assay_engine::tamper::Tamper;
use assay_roles::game::Replayer;
use std::ops::Range;
use std::sync::Arc;

/// What a verifier says about one segment.
pub struct Testimony {
    workload: Arc<Workload>,
    /// The segment.
    pub segment: u32,
    /// What it says that replaying gives.
    pub replayed: Arc<State>,
    /// What it says the distance is.
    pub value: F32,
    execution: Vec<Tamper>,
    distance: Vec<Tamper>,
}

impl Testimony {
    /// The truth.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn honest(workload: &Arc<Workload>, segment: u32) -> Result<Testimony> {
        Testimony::lying(workload, segment, Part::Execution, Vec::new())
    }

    /// The truth but for what is changed in one of its two executions; what follows from that is computed honestly.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn lying(workload: &Arc<Workload>, segment: u32, part: Part, tampers: Vec<Tamper>) -> Result<Testimony> {
        let (execution, distance) = match part {
            Part::Execution => (tampers, Vec::new()),
            Part::Distance => (Vec::new(), tampers),
        };
        let (first, steps) = workload.segment(segment);
        let begin = State::clone(&*workload.checkpoint(segment)?);
        let replayed = Arc::new(execute(workload, begin, first..first + u64::from(steps), execution.clone())?);
        let mut meter = workload.compiled.meter()?.with_tampers(distance.clone());
        let (start, end) = (workload.checkpoint(segment)?, workload.checkpoint(segment + 1)?);
        let value = meter.distance(&start, &replayed, &end)?;
        Ok(Testimony { workload: workload.clone(), segment, replayed, value, execution, distance })
    }

    /// As it is revealed.
    ///
    /// # Errors
    /// There is no such segment.
    pub fn report(&self) -> Result<SegmentReport> {
        let openings = self.workload.openings(self.segment)?;
        Ok(SegmentReport { replayed: self.replayed.root(), value: self.value, openings })
    }

    /// Who defends it in a game.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn defender(&self, part: Part) -> Result<Replayer> {
        let tampers = match part {
            Part::Execution => &self.execution,
            Part::Distance => &self.distance,
        };
        Ok(self.accuser(part)?.with_tampers(tampers.clone()))
    }

    /// Who knows the truth about it (of the distance: to the state that the verifier says it replayed).
    ///
    /// # Errors
    /// When the engine fails.
    pub fn accuser(&self, part: Part) -> Result<Replayer> {
        let workload = &self.workload;
        let start = workload.checkpoint(self.segment)?;
        Ok(match part {
            Part::Execution => {
                let (first, _) = workload.segment(self.segment);
                Replayer::execution(workload.program().clone(), &workload.compiled.training_data(), first, start)?
            }
            Part::Distance => {
                let snapshots = [start, self.replayed.clone(), workload.checkpoint(self.segment + 1)?];
                Replayer::distance(workload.compiled.distance.clone(), snapshots)?
            }
        })
    }
}

/// Some steps of the task's program.
///
/// # Errors
/// When the engine fails.
pub(crate) fn execute(workload: &Workload, mut state: State, steps: Range<u64>, tampers: Vec<Tamper>) -> Result<State> {
    let executor = Executor::new(workload.program().clone(), workload.compiled.training_data())?;
    let mut executor = executor.with_tampers(tampers);
    for step in steps {
        executor.step(&mut state, step)?;
    }
    Ok(state)
}
