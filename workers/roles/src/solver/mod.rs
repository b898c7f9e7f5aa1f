//! The solver: trains for money.
mod cheat;
mod fastest;
mod spare;
mod train;
mod trainer;

use crate::journal::RoleName;
use crate::worker::{react, Arena, Attends, Board, Manner, Worker};
use crate::{Activity, Context, ProofBlob, Role, RoleError, SolverCheat, SolverOptions};
use assay_core::commit::Tree;
use assay_core::protocol::task::Standing;
use assay_core::protocol::{AccountId, Block, Phase, Proof, Target, Task, TaskId};
use assay_store::Bytes;
use async_trait::async_trait;
use train::Training;

/// Bids, trains what it is assigned, publishes checkpoints and proof, and challenges verifiers that refute it wrongly.
#[derive(Debug)]
pub struct Solver {
    worker: Worker,
    board: Board,
    arena: Arena,
    options: SolverOptions,
    training: Option<(TaskId, Training)>,
}

/// Whether a solver has bid for a task or trains it: it takes one at a time, so that no clock runs out for another.
fn is_busy(task: &Task, account: &AccountId) -> bool {
    match task.phase {
        Phase::Open => task.bids.iter().any(|bid| bid.solver == *account),
        Phase::Training => task.solver.is_some_and(|solver| solver.account == *account),
        _ => false,
    }
}

impl Solver {
    /// A solver.
    pub fn new(ctx: &Context, options: SolverOptions) -> Result<Self, RoleError> {
        let (board, arena) = (Board::new(options.task), Arena::new(Manner::Honest));
        Ok(Self { worker: Worker::new(ctx, RoleName::Solver)?, board, arena, options, training: None })
    }

    /// Bids once, if the price is right and the task is what it says.
    async fn bid(&mut self, task: &Task) -> Result<bool, RoleError> {
        let account = self.worker.account;
        let has_role = task.submitter == account
            || task.slot_of(&account).is_some()
            || task.bids.iter().any(|bid| bid.solver == account);
        let price = self.options.price.unwrap_or(task.spec.max_price);
        if has_role || price > task.spec.max_price || task.profile.is_some_and(|profile| profile.fell) {
            return Ok(false);
        }
        let (full, highest) =
            (task.bids.len() >= assay_core::protocol::MAX_BIDS, task.bids.iter().map(|bid| bid.price).max());
        if full && highest.is_some_and(|highest| price >= highest) {
            return Ok(false);
        }
        let Some(job) = self.worker.consider(task).await? else { return Ok(false) };
        if let Err(why) = trainer::check(&job, task.spec.mode, (self.options.backend, self.worker.ctx.hardware)) {
            self.worker.complain(task.id, format!("not bidding for this task: {why}"));
            return Ok(false);
        }
        let value = self.worker.value_for(task.terms.solver_bond).await?;
        let receipt = self.worker.ctx.chain.bid(task.id, price, value).await?;
        self.worker.memory(task.id).store("bid", &price)?;
        self.worker.sent(task.id, &receipt);
        Ok(true)
    }

    /// Trains for a while; publishes the proof when it is done.
    async fn train(&mut self, task: &Task) -> Result<bool, RoleError> {
        if self.options.cheat == Some(SolverCheat::Absent) {
            return Ok(false);
        }
        let training = match self.training.take() {
            Some((id, training)) if id == task.id => training,
            _ => Training::begin(&mut self.worker, task, &self.options).await?,
        };
        // A failure in between forgets what is in memory: the next reaction goes on from what was published.
        let training = training.go_on(&self.worker, task).await?;
        if training.is_done(task) {
            self.prove(task, &training.proof()).await?;
            return Ok(true);
        }
        self.training = Some((task.id, training));
        Ok(true)
    }

    async fn prove(&mut self, task: &Task, proof: &ProofBlob) -> Result<(), RoleError> {
        let list = proof.list();
        let tree = Tree::new(&list)?;
        let blob = self.worker.ctx.store.put(Bytes::from(proof.to_bytes()?)).await?;
        let last = task.spec.checkpoints_len().saturating_sub(1) / assay_core::commit::CHUNK as u64;
        let (first, last) = (tree.opening(&list, 0)?, tree.opening(&list, last)?);
        let message = Proof { checkpoints: tree.root(), blob, first, last };
        let receipt = self.worker.ctx.chain.prove(task.id, message).await?;
        self.worker.sent(task.id, &receipt);
        Ok(())
    }

    /// Challenges reports that say wrongly that a segment fails.
    async fn defend(&mut self, task: &Task) -> Result<bool, RoleError> {
        if self.options.cheat.is_some() {
            return Ok(false);
        }
        let memory = self.worker.memory(task.id);
        let seen: Vec<(u8, u8, u8)> = memory.list("defended")?;
        for (slot, of) in (0_u8..).zip(&task.slots) {
            let Standing::Revealed(reports) = &of.standing else { continue };
            // One won game convicts the slot: no second one while the first is on.
            if self.arena.attacks(task.id, slot) {
                continue;
            }
            for (report, found) in (0_u8..).zip(reports).filter(|(_, found)| !found.passes) {
                let this = (task.round, slot, report);
                if seen.contains(&this) {
                    continue;
                }
                match self.worker.audit_report(task, found).await? {
                    Some(part) => self.worker.challenge(task, Target::Verdict { slot, report, part }).await?,
                    None => self.worker.complain(task.id, format!("segment {} is rightly refuted", found.segment)),
                }
                memory.append("defended", &this)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[async_trait]
impl Attends for Solver {
    fn parts(&mut self) -> (&mut Worker, &mut Arena, &mut Board) {
        (&mut self.worker, &mut self.arena, &mut self.board)
    }

    async fn attend(&mut self, task: &Task, all: &[Task], now: Block) -> Result<Activity, RoleError> {
        if task.is_closed() {
            self.training = self.training.take().filter(|(id, _)| *id != task.id);
            return self.worker.finish(&mut self.board, task).await;
        }
        let account = self.worker.account;
        let is_mine = task.solver.is_some_and(|solver| solver.account == account);
        let in_time = now <= task.deadline;
        let acted = match task.phase {
            Phase::Open if in_time && !all.iter().any(|other| is_busy(other, &account)) => self.bid(task).await?,
            Phase::Training if is_mine && in_time => self.train(task).await?,
            Phase::Challenging if is_mine && in_time => self.defend(task).await?,
            _ => false,
        };
        if acted || self.worker.poke(task, now).await? {
            return Ok(Activity::Acted);
        }
        Ok(Activity::Idle)
    }
}

#[async_trait]
impl Role for Solver {
    async fn react(&mut self) -> Result<Activity, RoleError> {
        react(self).await
    }
}
