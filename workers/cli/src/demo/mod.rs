//! `assay demo`: every role as its own process, over real sockets, and a report of what became of the money.

mod board;
mod expect;
mod gather;
mod ledger;
mod page;
mod process;
mod report;
mod scenario;
mod stage;
mod table;

pub(crate) use process::sibling;
pub(crate) use scenario::{Scenario, Victim};

use anyhow::{Context, Result};

use crate::args::DemoArgs;

/// Runs the scenarios one after the other; false if one ended with a wrong party paid or money missing.
pub(crate) async fn demo(args: &DemoArgs, json: bool) -> Result<bool> {
    let scenarios = if args.scenarios.is_empty() { Scenario::DEFAULT.to_vec() } else { args.scenarios.clone() };
    let mut passed = true;
    for scenario in scenarios {
        let folder = args.out.join(scenario.name());
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        let ended = stage::play(args, scenario, &folder, json)
            .await
            .with_context(|| format!("scenario {} broke off; logs are in {}", scenario.name(), folder.display()))?;
        let report = gather::report(args, scenario, &folder, ended).await?;
        std::fs::write(folder.join("report.json"), serde_json::to_vec_pretty(&report)?)?;
        std::fs::write(folder.join("report.html"), page::render(&report))?;
        if json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            print!("{}", table::render(&report));
            println!("page: {}", folder.join("report.html").display());
        }
        passed &= report.passed();
    }
    Ok(passed)
}
