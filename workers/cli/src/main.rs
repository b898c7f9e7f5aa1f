//! `assay`: every role of the protocol, its tools, and a demonstration of all of them together.

mod args;
mod commands;
mod demo;
mod money;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command, ModelArgs, ModelCommand};

/// A scenario ended with a wrong party paid.
const WRONG_PARTY: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("ASSAY_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    #[cfg(feature = "torch")]
    if let Err(error) = commands::settle(&cli.command) {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let json = cli.json;
    match cli.command {
        Command::Devnet(args) => commands::devnet(&args, json)?,
        Command::Store(args) => commands::store(args, json).await?,
        Command::Deploy(args) => commands::deploy(args, json).await?,
        Command::Submit(args) => commands::submit(args, json).await?,
        Command::Solve(args) => commands::solve(args, json).await?,
        Command::Verify(args) => commands::verify(args, json).await?,
        Command::Watch(args) => commands::watch(args, json).await?,
        Command::Status(args) => commands::status(args, json).await?,
        Command::Train(args) => commands::train(&args, json)?,
        Command::Baseline(args) => commands::baseline(&args, json)?,
        Command::Model(ModelArgs { command: ModelCommand::Inspect(args) }) => commands::inspect(&args, json)?,
        Command::Data(args) => commands::data(&args, json)?,
        Command::Demo(args) => {
            if !demo::demo(&args, json).await? {
                return Ok(ExitCode::from(WRONG_PARTY));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
