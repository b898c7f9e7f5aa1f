//! Putting the contracts on a chain, and remembering where they are.
use crate::account::text;
use crate::contract::{CodeHash, ContractClient};
use crate::{ChainError, Receipt, Result};
use assay_core::commit::Hash;
use assay_core::protocol::{AccountId, Parameters};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The Wasm of the contracts.
#[derive(Clone)]
pub struct Artifacts {
    escrow: Vec<u8>,
    arbiter: Vec<u8>,
    referee: Vec<u8>,
    jackpot: Vec<u8>,
}

/// A contract on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// Its account.
    #[serde(with = "text")]
    pub address: AccountId,
    /// The code that it runs.
    pub code: CodeHash,
}

/// Where the contracts are. Kept as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The chain: the hash of its first block.
    pub chain: Hash,
    /// Tasks and money.
    pub escrow: Deployed,
    /// Games.
    pub arbiter: Deployed,
    /// Operators: what the arbiter asks.
    pub referee: Deployed,
    /// The treasury.
    pub jackpot: Deployed,
}

impl Artifacts {
    /// Reads `escrow.wasm`, `arbiter.wasm`, `referee.wasm` and `jackpot.wasm` in a folder.
    pub fn load(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| {
                let why = format!("{error}; scripts/build-contracts makes it");
                ChainError::File { doing: "read", path, why }
            })
        };
        Ok(Artifacts {
            escrow: read("escrow.wasm")?,
            arbiter: read("arbiter.wasm")?,
            referee: read("referee.wasm")?,
            jackpot: read("jackpot.wasm")?,
        })
    }
}

/// Puts the contracts on the chain and wires them up. `salt` tells deployments by one account apart; the same salt can't
/// be used twice. The parameters' `chain` is set to the chain's own identity. The receipts tell what each step cost.
pub async fn deploy(
    client: &ContractClient,
    artifacts: &Artifacts,
    parameters: &Parameters,
    salt: &[u8],
) -> Result<(Deployment, Vec<Receipt>)> {
    let mut receipts = Vec::new();
    let chain = client.node().genesis();
    let parameters = Parameters { chain, ..*parameters };
    let mut codes = [Hash::default(); 4];
    let wasms = [&artifacts.jackpot, &artifacts.referee, &artifacts.arbiter, &artifacts.escrow];
    for (code, wasm) in codes.iter_mut().zip(wasms) {
        let (hash, receipt) = client.upload(wasm).await?;
        *code = hash;
        receipts.extend(receipt);
    }
    let [jackpot_code, referee_code, arbiter_code, escrow_code] = codes;
    let jackpot = client.instantiate(jackpot_code, "new", (), 0, salt).await?;
    let referee = client.instantiate(referee_code, "new", (), 0, salt).await?;
    let arguments = (parameters.game_blocks, referee.contract);
    let arbiter = client.instantiate(arbiter_code, "new", arguments, 0, salt).await?;
    let arguments = (parameters, arbiter.contract, jackpot.contract);
    let escrow = client.instantiate(escrow_code, "new", arguments, 0, salt).await?;
    let addresses = [jackpot.contract, referee.contract, arbiter.contract, escrow.contract];
    receipts.extend([jackpot.receipt, referee.receipt, arbiter.receipt, escrow.receipt]);
    let [jackpot, referee, arbiter, escrow] = addresses;
    for contract in [jackpot, arbiter] {
        receipts.push(client.call::<()>(contract, "set_escrow", (escrow,), 0).await?.receipt);
    }
    let deployment = Deployment {
        chain,
        escrow: Deployed { address: escrow, code: escrow_code },
        arbiter: Deployed { address: arbiter, code: arbiter_code },
        referee: Deployed { address: referee, code: referee_code },
        jackpot: Deployed { address: jackpot, code: jackpot_code },
    };
    deployment.check(client).await?;
    Ok((deployment, receipts))
}

impl Deployment {
    /// Checks that the client's chain is this one, that the contracts run this code, and that they know each other.
    pub async fn check(&self, client: &ContractClient) -> Result<()> {
        let (expected, found) = (self.chain, client.node().genesis());
        if expected != found {
            let text = |hash: Hash| format!("0x{hash}");
            return Err(ChainError::OtherChain {
                url: client.node().url().into(),
                expected: text(expected),
                found: text(found),
            });
        }
        for Deployed { address, code } in [self.escrow, self.arbiter, self.referee, self.jackpot] {
            let found = client.code_of(address).await?;
            if found != code {
                let contract = crate::address(&address);
                return Err(ChainError::OtherCode { contract, expected: code.to_string(), found: found.to_string() });
            }
        }
        let escrow = self.escrow.address;
        let wired = client.view::<AccountId>(escrow, "arbiter", ()).await? == self.arbiter.address
            && client.view::<AccountId>(escrow, "jackpot", ()).await? == self.jackpot.address
            && client.view::<Option<AccountId>>(self.arbiter.address, "escrow", ()).await? == Some(escrow)
            && client.view::<AccountId>(self.arbiter.address, "referee", ()).await? == self.referee.address
            && client.view::<Option<AccountId>>(self.jackpot.address, "escrow", ()).await? == Some(escrow);
        match wired {
            true => Ok(()),
            false => Err(ChainError::Unwired { escrow: crate::address(&escrow) }),
        }
    }

    /// Whether this is one of the contracts.
    pub fn owns(&self, contract: &AccountId) -> bool {
        [self.escrow, self.arbiter, self.referee, self.jackpot].iter().any(|deployed| deployed.address == *contract)
    }

    /// Reads a deployment file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(failed("read", path))?;
        serde_json::from_str(&text).map_err(failed("read", path))
    }

    /// Writes a deployment file, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(failed("write", path))?;
        text.push('\n');
        let mut beside = path.as_os_str().to_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        std::fs::write(&beside, text).map_err(failed("write", &beside))?;
        std::fs::rename(&beside, path).map_err(failed("write", path))
    }
}

fn failed<E: std::fmt::Display>(doing: &'static str, path: &Path) -> impl FnOnce(E) -> ChainError {
    let path = path.to_path_buf();
    move |error| ChainError::File { doing, path, why: error.to_string() }
}
