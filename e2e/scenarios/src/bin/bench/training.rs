//! Suite `training`: whole training steps (forward, backward, optimiser) of the examples against libtorch's own.
use crate::alternate::{alternate, looped};
use crate::chart;
use crate::clock::Clock;
use crate::figure::{Bar, Figure};
use crate::kernels::{example, on, THEIRS};
use crate::quiet::Quiet;
use anyhow::{Context as _, Result};
use assay_engine::device::Device;
use assay_engine::project::Project;
use assay_engine::torch::{set_threads, PlainTrainer};
use std::path::Path;
use std::time::Duration;

/// The examples, small ones first.
const EXAMPLES: [&str; 6] =
    ["digits-mlp", "fashion-mlp", "fashion-cnn", "fashion-resnet", "shakespeare-gpt", "milton-lora"];
/// How long a sample takes at least: some steps of the greatest.
const SAMPLE: Duration = Duration::from_millis(250);
/// Speed over libtorch's.
const BAR: f64 = 0.8;

/// Measures all examples, and draws them.
///
/// # Errors
/// Those of the engine and of libtorch.
pub(crate) fn run(runs: u16, threads: &[usize], plot: Option<&Path>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let projects = EXAMPLES.map(|name| example(name).map(|project| (name, project)));
    let projects = projects.into_iter().collect::<Result<Vec<_>>>()?;
    for &threads in threads {
        set_threads(threads);
        let mut quiet = Quiet::new(threads);
        for (name, project) in &projects {
            eprintln!("bench: training {name} on {}", on(threads));
            figures.push(figure(name, project, threads, runs, &mut quiet).with_context(|| name.to_string())?);
        }
    }
    if let Some(path) = plot {
        chart::draw(path, "Training steps: speed over libtorch's", &figures)?;
    }
    Ok(figures)
}

fn figure(
    name: &str,
    Project { task, models, compiled, .. }: &Project,
    threads: usize,
    runs: u16,
    quiet: &mut Quiet,
) -> Result<Figure> {
    let mut executor = compiled.trainer()?.with_threads(threads)?;
    let mut state = compiled.start.clone();
    let mut plain = PlainTrainer::new(&models.training, task, &compiled.training_data(), Device::Cpu)?;
    let clock = Clock::of(threads);
    // Each goes its own way through the same steps of the same data; a run that is over begins anew with its data.
    let (mut step, mut plain_step) = (0, 0);
    let mut ours = |count| {
        looped(clock, count, || {
            executor.step(&mut state, step % compiled.steps)?;
            step += 1;
            Ok(())
        })
    };
    let mut theirs = |count| {
        looped(clock, count, || {
            plain.step(plain_step % compiled.steps)?;
            plain_step += 1;
            Ok(())
        })
    };
    let pairs = alternate((&mut ours, &mut theirs), SAMPLE, runs, quiet)?;
    let figure = pairs.figure(format!("{}/{name}", on(threads)), 1.0, "/s", THEIRS);
    Ok(figure.bar(Bar::RatioAtLeast(BAR)))
}
