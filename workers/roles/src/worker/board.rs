//! Which tasks a role has to look at.
use super::Worker;
use crate::RoleError;
use assay_core::protocol::{Task, TaskId};
use std::collections::BTreeSet;

/// Which tasks a role has to look at.
#[derive(Debug, Default)]
pub(crate) struct Board {
    only: Option<TaskId>,
    done: BTreeSet<TaskId>,
    followed: BTreeSet<TaskId>,
}

impl Board {
    /// All tasks, or only one.
    pub(crate) fn new(only: Option<TaskId>) -> Self {
        Self { only, ..Self::default() }
    }

    /// The tasks that aren't done, as they are now. A task that was over before this worker saw it is of no interest,
    /// unless its folder shows that the worker was stopped in the middle of it.
    pub(crate) async fn read(&mut self, worker: &Worker) -> Result<Vec<Task>, RoleError> {
        let chain = &worker.ctx.chain;
        let ids = match self.only {
            Some(id) => id..id.saturating_add(1),
            None => 0..chain.task_count().await?,
        };
        let mut tasks = Vec::new();
        for id in ids.filter(|id| !self.done.contains(id)).collect::<Vec<_>>() {
            let Some(task) = chain.task(id).await? else { continue };
            if !task.is_closed() {
                self.followed.insert(id);
            } else if !self.followed.contains(&id) && self.only != Some(id) && !worker.folder(id).exists() {
                self.done.insert(id);
                continue;
            }
            tasks.push(task);
        }
        Ok(tasks)
    }

    /// Nothing is left to do about this task.
    pub(crate) fn finish(&mut self, task: TaskId) {
        self.done.insert(task);
    }
}
