//! Suite `memory`: the most memory that the roles take for the example GPT, over plain libtorch's.
//!
//! Each is a process of its own, which runs this binary again and says what the kernel counted.
mod roles;

pub(crate) use roles::Who;

use crate::figure::{Bar, Figure};
use crate::kernels::THEIRS;
use anyhow::{ensure, Context as _, Result};
use clap::ValueEnum;
use std::process::Command;

/// The example.
const EXAMPLE: &str = "shakespeare-gpt";
/// What a verifier may take over plain libtorch training.
const BAR: f64 = 3.0;
/// Bytes of a megabyte.
const MEGABYTE: f64 = 1e6;

/// Measures all roles.
///
/// # Errors
/// A process fails, or the kernel doesn't count.
pub(crate) fn run() -> Result<Vec<Figure>> {
    let measure = |who: Who| -> Result<f64> {
        let value = who.to_possible_value().context("a role has a name")?;
        eprintln!("bench: memory of {}", value.get_name());
        let child =
            Command::new(std::env::current_exe()?).args(["memory", "--memory-of", value.get_name()]).output()?;
        ensure!(child.status.success(), "{}: {}", value.get_name(), String::from_utf8_lossy(&child.stderr));
        let text = String::from_utf8(child.stdout)?;
        text.trim().parse().with_context(|| format!("{} says {text:?}", value.get_name()))
    };
    let [loaded, plain] = [measure(Who::Loaded)?, measure(Who::Plain)?];
    let group = format!("{EXAMPLE}, peak of the process");
    let beyond = format!("{EXAMPLE}, peak beyond a process that has loaded libtorch");
    let mut figures = vec![
        Figure::new(format!("{group}/libtorch loaded"), loaded / MEGABYTE, "MB"),
        Figure::new(format!("{group}/plain libtorch training"), plain / MEGABYTE, "MB"),
    ];
    let mut rest = Vec::new();
    for (who, name) in [
        (Who::Tolerant, "solver of a tolerant task"),
        (Who::Exact, "solver of an exact task"),
        (Who::Verifier, "verifier"),
        (Who::Prover, "prover of a dispute"),
    ] {
        let peak = measure(who)?;
        let figure = |group: &str, value: f64, plain: f64| {
            let figure = Figure::new(format!("{group}/{name}"), value / MEGABYTE, "MB");
            figure.against(THEIRS, plain / MEGABYTE)
        };
        let whole = figure(&group, peak, plain);
        figures.push(if who == Who::Verifier { whole.bar(Bar::RatioAtMost(BAR)) } else { whole });
        rest.push(figure(&beyond, peak - loaded, plain - loaded));
    }
    figures.extend(rest);
    Ok(figures)
}
