//! What can go wrong, with the values that explain it.

use assay_runtime::{BlockNumber, Hash};
use std::{io, net::SocketAddr, path::PathBuf};

/// Everything that this crate reports; [`crate::pool::PoolError`] says why a transaction was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone else listens there.
    #[error("{addr} is taken: stop what listens there, or choose another port (0 picks a free one)")]
    PortTaken {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The address can't be used for another reason.
    #[error("can't listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The host is not an IP address and has none.
    #[error("can't resolve host {host:?}")]
    Host {
        /// The host asked for.
        host: String,
    },
    /// A file could not be read or written.
    #[error("can't {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Two processes would write to the same log.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The log.
        path: PathBuf,
    },
    /// The file is not a block log, or one of another format.
    #[error("{} is not a block log of this version", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// The log belongs to a chain with another genesis.
    #[error("{} belongs to the chain with genesis {found:?}, this build's is {expected:?}: use another folder", path.display())]
    OtherChain {
        /// The log.
        path: PathBuf,
        /// Genesis hash in the log.
        found: Hash,
        /// Genesis hash of this build.
        expected: Hash,
    },
    /// A record is damaged, yet whole records follow, or it is whole and can't be read: nothing is dropped silently.
    #[error("{} is damaged at byte {offset}, and not only at its end: restore the file or use another folder", path.display())]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// Where the damage starts.
        offset: u64,
    },
    /// Replaying the log did not give the chain that it describes.
    #[error("block {number} of the log does not fit: {reason}")]
    Replay {
        /// Which block.
        number: BlockNumber,
        /// What differs.
        reason: String,
    },
    /// No such block.
    #[error("unknown block {0:?}")]
    UnknownBlock(Hash),
    /// The block is known but its state was dropped.
    #[error("the state of block {number} was discarded: the latest {kept} are kept")]
    StateDiscarded {
        /// Which block.
        number: BlockNumber,
        /// How many states are kept.
        kept: u32,
    },
    /// The state can't be read: a bug, or memory corruption.
    #[error("can't read the state: {0}")]
    State(String),
    /// The runtime panicked; on a Wasm node this is a trap.
    #[error("the runtime panicked: {0}")]
    Panic(String),
    /// The runtime has no such call.
    #[error("the runtime has no function {0}")]
    UnknownFunction(String),
    /// The genesis preset can't be applied.
    #[error("can't build the genesis: {0}")]
    Genesis(String),
    /// The runtime refused a block's own (inherent) transaction.
    #[error("can't build block {number}: {reason}")]
    Build {
        /// The block that was being built.
        number: BlockNumber,
        /// What the runtime said.
        reason: String,
    },
    /// The tokio runtime or a thread could not be started.
    #[error("can't start: {0}")]
    Start(io::Error),
    /// A transaction was refused.
    #[error(transparent)]
    Transaction(#[from] crate::pool::PoolError),
    /// Two RPC methods have the same name: a bug.
    #[error("can't offer the RPC methods: {0}")]
    Methods(#[from] jsonrpsee::core::RegisterMethodError),
}
