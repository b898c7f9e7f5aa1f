//! `assay train`: the training that a task asks for, on this machine alone.

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use assay_core::graph::gather_row;
use assay_engine::{
    bytes::tensor_bytes,
    data::Roots,
    device::Device,
    project::Project,
    quality::Quality,
    state::{Checkpoint, State},
};
use indicatif::{ProgressBar, ProgressStyle};
use safetensors::{tensor::TensorView, Dtype};
use serde::Serialize;

#[cfg(not(feature = "torch"))]
use crate::args::NO_LIBTORCH;
use crate::args::{BackendArg, HardwareArgs, TrainArgs};

/// What the command reports.
#[derive(Debug, Serialize)]
struct Answer {
    /// Training steps.
    steps: u64,
    /// From first to last step, in seconds.
    seconds: f64,
    /// Root of the last state.
    state: String,
    /// Loss of the last step.
    loss: f32,
    /// How good it is on the test data.
    test: Quality,
}

/// A finished training.
struct Trained {
    state: State,
    /// Of each step.
    losses: Vec<f32>,
    time: Duration,
}

/// Trains, evaluates, writes, prints.
pub(crate) fn train(args: &TrainArgs, json: bool) -> Result<()> {
    let project = Project::open_with(&args.task_dir, &Roots::standard(&args.task_dir), args.changes.get())?;
    let bar = bar(project.compiled.steps, json);
    let trained = match args.backend {
        BackendArg::Reproducible => reproducible(&project, args.hardware, &bar)?,
        BackendArg::Torch => torch(&project, args.hardware, &bar)?,
    };
    bar.finish_and_clear();
    let compiled = &project.compiled;
    let test = compiled.evaluator()?.evaluate(&trained.state, compiled.evaluation_batches)?;
    if let Some(path) = &args.result {
        let checkpoint = Checkpoint { step: compiled.steps, state: trained.state.clone() };
        checkpoint.write_file(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &args.record {
        record(path, &project, &trained.losses).with_context(|| format!("cannot write {}", path.display()))?;
    }
    print(&trained, test, json)
}

fn print(trained: &Trained, test: Quality, json: bool) -> Result<()> {
    let answer = Answer {
        steps: trained.losses.len() as u64,
        seconds: trained.time.as_secs_f64(),
        state: trained.state.root().to_string(),
        loss: trained.losses.last().copied().unwrap_or(f32::NAN),
        test,
    };
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    let Answer { steps, seconds, state, loss, .. } = &answer;
    println!("{steps} steps in {seconds:.2} s, last loss {loss:.4}");
    println!("test data: {test}");
    println!("state {state}");
    Ok(())
}

fn reproducible(
    project: &Project,
    HardwareArgs { device, threads }: HardwareArgs,
    bar: &ProgressBar,
) -> Result<Trained> {
    if let Device::Cuda { ordinal } = device {
        return on_gpu(project, ordinal, bar);
    }
    let mut trainer = project.compiled.trainer()?.with_threads(threads)?;
    let mut state = project.compiled.start.clone();
    let mut losses = Vec::new();
    let begin = Instant::now();
    trainer.run_segment(&mut state, 0, project.compiled.steps, |progress| {
        losses.push(progress.loss);
        show(bar, progress.loss);
        ControlFlow::Continue(())
    })?;
    Ok(Trained { state, losses, time: begin.elapsed() })
}

#[cfg(feature = "cuda")]
fn on_gpu(project: &Project, ordinal: usize, bar: &ProgressBar) -> Result<Trained> {
    let Project { compiled, .. } = project;
    let mut trainer = assay_engine::cuda::CudaExecutor::new(compiled.step.clone(), compiled.training_data(), ordinal)?;
    trainer.load(&compiled.start)?;
    let mut losses = Vec::new();
    let begin = Instant::now();
    trainer.run_segment(0, compiled.steps, |_, loss| {
        losses.push(loss);
        show(bar, loss);
        ControlFlow::Continue(())
    })?;
    Ok(Trained { state: trainer.state()?, losses, time: begin.elapsed() })
}

#[cfg(not(feature = "cuda"))]
fn on_gpu(_: &Project, _: usize, _: &ProgressBar) -> Result<Trained> {
    Err(assay_roles::RoleError::NoCuda.into())
}

#[cfg(feature = "torch")]
fn torch(project: &Project, HardwareArgs { device, threads }: HardwareArgs, bar: &ProgressBar) -> Result<Trained> {
    use assay_engine::torch::{set_threads, TorchTrainer};

    set_threads(threads);
    let Project { models, task, compiled, .. } = project;
    let mut trainer = TorchTrainer::new(&models.training, task, &compiled.training_data(), &compiled.start, device)?;
    let mut losses = Vec::new();
    let begin = Instant::now();
    for step in 0..compiled.steps {
        let loss = trainer.step(step)?;
        losses.push(loss);
        show(bar, loss);
    }
    Ok(Trained { state: trainer.state()?, losses, time: begin.elapsed() })
}

#[cfg(not(feature = "torch"))]
fn torch(_: &Project, _: HardwareArgs, _: &ProgressBar) -> Result<Trained> {
    anyhow::bail!(NO_LIBTORCH)
}

fn bar(steps: u64, json: bool) -> ProgressBar {
    if json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos:>6}/{len:<6} {eta:>4} left, {msg}");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, loss: f32) {
    bar.inc(1);
    bar.set_message(format!("loss {loss:.4}"));
}

/// What it takes to repeat a training elsewhere, and its losses.
fn record(path: &Path, project: &Project, losses: &[f32]) -> Result<()> {
    let Project { models, task, data, compiled, .. } = project;
    let (seed, batch, rows) = (task.training.seed, task.training.batch, data.train_inputs.rows());
    let passes = compiled.steps * u64::from(task.training.accumulate.max(1));
    let order: Vec<u8> = (0..passes)
        .flat_map(|pass| (0..batch).map(move |item| gather_row(seed, rows, batch, pass, item)))
        .flat_map(u64::to_le_bytes)
        .collect();
    let of_numbers = |dims, values| TensorView::new(Dtype::F32, dims, tensor_bytes(values));
    let mut views = vec![
        ("rows".to_owned(), TensorView::new(Dtype::I64, vec![passes as usize, batch as usize], &order)?),
        ("loss".to_owned(), of_numbers(vec![losses.len()], losses)?),
    ];
    for param in &models.training.params {
        let dims = param.shape.dims().iter().map(|&dim| dim as usize).collect();
        views.push((format!("start.{}", param.name), of_numbers(dims, &param.values)?));
    }
    Ok(safetensors::serialize_to_file(views, None, path)?)
}
