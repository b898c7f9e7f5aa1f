//! Suite `kernels`: the engine's operators against libtorch's, at the shapes that the examples have.
mod cases;
mod excerpt;
mod theirs;

use crate::alternate::alternate;
use crate::chart::Bars;
use crate::figure::{Bar, Figure};
use anyhow::{Context as _, Result};
use assay_engine::project::Project;
use assay_scenarios::process::repository;
use cases::Case;
use excerpt::Recorded;
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Duration;

/// How long a sample takes at least.
const SAMPLE: Duration = Duration::from_millis(20);
/// Threads of both.
pub(crate) const THREADS: [usize; 2] = [1, 2];
/// Whose speed the reference is.
pub(crate) const THEIRS: &str = "libtorch";

/// Opens an example of `examples/`.
///
/// # Errors
/// Its data isn't there.
pub(crate) fn example(name: &str) -> Result<Project> {
    let project = Project::open(&repository().join("examples").join(name));
    project.with_context(|| format!("`scripts/examples {name}` prepares the data of {name}"))
}

/// Measures all cases, and draws them.
///
/// # Errors
/// Those of the engine and of libtorch.
pub(crate) fn run(runs: u16, plot: Option<&Path>) -> Result<Vec<Figure>> {
    eprintln!("bench: looking for operators in the examples");
    let recorded = |name: &str| Recorded::new(example(name)?);
    let (gpt, cnn, resnet) = (recorded("shakespeare-gpt")?, recorded("fashion-cnn")?, recorded("fashion-resnet")?);
    let mut all = cases::products()?;
    for example in [&gpt, &cnn, &resnet] {
        all.extend(cases::operators(example)?);
        all.extend(cases::layers(example)?);
    }
    all.push(cases::optimiser(&gpt)?);
    let bar = ProgressBar::new((all.len() * THREADS.len()) as u64);
    let mut figures = Vec::new();
    for threads in THREADS {
        assay_engine::torch::set_threads(threads);
        for case in &all {
            figures.push(figure(case, threads, runs).with_context(|| case.name.clone())?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    if let Some(path) = plot {
        let title = "Operators: speed over libtorch's";
        Bars { title, lines: &[0.6, 0.8, 0.95] }.draw(path, &figures)?;
    }
    Ok(figures)
}

fn figure(case: &Case, threads: usize, runs: u16) -> Result<Figure> {
    let (mut ours, mut theirs) = (case.excerpt.timed(threads)?, theirs::theirs(case)?);
    let pairs = alternate((&mut ours, &mut *theirs), SAMPLE, runs)?;
    let pairs: Vec<_> = pairs.into_iter().map(|(ours, theirs)| (ours * case.work, theirs * case.work)).collect();
    let threads = if threads == 1 { "1 thread" } else { "2 threads" };
    Ok(Figure::pairs(format!("{threads}/{}", case.name), &pairs, case.unit, THEIRS).bar(Bar::RatioAtLeast(case.bar)))
}
