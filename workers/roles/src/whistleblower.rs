//! The whistleblower: repeats verifiers' work and challenges what is wrong.
use crate::journal::RoleName;
use crate::worker::{react, Arena, Attends, Board, Manner, Run, Worker};
use crate::{Activity, Context, Role, RoleError, WhistleblowerCheat, WhistleblowerOptions};
use assay_core::protocol::task::{Report, Standing};
use assay_core::protocol::{Block, Part, Phase, Target, Task, TaskId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A report that this worker has dealt with, so that it isn't dealt with again after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Seen {
    round: u8,
    slot: u8,
    report: u8,
}

/// Repeats the segments that verifiers report, and the profile, and challenges the part that is wrong.
#[derive(Debug)]
pub struct Whistleblower {
    worker: Worker,
    board: Board,
    arena: Arena,
    options: WhistleblowerOptions,
    /// Segments that were replayed before their reports came.
    prepared: BTreeSet<(TaskId, u32)>,
}

impl Whistleblower {
    /// A whistleblower.
    pub fn new(ctx: &Context, options: WhistleblowerOptions) -> Result<Self, RoleError> {
        let manner = match options.cheat {
            Some(WhistleblowerCheat::FalseAlarm) => Manner::Steering(options.target),
            None => Manner::Honest,
        };
        let (board, arena) = (Board::new(options.task), Arena::new(manner));
        let worker = Worker::new(ctx, RoleName::Whistleblower)?;
        Ok(Self { worker, board, arena, options, prepared: BTreeSet::new() })
    }

    async fn watch_profile(&mut self, task: &Task, now: Block) -> Result<bool, RoleError> {
        let Some(profile) = task.profile.filter(|profile| !profile.fell && now <= profile.until) else {
            return Ok(false);
        };
        let own = task.slot_of(&self.worker.account) == Some(profile.slot);
        let memory = self.worker.memory(task.id);
        let on = self.arena.attacks(task.id, profile.slot);
        if own || on || self.options.cheat.is_some() || memory.load::<bool>("profile")?.is_some() {
            return Ok(false);
        }
        if self.worker.consider(task).await?.is_none() {
            return Ok(false);
        }
        if let Some(part) = self.worker.audit_profile(task, &profile).await? {
            self.worker.challenge(task, Target::Profile { part }).await?;
        }
        memory.store("profile", &true)?;
        Ok(true)
    }

    /// Replays what will be reported, while the verifiers do: the segments are drawn.
    async fn prepare(&mut self, task: &Task) -> Result<(), RoleError> {
        if self.options.cheat.is_some() || task.proof.is_none() {
            return Ok(());
        }
        for slot in 0..u8::try_from(task.slots.len()).unwrap_or(u8::MAX) {
            for (report, segment) in (0_u8..).zip(task.draws(slot)) {
                if !self.samples(task, slot, report) || self.prepared.contains(&(task.id, segment)) {
                    continue;
                }
                match self.worker.executed(task, Run::Segment(segment), "repeat").await {
                    Ok(_) => {
                        self.prepared.insert((task.id, segment));
                    }
                    Err(error) if error.is_unavailable() => {
                        self.worker.complain(task.id, format!("cannot repeat segment {segment} yet: {error}"));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    async fn watch_verdicts(&mut self, task: &Task) -> Result<bool, RoleError> {
        let seen = self.seen(task)?;
        for (slot, of) in (0_u8..).zip(&task.slots) {
            let Standing::Revealed(reports) = &of.standing else { continue };
            // One won game convicts the slot: no second one while the first is on.
            if of.verifier == self.worker.account || self.arena.attacks(task.id, slot) {
                continue;
            }
            for (report, found) in (0_u8..).zip(reports) {
                let this = Seen { round: task.round, slot, report };
                if seen.contains(&this) || !self.samples(task, slot, report) {
                    continue;
                }
                match self.watch_report(task, this, found, seen.is_empty()).await {
                    Err(error) if error.is_unavailable() => {
                        self.worker.complain(task.id, format!("cannot repeat segment {} yet: {error}", found.segment));
                    }
                    result => {
                        result?;
                        self.worker.memory(task.id).append("seen", &this)?;
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    async fn watch_report(&mut self, task: &Task, this: Seen, found: &Report, first: bool) -> Result<(), RoleError> {
        let wrong = match self.options.cheat {
            // One false alarm, about the first report there is.
            Some(WhistleblowerCheat::FalseAlarm) => first.then_some(Part::Execution),
            None => self.worker.audit_report(task, found).await?,
        };
        let Seen { slot, report, .. } = this;
        match wrong {
            Some(part) => self.worker.challenge(task, Target::Verdict { slot, report, part }).await,
            None => {
                let text = format!("slot {slot}, report {report} (segment {}): as reported", found.segment);
                self.worker.scribe.about(task.id).note(text);
                Ok(())
            }
        }
    }

    fn seen(&self, task: &Task) -> Result<BTreeSet<Seen>, RoleError> {
        Ok(self.worker.memory(task.id).list("seen")?.into_iter().collect())
    }

    /// Whether this report is among those to repeat.
    fn samples(&self, task: &Task, slot: u8, report: u8) -> bool {
        let about = [&task.id.to_le_bytes()[..], &[task.round, slot, report]];
        let [a, b, c, d, ..] = self.worker.secrets.derive("sample", &about).0;
        f64::from(u32::from_le_bytes([a, b, c, d])) < self.options.sample * (f64::from(u32::MAX) + 1.0)
    }
}

#[async_trait]
impl Attends for Whistleblower {
    fn parts(&mut self) -> (&mut Worker, &mut Arena, &mut Board) {
        (&mut self.worker, &mut self.arena, &mut self.board)
    }

    async fn attend(&mut self, task: &Task, _: &[Task], now: Block) -> Result<Activity, RoleError> {
        if task.is_closed() {
            return self.worker.finish(&mut self.board, task).await;
        }
        let acted = match task.phase {
            Phase::Open => self.watch_profile(task, now).await?,
            Phase::Committing | Phase::Revealing => self.prepare(task).await.map(|()| false)?,
            Phase::Challenging if now <= task.deadline => self.watch_verdicts(task).await?,
            _ => false,
        };
        if acted || self.worker.poke(task, now).await? {
            return Ok(Activity::Acted);
        }
        Ok(Activity::Idle)
    }
}

#[async_trait]
impl Role for Whistleblower {
    async fn react(&mut self) -> Result<Activity, RoleError> {
        react(self).await
    }
}
