//! Suite `scaling`: what checking costs as training gets longer, and what proving costs as models get larger.
use crate::clock::Clock;
use crate::commit::state;
use crate::figure::{Bar, Figure};
use crate::overhead::{honest, Backend, Mode, EXAMPLE, SOLVER};
use crate::slopes::{self, Line, Panel};
use anyhow::Result;
use assay_engine::state::Draft;
use std::hint::black_box;
use std::path::Path;
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

/// Runs the honest scenario with longer and longer training, then proves states that are larger and larger; draws both
/// where a path is given.
///
/// # Errors
/// A scenario fails; the picture can't be written.
pub(crate) fn run(runs: u16, plot: Option<&Path>) -> Result<Vec<Figure>> {
    let (mut figures, checking) = checking(runs)?;
    let (more, proving) = proving(runs)?;
    figures.extend(more);
    if let Some(path) = plot {
        slopes::draw(path, &[checking, proving])?;
    }
    Ok(figures)
}

fn checking(runs: u16) -> Result<(Vec<Figure>, Panel)> {
    let mut figures = Vec::new();
    let mut lines = [SOLVER, CHECKERS[0], CHECKERS[1]].map(Line::new);
    for epochs in EPOCHS {
        eprintln!("bench: training for {epochs} epochs");
        let all = honest(EXAMPLE, runs, Some(epochs), Mode::Tolerant, Backend::Torch)?;
        for line in &mut lines {
            let name = format!("longer training/{epochs} times: {}", line.name);
            let figure = Figure::median(name, all.iter().map(|run| run.of_role(line.name)).collect(), "s");
            let once = line.first().filter(|_| line.name != SOLVER);
            line.points.push((f64::from(epochs), figure.value));
            figures.push(match once {
                Some(once) => figure.against("once", once).bar(Bar::RatioAtMost(FLAT)),
                None => figure,
            });
        }
    }
    let limit = FLAT * lines[1].first().unwrap_or(f64::NAN);
    let panel = Panel {
        title: "checking, as training gets longer",
        across: "epochs",
        up: "processor time, s",
        bar: Line {
            name: "bar: 150 % of the verifier's at 1 epoch",
            points: EPOCHS.map(|epochs| (f64::from(epochs), limit)).to_vec(),
        },
        lines: lines.to_vec(),
    };
    Ok((figures, panel))
}

fn proving(runs: u16) -> Result<(Vec<Figure>, Panel)> {
    let clock = Clock::Thread;
    let mut figures: Vec<Figure> = Vec::new();
    let mut smallest = f64::NAN;
    let (mut line, mut bar) = (Line::new("root and file of a checkpoint"), Line::new("bar: 125 % of in proportion"));
    for elements in ELEMENTS {
        eprintln!("bench: a state of {} million numbers", elements >> 20);
        let state = state(TENSORS, elements / TENSORS)?;
        let gigabytes = f64::from(elements) * 4.0 / 1e9;
        // As a solver does it, who keeps the buffer for the next one.
        let mut bytes = Vec::new();
        let mut time = || {
            let begin = clock.now();
            bytes = black_box(Draft::new(1, &state, std::mem::take(&mut bytes)).seal()).1;
            clock.now().saturating_sub(begin)
        };
        time();
        let times: Vec<Duration> = (0..runs.max(5)).map(|_| time()).collect();
        let per_byte = times.iter().map(|time| time.as_secs_f64() / gigabytes).collect();
        let name = format!("larger models/{} million numbers: a checkpoint, per GB", elements >> 20);
        let figure = Figure::median(name, per_byte, "s/GB");
        line.points.push((gigabytes, figure.value * gigabytes));
        figures.push(if smallest.is_nan() {
            smallest = figure.value;
            figure
        } else {
            figure.against("4 million", smallest).bar(Bar::RatioAtMost(LINEAR))
        });
        bar.points.push((gigabytes, LINEAR * smallest * gigabytes));
    }
    let panel = Panel {
        title: "proving, as models get larger",
        across: "state, GB",
        up: "processor time, s",
        lines: vec![line],
        bar,
    };
    Ok((figures, panel))
}
