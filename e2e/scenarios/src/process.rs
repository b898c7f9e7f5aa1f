//! Runs `assay demo` as a user would and reads the report that it leaves.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{bail, Context, Result};
use serde_json::Value;

/// Path in an environment variable that `scripts/test` and `scripts/bench` set.
///
/// # Errors
/// When it is not set, with what to run instead.
pub fn path_from_env(name: &str) -> Result<PathBuf> {
    match std::env::var_os(name) {
        Some(path) => Ok(PathBuf::from(path)),
        None => bail!("{name} is not set: run this through scripts/test or scripts/bench"),
    }
}

/// The folder of the contracts' Wasm: `ASSAY_ARTIFACTS`, or where `scripts/build-contracts` puts it.
pub fn artifacts() -> PathBuf {
    std::env::var_os("ASSAY_ARTIFACTS").map_or_else(|| repository().join("artifacts"), PathBuf::from)
}

/// The repository's root folder.
pub fn repository() -> PathBuf {
    // Cargo, or the script, says when a program runs where it lies; what was built may have come from another checkout.
    let of_package = |package: &OsStr| Path::new(package).join("../..");
    let by_cargo = std::env::var_os("CARGO_MANIFEST_DIR").map(|package| of_package(&package));
    let by_script = || std::env::var_os("ASSAY_ROOT").map(PathBuf::from);
    by_cargo.or_else(by_script).unwrap_or_else(|| of_package(env!("CARGO_MANIFEST_DIR").as_ref()))
}

/// Runs one scenario with every role as its own process; returns the report.
///
/// # Errors
/// When the demo fails: its exit code and output.
pub fn run_scenario(scenario: &str, seed: u64, more: &[&str]) -> Result<Value> {
    let out = tempfile::tempdir()?;
    assay(&format!("scenario {scenario} with seed {seed}"), |command| {
        command
            .arg("demo")
            .args(["--scenario", scenario, "--seed", &seed.to_string(), "--out"])
            .arg(out.path())
            .arg("--artifacts")
            .arg(path_from_env("ASSAY_ARTIFACTS")?)
            .args(more);
        Ok(())
    })?;
    let report = out.path().join(scenario).join("report.json");
    let text = std::fs::read_to_string(&report).with_context(|| format!("no report at {}", report.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// Trains a task with plain libtorch alone; returns what `assay baseline` reports.
///
/// # Errors
/// When it fails: its exit code and output.
pub fn plain_libtorch(task: &Path) -> Result<Value> {
    let printed = assay("plain libtorch's training", |command| {
        command.args(["baseline", "--json"]).arg(task);
        Ok(())
    })?;
    Ok(serde_json::from_slice(&printed)?)
}

/// Runs the binary; returns what it prints.
fn assay(what: &str, arguments: impl FnOnce(&mut Command) -> Result<()>) -> Result<Vec<u8>> {
    let mut command = Command::new(path_from_env("ASSAY_BIN")?);
    arguments(&mut command)?;
    let Output { status, stdout, stderr } =
        command.current_dir(repository()).output().context("cannot start the assay binary")?;
    if !status.success() {
        let [stdout, stderr] = [&stdout, &stderr].map(|text| String::from_utf8_lossy(text));
        bail!("{what} failed ({status}):\n{stdout}\n{stderr}");
    }
    Ok(stdout)
}
