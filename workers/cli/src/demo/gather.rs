//! From journals, chain and store to a report.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{bail, Context, Result};
use assay_chain::{Chain, ChainEvent};
use assay_core::{
    graph::{Env, Operand, Program},
    protocol::{
        dispute::{Cause, Stage, Verdict},
        task::{Outcome, Phase},
        Claim, Game as ChainGame, GameId,
    },
};
use assay_engine::{compile::Compiled, data::Roots, project::Project};
use assay_roles::journal::{Entry, Event};

use super::{
    expect,
    report::{Calls, Comparison, Game, Move, Report, Work},
    scenario::{Scenario, SOLVER},
    stage::{Ended, ORDER},
};
use crate::{
    args::DemoArgs,
    commands::{events_after, Baseline},
};

/// The report of a scenario that has been played.
pub(crate) async fn report(args: &DemoArgs, scenario: Scenario, folder: &Path, ended: Ended) -> Result<Report> {
    let events = events_after(&ended.chain, ended.since).await?;
    let baseline = baseline(args, &ended)?;
    let quality = match (baseline.checkpoint, baseline.plain, baseline.plain_seconds) {
        (Some(delivered), Some(plain), Some(plain_seconds)) => Some(Comparison { delivered, plain, plain_seconds }),
        _ => None,
    };
    let work = work(&ended.journals);
    let total: f64 = work.iter().map(|work| work.cpu).sum();
    // Without a delivered model there is nothing that the work could be compared with.
    let paid = ended.task.phase == Phase::Closed(Outcome::Paid);
    let overhead = baseline.plain_seconds.filter(|&plain| paid && plain > 0.0).map(|plain| total / plain - 1.0);
    let mut report = Report {
        scenario: scenario.name(),
        story: scenario.story(),
        seed: args.seed,
        outcome: match ended.task.phase {
            Phase::Closed(outcome) => format!("{outcome:?}"),
            phase => format!("still {phase:?}"),
        },
        seconds: ended.seconds,
        quality,
        work,
        overhead,
        games: games(args, &ended, &events).await?,
        calls: calls(&ended.journals),
        balances: ended.ledger.close(&ended.chain, &events).await?,
        loss: loss(&ended.journals),
        plain_loss: baseline.plain_loss,
        checks: Vec::new(),
    };
    let totals = ended.chain.totals().await?;
    let escrow = ended.chain.deployment().escrow.address;
    let escrow_holds = ended.chain.balance_of(escrow).await?;
    report.checks = expect::checks(scenario, ended.task.phase, &report, &totals, escrow_holds);
    tracing::debug!(folder = %folder.display(), "report gathered");
    Ok(report)
}

/// Trains with plain libtorch, alone on the machine, and evaluates the result if there is one.
fn baseline(args: &DemoArgs, ended: &Ended) -> Result<Baseline> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("baseline").arg(&args.task_dir).args(["--json", "--seed", &args.seed.to_string()]);
    command.args(args.replaced());
    if ended.result.is_file() {
        command.arg("--checkpoint").arg(&ended.result);
    }
    let output = command.output().context("cannot start the baseline")?;
    if !output.status.success() {
        bail!("the baseline failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("the baseline's answer is no report")
}

/// Processor time by process and stage.
fn work(journals: &BTreeMap<String, Vec<Entry>>) -> Vec<Work> {
    let mut rows: Vec<Work> = Vec::new();
    for who in ORDER {
        let Some(entries) = journals.get(who) else { continue };
        let first = rows.len();
        for entry in entries {
            let Event::Work { stage, process_cpu, thread_cpu, .. } = &entry.event else { continue };
            let row = match rows[first..].iter().position(|row| row.stage == *stage) {
                Some(at) => &mut rows[first + at],
                None => {
                    rows.push(Work { who: who.to_owned(), stage: stage.clone(), cpu: 0.0, thread_cpu: 0.0 });
                    let last = rows.len() - 1;
                    &mut rows[last]
                }
            };
            row.cpu += process_cpu;
            row.thread_cpu += thread_cpu;
        }
    }
    rows
}

/// Costs by message.
fn calls(journals: &BTreeMap<String, Vec<Entry>>) -> Vec<Calls> {
    let mut rows: Vec<Calls> = Vec::new();
    for entry in ORDER.iter().filter_map(|who| journals.get(*who)).flatten() {
        let Event::Call { label, gas, fee, bytes, .. } = &entry.event else { continue };
        let row = match rows.iter_mut().position(|row| row.label == *label) {
            Some(index) => &mut rows[index],
            None => {
                rows.push(Calls { label: label.clone(), count: 0, gas_max: 0, bytes: 0, fees: 0 });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        row.count += 1;
        row.gas_max = row.gas_max.max(*gas);
        row.bytes += bytes;
        row.fees += fee;
    }
    rows
}

/// The solver's training loss.
fn loss(journals: &BTreeMap<String, Vec<Entry>>) -> Vec<(u64, f32)> {
    let entries = journals.get(SOLVER).map(Vec::as_slice).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| match entry.event {
            Event::Loss { step, loss } => Some((step, loss)),
            _ => None,
        })
        .collect()
}

async fn games(args: &DemoArgs, ended: &Ended, events: &[ChainEvent]) -> Result<Vec<Game>> {
    let mut games = Vec::new();
    let mut programs = None;
    for event in events {
        let ChainEvent::Disputed { game: id, .. } = event else { continue };
        let game = ended.chain.game(*id).await?.with_context(|| format!("game {id} is gone"))?;
        let compiled = match &programs {
            Some(compiled) => compiled,
            None => programs.insert(compile(args)?),
        };
        games.push(describe(*id, &game, ended, compiled));
    }
    Ok(games)
}

/// The task's programs, for the names of nodes.
fn compile(args: &DemoArgs) -> Result<Compiled> {
    let folder = &args.task_dir;
    Ok(Project::open_with(folder, &Roots::standard(folder), args.changes())?.compiled)
}

fn describe(id: GameId, game: &ChainGame, ended: &Ended, compiled: &Compiled) -> Game {
    let root = game.claim.program().root;
    let program =
        [&compiled.step, &compiled.jitter, &compiled.distance].into_iter().find(|program| program.root() == root);
    let (asserter_won, verdict) = match &game.stage {
        Stage::Over { asserter_won, verdict } => (*asserter_won, Some(verdict)),
        _ => (false, None),
    };
    let by_computation = verdict.filter(|v| matches!(v.reason, Cause::SameValue | Cause::OtherValue));
    Game {
        id,
        claim: match game.claim {
            Claim::Execution { first_step, steps, .. } => {
                format!(
                    "what steps {first_step} to {} give",
                    first_step.saturating_add(u64::from(steps)).saturating_sub(1)
                )
            }
            Claim::Distance { .. } => "the distance between two states".into(),
        },
        asserter: ended.ledger.name(&game.asserter),
        challenger: ended.ledger.name(&game.challenger),
        asserter_won,
        reason: verdict.map_or("it is not over".into(), |verdict| reason(verdict.reason).into()),
        located: verdict.map(|verdict| located(verdict, program)).unwrap_or_default(),
        claimed: by_computation.map(|verdict| f32::from_bits(verdict.claimed.0)),
        computed: by_computation.map(|verdict| f32::from_bits(verdict.computed.0)),
        moves: moves(id, &ended.journals),
    }
}

fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::SameValue => "the contract computed the claimed value",
        Cause::OtherValue => "the contract computed another value",
        Cause::WrongOpening => "what was opened does not hash to what was committed",
        Cause::OtherResult => "what was opened is not the result that was claimed before",
        Cause::MalformedRecord => "the record of the disputed node makes no sense",
        Cause::ClockRanOut => "a clock ran out",
    }
}

/// Step, node, element and micro-step, with names where the program is known.
fn located(verdict: &Verdict, program: Option<&Program>) -> Vec<(&'static str, String)> {
    let mut path = vec![("step", verdict.step.to_string())];
    let node = program.and_then(|program| program.nodes.get(usize::try_from(verdict.node).ok()?));
    path.push((
        "node",
        match node {
            Some(node) => format!("{} ({}, {})", verdict.node, node.name, node.op.name()),
            None => verdict.node.to_string(),
        },
    ));
    path.push((
        "element",
        match node {
            Some(node) => format!("{} of {}", verdict.element, node.shape),
            None => verdict.element.to_string(),
        },
    ));
    let whole = || node.map_or("all".into(), |node| format!("all {} at once", node.micro_len()));
    path.push((
        "micro-step",
        verdict.micro.map_or_else(whole, |micro| match node {
            Some(node) => format!("{micro} of {}", node.micro_len()),
            None => micro.to_string(),
        }),
    ));
    let t = verdict.micro.or_else(|| node.map(|node| node.micro_len().saturating_sub(1)));
    if let Some(Ok(step)) = node.zip(t).map(|(node, t)| node.micro_step(Env { step: verdict.step }, verdict.element, t))
    {
        let operands: Vec<String> = step.args.iter().take(step.prim.arity()).map(operand).collect();
        path.push(("operation", format!("{:?}({})", step.prim, operands.join(", "))));
    }
    path
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Const(value) => format!("{:e}", f32::from_bits(value.0)),
        Operand::Input { input, index } => format!("input {input}[{index}]"),
        Operand::Prior(t) => format!("result {t}"),
    }
}

/// Both sides' moves in the order in which they were made.
fn moves(id: GameId, journals: &BTreeMap<String, Vec<Entry>>) -> Vec<Move> {
    let mut found: Vec<(u64, Move)> = journals
        .values()
        .flatten()
        .filter_map(|entry| match &entry.event {
            Event::Move { game, mover, kind, bytes, detail } if *game == id => Some((
                entry.at,
                Move { mover: mover.clone(), kind: kind.clone(), bytes: *bytes, detail: detail.clone() },
            )),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, m)| m).collect()
}
