//! Whether libtorch computes with TF32 on a GPU: the environment decides, and a process can't change its own in time.

use std::{ffi::OsStr, os::unix::process::CommandExt, process::Command};

use anyhow::{Context, Result};
use assay_engine::{
    device::Device,
    task::{Arithmetic, Task},
    torch::tf32_environment,
};

use crate::args::{self, BackendArg, BaselineArgs, SolveArgs, SolverBackendArg, TrainArgs};

/// Starts this program again, in the same process, if it has to have another environment for what it is to do. Before
/// anything else is done.
pub(crate) fn settle(command: &args::Command) -> Result<()> {
    match command {
        args::Command::Solve(SolveArgs {
            worker,
            backend: SolverBackendArg::Torch | SolverBackendArg::Fastest,
            tf32,
            ..
        }) => start_again(worker.hardware.device, || Ok(*tf32)),
        args::Command::Train(TrainArgs { task_dir, backend: BackendArg::Torch, hardware, changes, .. })
        | args::Command::Baseline(BaselineArgs { task_dir, hardware, changes, .. }) => {
            let allows_tf32 = || -> Result<bool> {
                let of_task = Task::read(task_dir).with_context(|| format!("cannot use {}", task_dir.display()))?;
                Ok(changes.get().arithmetic.unwrap_or(of_task.terms.arithmetic) == Arithmetic::Tf32)
            };
            start_again(hardware.device, allows_tf32)
        }
        _ => Ok(()),
    }
}

fn start_again(device: Device, tf32: impl FnOnce() -> Result<bool>) -> Result<()> {
    if device == Device::Cpu {
        return Ok(());
    }
    let wanted = tf32_environment(tf32()?);
    if wanted.iter().all(|(name, value)| std::env::var_os(name).as_deref() == value.map(OsStr::new)) {
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1));
    for (name, value) in wanted {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // It returns only if it fails.
    Err(command.exec()).context("cannot start again with the environment that libtorch needs")
}
