//! The submitter: buys a training run.
mod prepare;

pub use prepare::Prepared;

use crate::journal::RoleName;
use crate::worker::{Board, Worker};
use crate::{Activity, Context, Role, RoleError, SubmitOptions};
use assay_core::commit::Hash;
use assay_core::protocol::beacon::{seed_chain, seed_commit};
use assay_core::protocol::task::quote;
use assay_core::protocol::{Phase, Task, TaskId};
use assay_engine::state::Checkpoint;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is remembered of a purchase.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Purchase {
    bundle: Hash,
    /// Tells purchases of the same bundle apart.
    nonce: u32,
    /// Whether it is over and done with.
    done: bool,
}

/// Buys a training run: prepares and uploads the inputs, submits, reveals its seeds, moves the task on, downloads the
/// result to `home/result.safetensors`.
///
/// Started again with the same home and inputs, it goes on with the purchase that is under way; after that one is over,
/// it buys anew.
#[derive(Debug)]
pub struct Submitter {
    worker: Worker,
    board: Board,
    options: SubmitOptions,
    prepared: Option<Prepared>,
    task: Option<TaskId>,
}

impl Submitter {
    /// A submitter for the task in a folder.
    pub fn new(ctx: &Context, options: SubmitOptions) -> Result<Self, RoleError> {
        let worker = Worker::new(ctx, RoleName::Submitter)?;
        Ok(Self { worker, board: Board::new(None), options, prepared: None, task: None })
    }

    /// The task, once it is on the chain.
    pub fn task(&self) -> Option<TaskId> {
        self.task
    }

    /// Where the result is put.
    pub fn result(&self) -> PathBuf {
        self.worker.ctx.home.join("result.safetensors")
    }

    fn purchase_file(&self) -> PathBuf {
        self.worker.ctx.home.join("purchase.json")
    }

    fn remember(&self, purchase: &Purchase) -> Result<(), RoleError> {
        let path = self.purchase_file();
        let bytes = serde_json::to_vec(purchase).map_err(|why| RoleError::Memory { path: path.clone(), why })?;
        let new = path.with_extension("new");
        let write = || std::fs::write(&new, bytes).and_then(|()| std::fs::rename(&new, &path));
        write().map_err(|source| RoleError::File { doing: "write", path: path.clone(), source })
    }

    fn remembered(&self) -> Result<Option<Purchase>, RoleError> {
        let path = self.purchase_file();
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|why| RoleError::Memory { path, why }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RoleError::File { doing: "read", path, source }),
        }
    }

    /// The seeds for a purchase, in the order in which they are revealed, and the commitment to the first.
    fn seeds(&self, bundle: &Hash, nonce: u32) -> (Vec<Hash>, Hash) {
        let secret = self.worker.secrets.submitter_secret(&self.worker.contract, bundle, nonce);
        seed_chain(&self.worker.account, &secret)
    }

    /// Finds the purchase on the chain, or submits it; then there is nothing else to do.
    async fn submit(&mut self) -> Result<Option<TaskId>, RoleError> {
        if self.prepared.is_none() {
            self.prepared = Some(prepare::prepare(&self.worker, &self.options).await?);
        }
        let Some(prepared) = &self.prepared else { return Ok(None) }; // Never: it was just made.
        let bundle = prepared.spec.metadata;
        let nonce = match self.remembered()? {
            Some(purchase) if purchase.bundle == bundle => purchase.nonce.saturating_add(u32::from(purchase.done)),
            _ => 0,
        };
        let (_, commit) = self.seeds(&bundle, nonce);
        let chain = self.worker.ctx.chain.clone();
        for id in (0..chain.task_count().await?).rev() {
            let task = chain.task(id).await?;
            if task.is_some_and(|task| task.submitter == self.worker.account && task.spec.seed_commit == commit) {
                self.worker.scribe.about(id).note(format!("going on with task {id}"));
                self.task = Some(id);
                return Ok(Some(id));
            }
        }
        if self.worker.awaits().await? {
            return Ok(None);
        }
        let Some(prepared) = &self.prepared else { return Ok(None) };
        // Remembered first: what is on the chain can be found by it.
        self.remember(&Purchase { bundle, nonce, done: false })?;
        let mut spec = prepared.spec;
        spec.seed_commit = commit;
        let terms = quote(&spec, &chain.parameters().await?).map_err(RoleError::Terms)?;
        let need = terms.budget.checked_add(terms.seed_bond);
        let need = need.ok_or(RoleError::Terms(assay_core::protocol::Error::Overflow))?;
        let value = self.worker.value_for(need).await?;
        let result = chain.submit(spec, value).await;
        let sent = self.worker.once(result)?;
        self.worker.sent(sent.output, &sent.receipt);
        self.worker.scribe.about(sent.output).note(format!("submitted task {}", sent.output));
        self.task = Some(sent.output);
        Ok(None)
    }

    /// The seed that the chain waits for.
    fn next_seed(&self, task: &Task) -> Option<Hash> {
        let nonce = self.remembered().ok().flatten().map_or(0, |purchase| purchase.nonce);
        let (seeds, _) = self.seeds(&task.spec.metadata, nonce);
        seeds.into_iter().find(|seed| seed_commit(&self.worker.account, seed) == task.submitter_commit)
    }

    async fn download(&mut self, task: &Task) -> Result<(), RoleError> {
        if self.prepared.is_none() {
            self.prepared = Some(prepare::prepare(&self.worker, &self.options).await?);
        }
        let Some(prepared) = &self.prepared else { return Ok(()) }; // Never: it was just made.
        let (states, max_len) = (prepared.states.clone(), prepared.checkpoint_len);
        let proof = self.worker.proof(task).await?;
        let last = proof.checkpoints.last();
        let last = last.ok_or_else(|| RoleError::Proof { task: task.id, what: "it is empty".into() })?;
        let bytes = self.worker.ctx.store.get(last.blob, max_len).await?;
        // The contract checked that the result is the list's last item, and the list was checked with the proof.
        let checkpoint = Checkpoint::verified(&bytes, states, last.state)?;
        let path = self.result();
        checkpoint.write_file(&path)?;
        self.worker.scribe.about(task.id).note(format!("the result is in {}", path.display()));
        Ok(())
    }

    async fn close(&mut self, task: &Task) -> Result<Activity, RoleError> {
        if task.phase == Phase::Closed(assay_core::protocol::Outcome::Paid) {
            self.download(task).await?;
        }
        let finished = self.worker.finish(&mut self.board, task).await?;
        if let Some(purchase) = self.remembered()? {
            self.remember(&Purchase { done: true, ..purchase })?;
        }
        self.task = None;
        Ok(finished)
    }
}

#[async_trait]
impl Role for Submitter {
    async fn react(&mut self) -> Result<Activity, RoleError> {
        let id = match self.task {
            Some(id) => id,
            None => match self.submit().await? {
                Some(id) => id,
                None => return Ok(Activity::Acted),
            },
        };
        let chain = self.worker.ctx.chain.clone();
        let task = chain.task(id).await?.ok_or(RoleError::Impossible { task: id, what: "no task" })?;
        if task.is_closed() {
            return self.close(&task).await;
        }
        let now = chain.now().await?;
        if task.may_reveal_seed(&self.worker.account, now) {
            if let Some(seed) = self.next_seed(&task) {
                let receipt = chain.reveal_seed(id, seed).await?;
                self.worker.sent(id, &receipt);
                return Ok(Activity::Acted);
            }
            self.worker.complain(id, "the seed for this task is lost: was the key file replaced?".into());
        }
        let poked = self.worker.poke(&task, now).await?;
        Ok(if poked { Activity::Acted } else { Activity::Idle })
    }
}
