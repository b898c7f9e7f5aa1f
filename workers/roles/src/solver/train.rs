//! Training a task: segment by segment, each checkpoint published as soon as it is there.
use super::cheat;
use super::fastest::fastest;
use super::spare::Spare;
use super::trainer::{arithmetic, remark, trainer, Trainer};
use crate::journal::{Event, Scribe};
use crate::meter::{Meter, Reading};
use crate::worker::{compute, Memory, Worker};
use crate::{Backend, Checkpoint, ProofBlob, RoleError, SolverCheat, SolverOptions};
use assay_core::protocol::{Mode, Task, TaskSpec};
use assay_engine::state::{self, Draft};
use assay_store::{BlobStore, Bytes};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long one reaction trains at most before it looks at the chain again.
const SLICE: Duration = Duration::from_secs(1);
/// Checkpoints that are being uploaded at once.
const UPLOADS: usize = 4;
/// Name of the list of published checkpoints in the worker's memory.
const LIST: &str = "checkpoints";

/// A training run under way.
pub(super) struct Training {
    trainer: Box<dyn Trainer>,
    published: Vec<Checkpoint>,
    cheat: Option<SolverCheat>,
    /// Of uploads that are done; there are no more than were under way at once.
    spare: Spare,
}

impl std::fmt::Debug for Training {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Training").field("published", &self.published.len()).field("cheat", &self.cheat).finish()
    }
}

/// A segment that was trained: its end, and the last step's loss.
struct Trained {
    step: u64,
    loss: f32,
    /// Processor time of the thread.
    took: Duration,
}

/// A checkpoint that is ready to be sent.
struct Sealed {
    checkpoint: Checkpoint,
    bytes: Bytes,
}

impl Sealed {
    fn new(draft: Draft, spare: &Spare) -> Self {
        let (state, bytes) = draft.seal();
        let checkpoint = Checkpoint { state, blob: assay_core::commit::hash(&bytes) };
        Self { checkpoint, bytes: spare.lend(bytes) }
    }
}

impl Training {
    /// Begins, or goes on after the last checkpoint that the store still has.
    pub(super) async fn begin(worker: &mut Worker, task: &Task, options: &SolverOptions) -> Result<Self, RoleError> {
        let job = worker.job(task).await?;
        let memory = worker.memory(task.id);
        let mut published: Vec<Checkpoint> = memory.list(LIST)?;
        let start = loop {
            let Some(last) = published.last() else {
                let checkpoint = state::Checkpoint { step: 0, state: (*job.start).clone() };
                let blob = worker.ctx.store.put(Bytes::from(checkpoint.to_bytes())).await?;
                published.push(Checkpoint { state: task.spec.start, blob });
                break checkpoint.state;
            };
            let decls = job.compiled.step.states.clone();
            match worker.ctx.store.get(last.blob, job.checkpoint_len()).await {
                Ok(bytes) => break state::Checkpoint::verified(&bytes, decls, last.state)?.state,
                Err(error @ assay_store::StoreError::NotFound { .. }) => {
                    worker.complain(task.id, format!("a checkpoint is gone, training that segment again: {error}"));
                    published.pop();
                }
                Err(error) => return Err(error.into()),
            }
        };
        memory.replace(LIST, &published)?;
        if published.len() > 1 {
            let text = format!("going on with training after {} segments", published.len() - 1);
            worker.scribe.about(task.id).note(text);
        }
        let (hardware, scribe) = (worker.ctx.hardware, worker.scribe.about(task.id));
        let arithmetic = arithmetic(&job, task);
        let backend = match (task.spec.mode, options.backend) {
            (Mode::Tolerant, Backend::Fastest) => {
                let (job, spec) = (job.clone(), task.spec);
                let choose = move |scribe: &Scribe| fastest(scribe, &job, &spec, arithmetic, hardware);
                compute(&scribe, "choose", choose).await?
            }
            (Mode::Exact, _) => Backend::Reproducible,
            (_, backend) => backend,
        };
        if let Some(remark) = remark(job.task.terms.arithmetic, arithmetic, (backend, hardware.device)) {
            scribe.note(remark);
        }
        let trainer = trainer(&job, arithmetic, (backend, hardware), start)?;
        Ok(Self { trainer, published, cheat: options.cheat, spare: Spare::default() })
    }

    /// Whether all segments are published.
    pub(super) fn is_done(&self, task: &Task) -> bool {
        self.published.len() as u64 > task.spec.segments()
    }

    /// The proof, when all segments are published.
    pub(super) fn proof(&self) -> ProofBlob {
        ProofBlob { checkpoints: self.published.clone() }
    }

    /// Trains and publishes for about a second. Checkpoints are hashed and uploaded while the next segments are trained.
    pub(super) async fn go_on(mut self, worker: &Worker, task: &Task) -> Result<Self, RoleError> {
        let scribe = worker.scribe.about(task.id);
        let memory = worker.memory(task.id);
        let (mut trainer, cheat, spec, spare) = (self.trainer, self.cheat, task.spec, self.spare.clone());
        let first = u32::try_from(self.published.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let (hand_over, drafts) = std::sync::mpsc::sync_channel(1);
        let (sender, mut receiver) = mpsc::channel(1);
        // One thread trains, one hashes: waking it up for a checkpoint is all that the first has to do with it.
        let seal = {
            let spare = spare.clone();
            move || drafts.into_iter().try_for_each(|draft| sender.blocking_send(Sealed::new(draft, &spare)))
        };
        let seal = tokio::task::spawn_blocking(seal);
        let train = {
            let scribe = scribe.clone();
            move || {
                let (meter, mut steps) = (Meter::start(), Duration::ZERO);
                for next in first.. {
                    if u64::from(next) >= spec.segments() || meter.read().wall >= SLICE {
                        break;
                    }
                    let trained = segment(trainer.as_mut(), &spec, next, cheat)?;
                    steps = steps.saturating_add(trained.took);
                    scribe.progress("train", trained.step, spec.steps);
                    if trained.loss.is_finite() {
                        scribe.record(Event::Loss { step: trained.step, loss: trained.loss });
                    }
                    let draft = Draft::new(trained.step, &*trainer.state()?, spare.take());
                    if hand_over.send(draft).is_err() {
                        break; // An upload failed, which is told there.
                    }
                }
                Reading { thread_cpu: steps, ..meter.read() }.record(&scribe, "train");
                Ok::<_, RoleError>(trainer)
            }
        };
        let train = tokio::task::spawn_blocking(train);
        let train = async { (train.await, Meter::start()) };
        let publish = async {
            let mut published = Vec::new();
            let mut uploads = VecDeque::new();
            while let Some(sealed) = receiver.recv().await {
                uploads.push_back(tokio::spawn(upload(worker.ctx.store.clone(), sealed)));
                if uploads.len() >= UPLOADS {
                    settle(&mut uploads, &memory, &mut published).await?;
                }
            }
            while !uploads.is_empty() {
                settle(&mut uploads, &memory, &mut published).await?;
            }
            drop(receiver);
            Ok::<_, RoleError>(published)
        };
        let ((trainer, meter), published) = tokio::join!(train, publish);
        // What was published during training is in its processor time, that of the whole process. This is the rest,
        // whose thread is any.
        Reading { thread_cpu: Duration::ZERO, ..meter.read() }.record(&scribe, "publish");
        self.published.extend(published?);
        // What it couldn't hand over was told above.
        let _ = seal.await?;
        Ok(Self { trainer: trainer??, ..self })
    }
}

/// Waits for the oldest upload and notes it down.
async fn settle(
    uploads: &mut VecDeque<JoinHandle<Result<Checkpoint, RoleError>>>,
    memory: &Memory,
    published: &mut Vec<Checkpoint>,
) -> Result<(), RoleError> {
    if let Some(upload) = uploads.pop_front() {
        let checkpoint = upload.await??;
        memory.append(LIST, &checkpoint)?;
        published.push(checkpoint);
    }
    Ok(())
}

async fn upload(store: Arc<dyn BlobStore>, sealed: Sealed) -> Result<Checkpoint, RoleError> {
    store.put_at(sealed.checkpoint.blob, sealed.bytes).await?;
    Ok(sealed.checkpoint)
}

/// Trains a segment.
fn segment(
    trainer: &mut dyn Trainer,
    spec: &TaskSpec,
    segment: u32,
    cheat: Option<SolverCheat>,
) -> Result<Trained, RoleError> {
    let (first, steps) = spec.segment(segment);
    let meter = Meter::start();
    let loss = trainer.steps(first, cheat::performed(cheat, steps).into())?;
    let took = meter.read().thread_cpu;
    let step = first.saturating_add(steps.into());
    if cheat.is_some() {
        let forged = cheat::forged(cheat, &*trainer.state()?, step)?;
        if let Some(state) = forged {
            // What is published is what goes on, or the next segment alone would give the noise away by its size.
            trainer.load(&state)?;
        }
    }
    Ok(Trained { step, loss, took })
}
