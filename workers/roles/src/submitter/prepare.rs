//! From a task folder to uploaded blobs and a specification.
use crate::job::{checkpoint_len, mode};
use crate::journal::Scribe;
use crate::worker::{compute, Worker};
use crate::{Bundle, RoleError, SubmitOptions};
use assay_core::commit::Hash;
use assay_core::graph::StateDecl;
use assay_core::protocol::TaskSpec;
use assay_engine::data::Roots;
use assay_engine::project::Project;
use assay_engine::state::Checkpoint;
use assay_store::Bytes;

/// What there is to upload for a task.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The specification, complete but for the seed commitment.
    pub spec: TaskSpec,
    /// The bundle, the blob that the specification names.
    pub bundle: Bundle,
    /// The tensors of checkpoints.
    pub(super) states: Vec<StateDecl>,
    /// Bytes of a checkpoint at most.
    pub(super) checkpoint_len: u64,
    /// All blobs.
    pub(super) blobs: Vec<Bytes>,
}

/// Reads and compiles the folder, uploads everything.
pub(super) async fn prepare(worker: &Worker, options: &SubmitOptions) -> Result<Prepared, RoleError> {
    let options = options.clone();
    let prepared = compute(&worker.scribe, "prepare", move |_| compile(&options)).await?;
    upload(worker, &worker.scribe, &prepared).await?;
    Ok(prepared)
}

async fn upload(worker: &Worker, scribe: &Scribe, prepared: &Prepared) -> Result<(), RoleError> {
    let total = prepared.blobs.len() as u64;
    for (done, blob) in (1_u64..).zip(&prepared.blobs) {
        worker.ctx.store.put(blob.clone()).await?;
        scribe.progress("upload", done, total);
    }
    Ok(())
}

fn compile(options: &SubmitOptions) -> Result<Prepared, RoleError> {
    let folder = &options.task_dir;
    let project = Project::open_with(folder, &Roots::standard(folder), options.changes)?;
    let Project { toml: text, task, model_file: model_bytes, compiled, .. } = project;

    let start = Checkpoint { step: 0, state: compiled.start.clone() }.to_bytes();
    let programs = [&compiled.step, &compiled.jitter, &compiled.distance];
    let mut data = Vec::new();
    let mut blobs: Vec<Bytes> = Vec::new();
    for (decl, tensor) in compiled.step.data.iter().zip(compiled.training_data()) {
        data.push((decl.name.to_string(), tensor.root()));
        blobs.push(Bytes::copy_from_slice(tensor.bytes()));
    }
    let bundle = Bundle {
        toml: text,
        model: address(&model_bytes),
        program: compiled.step.root(),
        jitter: compiled.jitter.root(),
        distance: compiled.distance.root(),
        data,
        start: address(&start),
    };
    let bundle_bytes = bundle.to_bytes()?;
    let spec = TaskSpec {
        metadata: address(&bundle_bytes),
        program: compiled.step.reference(),
        jitter: compiled.jitter.reference(),
        distance: compiled.distance.reference(),
        start: compiled.start.root(),
        steps: compiled.steps,
        interval: task.checkpoints.interval,
        work_per_step: compiled.step.work(),
        mode: mode(&task),
        max_price: task.terms.max_price.into(),
        verifiers: task.terms.verifiers,
        segments_per_verifier: task.terms.segments_per_verifier,
        training_blocks: task.terms.training_blocks,
        seed_commit: Hash::default(),
    };
    blobs.extend(programs.map(|program| Bytes::from(program.to_bytes())));
    blobs.extend([model_bytes, start, bundle_bytes].map(Bytes::from));
    let (states, checkpoint_len) = (compiled.step.states.clone(), checkpoint_len(&compiled.step));
    Ok(Prepared { spec, bundle, states, checkpoint_len, blobs })
}

fn address(bytes: &[u8]) -> Hash {
    assay_engine::bytes::hash_bytes(bytes)
}
