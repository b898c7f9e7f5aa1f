//! Downloading a solver's proof and its checkpoints.
use super::{compute, keep, Worker};
use crate::{ProofBlob, RoleError};
use assay_core::commit::hash;
use assay_core::protocol::Task;
use assay_engine::state::{Checkpoint, State};
use std::sync::Arc;

impl Worker {
    /// The proof of a task, checked against what its solver committed to.
    pub(crate) async fn proof(&mut self, task: &Task) -> Result<Arc<ProofBlob>, RoleError> {
        let proved = task.proof.ok_or(RoleError::Impossible { task: task.id, what: "no proof" })?;
        if let Some((root, proof)) = self.proofs.get(&task.id) {
            if *root == proved.checkpoints {
                return Ok(proof.clone());
            }
        }
        let bytes = self.ctx.store.get(proved.blob, ProofBlob::max_len(task.spec.segments())).await?;
        let proof = ProofBlob::from_bytes(&bytes)?;
        let list = proof.list();
        if list.len() as u64 != task.spec.checkpoints_len() || hash(&list) != proved.checkpoints {
            return Err(RoleError::Proof { task: task.id, what: "its list of checkpoints is another".into() });
        }
        let proof = Arc::new(proof);
        self.proofs.insert(task.id, (proved.checkpoints, proof.clone()));
        Ok(proof)
    }

    /// The state at the beginning of a segment, as the solver published it.
    pub(crate) async fn checkpoint(&mut self, task: &Task, index: u64) -> Result<Arc<State>, RoleError> {
        let job = self.job(task).await?;
        if index == 0 {
            return Ok(job.start.clone()); // The contract checked that the list begins with it.
        }
        let missing = || RoleError::Proof { task: task.id, what: format!("it has no checkpoint {index}") };
        let proof = self.proof(task).await?;
        let at = usize::try_from(index).ok().and_then(|index| proof.checkpoints.get(index)).ok_or_else(missing)?;
        let (root, blob) = (at.state, at.blob);
        if let Some((_, state)) = self.states.iter().find(|(kept, _)| *kept == root) {
            return Ok(state.clone());
        }
        let bytes = self.ctx.store.get(blob, job.checkpoint_len()).await?;
        let decls = job.compiled.step.states.clone();
        let id = task.id;
        let read = move |_: &_| match Checkpoint::verified(&bytes, decls, root) {
            Ok(checkpoint) => Ok(Arc::new(checkpoint.state)),
            Err(error) => Err(RoleError::Proof { task: id, what: format!("checkpoint {index}: {error}") }),
        };
        let state = compute(&self.scribe.about(id), "load", read).await?;
        keep(&mut self.states, (root, state.clone()));
        Ok(state)
    }
}
