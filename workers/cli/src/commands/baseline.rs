//! `assay baseline`: the same training without any protocol, and the accuracy of a checkpoint.

use std::path::Path;

use anyhow::{Context, Result};
use assay_engine::{compile::Compiled, data::Roots, project::Project, quality::Quality, state::Checkpoint};
use serde::Serialize;

use crate::args::BaselineArgs;

/// What the command reports.
#[derive(Debug, Default, Serialize)]
struct Answer {
    /// Training steps.
    steps: u64,
    /// Processor seconds that plain libtorch trained.
    plain_seconds: Option<f64>,
    /// Share of the test set that plain libtorch's model classifies right.
    plain_accuracy: Option<f64>,
    /// Mean loss of plain libtorch's model on the test set.
    plain_test_loss: Option<f64>,
    /// Training loss of plain libtorch: steps done, and the loss of the last of them.
    plain_loss: Vec<(u64, f32)>,
    /// Share of the test set that the checkpoint classifies right.
    checkpoint_accuracy: Option<f64>,
    /// Mean loss of the checkpoint on the test set.
    checkpoint_test_loss: Option<f64>,
}

/// Trains, evaluates, prints.
pub(crate) fn baseline(args: &BaselineArgs, json: bool) -> Result<()> {
    let project = Project::open_with(&args.task_dir, &Roots::standard(&args.task_dir), args.changes.get())?;
    let mut answer = Answer { steps: project.compiled.steps, ..Answer::default() };
    #[cfg(feature = "torch")]
    plain(&mut answer, args.threads, &project)?;
    #[cfg(not(feature = "torch"))]
    tracing::warn!(
        threads = args.threads,
        "this build has no libtorch (feature `torch`): only the checkpoint is evaluated"
    );
    if let Some(path) = &args.checkpoint {
        let quality = evaluate(path, &project.compiled)?;
        answer.checkpoint_accuracy = quality.accuracy();
        answer.checkpoint_test_loss = Some(quality.loss);
    }
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    if let (Some(seconds), Some(loss)) = (answer.plain_seconds, answer.plain_test_loss) {
        let (steps, accuracy) = (answer.steps, percent(answer.plain_accuracy));
        println!("plain libtorch: {steps} steps in {seconds:.3} s, {accuracy}test loss {loss:.4}");
    }
    if let Some(loss) = answer.checkpoint_test_loss {
        println!("checkpoint: {}test loss {loss:.4}", percent(answer.checkpoint_accuracy));
    }
    Ok(())
}

/// An accuracy, if there is one, before something else.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("accuracy {:.2} %, ", 100.0 * share))
}

/// One timed run with libtorch's own optimiser.
#[cfg(feature = "torch")]
fn plain(answer: &mut Answer, threads: usize, project: &Project) -> Result<()> {
    use assay_engine::torch;

    torch::set_threads(threads);
    let Project { models, task, data, compiled, .. } = project;
    let run = torch::baseline(&models.training, &models.evaluation, task, data, compiled.steps)?;
    answer.plain_seconds = Some(run.cpu.as_secs_f64());
    answer.plain_accuracy = run.test.accuracy();
    answer.plain_test_loss = Some(run.test.loss);
    answer.plain_loss = run.losses;
    Ok(())
}

fn evaluate(path: &Path, compiled: &Compiled) -> Result<Quality> {
    let checkpoint = Checkpoint::read_file(path, compiled.step.states.clone())
        .with_context(|| format!("cannot use the checkpoint {}", path.display()))?;
    Ok(compiled.evaluator()?.evaluate(&checkpoint.state, compiled.evaluation_batches)?)
}
