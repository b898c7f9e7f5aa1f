//! The chain itself, without any network: transactions in, blocks and states out.

mod build;
mod query;
mod submit;

pub use query::Scratch;
pub use submit::Submitted;

use crate::{
    error::Error,
    exec::{self, Overlay},
    journal::{Journal, Record},
    pool::{Limits, Pool},
    state::{split, unreadable, Changes, States, STATE_VERSION},
};
use assay_runtime::{BlockNumber, Hash, Header, RuntimeGenesisConfig};
use serde_json::Value;
use sp_runtime::traits::{BlakeTwo256, Hash as HashT, Header as HeaderT};
use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::Arc,
};

/// So many new entries make squashing a backlog worth it.
const SQUASH_STEP: usize = 1 << 16;

/// How a chain is kept.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Where blocks are logged; `None` keeps them in memory only.
    pub data_dir: Option<PathBuf>,
    /// How many of the latest blocks' states can be read.
    pub states: u32,
    /// How many transactions may wait.
    pub pool: Limits,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self { data_dir: None, states: 4_096, pool: Limits::default() }
    }
}

/// A block that is part of the chain.
#[derive(Clone, Debug)]
pub struct StoredBlock {
    /// Hash of the header.
    pub hash: Hash,
    /// The header.
    pub header: Header,
    /// The transactions, each with its length in front.
    pub body: Vec<Vec<u8>>,
}

/// A development chain: one author, no forks, every block final at once.
pub struct Chain {
    states: States,
    blocks: Vec<Arc<StoredBlock>>,
    numbers: HashMap<Hash, BlockNumber>,
    pool: Pool,
    journal: Option<Journal>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("best", &self.best().header.number).field("hash", &self.best().hash).finish()
    }
}

impl Chain {
    /// A new chain in memory, with the development genesis.
    pub fn new_dev() -> Result<Self, Error> {
        Self::open(ChainConfig::default())
    }

    /// A chain as configured: new, or as the log in its data directory left it.
    pub fn open(config: ChainConfig) -> Result<Self, Error> {
        let (genesis, changes) = genesis()?;
        let mut replay = Replay {
            window: config.states.max(1),
            base: changes,
            squash_at: SQUASH_STEP,
            records: VecDeque::new(),
            blocks: vec![Arc::new(genesis)],
        };
        let mut journal = None;
        if let Some(dir) = &config.data_dir {
            let genesis = replay.blocks[0].hash;
            let (opened, torn) = Journal::open(dir, genesis, |record| replay.add(record))?;
            if let Some(torn) = torn {
                tracing::warn!(
                    bytes = torn.bytes,
                    offset = torn.offset,
                    "dropped a block that was not written completely: the process was killed while writing it"
                );
            }
            journal = Some(opened);
        }
        let (states, blocks) = replay.finish()?;
        let numbers = blocks.iter().map(|block| (block.hash, block.header.number)).collect();
        let chain = Self { states, blocks, numbers, pool: Pool::new(config.pool), journal };
        if let Some(dir) = &config.data_dir {
            let best = chain.best();
            tracing::info!(number = best.header.number, hash = ?best.hash, dir = %dir.display(), "opened chain");
        }
        Ok(chain)
    }

    /// Hash of block 0.
    pub fn genesis_hash(&self) -> Hash {
        self.blocks.first().map(|block| block.hash).unwrap_or_default()
    }

    /// The latest block, which is also the latest final one.
    pub fn best(&self) -> &Arc<StoredBlock> {
        // A chain starts with its genesis block and blocks are never removed.
        &self.blocks[self.blocks.len() - 1]
    }

    /// The block at a height.
    pub fn block(&self, number: BlockNumber) -> Option<&Arc<StoredBlock>> {
        self.blocks.get(number as usize)
    }

    /// The block with a hash.
    pub fn block_by_hash(&self, hash: Hash) -> Option<&Arc<StoredBlock>> {
        self.numbers.get(&hash).and_then(|number| self.block(*number))
    }

    /// The waiting transactions.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Waits until all blocks are on the disk itself; being killed never needs this, a power cut might.
    pub fn sync(&self) -> Result<(), Error> {
        self.journal.as_ref().map_or(Ok(()), Journal::sync)
    }

    fn add(
        &mut self,
        record: Record,
        transaction: sp_state_machine::BackendTransaction<BlakeTwo256>,
    ) -> Result<Arc<StoredBlock>, Error> {
        // The log comes first: nobody hears of a block that a restart would not know.
        if let Some(journal) = &mut self.journal {
            journal.append(&record)?;
        }
        let block = Arc::new(StoredBlock { hash: record.header.hash(), header: record.header, body: record.body });
        self.states.commit(block.header.number, transaction);
        self.numbers.insert(block.hash, block.header.number);
        self.blocks.push(block.clone());
        Ok(block)
    }
}

/// Block 0 and the values it starts with.
fn genesis() -> Result<(StoredBlock, Changes), Error> {
    let states = States::new(1);
    let backend = states.at(States::empty_root());
    let mut overlay = Overlay::default();
    let unfit = |error: serde_json::Error| Error::Genesis(error.to_string());
    let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).map_err(unfit)?;
    patch(&mut config, assay_runtime::genesis::development());
    let config = serde_json::to_vec(&config).map_err(unfit)?;
    exec::run(&backend, &mut overlay, || {
        frame_support::genesis_builder_helper::build_state::<RuntimeGenesisConfig>(config)
    })?
    .map_err(Error::Genesis)?;
    let changes = overlay.drain_storage_changes(&backend, STATE_VERSION).map_err(unreadable)?;
    let (changes, _, root) = split(changes);
    let extrinsics_root = BlakeTwo256::trie_root(Vec::new(), STATE_VERSION);
    let header = Header::new(0, extrinsics_root, root, Hash::zero(), Default::default());
    Ok((StoredBlock { hash: header.hash(), header, body: Vec::new() }, changes))
}

/// Replaces in `config` what `patch` names, as node builders do with a preset.
fn patch(config: &mut Value, patch_by: Value) {
    match (config, patch_by) {
        (Value::Object(config), Value::Object(changes)) => {
            for (key, change) in changes {
                patch(config.entry(key).or_insert(Value::Null), change);
            }
        }
        (config, change) => *config = change,
    }
}

/// Rebuilds a chain from its log: states that will not be kept are only computed once, at the end of them.
struct Replay {
    window: u32,
    /// Everything up to the oldest state that will be kept.
    base: Changes,
    squash_at: usize,
    records: VecDeque<(BlockNumber, Hash, Changes)>,
    blocks: Vec<Arc<StoredBlock>>,
}

impl Replay {
    fn add(&mut self, record: Record) -> Result<(), Error> {
        let header = record.header;
        let parent = self.blocks.last().map(|block| (block.hash, block.header.number));
        if parent != Some((header.parent_hash, header.number.wrapping_sub(1))) {
            return Err(Error::Replay { number: header.number, reason: "its parent is not the block before".into() });
        }
        let root = header.state_root;
        self.records.push_back((header.number, root, record.changes));
        self.blocks.push(Arc::new(StoredBlock { hash: header.hash(), header, body: record.body }));
        if self.records.len() > self.window as usize {
            if let Some((_, _, changes)) = self.records.pop_front() {
                self.base.absorb(changes);
                // Keeps the backlog small: most blocks write the same few keys.
                if self.base.top.len() > self.squash_at {
                    self.base.squash();
                    self.squash_at = self.base.top.len() * 2 + SQUASH_STEP;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(States, Vec<Arc<StoredBlock>>), Error> {
        let mut states = States::new(self.window);
        let first = self.blocks.len() - 1 - self.records.len();
        let base = &self.blocks[first].header;
        self.records.push_front((base.number, base.state_root, std::mem::take(&mut self.base)));
        let mut parent = States::empty_root();
        for (number, expected, changes) in self.records {
            let (root, transaction) = states.apply(parent, changes);
            if root != expected {
                return Err(Error::Replay { number, reason: format!("state root {root:?} instead of {expected:?}") });
            }
            states.commit(number, transaction);
            parent = root;
        }
        Ok((states, self.blocks))
    }
}
