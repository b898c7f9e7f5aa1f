//! Moving a task past a deadline: anyone may, so each role waits a little longer than the one before it.
use super::Worker;
use crate::journal::RoleName;
use crate::RoleError;
use assay_core::protocol::{AccountId, Block, Task};

impl Worker {
    /// Blocks that this role leaves to those who have more interest in going on.
    fn patience(&self) -> Block {
        match self.scribe.role() {
            RoleName::Submitter => 0,
            RoleName::Solver => 2,
            RoleName::Verifier | RoleName::Whistleblower => 4,
        }
    }

    /// Pokes a task that this worker has a part in and that has been due for a while. Returns whether it did.
    pub(crate) async fn poke(&mut self, task: &Task, now: Block) -> Result<bool, RoleError> {
        if !has_part(task, &self.account) || !task.may_poke(now) {
            self.overdue.remove(&task.id);
            return Ok(false);
        }
        let since = *self.overdue.entry(task.id).or_insert(now);
        if now.saturating_sub(since) < self.patience() {
            return Ok(false);
        }
        let receipt = self.ctx.chain.poke(task.id).await?;
        self.sent(task.id, &receipt);
        self.overdue.remove(&task.id);
        Ok(true)
    }
}

/// Whether an account has money in a task. (A whistleblower has only in games, and those end by themselves.)
fn has_part(task: &Task, account: &AccountId) -> bool {
    task.submitter == *account
        || task.slot_of(account).is_some()
        || task.bids.iter().any(|bid| bid.solver == *account)
        || task.solver.is_some_and(|solver| solver.account == *account)
}
