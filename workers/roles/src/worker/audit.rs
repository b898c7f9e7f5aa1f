//! Repeating what a verifier reported or profiled, to find the part that is wrong.
use super::evidence::Run;
use super::Worker;
use crate::RoleError;
use assay_core::protocol::task::{Posted, Report};
use assay_core::protocol::{Mode, Part, ProfilePart, Target, Task};

impl Worker {
    /// Challenges a claim.
    pub(crate) async fn challenge(&mut self, task: &Task, target: Target) -> Result<(), RoleError> {
        if self.awaits().await? {
            return Err(RoleError::Rules(assay_core::protocol::Error::Already));
        }
        let bond = task.challenge_bond(target).map_err(RoleError::Rules)?;
        let value = self.value_for(bond).await?;
        let result = self.ctx.chain.challenge(task.id, target, value).await;
        let sent = self.once(result)?;
        self.sent(task.id, &sent.receipt);
        self.scribe.about(task.id).note(format!("challenged {target:?} in game {}", sent.output));
        Ok(())
    }

    /// The part of a report that is wrong, if any.
    pub(crate) async fn audit_report(&mut self, task: &Task, report: &Report) -> Result<Option<Part>, RoleError> {
        let replayed = self.executed(task, Run::Segment(report.segment), "repeat").await?;
        if replayed.root() != report.replayed {
            return Ok(Some(Part::Execution));
        }
        // The contract knows no distance in exact mode, nor between equal states.
        if task.spec.mode == Mode::Exact || report.replayed == report.claimed {
            return Ok(None);
        }
        let start = self.checkpoint(task, report.segment.into()).await?;
        let claimed = self.checkpoint(task, u64::from(report.segment) + 1).await?;
        let value = self.distance(task, [start, replayed, claimed]).await?;
        Ok((value != report.value).then_some(Part::Distance))
    }

    /// The part of a profile that is wrong, if any.
    pub(crate) async fn audit_profile(
        &mut self,
        task: &Task,
        profile: &Posted,
    ) -> Result<Option<ProfilePart>, RoleError> {
        let start = self.job(task).await?.start.clone();
        let base = self.executed(task, Run::Segment(0), "repeat").await?;
        if base.root() != profile.base {
            return Ok(Some(ProfilePart::Base));
        }
        let jittered = self.executed(task, Run::Jittered, "repeat").await?;
        if jittered.root() != profile.jittered {
            return Ok(Some(ProfilePart::Jittered));
        }
        let value = self.distance(task, [start, base, jittered]).await?;
        Ok((value != profile.value).then_some(ProfilePart::Distance))
    }
}
