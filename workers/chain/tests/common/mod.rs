//! A development node in a process of its own, and the contracts' code.
#![allow(dead_code)] // Each test file uses its part.

pub(crate) mod proxy;

use assay_chain::{Artifacts, ContractClient, Node, NodeOptions, Signer};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn variable(name: &str, made_by: &str) -> PathBuf {
    match std::env::var_os(name) {
        Some(value) => value.into(),
        None => panic!("{name} is not set: run scripts/test, or build with {made_by} and set it"),
    }
}

/// Where the contracts' code is.
pub(crate) fn artifacts_dir() -> PathBuf {
    variable("ASSAY_ARTIFACTS", "scripts/build-contracts")
}

pub(crate) fn artifacts() -> Artifacts {
    Artifacts::load(&artifacts_dir()).expect("the contracts are built")
}

/// A running node; killed when dropped.
pub(crate) struct Devnet {
    process: Child,
    pub(crate) url: String,
    port: u16,
}

impl Devnet {
    /// With a block per transaction, on a free port, nothing kept.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::start_on(0, more)
    }

    fn start_on(port: u16, more: &[&str]) -> Self {
        use std::io::{BufRead, BufReader};
        let binary = variable("ASSAY_DEVNET_BIN", "cargo build --release -p assay-devnet");
        let mut process = Command::new(&binary)
            .args(["--port", &port.to_string(), "--json"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .env("RUST_LOG", "error")
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {}: {error}", binary.display()));
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).expect("the node says that it is ready");
        let url = ready["url"].as_str().unwrap().to_string();
        let port = url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        Devnet { process, url, port }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again at the same address.
    pub(crate) fn restart(&mut self, more: &[&str]) {
        self.kill();
        let again = Self::start_on(self.port, more);
        *self = again;
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn options() -> NodeOptions {
    NodeOptions { patience: Duration::from_secs(15), inclusion: Duration::from_secs(30), ..NodeOptions::default() }
}

pub(crate) fn signer(name: &str) -> Signer {
    Signer::load(&format!("//{name}")).unwrap()
}

pub(crate) async fn client(url: &str, name: &str) -> ContractClient {
    ContractClient::new(Node::connect(url, options()).await.unwrap(), signer(name))
}

/// A folder that holds a chain.
pub(crate) fn kept(dir: &Path) -> [&str; 2] {
    ["--data-dir", dir.to_str().unwrap()]
}
