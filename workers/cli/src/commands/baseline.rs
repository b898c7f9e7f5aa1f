//! `assay baseline`: the same training without any protocol, and how good a checkpoint is.

use std::path::Path;

use anyhow::{Context, Result};
use assay_engine::{compile::Compiled, data::Roots, project::Project, quality::Quality, state::Checkpoint};
use serde::{Deserialize, Serialize};

use crate::args::BaselineArgs;
#[cfg(feature = "torch")]
use crate::args::HardwareArgs;

/// What the command reports.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Training steps.
    pub(crate) steps: u64,
    /// Processor seconds that plain libtorch trained.
    pub(crate) plain_seconds: Option<f64>,
    /// How good plain libtorch's model is.
    pub(crate) plain: Option<Quality>,
    /// Training loss of plain libtorch: steps done, and the loss of the last of them.
    pub(crate) plain_loss: Vec<(u64, f32)>,
    /// How good the checkpoint is.
    pub(crate) checkpoint: Option<Quality>,
}

/// Trains, evaluates, prints.
pub(crate) fn baseline(args: &BaselineArgs, json: bool) -> Result<()> {
    let project = Project::open_with(&args.task_dir, &Roots::standard(&args.task_dir), args.changes.get())?;
    let mut answer = Answer { steps: project.compiled.steps, ..Answer::default() };
    #[cfg(feature = "torch")]
    plain(&mut answer, args.hardware, &project)?;
    #[cfg(not(feature = "torch"))]
    tracing::warn!(
        threads = args.hardware.threads,
        "this build has no libtorch (feature `torch`): only the checkpoint is evaluated"
    );
    if let Some(path) = &args.checkpoint {
        answer.checkpoint = Some(evaluate(path, &project.compiled)?);
    }
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    if let (Some(seconds), Some(quality)) = (answer.plain_seconds, answer.plain) {
        println!("plain libtorch: {} steps in {seconds:.3} s, {quality}", answer.steps);
    }
    if let Some(quality) = answer.checkpoint {
        println!("checkpoint: {quality}");
    }
    Ok(())
}

/// One timed run with libtorch's own optimiser.
#[cfg(feature = "torch")]
fn plain(answer: &mut Answer, hardware: HardwareArgs, project: &Project) -> Result<()> {
    use assay_engine::torch;

    torch::set_threads(hardware.threads);
    let Project { models, task, data, compiled, .. } = project;
    let run = torch::baseline(&models.training, &models.evaluation, task, data, compiled.steps, hardware.device)?;
    answer.plain_seconds = Some(run.cpu.as_secs_f64());
    answer.plain = Some(run.test);
    answer.plain_loss = run.losses;
    Ok(())
}

fn evaluate(path: &Path, compiled: &Compiled) -> Result<Quality> {
    let checkpoint = Checkpoint::read_file(path, compiled.step.states.clone())
        .with_context(|| format!("cannot use the checkpoint {}", path.display()))?;
    Ok(compiled.evaluator()?.evaluate(&checkpoint.state, compiled.evaluation_batches)?)
}
