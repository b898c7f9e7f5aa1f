//! What all roles share: an account, secrets, a journal, and what they know of tasks.
mod arena;
mod attend;
mod audit;
mod board;
mod compute;
mod evidence;
mod inputs;
mod memory;
mod poke;
mod proofs;

pub(crate) use arena::{Arena, Manner};
pub(crate) use attend::{react, Attends};
pub(crate) use board::Board;
pub(crate) use compute::compute;
pub(crate) use evidence::{Run, INFLATED};
pub(crate) use memory::Memory;

use crate::journal::{Event, RoleName, Scribe};
use crate::{Activity, Context, Job, Outcome, ProofBlob, RoleError, Secrets};
use assay_chain::{ChainError, Receipt};
use assay_core::commit::{hex_bytes, Hash};
use assay_core::protocol::{AccountId, Balance, Block, Phase, Task, TaskId};
use assay_engine::state::State;
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

/// States kept in memory: those of the segments that a worker and its games are about.
const STATES: usize = 16;

/// One worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) ctx: Context,
    pub(crate) account: AccountId,
    pub(crate) contract: AccountId,
    pub(crate) secrets: Secrets,
    pub(crate) scribe: Scribe,
    jobs: HashMap<TaskId, Arc<Job>>,
    refused: HashSet<TaskId>,
    /// The last complaint about each task, so that it is made once.
    complaints: HashMap<TaskId, String>,
    proofs: HashMap<TaskId, (Hash, Arc<ProofBlob>)>,
    states: VecDeque<(Hash, Arc<State>)>,
    runs: VecDeque<(TaskId, Run, Arc<State>)>,
    overdue: HashMap<TaskId, Block>,
    /// The last block in which a call can still come through of which nothing was heard.
    unheard: Option<Block>,
}

impl Worker {
    pub(crate) fn new(ctx: &Context, role: RoleName) -> Result<Self, RoleError> {
        let account = ctx.chain.account();
        Ok(Self {
            account,
            contract: ctx.chain.contract(),
            secrets: Secrets::open(&ctx.home)?,
            scribe: ctx.journal.scribe(role, account),
            ctx: ctx.clone(),
            jobs: HashMap::new(),
            refused: HashSet::new(),
            complaints: HashMap::new(),
            proofs: HashMap::new(),
            states: VecDeque::new(),
            runs: VecDeque::new(),
            overdue: HashMap::new(),
            unheard: None,
        })
    }

    /// The worker's folder for a task. Contracts have folders of their own, so that a new deployment starts afresh.
    pub(crate) fn folder(&self, task: TaskId) -> PathBuf {
        let contract = hex_bytes::encode(self.contract.get(..8).unwrap_or(&self.contract));
        self.ctx.home.join("tasks").join(format!("{contract}-{task}"))
    }

    /// What this worker remembers of a task.
    pub(crate) fn memory(&self, task: TaskId) -> Memory {
        Memory::new(self.folder(task))
    }

    /// What has to be attached to a call that needs so much free balance.
    pub(crate) async fn value_for(&self, need: Balance) -> Result<Balance, RoleError> {
        Ok(need.saturating_sub(self.ctx.chain.free_of(self.account).await?))
    }

    /// Reports a transaction.
    pub(crate) fn sent(&self, task: TaskId, receipt: &Receipt) {
        self.scribe.about(task).record(Event::Call {
            label: receipt.label.clone(),
            gas: receipt.gas.ref_time,
            proof_size: receipt.gas.proof_size,
            fee: receipt.fee,
            bytes: receipt.tx_bytes.into(),
            block: receipt.block,
        });
    }

    /// Whether a call that must not be made twice may still come through. All other calls are refused the second time.
    pub(crate) async fn awaits(&mut self) -> Result<bool, RoleError> {
        let Some(until) = self.unheard else { return Ok(false) };
        let over = self.ctx.chain.now().await? > until;
        self.unheard = self.unheard.filter(|_| !over);
        Ok(!over)
    }

    /// The result of a call that must not be made twice.
    pub(crate) fn once<T>(&mut self, result: Result<T, ChainError>) -> Result<T, RoleError> {
        if let Err(ChainError::Unknown { until, .. }) = &result {
            self.unheard = Some(*until);
        }
        Ok(result?)
    }

    /// Says something about a task, unless it was the last thing said.
    pub(crate) fn complain(&mut self, task: TaskId, text: String) {
        if self.complaints.get(&task) != Some(&text) {
            self.scribe.about(task).note(text.clone());
            self.complaints.insert(task, text);
        }
    }

    /// The task is over: takes the money out and forgets about it.
    pub(crate) async fn finish(&mut self, board: &mut Board, task: &Task) -> Result<Activity, RoleError> {
        let Phase::Closed(outcome) = task.phase else { return Ok(Activity::Idle) };
        let free = self.ctx.chain.free_of(self.account).await?;
        if free > 0 {
            let receipt = self.ctx.chain.withdraw(free).await?;
            self.sent(task.id, &receipt);
        }
        self.scribe.about(task.id).record(Event::Outcome { outcome: format!("{outcome:?}"), withdrawn: free });
        tracing::info!(task = task.id, ?outcome, withdrawn = free, "the task is over");
        board.finish(task.id);
        self.jobs.remove(&task.id);
        self.proofs.remove(&task.id);
        self.runs.retain(|(id, ..)| *id != task.id);
        Ok(Activity::Finished(Outcome { task: task.id, outcome, withdrawn: free }))
    }
}

/// Adds to a queue that keeps the latest.
fn keep<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() >= STATES {
        queue.pop_front();
    }
    queue.push_back(item);
}
