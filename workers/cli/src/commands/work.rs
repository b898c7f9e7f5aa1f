//! `assay submit`, `solve`, `verify`, `watch`: one role each, until its task is finished or for ever.

use std::sync::Arc;

use anyhow::{bail, Context as _, Result};
use assay_chain::{Deployment, NodeOptions, Signer, Substrate};
use assay_roles::{
    journal::Journal, run, Backend, Context, Role, RunOptions, Solver, SolverCheat, SolverOptions, SubmitOptions,
    Submitter, Until, Verifier, VerifierCheat, VerifierOptions, Whistleblower, WhistleblowerCheat,
    WhistleblowerOptions,
};

use crate::args::{
    SolveArgs, SolverBackendArg, SolverCheatArg, SubmitArgs, VerifierCheatArg, VerifyArgs, WatchArgs,
    WhistleblowerCheatArg, WorkerArgs, NO_LIBTORCH,
};

/// Buys a training run.
pub(crate) async fn submit(args: SubmitArgs, json: bool) -> Result<()> {
    let context = connect(&args.worker).await?;
    let options = SubmitOptions { task_dir: args.task_dir, changes: args.changes.get() };
    work(Submitter::new(&context, options)?, &context, &args.worker, json).await
}

/// Trains.
pub(crate) async fn solve(args: SolveArgs, json: bool) -> Result<()> {
    let backend = match args.backend {
        SolverBackendArg::Torch if !cfg!(feature = "torch") => bail!(NO_LIBTORCH),
        SolverBackendArg::Torch => Backend::Torch,
        SolverBackendArg::Reproducible => Backend::Reproducible,
        SolverBackendArg::Fastest => Backend::Fastest,
    };
    backend.check(args.worker.hardware.device)?;
    let context = connect(&args.worker).await?;
    let cheat = args.cheat.map(|cheat| match cheat {
        SolverCheatArg::ForgeCheckpoint => SolverCheat::ForgeCheckpoint,
        SolverCheatArg::SkipSteps => SolverCheat::SkipSteps,
        SolverCheatArg::Absent => SolverCheat::Absent,
    });
    let options = SolverOptions { price: args.price, backend, cheat, ..SolverOptions::default() };
    work(Solver::new(&context, options)?, &context, &args.worker, json).await
}

/// Replays drawn segments.
pub(crate) async fn verify(args: VerifyArgs, json: bool) -> Result<()> {
    let context = connect(&args.worker).await?;
    let cheat = args.cheat.map(|VerifierCheatArg::ApproveForged| VerifierCheat::ApproveForged);
    let options = VerifierOptions { from_round: args.from_round, cheat, ..VerifierOptions::default() };
    work(Verifier::new(&context, options)?, &context, &args.worker, json).await
}

/// Repeats verifiers' work.
pub(crate) async fn watch(args: WatchArgs, json: bool) -> Result<()> {
    let context = connect(&args.worker).await?;
    let cheat = args.cheat.map(|WhistleblowerCheatArg::FalseAlarm| WhistleblowerCheat::FalseAlarm);
    let options = WhistleblowerOptions { cheat, ..WhistleblowerOptions::default() };
    work(Whistleblower::new(&context, options)?, &context, &args.worker, json).await
}

async fn connect(args: &WorkerArgs) -> Result<Context> {
    let hardware = args.hardware.get();
    hardware.check()?;
    std::fs::create_dir_all(&args.home)
        .with_context(|| format!("cannot make the home folder {}", args.home.display()))?;
    let signer = Signer::load(&args.key)?;
    let deployment = Deployment::load(&args.chain.deployment)?;
    let chain = Substrate::connect(&args.chain.url, signer, deployment, NodeOptions::default()).await?;
    let store = assay_store::open(&args.store).await?;
    let journal = Journal::open(&args.home.join("journal.jsonl"))?;
    Ok(Context { chain: Arc::new(chain), store, home: args.home.clone(), journal, hardware })
}

async fn work(mut role: impl Role, context: &Context, args: &WorkerArgs, json: bool) -> Result<()> {
    let until = if args.forever { Until::Forever } else { Until::Finished };
    let outcome = tokio::select! {
        outcome = run(&mut role, context, RunOptions { until, ..RunOptions::default() }) => outcome?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            println!("stopped; start again with the same --home to go on");
            return Ok(());
        }
    };
    if json {
        println!(
            "{}",
            serde_json::json!({ "task": outcome.task, "outcome": outcome.outcome, "withdrawn": outcome.withdrawn.to_string() })
        );
    } else {
        println!(
            "task {} ended: {:?}; withdrew {}",
            outcome.task,
            outcome.outcome,
            crate::money::text(outcome.withdrawn)
        );
    }
    Ok(())
}
