//! Suite `kernels`: the engine's operators against libtorch's, at the shapes that the examples have.
mod cases;
mod excerpt;
mod theirs;

use crate::alternate::alternate;
use crate::chart;
use crate::clock::Clock;
use crate::figure::{Bar, Figure};
use crate::quiet::Quiet;
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
pub(crate) fn run(runs: u16, threads: &[usize], plot: Option<&Path>) -> Result<Vec<Figure>> {
    eprintln!("bench: looking for operators in the examples");
    let recorded = |name: &str| Recorded::new(example(name)?);
    let (gpt, cnn, resnet) = (recorded("shakespeare-gpt")?, recorded("fashion-cnn")?, recorded("fashion-resnet")?);
    let mut all = cases::products()?;
    for example in [&gpt, &cnn, &resnet] {
        all.extend(cases::operators(example)?);
        all.extend(cases::layers(example)?);
        all.extend(cases::adam(example)?);
    }
    let bar = ProgressBar::new((all.len() * threads.len()) as u64);
    let mut figures = Vec::new();
    for &threads in threads {
        assay_engine::torch::set_threads(threads);
        let mut quiet = Quiet::new(threads);
        for case in &all {
            figures.push(figure(case, threads, runs, &mut quiet).with_context(|| case.name.clone())?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    if let Some(path) = plot {
        chart::draw(path, "Operators: speed over libtorch's", &figures)?;
    }
    Ok(figures)
}

fn figure(case: &Case, threads: usize, runs: u16, quiet: &mut Quiet) -> Result<Figure> {
    let (mut ours, mut theirs) = (case.excerpt.timed(threads)?, theirs::theirs(case, Clock::of(threads))?);
    let pairs = alternate((&mut ours, &mut *theirs), SAMPLE, runs, quiet)?;
    let name = format!("{}/{}", on(threads), case.name);
    Ok(pairs.figure(name, case.work, case.unit, THEIRS).bar(Bar::RatioAtLeast(case.bar)))
}

/// The group of what was measured on that many threads.
pub(crate) fn on(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}
