//! A real Substrate node for Assay's runtime: the same pool, RPC, Wasm executor and database as a public chain's
//! node, with one author that seals when asked to. It is a development node: public keys, no consensus.
//!
//! `e2e/devnet` answers the same clients from one small process; this one exists to check that it answers alike.

mod cli;
mod seal;
mod service;

use sc_cli::SubstrateCli;

fn main() -> sc_cli::Result<()> {
    let cli = cli::Cli::from_args();
    let block_time = cli.block_time();
    let runner = cli.create_runner(&cli.run)?;
    runner.run_node_until_exit(|config| async move {
        service::start::<sc_network::Litep2pNetworkBackend>(config, block_time).map_err(sc_cli::Error::Service)
    })
}
