//! Suite `proving`: what a solver does beside training steps, over these, for all examples.
use crate::figure::{Bar, Figure};
use crate::overhead::{honest, Backend, Mode, Run};
use anyhow::Result;

const EXAMPLES: [&str; 6] =
    ["digits-mlp", "fashion-mlp", "fashion-cnn", "fashion-resnet", "shakespeare-gpt", "milton-lora"];
/// What proving may take of training.
const BAR: f64 = 0.03;

/// Runs the honest scenario of every example in both modes, with what a solver takes that isn't told.
///
/// # Errors
/// A scenario fails.
pub(crate) fn run(runs: u16) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for mode in [Mode::Exact, Mode::Tolerant] {
        for example in EXAMPLES {
            eprintln!("bench: {example}, {}", mode.name());
            figures.push(figure(example, mode, &honest(example, runs, None, mode, Backend::Fastest)?));
        }
    }
    Ok(figures)
}

fn figure(example: &str, mode: Mode, runs: &[Run]) -> Figure {
    let share = runs.iter().map(|run| run.proving() / run.steps).collect();
    let steps = Figure::median("", runs.iter().map(|run| run.steps).collect(), "s").value;
    Figure::median(format!("proving over training, {}/{example}", mode.name()), share, "")
        .bar(Bar::ValueAtMost(BAR))
        .note(format!("of {steps:.2} s of training steps"))
}
