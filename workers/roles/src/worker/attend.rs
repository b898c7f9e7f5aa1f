//! The reaction of every worker: its games first, then its tasks.
use super::{Arena, Board, Worker};
use crate::{Activity, RoleError};
use assay_core::protocol::{Block, Task};
use async_trait::async_trait;

/// A role that has games and follows tasks.
#[async_trait]
pub(crate) trait Attends: Send {
    /// What it has of those.
    fn parts(&mut self) -> (&mut Worker, &mut Arena, &mut Board);

    /// Does what is to be done about one of the tasks that it follows.
    async fn attend(&mut self, task: &Task, all: &[Task], now: Block) -> Result<Activity, RoleError>;
}

/// A reaction. What fails for one task doesn't keep the others waiting.
pub(crate) async fn react<R: Attends + ?Sized>(role: &mut R) -> Result<Activity, RoleError> {
    let (worker, arena, board) = role.parts();
    let mut failure = None;
    match arena.react(worker).await {
        Ok(true) => return Ok(Activity::Acted),
        Ok(false) => {}
        Err(error) => failure = Some(error),
    }
    let now = worker.ctx.chain.now().await?;
    let tasks = board.read(worker).await?;
    for task in &tasks {
        match role.attend(task, &tasks, now).await {
            Ok(Activity::Idle) => {}
            Ok(activity) => return Ok(activity),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(Activity::Idle), Err)
}
