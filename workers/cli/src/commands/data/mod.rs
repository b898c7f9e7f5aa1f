//! `assay data`: prepare data for task folders, and look at it.

mod args;
mod import;
mod inspect;

pub(crate) use args::{DataArgs, DataCommand};
pub(crate) use import::import;
pub(crate) use inspect::inspect;

use anyhow::Result;

/// Runs the subcommand.
pub(crate) fn data(args: &DataArgs, json: bool) -> Result<()> {
    match &args.command {
        DataCommand::Import(args) => import(args, json),
        DataCommand::Inspect(args) => inspect(args, json),
    }
}
