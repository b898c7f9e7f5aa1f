//! Reading the chain.
use super::outcome::{self, What};
use super::runtime::storage_key;
use super::{odd, Node};
use crate::events::ContractEvent;
use crate::{ChainError, Result};
use assay_core::protocol::{AccountId, Balance, Block};
use codec::Decode;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::methods::legacy::NumberOrHex;
use subxt::utils::H256;

/// What `System.Account` keeps, as far as it matters.
#[derive(Decode)]
struct AccountInfo {
    _nonce: u32,
    _counters: [u32; 3],
    free: Balance,
}

/// A block by hash and number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) number: Block,
    pub(crate) hash: H256,
}

impl Node {
    /// The number of the best block.
    pub async fn best(&self) -> Result<Block> {
        number(&self.header(None).await?)
    }

    /// Waits until the best block is later than `after`; returns its number.
    pub async fn next_block(&self, after: Block) -> Result<Block> {
        self.inner.heads.later_than(after).await
    }

    /// An account's balance, without what is locked for storage.
    pub async fn balance_of(&self, account: &AccountId) -> Result<Balance> {
        const DOING: &str = "reading a balance";
        match self.storage(&storage_key("System", "Account", account), None, DOING).await? {
            Some(bytes) => AccountInfo::decode(&mut bytes.as_slice()).map(|info| info.free).map_err(odd(DOING)),
            None => Ok(0),
        }
    }

    /// What contracts emitted in blocks `from` to `to`, each with its block. Both must be on the best chain.
    pub async fn contract_events(&self, from: Block, to: Block) -> Result<Vec<(Block, ContractEvent)>> {
        let runtime = self.runtime().await?;
        let mut found = Vec::new();
        for block in from..=to {
            let hash = self.hash_of(block).await?.ok_or(ChainError::Pruned { block })?;
            for record in outcome::records(&runtime, &self.event_bytes(hash, block).await?)? {
                if let What::Emitted(event) = record.what {
                    found.push((block, event));
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn event_bytes(&self, hash: H256, block: Block) -> Result<Vec<u8>> {
        const DOING: &str = "reading a block's events";
        match self.storage(&storage_key("System", "Events", &[]), Some(hash), DOING).await {
            Ok(bytes) => Ok(bytes.unwrap_or_default()),
            // Nodes word it differently; what they have in common is that the best block's state is there.
            Err(ChainError::Node { why, .. }) if why.contains("iscarded") || why.contains("nknown block") => {
                Err(ChainError::Pruned { block })
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn position(&self) -> Result<Position> {
        const DOING: &str = "reading the best block";
        let header = self.header(None).await?;
        let number = number(&header)?;
        let hash = self.hash_of(number).await?;
        Ok(Position { number, hash: hash.ok_or(ChainError::Node { doing: DOING, why: "it has gone".into() })? })
    }

    pub(super) async fn header(&self, hash: Option<H256>) -> Result<SubstrateHeader<H256>> {
        const DOING: &str = "reading a block's header";
        let header = self.inner.rpc.chain_get_header(hash).await.map_err(self.failed(DOING))?;
        header.ok_or(ChainError::Node { doing: DOING, why: "no such block".into() })
    }

    pub(super) async fn hash_of(&self, block: Block) -> Result<Option<H256>> {
        let number = NumberOrHex::Number(block.into());
        self.inner.rpc.chain_get_block_hash(Some(number)).await.map_err(self.failed("reading a block's hash"))
    }

    /// The transactions of a block, and its number; nothing if the node doesn't have it.
    pub(super) async fn body(&self, hash: H256) -> Result<Option<(Block, Vec<Vec<u8>>)>> {
        let block = self.inner.rpc.chain_get_block(Some(hash)).await.map_err(self.failed("reading a block"))?;
        let Some(details) = block else { return Ok(None) };
        let transactions = details.block.extrinsics.into_iter().map(|bytes| bytes.0).collect();
        Ok(Some((number(&details.block.header)?, transactions)))
    }

    pub(crate) async fn storage(&self, key: &[u8], at: Option<H256>, doing: &'static str) -> Result<Option<Vec<u8>>> {
        self.inner.rpc.state_get_storage(key, at).await.map_err(self.failed(doing))
    }

    pub(crate) async fn state_call(&self, function: &str, input: &[u8], doing: &'static str) -> Result<Vec<u8>> {
        self.inner.rpc.state_call(function, Some(input), None).await.map_err(self.failed(doing))
    }
}

fn number(header: &SubstrateHeader<H256>) -> Result<Block> {
    Block::try_from(header.number).map_err(odd("reading a block's header"))
}
