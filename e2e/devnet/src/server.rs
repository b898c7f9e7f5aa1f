//! The devnet as a whole: chain, author and RPC server, in this process.

use crate::{
    chain::{Chain, StoredBlock},
    config::Config,
    error::Error,
    node::Node,
    rpc,
};
use jsonrpsee::server::{RandomStringIdProvider, Server, ServerConfig, ServerHandle};
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread::JoinHandle,
};

/// A running devnet; dropping it stops it.
pub struct Handle {
    node: Arc<Node>,
    addr: SocketAddr,
    server: ServerHandle,
    author: Option<JoinHandle<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("addr", &self.addr).finish()
    }
}

/// Starts a devnet on threads of its own; callable from synchronous and asynchronous code alike.
pub fn spawn(config: Config) -> Result<Handle, Error> {
    let addr = (config.host.as_str(), config.port)
        .to_socket_addrs()
        .ok()
        .and_then(|mut addrs| addrs.next())
        .ok_or_else(|| Error::Host { host: config.host.clone() })?;
    // The port first: a chain that took long to open would be opened for nothing.
    let listener = std::net::TcpListener::bind(addr).map_err(|source| listen_error(addr, source))?;
    listener.set_nonblocking(true).map_err(|source| listen_error(addr, source))?;
    let addr = listener.local_addr().map_err(|source| listen_error(addr, source))?;

    let chain = Chain::open(config.chain.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("devnet")
        .thread_stack_size(crate::STACK)
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let settings = ServerConfig::builder()
        .max_request_body_size(config.max_request)
        .max_response_body_size(config.max_response)
        .max_connections(config.max_connections)
        .set_id_provider(RandomStringIdProvider::new(16))
        .build();
    let server = {
        let _context = runtime.enter();
        Server::builder().set_config(settings).build_from_tcp(listener).map_err(|source| listen_error(addr, source))?
    };
    let (node, author) = Node::start(chain, config.instant, config.block_time)?;
    let methods = rpc::methods(node.clone()).inspect_err(|_| node.stop())?;
    let server = {
        let _context = runtime.enter();
        server.start(methods)
    };
    Ok(Handle { node, addr, server, author: Some(author), runtime: Some(runtime) })
}

fn listen_error(addr: SocketAddr, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::AddrInUse {
        Error::PortTaken { addr }
    } else {
        Error::Listen { addr, source }
    }
}

impl Handle {
    /// Where clients connect, e.g. `ws://127.0.0.1:9944`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// The same over HTTP, for clients that only ask.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The address that is listened on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Reads the chain directly.
    pub fn read<R>(&self, f: impl FnOnce(&Chain) -> R) -> R {
        self.node.read(f)
    }

    /// Makes a block now, of what is ready.
    pub fn build_block(&self) -> Result<Arc<StoredBlock>, Error> {
        self.node.build_block()
    }

    /// Stops, and waits until all blocks are on the disk.
    pub fn stop(mut self) -> Result<(), Error> {
        self.shut_down();
        self.node.read(Chain::sync)
    }

    fn shut_down(&mut self) {
        let _ = self.server.stop();
        self.node.stop();
        if let Some(author) = self.author.take() {
            let _ = author.join();
        }
        if let Some(runtime) = self.runtime.take() {
            // Not a plain drop, which panics inside another runtime.
            runtime.shutdown_background();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shut_down();
    }
}
