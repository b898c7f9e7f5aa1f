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
    let Project { toml: text, task, model_file, compiled, .. } = project;

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
        model: address(&model_file),
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
    blobs.push(model_file);
    blobs.extend([start, bundle_bytes].map(Bytes::from));
    let (states, checkpoint_len) = (compiled.step.states.clone(), checkpoint_len(&compiled.step));
    Ok(Prepared { spec, bundle, states, checkpoint_len, blobs })
}

fn address(bytes: &[u8]) -> Hash {
    assay_engine::bytes::hash_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{programs_fit, Mismatch};
    use crate::{Inputs, Job};
    use std::collections::BTreeMap;
    use std::path::Path;

    const TASK: &str = r#"
name = "beside"
model = "model.onnx"
[data]
train-inputs = { file = "x" }
train-labels = { file = "y" }
test-inputs = { file = "x" }
test-labels = { file = "y" }
scale = 0.0078125
shift = -1.0
[training]
steps = 30
batch = 4
seed = 5
[training.optimiser]
learning-rate = 0.05
[checkpoints]
interval = 5
[terms]
mode = "exact"
max-price = 1000000
verifiers = 1
segments-per-verifier = 2
training-blocks = 60
"#;

    /// A task whose model has weights in a file beside it.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let models = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../engine/tests/models");
        // The file names the other one.
        for (from, to) in [("onnx", "model.onnx"), ("onnx.data", "lenet.external.onnx.data")] {
            std::fs::copy(models.join(format!("lenet.external.{from}")), folder.path().join(to)).unwrap();
        }
        let idx = |dims: &[u8], bytes: Vec<u8>| {
            let sizes = dims.iter().flat_map(|&dim| u32::from(dim).to_be_bytes());
            [0, 0, 8, dims.len() as u8].into_iter().chain(sizes).chain(bytes).collect::<Vec<u8>>()
        };
        let samples = (0..24 * 144_u32).map(|i| (i * 7 % 251) as u8).collect();
        std::fs::write(folder.path().join("x"), idx(&[24, 12, 12], samples)).unwrap();
        std::fs::write(folder.path().join("y"), idx(&[24], (0..24).map(|i| i % 3).collect())).unwrap();
        std::fs::write(folder.path().join("task.toml"), TASK).unwrap();
        folder
    }

    #[test]
    fn weights_beside_the_model_are_published() {
        let folder = folder();
        let options = SubmitOptions { task_dir: folder.path().into(), ..SubmitOptions::default() };
        let Prepared { spec, bundle, blobs, .. } = compile(&options).unwrap();
        assert_eq!(spec, compile(&options).unwrap().spec);
        drop(folder); // All that others have is the store.
        let store: BTreeMap<Hash, Bytes> = blobs.into_iter().map(|blob| (address(&blob), blob)).collect();
        let get = |address: &Hash| store[address].to_vec();
        let inputs = Inputs {
            model: get(&bundle.model),
            program: get(&bundle.program),
            jitter: get(&bundle.jitter),
            distance: get(&bundle.distance),
            data: bundle.data.iter().map(|(name, root)| (name.clone(), get(root))).collect(),
            start: get(&bundle.start),
            bundle,
        };
        let job = Job::inspect(&spec, inputs).unwrap();
        assert_eq!(job.start.root(), spec.start);
    }

    #[test]
    fn endless_programs_are_refused_before_they_are_downloaded() {
        let folder = folder();
        let options = SubmitOptions { task_dir: folder.path().into(), ..SubmitOptions::default() };
        let spec = compile(&options).unwrap().spec;
        programs_fit(&spec).unwrap();
        for which in 0..3 {
            let mut endless = spec;
            let program = [&mut endless.program, &mut endless.jitter, &mut endless.distance].into_iter().nth(which);
            program.unwrap().nodes = u32::MAX;
            let refused = programs_fit(&endless);
            assert!(matches!(refused, Err(Mismatch::TooLarge { bytes, max, .. }) if bytes > max), "{refused:?}");
        }
    }
}
