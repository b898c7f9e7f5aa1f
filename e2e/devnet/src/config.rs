//! What a devnet is started with.

use crate::chain::ChainConfig;
use std::time::Duration;

/// How a devnet behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on. The node has no access control: keep it local.
    pub host: String,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// Make a block as soon as a transaction is ready.
    pub instant: bool,
    /// Make a block every so often, empty if need be.
    pub block_time: Option<Duration>,
    /// How the chain is kept.
    pub chain: ChainConfig,
    /// The largest request, in bytes.
    pub max_request: u32,
    /// The largest response, in bytes.
    pub max_response: u32,
    /// How many clients may be connected.
    pub max_connections: u32,
}

impl Default for Config {
    /// For tests: a free local port, a block per transaction, nothing on disk.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_string(),
            port: 0,
            instant: true,
            block_time: None,
            chain: ChainConfig::default(),
            max_request: 16 * 1024 * 1024,
            max_response: 16 * 1024 * 1024,
            max_connections: 256,
        }
    }
}
