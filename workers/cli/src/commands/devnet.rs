//! `assay devnet`: hands over to the node's own binary, so that this one is built without a runtime.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::{args::DevnetArgs, demo::sibling};

/// Replaces this process by `assay-devnet`; returns only if that fails.
pub(crate) fn devnet(args: &DevnetArgs, json: bool) -> Result<()> {
    let program = sibling("assay-devnet")?;
    let mut command = std::process::Command::new(&program);
    command.args(&args.rest);
    if json {
        command.arg("--json");
    }
    let error = command.exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}
