//! Runs `assay demo` as a user would and reads the report that it leaves.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
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
    let output = Command::new(path_from_env("ASSAY_BIN")?)
        .arg("demo")
        .args(["--scenario", scenario, "--seed", &seed.to_string(), "--out"])
        .arg(out.path())
        .arg("--artifacts")
        .arg(path_from_env("ASSAY_ARTIFACTS")?)
        .args(more)
        .current_dir(repository())
        .output()
        .context("cannot start the assay binary")?;
    if !output.status.success() {
        bail!(
            "scenario {scenario} with seed {seed} failed ({}):\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let report = out.path().join(scenario).join("report.json");
    let text = std::fs::read_to_string(&report).with_context(|| format!("no report at {}", report.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// Trains a task with plain libtorch alone; returns what `assay baseline` reports.
///
/// # Errors
/// When it fails: its exit code and output.
pub fn plain_libtorch(task: &Path) -> Result<Value> {
    let output = Command::new(path_from_env("ASSAY_BIN")?)
        .args([OsStr::new("baseline"), OsStr::new("--json"), task.as_os_str()])
        .current_dir(repository())
        .output()
        .context("cannot start the assay binary")?;
    if !output.status.success() {
        bail!("assay baseline failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
