//! Child processes of a scenario: started with their output in log files, killed when dropped.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{bail, Context, Result};

/// A running child process.
#[derive(Debug)]
pub(crate) struct Process {
    /// What it is called in messages.
    pub(crate) name: String,
    /// Where its output goes.
    pub(crate) log: PathBuf,
    program: PathBuf,
    args: Vec<String>,
    child: Child,
}

impl Process {
    /// Starts `program args…`, both outputs appended to `folder/NAME.log`.
    pub(crate) fn start(name: &str, folder: &Path, program: &Path, args: Vec<String>) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let child = spawn(program, &args, &log)?;
        tracing::debug!(name, pid = child.id(), ?args, "started");
        Ok(Self { name: name.to_owned(), log, program: program.to_owned(), args, child })
    }

    /// Waits until a line of the log is a JSON object with the string field `url`, and returns that.
    pub(crate) fn ready_url(&mut self, patience: Duration) -> Result<String> {
        let started = Instant::now();
        loop {
            let file = File::open(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
            for line in BufReader::new(file).lines().map_while(Result::ok) {
                let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(url) = value.get("url").and_then(|u| u.as_str()) {
                    return Ok(url.to_owned());
                }
            }
            if let Some(status) = self.exited()? {
                bail!("{} stopped before it was ready ({status}); its log:\n{}", self.name, self.log_tail());
            }
            if started.elapsed() > patience {
                bail!("{} was not ready after {patience:?}; its log:\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its exit status, if it has ended.
    pub(crate) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask for the state of {}", self.name))
    }

    /// Kills it without warning and starts it again with the same arguments: what a power cut does to a worker.
    pub(crate) fn kill_and_restart(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("cannot kill {}", self.name))?;
        self.child.wait()?;
        self.child = spawn(&self.program, &self.args, &self.log)?;
        Ok(())
    }

    /// The last lines of its log, for error messages.
    pub(crate) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].iter().map(|l| format!("    {l}\n")).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing to do about a failure here: the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &Path, args: &[String], log: &Path) -> Result<Child> {
    let out = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))
}

/// A binary that is installed beside this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().context("cannot find this program's own path")?;
    let path = here.with_file_name(name);
    if !path.is_file() {
        bail!("{} is missing: build it with scripts/build", path.display());
    }
    Ok(path)
}
