//! Sets up chain, store and contracts, starts the cast, and waits until the play is over.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{bail, Context, Result};
use assay_chain::{Chain, Deployment, NodeOptions, Signer, Substrate};
use assay_core::protocol::{task::Phase, Block, Task};
use assay_roles::journal::Entry;

use super::{
    board::Board,
    ledger::Ledger,
    process::{sibling, Process},
    scenario::{Member, Scenario, Victim, SOLVER, SUBMITTER, VERIFIER, WHISTLEBLOWER},
};
use crate::args::DemoArgs;

/// What a played scenario leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// A reader of the chain, which still runs.
    pub(crate) chain: Substrate,
    /// The task at its end.
    pub(crate) task: Task,
    /// The block before the cast entered.
    pub(crate) since: Block,
    /// Everybody's money before.
    pub(crate) ledger: Ledger,
    /// The journals, by process.
    pub(crate) journals: BTreeMap<String, Vec<Entry>>,
    /// From start to end.
    pub(crate) seconds: f64,
    /// The submitter's copy of the result.
    pub(crate) result: PathBuf,
    /// Chain and store, kept alive until the report is made.
    _infrastructure: Vec<Process>,
}

/// Patience with infrastructure that starts.
const START: Duration = Duration::from_secs(30);
/// Patience with workers that have nothing left to do once the task is closed.
const LEAVE: Duration = Duration::from_secs(45);

/// Plays a scenario.
pub(crate) async fn play(args: &DemoArgs, scenario: Scenario, folder: &Path, json: bool) -> Result<Ended> {
    let started = Instant::now();
    let assay = std::env::current_exe().context("cannot find this program's own path")?;
    let mut infrastructure = Vec::new();
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let mut devnet = devnet(args, folder)?;
            let url = devnet.ready_url(START)?;
            infrastructure.push(devnet);
            url
        }
    };
    let mut store = store(&assay, folder)?;
    let store_url = store.ready_url(START)?;
    infrastructure.push(store);

    let deployment = folder.join("deployment.json");
    deploy(&assay, args, &url, &deployment)?;
    let reader = Signer::from_uri("//Reader")?;
    let chain = Substrate::connect(&url, reader, Deployment::load(&deployment)?, NodeOptions::default()).await?;
    let since = chain.now().await?;

    let cast = scenario.cast();
    let mut accounts = Vec::new();
    for member in &cast {
        accounts.push((member.name, Signer::from_uri(member.key)?.account()));
    }
    let ledger = Ledger::open(&chain, accounts).await?;
    let mut board = Board::new(json);
    if !json {
        println!("\n{}: {}", scenario.name(), scenario.story());
    }
    let mut troupe = Vec::new();
    for member in &cast {
        let home = folder.join(member.name);
        std::fs::create_dir_all(&home)?;
        board.follow(member.name, home.join("journal.jsonl"));
        let common = Common { args, home: &home, url: &url, store: &store_url, deployment: &deployment };
        troupe.push(Process::start(member.name, folder, &assay, common.arguments(member))?);
    }
    let play = Play { args, chain: &chain, started };
    let task = play.wait(&mut troupe, &mut infrastructure, &mut board).await?;
    Ok(Ended {
        task,
        since,
        ledger,
        journals: board.finish(),
        seconds: started.elapsed().as_secs_f64(),
        result: folder.join(SUBMITTER).join("result.safetensors"),
        chain,
        _infrastructure: infrastructure,
    })
}

/// What all members of a cast are told.
struct Common<'a> {
    args: &'a DemoArgs,
    home: &'a Path,
    url: &'a str,
    store: &'a str,
    deployment: &'a Path,
}

impl Common<'_> {
    fn arguments(&self, member: &Member) -> Vec<String> {
        let mut arguments: Vec<String> = member.args.iter().map(|&arg| arg.to_owned()).collect();
        if member.name == SUBMITTER {
            arguments.push(self.args.task_dir.display().to_string());
            arguments.extend(["--seed".into(), self.args.seed.to_string()]);
            arguments.extend(self.args.replaced());
        }
        if member.name == SOLVER {
            arguments.extend(self.args.of_solver());
        }
        for (flag, value) in [
            ("--key", member.key.to_owned()),
            ("--home", self.home.display().to_string()),
            ("--url", self.url.to_owned()),
            ("--store", self.store.to_owned()),
            ("--deployment", self.deployment.display().to_string()),
        ] {
            arguments.extend([flag.to_owned(), value]);
        }
        arguments
    }
}

/// A play in progress.
struct Play<'a> {
    args: &'a DemoArgs,
    chain: &'a Substrate,
    started: Instant,
}

impl Play<'_> {
    /// Waits until the task is closed and everybody has gone home.
    async fn wait(&self, troupe: &mut [Process], infrastructure: &mut [Process], board: &mut Board) -> Result<Task> {
        let mut victim = self.args.kill;
        let mut closed: Option<(Task, Instant)> = None;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            board.refresh();
            for process in infrastructure.iter_mut() {
                if let Some(status) = process.exited()? {
                    bail!("{} stopped ({status}); its log:\n{}", process.name, process.log_tail());
                }
            }
            let mut working = Vec::new();
            for process in troupe.iter_mut() {
                match process.exited()? {
                    None => working.push(process.name.clone()),
                    Some(status) if status.success() => {}
                    Some(status) => bail!("{} failed ({status}); its log:\n{}", process.name, process.log_tail()),
                }
            }
            if closed.is_none() {
                // A node that was killed on purpose is away for a moment.
                let task = self.chain.task(0).await.ok().flatten();
                if let (Some(who), Some(task)) = (victim, &task) {
                    if reached(who, task) {
                        victim = None;
                        kill(who, troupe, infrastructure)?;
                    }
                }
                closed = task.filter(Task::is_closed).map(|task| (task, Instant::now()));
            }
            match &closed {
                Some((task, _)) if working.is_empty() => return Ok(task.clone()),
                Some((_, since)) if since.elapsed() > LEAVE => {
                    bail!("the task is closed, but {} would not leave", working.join(", "))
                }
                None if working.is_empty() => bail!("everybody left, but the task is not closed"),
                _ => {}
            }
            if self.started.elapsed() > Duration::from_secs(self.args.timeout) {
                bail!("not finished after {} s; still at work: {}", self.args.timeout, working.join(", "));
            }
        }
    }
}

/// Whether the moment has come to kill this one: it is in the middle of its work.
fn reached(victim: Victim, task: &Task) -> bool {
    let order = |phase: Phase| match phase {
        Phase::Open => 0,
        Phase::Training => 1,
        Phase::Seeds => 2,
        Phase::Committing => 3,
        Phase::Revealing => 4,
        Phase::Challenging | Phase::Joining => 5,
        Phase::Closed(_) => 6,
    };
    let moment = match victim {
        Victim::Solver | Victim::Submitter | Victim::Devnet | Victim::Store => Phase::Training,
        Victim::Verifier => Phase::Committing,
        Victim::Whistleblower => Phase::Challenging,
    };
    order(task.phase) >= order(moment)
}

fn kill(victim: Victim, troupe: &mut [Process], infrastructure: &mut [Process]) -> Result<()> {
    let name = victim.process();
    let process = troupe.iter_mut().chain(infrastructure).find(|process| process.name == name);
    tracing::info!(name, "killing a process on purpose");
    process.with_context(|| format!("there is no {name} to kill"))?.kill_and_restart()
}

fn devnet(args: &DemoArgs, folder: &Path) -> Result<Process> {
    let port = free_port()?.to_string();
    let interval = args.block_time_ms.to_string();
    let data = folder.join("chain").display().to_string();
    let arguments = ["--instant", "--json", "--port", &port, "--block-time-ms", &interval, "--data-dir", &data];
    Process::start("devnet", folder, &sibling("assay-devnet")?, arguments.map(str::to_owned).to_vec())
}

fn store(assay: &Path, folder: &Path) -> Result<Process> {
    let port = free_port()?.to_string();
    let dir = folder.join("blobs").display().to_string();
    let arguments = ["store", "--json", "--port", &port, "--dir", &dir];
    Process::start("store", folder, assay, arguments.map(str::to_owned).to_vec())
}

/// A port that nobody listens on. Fixed before the start, so that a killed process can come back at the same address.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("no free port")?.local_addr()?.port())
}

fn deploy(assay: &Path, args: &DemoArgs, url: &str, deployment: &Path) -> Result<()> {
    let output = std::process::Command::new(assay)
        .args(["deploy", "--key", "//Alice", "--parameters", "development", "--url", url])
        .arg("--artifacts")
        .arg(&args.artifacts)
        .arg("--deployment")
        .arg(deployment)
        .output()
        .context("cannot start the deployment")?;
    if !output.status.success() {
        bail!("the contracts could not be deployed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Names of the processes whose journals a report needs, in the order of its tables.
pub(crate) const ORDER: [&str; 5] = [SUBMITTER, SOLVER, VERIFIER, super::scenario::SECOND_VERIFIER, WHISTLEBLOWER];
