//! Downloading and checking a task's inputs.
use super::{compute, Worker};
use crate::job::{checkpoint_len, fits, programs_fit};
use crate::{Bundle, Inputs, Job, Mismatch, RoleError};
use assay_core::graph::{DataDecl, ProgramRef};
use assay_core::protocol::{Task, TaskSpec};
use std::sync::Arc;

/// Bytes of a model file at most: as many as its importer takes.
const MODEL_LEN: u64 = assay_engine::import::onnx::MAX_BYTES;

impl Worker {
    /// The checked task. Downloads and checks it the first time.
    ///
    /// # Errors
    /// [`RoleError::Mismatch`] if it isn't what it says.
    pub(crate) async fn job(&mut self, task: &Task) -> Result<Arc<Job>, RoleError> {
        if let Some(job) = self.jobs.get(&task.id) {
            return Ok(job.clone());
        }
        let scribe = self.scribe.about(task.id);
        scribe.progress("check", 0, 2);
        let inputs = self.download(&task.spec).await?;
        scribe.progress("check", 1, 2);
        let spec = task.spec;
        let job = compute(&scribe, "check", move |_| Ok(Job::inspect(&spec, inputs)?)).await?;
        scribe.progress("check", 2, 2);
        let job = Arc::new(job);
        self.jobs.insert(task.id, job.clone());
        Ok(job)
    }

    /// The checked task, before binding oneself to it: nothing if it isn't what it says, or can't be had now.
    pub(crate) async fn consider(&mut self, task: &Task) -> Result<Option<Arc<Job>>, RoleError> {
        if self.refused.contains(&task.id) {
            return Ok(None);
        }
        match self.job(task).await {
            Ok(job) => Ok(Some(job)),
            Err(RoleError::Mismatch(why)) => {
                self.complain(task.id, format!("keeping off this task: {why}"));
                self.refused.insert(task.id);
                Ok(None)
            }
            Err(error) if error.is_unavailable() => {
                self.complain(task.id, format!("cannot check this task yet: {error}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn download(&self, spec: &TaskSpec) -> Result<Inputs, RoleError> {
        let store = &self.ctx.store;
        programs_fit(spec)?;
        let bundle = Bundle::from_bytes(&store.get(spec.metadata, Bundle::MAX_LEN).await?)?;
        let records = async |program: &ProgramRef| store.get(program.root, program.byte_len()).await;
        let program = records(&spec.program).await?;
        let jitter = records(&spec.jitter).await?;
        let distance = records(&spec.distance).await?;
        // The program says how much data there may be. It is validated with everything else later.
        let opened = spec.program.open(&program).map_err(|error| Mismatch::Program { which: "step", error })?;
        let len = |decl: &DataDecl| decl.shape.elements().saturating_mul(decl.dtype.size());
        fits("the data", opened.data.iter().map(len).chain([checkpoint_len(&opened)]))?;
        let mut data = Vec::new();
        for decl in &opened.data {
            data.push((decl.name.to_string(), store.get(decl.root, len(decl)).await?));
        }
        let model = store.get(bundle.model, MODEL_LEN).await?;
        let start = store.get(bundle.start, checkpoint_len(&opened)).await?;
        Ok(Inputs { bundle, model, program, jitter, distance, data, start })
    }
}
