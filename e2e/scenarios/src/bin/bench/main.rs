//! Measures what is promised, as ratios of things measured in the same run: see `scripts/bench`.
#[cfg(feature = "torch")]
mod alternate;
#[cfg(feature = "torch")]
mod chart;
mod clock;
mod commit;
mod contracts;
mod counted;
mod crowd;
mod examples;
mod figure;
mod growth;
mod ink;
#[cfg(feature = "torch")]
mod kernels;
#[cfg(feature = "torch")]
mod memory;
mod overhead;
mod proving;
mod quiet;
mod scaling;
mod slopes;
mod table;
#[cfg(feature = "torch")]
mod training;
mod vast;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use figure::Figure;
use std::process::ExitCode;

/// Measures what is promised. A bar that isn't met is reported, and is an error only with --strict.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench")]
struct Arguments {
    /// What to measure.
    suite: Suite,
    /// One JSON object per figure and line, instead of a table.
    #[arg(long)]
    json: bool,
    /// Fail with exit code 1 if a bar isn't met.
    #[arg(long)]
    strict: bool,
    /// Repetitions of what is timed. Suites kernels and training make at least 7, commit at
    /// least 5, and up to five times as many where ratios scatter or the machine has other work.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Suite overhead: training epochs, instead of the example task's own number.
    #[arg(long)]
    epochs: Option<u32>,
    /// Suite overhead: how the solver computes.
    #[arg(long, value_enum, default_value = "tolerant")]
    mode: overhead::Mode,
    /// Suite overhead: what computes for the solver of a tolerant task.
    #[arg(long, value_enum, default_value = "fastest")]
    backend: overhead::Backend,
    /// Suite overhead: measure replication by verifiers, too, which takes seven times as long as the training.
    #[arg(long)]
    replicate: bool,
    /// Suites vast, scaling, kernels, training: draw the figures into this file (SVG).
    #[arg(long)]
    plot: Option<std::path::PathBuf>,
    /// Suites kernels, training: threads of both sides; several numbers, with commas, one after the other.
    #[cfg(feature = "torch")]
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Suite memory: do this role's work, and print what it takes. For the suite itself.
    #[cfg(feature = "torch")]
    #[arg(long, hide = true)]
    memory_of: Option<memory::Who>,
}

/// The suites.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Suite {
    /// Sizes of the contracts, costs of their messages, and what disputes take.
    Contracts,
    /// All compute of all roles over plain libtorch training.
    Overhead,
    /// What a solver does beside training steps, over these.
    Proving,
    /// Checking as training gets longer, proving as models get larger.
    Scaling,
    /// Disputes about programs of up to 10⁹ parameters and 10⁵ steps.
    Vast,
    /// The engine's operators against libtorch's.
    #[cfg(feature = "torch")]
    Kernels,
    /// Whole training steps of the examples against libtorch's.
    #[cfg(feature = "torch")]
    Training,
    /// Peak memory of the roles over plain libtorch training.
    #[cfg(feature = "torch")]
    Memory,
    /// Roots and files of checkpoints, in GB/s of a core.
    Commit,
}

impl Suite {
    fn run(self, arguments: &Arguments) -> Result<Vec<Figure>> {
        match self {
            Suite::Contracts => contracts::run(),
            Suite::Overhead => {
                let Arguments { runs, epochs, mode, backend, replicate, .. } = *arguments;
                overhead::run(runs, epochs, mode, backend, replicate)
            }
            Suite::Proving => proving::run(arguments.runs),
            Suite::Scaling => scaling::run(arguments.runs, arguments.plot.as_deref()),
            Suite::Vast => vast::run(arguments.plot.as_deref()),
            #[cfg(feature = "torch")]
            Suite::Kernels => kernels::run(arguments.runs, &arguments.threads, arguments.plot.as_deref()),
            #[cfg(feature = "torch")]
            Suite::Training => training::run(arguments.runs, &arguments.threads, arguments.plot.as_deref()),
            #[cfg(feature = "torch")]
            Suite::Memory => memory::run(),
            Suite::Commit => commit::run(arguments.runs),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(feature = "torch")]
    if let Some(who) = arguments.memory_of {
        return match who.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bench: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    let figures = match arguments.suite.run(&arguments) {
        Ok(figures) => figures,
        Err(error) => {
            eprintln!("bench: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.json {
        for figure in &figures {
            println!("{}", figure.to_json());
        }
    } else {
        print!("{}", table::render(&figures));
    }
    let failed = figures.iter().any(|figure| figure.pass() == Some(false));
    if failed && arguments.strict {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
