//! `assay deploy`: uploads, instantiates and wires the contracts.

use anyhow::Result;
use assay_chain::{address, deploy as put, Artifacts, ContractClient, Node, NodeOptions, Signer};
use assay_core::protocol::Parameters;

use crate::args::{DeployArgs, ParameterSet};

/// Deploys and writes the deployment file.
pub(crate) async fn deploy(args: DeployArgs, json: bool) -> Result<()> {
    let parameters = match args.parameters {
        ParameterSet::Public => Parameters::default(),
        ParameterSet::Development => Parameters::development(),
    };
    let artifacts = Artifacts::load(&args.artifacts)?;
    let node = Node::connect(&args.url, NodeOptions::default()).await?;
    let client = ContractClient::new(node, Signer::load(&args.key)?);
    // Whoever deploys again from the same account wants a new set of contracts.
    let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos().to_le_bytes();
    let (deployment, receipts) = put(&client, &artifacts, &parameters, &salt).await?;
    deployment.save(&args.deployment)?;
    if json {
        println!("{}", serde_json::json!({ "deployment": deployment, "receipts": receipts }));
        return Ok(());
    }
    let fees: u128 = receipts.iter().map(|receipt| receipt.fee).sum();
    println!("escrow   {}", address(&deployment.escrow.address));
    println!("arbiter  {}", address(&deployment.arbiter.address));
    println!("referee  {}", address(&deployment.referee.address));
    println!("jackpot  {}", address(&deployment.jackpot.address));
    println!("fees     {}", crate::money::text(fees));
    println!("written to {}", args.deployment.display());
    Ok(())
}
