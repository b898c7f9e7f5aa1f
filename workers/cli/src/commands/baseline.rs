//! `assay baseline`: the same training without any protocol, and the accuracy of a checkpoint.

use std::path::Path;

use anyhow::{Context, Result};
use assay_engine::{
    compile::Compiled,
    data::Roots,
    import::onnx,
    state::Checkpoint,
    task::{Task, TaskData},
};
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
    /// Training loss of plain libtorch: steps done, and the loss of the last of them.
    plain_loss: Vec<(u64, f32)>,
    /// Share of the test set that the checkpoint classifies right.
    checkpoint_accuracy: Option<f64>,
}

/// Trains, evaluates, prints.
pub(crate) fn baseline(args: &BaselineArgs, json: bool) -> Result<()> {
    let mut task = Task::read(&args.task_dir)?;
    if let Some(seed) = args.seed {
        task.training.seed = seed;
    }
    let data = TaskData::load(&task, &Roots::standard(&args.task_dir))?;
    let model = onnx::read_file(&args.task_dir.join(&task.model))?;
    let compiled = Compiled::new(&model, &task, &data)?;
    let mut answer = Answer { steps: compiled.steps, ..Answer::default() };
    #[cfg(feature = "torch")]
    plain(&mut answer, args.threads, &model, &task, &data, &compiled)?;
    #[cfg(not(feature = "torch"))]
    tracing::warn!(
        threads = args.threads,
        "this build has no libtorch (feature `torch`): only the checkpoint is evaluated"
    );
    if let Some(path) = &args.checkpoint {
        answer.checkpoint_accuracy = Some(evaluate(path, &compiled)?);
    }
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    if let (Some(seconds), Some(accuracy)) = (answer.plain_seconds, answer.plain_accuracy) {
        println!("plain libtorch: {} steps in {seconds:.3} s, accuracy {:.2} %", answer.steps, 100.0 * accuracy);
    }
    if let Some(accuracy) = answer.checkpoint_accuracy {
        println!("checkpoint: accuracy {:.2} %", 100.0 * accuracy);
    }
    Ok(())
}

/// One timed run with libtorch's own optimiser.
#[cfg(feature = "torch")]
fn plain(
    answer: &mut Answer,
    threads: usize,
    model: &assay_engine::import::Model,
    task: &Task,
    data: &TaskData,
    compiled: &Compiled,
) -> Result<()> {
    use assay_engine::torch;

    torch::set_threads(threads);
    let run = torch::baseline(model, task, data, compiled.steps)?;
    answer.plain_seconds = Some(run.cpu.as_secs_f64());
    answer.plain_accuracy = Some(run.accuracy.percent() / 100.0);
    answer.plain_loss = run.losses;
    Ok(())
}

fn evaluate(path: &Path, compiled: &Compiled) -> Result<f64> {
    let checkpoint = Checkpoint::read_file(path, compiled.step.states.clone())
        .with_context(|| format!("cannot use the checkpoint {}", path.display()))?;
    let accuracy = compiled.evaluator()?.accuracy(&checkpoint.state, compiled.evaluation_batches)?;
    Ok(accuracy.percent() / 100.0)
}
