//! A connection to a Substrate node: what is read from it, and transactions sent to it.
mod heads;
mod outcome;
mod read;
mod rpc;
mod runtime;
mod send;

pub(crate) use outcome::{Failure, Included, RawFailure, Weight};
pub(crate) use runtime::{blake2, storage_key};
pub(crate) use send::Account;

use crate::{ChainError, Result};
use assay_core::commit::Hash;
use heads::Heads;
use rpc::Reconnecting;
use runtime::Runtime;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use subxt::config::{RpcConfigFor, SubstrateConfig};
use subxt::rpcs::{LegacyRpcMethods, RpcClient};
use subxt::utils::H256;
use tokio::sync::Mutex;

/// When a transaction counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// In a block of the best chain: fast; a reorganisation may undo it.
    Best,
    /// In a finalized block.
    Finalized,
}

/// How patient a connection is.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// For one attempt to connect.
    pub connect: Duration,
    /// For the answer to one request.
    pub answer: Duration,
    /// For a node that is away, before a request fails.
    pub patience: Duration,
    /// For a transaction to be included.
    pub inclusion: Duration,
    /// When a transaction counts as done.
    pub wait: Wait,
    /// A transaction is void this many blocks after it was signed; a power of two.
    pub mortality: u64,
}

impl Default for NodeOptions {
    fn default() -> Self {
        NodeOptions {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            patience: Duration::from_secs(60),
            inclusion: Duration::from_secs(180),
            wait: Wait::Best,
            mortality: 256,
        }
    }
}

/// A connection to a Substrate node. Cheap to clone. It comes back by itself when the node does.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    options: NodeOptions,
    rpc: LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>,
    genesis: H256,
    runtime: Mutex<Option<Arc<Runtime>>>,
    heads: Heads,
}

impl Node {
    /// Connects to a node at a `ws://` or `wss://` address, waiting for it as long as `options` say.
    pub async fn connect(url: &str, options: NodeOptions) -> Result<Self> {
        let bad = |why: &'static str| ChainError::Url { url: url.into(), why };
        if !url.starts_with("ws://") && !url.starts_with("wss://") {
            return Err(bad("it doesn't begin with ws:// or wss://"));
        }
        if url.starts_with("wss://") {
            // A failure means that another part of the process has chosen already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let connection = Reconnecting::new(url, &options);
        let genesis = connection.genesis().await.map_err(|error| rpc::explain(url, "connecting", error))?;
        let rpc = LegacyRpcMethods::new(RpcClient::new(connection));
        let heads = Heads::follow(rpc.clone());
        let url = url.to_string();
        Ok(Node { inner: Arc::new(Inner { url, options, rpc, genesis, runtime: Mutex::new(None), heads }) })
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// The chain's identity: the hash of its first block.
    pub fn genesis(&self) -> Hash {
        Hash(self.inner.genesis.0)
    }

    /// Names a failure of the connection.
    fn failed(&self, doing: &'static str) -> impl FnOnce(subxt::rpcs::Error) -> ChainError + '_ {
        move |error| rpc::explain(&self.inner.url, doing, error)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.inner.url)
    }
}

/// For answers that make no sense.
fn odd<E: fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> ChainError {
    move |error| ChainError::Node { doing, why: error.to_string() }
}
