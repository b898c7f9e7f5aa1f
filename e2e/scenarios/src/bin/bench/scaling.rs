//! Suite `scaling`: what checking costs as training gets longer, and what proving costs as models get larger.
use crate::clock::Clock;
use crate::commit::state;
use crate::figure::{Bar, Figure};
use crate::overhead::{honest, Backend, Mode};
use anyhow::Result;
use assay_engine::state::Checkpoint;
use std::hint::black_box;
use std::time::Duration;

/// Epochs of the example: once, ten times, a hundred times.
const EPOCHS: [u32; 3] = [1, 10, 100];
/// What the checking of the longest may take of that of the shortest.
const FLAT: f64 = 1.5;
/// Elements of a state: three sizes, each eight times the one before, none of which a cache holds.
const ELEMENTS: [u32; 3] = [4 << 20, 32 << 20, 256 << 20];
/// Tensors of a state.
const TENSORS: u32 = 16;
/// How far seconds per byte of the largest may be from those of the smallest.
const LINEAR: f64 = 1.25;
/// Roles that check.
const CHECKERS: [&str; 2] = ["verifier", "whistleblower"];

/// Runs the honest scenario with longer and longer training, then proves states that are larger and larger.
///
/// # Errors
/// A scenario fails.
pub(crate) fn run(runs: u16) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.extend(checking(runs)?);
    figures.extend(proving(runs)?);
    Ok(figures)
}

fn checking(runs: u16) -> Result<Vec<Figure>> {
    let mut figures: Vec<Figure> = Vec::new();
    let mut shortest = [f64::NAN; CHECKERS.len()];
    for epochs in EPOCHS {
        eprintln!("bench: training for {epochs} epochs");
        let all = honest(runs, Some(epochs), Mode::Tolerant, Backend::Torch)?;
        let train = all.iter().map(|run| run.of_role("solver")).collect();
        figures.push(Figure::median(format!("longer training/{epochs} times: solver"), train, "s"));
        for (who, shortest) in CHECKERS.iter().zip(&mut shortest) {
            let name = format!("longer training/{epochs} times: {who}");
            let figure = Figure::median(name, all.iter().map(|run| run.of_role(who)).collect(), "s");
            figures.push(if shortest.is_nan() {
                *shortest = figure.value;
                figure
            } else {
                figure.against("once", *shortest).bar(Bar::RatioAtMost(FLAT))
            });
        }
    }
    Ok(figures)
}

fn proving(runs: u16) -> Result<Vec<Figure>> {
    let clock = Clock::Thread;
    let mut figures: Vec<Figure> = Vec::new();
    let mut smallest = f64::NAN;
    for elements in ELEMENTS {
        eprintln!("bench: a state of {} million numbers", elements >> 20);
        let checkpoint = Checkpoint { step: 1, state: state(TENSORS, elements / TENSORS)? };
        let gigabytes = f64::from(elements) * 4.0 / 1e9;
        // As a solver does it, who keeps the buffer for the next one.
        let mut bytes = Vec::new();
        let mut time = || {
            let begin = clock.now();
            black_box(checkpoint.commit_to(&mut bytes));
            clock.now().saturating_sub(begin)
        };
        time();
        let times: Vec<Duration> = (0..runs.max(5)).map(|_| time()).collect();
        let per_byte = times.iter().map(|time| time.as_secs_f64() / gigabytes).collect();
        let name = format!("larger models/{} million numbers: a checkpoint, per GB", elements >> 20);
        let figure = Figure::median(name, per_byte, "s/GB");
        figures.push(if smallest.is_nan() {
            smallest = figure.value;
            figure
        } else {
            figure.against("4 million", smallest).bar(Bar::RatioAtMost(LINEAR))
        });
    }
    Ok(figures)
}
