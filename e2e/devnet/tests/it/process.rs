//! The program as a user runs it.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay-devnet"));
    command.env_remove("RUST_LOG").stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

struct Running {
    child: Child,
    ready: Value,
}

impl Running {
    fn start(dir: &Path) -> Self {
        let mut child =
            command().args(["--port", "0", "--json", "--block-time-ms", "1", "--data-dir"]).arg(dir).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap() }
    }
}

impl Drop for Running {
    /// SIGKILL, at a moment that nobody chose.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn killed_again_and_again_it_always_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut best = 0;
    for round in 0..4 {
        let node = Running::start(dir.path());
        let found = node.ready["best"].as_u64().unwrap();
        assert!(round == 0 || found > best, "{found} after {best}");
        best = found;
        std::thread::sleep(Duration::from_millis(60));
    }
}

#[test]
fn bad_usage_exits_with_2() {
    for args in [&["--no-such-flag"][..], &["--port", "seventy"], &["--block-time-ms", "0"]] {
        assert_eq!(command().args(args).stderr(Stdio::null()).status().unwrap().code(), Some(2), "{args:?}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command().args(["--port", &port]).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is taken"));
}
