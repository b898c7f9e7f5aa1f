//! `assay status`: where tasks stand, and why everybody was paid what.

use anyhow::{Context, Result};
use assay_chain::{address, Chain, ChainEvent, Deployment, NodeOptions, Signer, Substrate};
use assay_core::protocol::{
    money::Direction,
    task::{Phase, Standing, Task},
    Block, TaskId,
};

use crate::{
    args::{ChainArgs, StatusArgs},
    money,
};

/// Prints one task in detail, or all in a line each.
pub(crate) async fn status(args: StatusArgs, json: bool) -> Result<()> {
    let chain = reader(&args.chain).await?;
    match args.task {
        Some(id) => one(&chain, id, json).await,
        None => all(&chain, json).await,
    }
}

/// A client that only reads.
pub(crate) async fn reader(args: &ChainArgs) -> Result<Substrate> {
    let deployment = Deployment::load(&args.deployment)?;
    // Reads name a caller but are never signed: any key will do.
    let nobody = Signer::from_uri("//Reader")?;
    Ok(Substrate::connect(&args.url, nobody, deployment, NodeOptions::default()).await?)
}

/// All that the contracts told after a block.
pub(crate) async fn events_after(chain: &Substrate, mut after: Block) -> Result<Vec<ChainEvent>> {
    let now = chain.now().await?;
    let mut events = Vec::new();
    while after < now {
        let (logged, last) = chain.events_since(after).await?;
        events.extend(logged.into_iter().map(|logged| logged.event));
        if last <= after {
            break;
        }
        after = last;
    }
    Ok(events)
}

async fn all(chain: &Substrate, json: bool) -> Result<()> {
    let count = chain.task_count().await?;
    let totals = chain.totals().await?;
    for id in 0..count {
        let Some(task) = chain.task(id).await? else { continue };
        if json {
            println!("{}", serde_json::to_string(&task)?);
        } else {
            println!(
                "task {id}: {}, {} steps, {:?} mode, submitted by {}",
                phase(&task),
                task.spec.steps,
                task.spec.mode,
                address(&task.submitter)
            );
        }
    }
    if !json {
        println!(
            "{count} tasks; free {}, locked {}, jackpot {}",
            money::text(totals.free),
            money::text(totals.locked),
            money::text(totals.jackpot)
        );
    }
    Ok(())
}

async fn one(chain: &Substrate, id: TaskId, json: bool) -> Result<()> {
    let task = chain.task(id).await?.with_context(|| format!("there is no task {id}; `assay status` lists all"))?;
    let events = events_after(chain, 0).await?;
    if json {
        let payments: Vec<_> = events.iter().filter_map(|event| payment(event, id)).collect();
        println!("{}", serde_json::json!({ "task": task, "payments": payments }));
        return Ok(());
    }
    println!("task {id}: {}", phase(&task));
    println!("  submitter   {}", address(&task.submitter));
    println!(
        "  training    {} steps, checkpoint every {}, {:?} mode",
        task.spec.steps, task.spec.interval, task.spec.mode
    );
    println!("  price       at most {}", money::text(task.terms.price));
    if let Some(solver) = &task.solver {
        println!("  solver      {} for {}", address(&solver.account), money::text(solver.price));
    }
    if let Some(proof) = &task.proof {
        println!("  result      state {}", proof.result);
    }
    println!("  round       {}", task.round);
    for (slot, verifier) in task.slots.iter().enumerate() {
        println!("  verifier {slot}  {} {}", address(&verifier.verifier), standing(&verifier.standing));
    }
    println!("  payments");
    for event in &events {
        if let Some((account, amount, text)) = payment(event, id) {
            println!("    {account}  {:>+16.6} UNIT  {text}", amount as f64 / money::UNIT);
        }
    }
    Ok(())
}

fn phase(task: &Task) -> String {
    match task.phase {
        Phase::Closed(outcome) => format!("closed: {outcome:?}"),
        phase => format!("{phase:?} until block {}", task.deadline),
    }
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Joined => "joined".into(),
        Standing::Committed(_) => "committed".into(),
        Standing::Revealed(reports) if reports.iter().all(|report| report.passes) => {
            "says that all its segments pass".into()
        }
        Standing::Revealed(_) => "says that a segment fails".into(),
        Standing::Abstained => "abstained".into(),
        Standing::Silent => "withheld its seed or verdict".into(),
        Standing::Convicted(_) => "was convicted".into(),
    }
}

/// Account, signed amount and reason, if the event is a payment of this task.
fn payment(event: &ChainEvent, id: TaskId) -> Option<(String, i128, String)> {
    let ChainEvent::Booked { task, account, amount, direction, reason } = event else { return None };
    let amount = i128::try_from(*amount).ok()?;
    (*task == id).then(|| match direction {
        Direction::Lock => (address(account), -amount, format!("locked: {reason:?}")),
        Direction::Credit => (address(account), amount, format!("{reason:?}")),
        Direction::Jackpot => ("jackpot, from ".to_owned() + &address(account), amount, format!("{reason:?}")),
    })
}
