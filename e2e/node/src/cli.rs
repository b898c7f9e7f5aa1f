//! Arguments: those of every Substrate node, and one of our own.

use sc_cli::SubstrateCli;
use sc_service::{ChainSpec, ChainType, GenericChainSpec, NoExtension, Properties};
use std::time::Duration;

/// The runtime, built by `scripts/node`.
static RUNTIME: &[u8] = include_bytes!(env!("ASSAY_RUNTIME_WASM"));

/// A development node that seals a block per transaction, final at once.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
    /// Also seal a block every so many milliseconds, empty if need be.
    #[arg(long, env = "ASSAY_NODE_BLOCK_TIME_MS", value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    block_time_ms: Option<u64>,

    #[command(flatten)]
    pub(crate) run: sc_cli::RunCmd,
}

impl Cli {
    pub(crate) fn block_time(&self) -> Option<Duration> {
        self.block_time_ms.map(Duration::from_millis)
    }
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        env!("CARGO_PKG_NAME").into()
    }

    fn impl_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "the Assay authors".into()
    }

    fn support_url() -> String {
        "see the README".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    /// There is one chain, whatever it is called.
    fn load_spec(&self, _id: &str) -> Result<Box<dyn ChainSpec>, String> {
        let mut properties = Properties::new();
        properties.insert("ss58Format".into(), 42.into());
        properties.insert("tokenDecimals".into(), 12.into());
        properties.insert("tokenSymbol".into(), "UNIT".into());
        Ok(Box::new(
            GenericChainSpec::<NoExtension>::builder(RUNTIME, None)
                .with_name("Assay Development")
                .with_id("assay_dev")
                .with_chain_type(ChainType::Development)
                .with_properties(properties)
                .with_genesis_config_preset_name("development")
                .build(),
        ))
    }
}
