//! The command line of the development node.

use anyhow::Context;
use assay_devnet::{pool::Limits, ChainConfig, Config};
use clap::Parser;
use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  assay-devnet                                     a block per transaction, nothing on disk
  assay-devnet --instant --block-time-ms 1000      the same, and a block every second so that deadlines pass
  assay-devnet --block-time-ms 6000                blocks every six seconds only, as on a public chain
  assay-devnet --data-dir ./chain                  continue where the last run stopped, even if it was killed
  assay-devnet --port 0 --json                     any free port; the first line of output is JSON

Accounts //Alice, //Bob, //Charlie, //Dave, //Eve, //Ferdie, //One and //Two have 1,000,000 UNIT each.
Their keys are public and there is no access control: keep it local, and use it for development only.
RUST_LOG sets what is logged, e.g. RUST_LOG=debug or RUST_LOG=assay_devnet=debug,runtime=debug.";

/// A development node: a Substrate chain with pallet-contracts in one process.
#[derive(Debug, Parser)]
#[command(name = "assay-devnet", version, about, after_help = EXAMPLES)]
struct Args {
    /// Port for WebSocket and HTTP; 0 picks a free one
    #[arg(long, env = "ASSAY_DEVNET_PORT", default_value_t = 9944)]
    port: u16,

    /// Address to listen on
    #[arg(long, env = "ASSAY_DEVNET_HOST", default_value = "127.0.0.1")]
    host: String,

    /// Make a block as soon as a transaction is ready; the default unless --block-time-ms is given
    #[arg(long, env = "ASSAY_DEVNET_INSTANT")]
    instant: bool,

    /// Make a block every so many milliseconds, empty if need be
    #[arg(long, env = "ASSAY_DEVNET_BLOCK_TIME_MS", value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    block_time_ms: Option<u64>,

    /// Keep the chain in this folder; without it the chain is gone when the node stops
    #[arg(long, env = "ASSAY_DEVNET_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// How many of the latest blocks' states can be read
    #[arg(long, env = "ASSAY_DEVNET_STATES", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    states: u32,

    /// How many transactions may wait
    #[arg(long, env = "ASSAY_DEVNET_POOL", default_value_t = 8192)]
    pool: usize,

    /// Print the ready line as JSON
    #[arg(long, env = "ASSAY_DEVNET_JSON")]
    json: bool,
}

impl Args {
    fn config(&self) -> Config {
        Config {
            host: self.host.clone(),
            port: self.port,
            instant: self.instant || self.block_time_ms.is_none(),
            block_time: self.block_time_ms.map(Duration::from_millis),
            chain: ChainConfig {
                data_dir: self.data_dir.clone(),
                states: self.states,
                pool: Limits { count: self.pool, ..Limits::default() },
            },
            ..Config::default()
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    quiet_runtime_panics();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().context("can't start")?;
    // Before the node: a signal during start must not kill it half-way.
    let mut stop = {
        let _context = tokio.enter();
        StopSignal::new().context("can't listen for signals")?
    };
    let config = args.config();
    let rhythm = match (config.instant, args.block_time_ms) {
        (true, None) => "a block per transaction".to_string(),
        (true, Some(ms)) => format!("a block per transaction and every {ms} ms"),
        (false, ms) => format!("a block every {} ms", ms.unwrap_or_default()),
    };
    tracing::warn!("development node: public keys, one author, no access control; use it for nothing of value");
    let node = assay_devnet::spawn(config)?;
    let (genesis, best) = node.read(|chain| (chain.genesis_hash(), chain.best().header.number));
    tracing::info!(%rhythm, "every block is final as soon as it exists");
    let line = if args.json {
        serde_json::json!({
            "ready": true,
            "url": node.url(),
            "http": node.http_url(),
            "genesis": genesis,
            "best": best,
            "pid": std::process::id(),
        })
        .to_string()
    } else {
        format!("ready: {} (genesis {genesis:?}, block {best})", node.url())
    };
    // Whoever started this may have closed its end of the pipe; the node serves on.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    let signal = tokio.block_on(stop.wait());
    tracing::info!(signal, "stopping");
    node.stop().context("the last blocks may not be on the disk")
}

/// A panic of the runtime is an answer to one request (see [`assay_devnet::exec`]): one line, no backtrace.
fn quiet_runtime_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if assay_devnet::exec::inside_runtime() {
            tracing::debug!("the runtime panicked: {info}");
        } else {
            default(info);
        }
    }));
}

struct StopSignal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignal {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) -> &'static str {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => "interrupt",
            _ = self.terminate.recv() => "terminate",
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
            "interrupt"
        }
    }
}
