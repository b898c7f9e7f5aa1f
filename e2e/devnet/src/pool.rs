//! Transactions waiting for a block.
//!
//! The runtime says of each transaction which tags it requires and provides (for a signed one: account and nonce).
//! A transaction is *ready* when everything that it requires is provided by the chain or by ready transactions, and
//! waits as *future* until then.

use assay_runtime::{BlockNumber, Hash};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionTag, TransactionValidityError, UnknownTransaction, ValidTransaction,
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque},
    sync::Arc,
};
use tokio::sync::mpsc;

/// How many hashes of finished transactions are remembered, to refuse them cheaply.
const BANNED: usize = 4096;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transactions.
    pub count: usize,
    /// Their bytes in all.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { count: 8_192, bytes: 64 * 1024 * 1024 }
    }
}

/// Why a transaction did not get in; codes and texts are Substrate's, so that clients understand them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The bytes are no transaction of this runtime.
    #[error("extrinsic has invalid format: {0}")]
    Format(String),
    /// It can never be included as things are.
    #[error("invalid transaction: {}", <&'static str>::from(*.0))]
    Invalid(InvalidTransaction),
    /// The runtime can't judge it.
    #[error("unknown transaction validity: {}", <&'static str>::from(*.0))]
    Unknown(UnknownTransaction),
    /// It was included or dropped a short while ago.
    #[error("transaction is temporarily banned")]
    Banned,
    /// It is waiting already.
    #[error("transaction {0:?} is already imported")]
    AlreadyImported(Hash),
    /// One that takes the same place is waiting, and this one does not pay more.
    #[error("priority is too low: {new} against {old} of the one waiting")]
    TooLowPriority {
        /// Of the one waiting.
        old: u64,
        /// Of this one.
        new: u64,
    },
    /// The pool is full.
    #[error("the pool is full: {count} transactions, {bytes} bytes")]
    Full {
        /// Transactions waiting.
        count: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The runtime panicked over it.
    #[error("verification failed: {0}")]
    Verification(String),
}

impl From<TransactionValidityError> for PoolError {
    fn from(error: TransactionValidityError) -> Self {
        match error {
            TransactionValidityError::Invalid(invalid) => Self::Invalid(invalid),
            TransactionValidityError::Unknown(unknown) => Self::Unknown(unknown),
        }
    }
}

/// What became of a watched transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for something that it requires.
    Future,
    /// Will be in a block soon.
    Ready,
    /// Is in this block.
    InBlock(Hash),
    /// Is in this block for good.
    Finalized(Hash),
    /// Another took its place.
    Usurped(Hash),
    /// Left the pool without a verdict.
    Dropped,
    /// Became invalid.
    Invalid,
}

/// A waiting transaction.
#[derive(Debug)]
pub struct Pooled {
    /// BLAKE2b-256 of its bytes.
    pub hash: Hash,
    /// As it travels, with the length in front.
    pub bytes: Vec<u8>,
    /// What the runtime said of it.
    pub valid: ValidTransaction,
    order: u64,
    expires: BlockNumber,
}

struct Entry {
    tx: Arc<Pooled>,
    /// Required, and not provided by the chain yet.
    missing: HashSet<TransactionTag>,
    ready: bool,
    watchers: Vec<mpsc::UnboundedSender<Status>>,
}

impl Entry {
    fn tell(&mut self, status: Status) {
        self.watchers.retain(|watcher| watcher.send(status).is_ok());
    }
}

/// All waiting transactions.
pub struct Pool {
    limits: Limits,
    entries: HashMap<Hash, Entry>,
    providers: HashMap<TransactionTag, Hash>,
    /// Who lacks a tag.
    waiting: HashMap<TransactionTag, BTreeSet<Hash>>,
    banned: HashSet<Hash>,
    banned_order: VecDeque<Hash>,
    bytes: usize,
    ready: usize,
    next_order: u64,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            providers: HashMap::new(),
            waiting: HashMap::new(),
            banned: HashSet::new(),
            banned_order: VecDeque::new(),
            bytes: 0,
            ready: 0,
            next_order: 0,
        }
    }

    /// How many transactions could be in the next block, were it large enough.
    pub fn ready_len(&self) -> usize {
        self.ready
    }

    /// How many wait for something that they require.
    pub fn future_len(&self) -> usize {
        self.entries.len() - self.ready
    }

    /// Whether a ready transaction provides `tag`.
    pub fn provides(&self, tag: &TransactionTag) -> bool {
        self.providers.get(tag).and_then(|hash| self.entries.get(hash)).is_some_and(|entry| entry.ready)
    }

    /// Refuses what needs no validation to be refused.
    pub fn check_new(&self, hash: Hash) -> Result<(), PoolError> {
        if self.banned.contains(&hash) {
            Err(PoolError::Banned)
        } else if self.entries.contains_key(&hash) {
            Err(PoolError::AlreadyImported(hash))
        } else {
            Ok(())
        }
    }

    /// Takes in a transaction that the runtime found valid on the best state.
    pub fn import(
        &mut self,
        hash: Hash,
        bytes: Vec<u8>,
        valid: ValidTransaction,
        best: BlockNumber,
        watcher: Option<mpsc::UnboundedSender<Status>>,
    ) -> Result<(), PoolError> {
        self.check_new(hash)?;
        let rivals: BTreeSet<Hash> = valid.provides.iter().filter_map(|tag| self.providers.get(tag)).copied().collect();
        let strongest = rivals.iter().filter_map(|rival| self.entries.get(rival)).map(|e| e.tx.valid.priority).max();
        if let Some(old) = strongest.filter(|old| *old >= valid.priority) {
            return Err(PoolError::TooLowPriority { old, new: valid.priority });
        }
        let freed: usize = rivals.iter().filter_map(|rival| self.entries.get(rival)).map(|e| e.tx.bytes.len()).sum();
        let (count, size) = (self.entries.len() - rivals.len(), self.bytes - freed);
        if count >= self.limits.count || size + bytes.len() > self.limits.bytes {
            return Err(PoolError::Full { count: self.entries.len(), bytes: self.bytes });
        }
        for rival in rivals {
            self.remove(rival, Some(Status::Usurped(hash)));
        }

        let longevity = BlockNumber::try_from(valid.longevity).unwrap_or(BlockNumber::MAX);
        let missing: HashSet<TransactionTag> = valid.requires.iter().cloned().collect();
        for tag in &missing {
            self.waiting.entry(tag.clone()).or_default().insert(hash);
        }
        for tag in &valid.provides {
            self.providers.insert(tag.clone(), hash);
        }
        self.bytes += bytes.len();
        let tx =
            Arc::new(Pooled { hash, bytes, valid, order: self.next_order, expires: best.saturating_add(longevity) });
        self.next_order += 1;
        let watchers = watcher.into_iter().collect();
        self.entries.insert(hash, Entry { tx, missing, ready: false, watchers });
        self.settle(hash);
        if let Some(entry) = self.entries.get_mut(&hash).filter(|entry| !entry.ready) {
            entry.tell(Status::Future);
        }
        Ok(())
    }

    /// Marks `first` ready if it is, and then all that only waited for it.
    fn settle(&mut self, first: Hash) {
        let mut queue = vec![first];
        while let Some(hash) = queue.pop() {
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            if entry.ready || !entry.missing.iter().all(|tag| self.provides(tag)) {
                continue;
            }
            let provided = entry.tx.valid.provides.clone();
            if let Some(entry) = self.entries.get_mut(&hash) {
                entry.ready = true;
                self.ready += 1;
                entry.tell(Status::Ready);
            }
            queue.extend(provided.iter().filter_map(|tag| self.waiting.get(tag)).flatten().copied());
        }
    }

    /// Takes `first` and all that depend on it back from ready to future.
    fn unsettle(&mut self, tags: &[TransactionTag]) {
        let mut queue: Vec<TransactionTag> = tags.to_vec();
        while let Some(tag) = queue.pop() {
            for hash in self.waiting.get(&tag).cloned().unwrap_or_default() {
                if let Some(entry) = self.entries.get_mut(&hash).filter(|entry| entry.ready) {
                    entry.ready = false;
                    self.ready -= 1;
                    entry.tell(Status::Future);
                    queue.extend(entry.tx.valid.provides.iter().cloned());
                }
            }
        }
    }

    /// Drops a transaction; those that need it wait again.
    fn remove(&mut self, hash: Hash, status: Option<Status>) -> Option<Entry> {
        let mut entry = self.entries.remove(&hash)?;
        self.bytes -= entry.tx.bytes.len();
        if entry.ready {
            self.ready -= 1;
        }
        for tag in &entry.missing {
            if let Some(set) = self.waiting.get_mut(tag) {
                set.remove(&hash);
                if set.is_empty() {
                    self.waiting.remove(tag);
                }
            }
        }
        for tag in &entry.tx.valid.provides {
            if self.providers.get(tag) == Some(&hash) {
                self.providers.remove(tag);
            }
        }
        if let Some(status) = status {
            entry.tell(status);
            let provided = entry.tx.valid.provides.clone();
            self.unsettle(&provided);
        }
        Some(entry)
    }

    /// Drops a transaction that a block could not include, ever.
    pub fn reject(&mut self, hash: Hash) {
        self.remove(hash, Some(Status::Invalid));
        self.ban(hash);
    }

    /// Settles accounts after a block: what it included leaves, what needed that may come, what expired goes.
    pub fn on_block(&mut self, number: BlockNumber, block: Hash, included: &[Hash]) {
        let mut told = Vec::new();
        for hash in included {
            self.ban(*hash);
            let Some(entry) = self.remove(*hash, None) else {
                continue;
            };
            for tag in &entry.tx.valid.provides {
                for waiter in self.waiting.remove(tag).unwrap_or_default() {
                    if let Some(waiter) = self.entries.get_mut(&waiter) {
                        waiter.missing.remove(tag);
                    }
                }
            }
            told.push(entry);
        }
        let expired: Vec<Hash> =
            self.entries.values().filter(|entry| entry.tx.expires <= number).map(|entry| entry.tx.hash).collect();
        for hash in expired {
            self.remove(hash, Some(Status::Invalid));
        }
        for mut entry in told {
            entry.tell(Status::InBlock(block));
            entry.tell(Status::Finalized(block));
        }
    }

    /// The ready transactions in the order in which a block should try them: whatever one requires comes before it,
    /// otherwise by priority, then by arrival.
    pub fn in_order(&self) -> Vec<Arc<Pooled>> {
        let mut open: HashMap<Hash, usize> = HashMap::new();
        let mut heap = BinaryHeap::new();
        let rank = |entry: &Entry| (entry.tx.valid.priority, Reverse(entry.tx.order), entry.tx.hash);
        for (hash, entry) in self.entries.iter().filter(|(_, entry)| entry.ready) {
            if entry.missing.is_empty() {
                heap.push(rank(entry));
            } else {
                open.insert(*hash, entry.missing.len());
            }
        }
        let mut order = Vec::with_capacity(self.ready);
        while let Some((_, _, hash)) = heap.pop() {
            let Some(entry) = self.entries.get(&hash) else {
                continue;
            };
            order.push(entry.tx.clone());
            for waiter in entry.tx.valid.provides.iter().filter_map(|tag| self.waiting.get(tag)).flatten() {
                if let Some(left) = open.get_mut(waiter) {
                    *left -= 1;
                    if *left == 0 {
                        heap.extend(self.entries.get(waiter).map(rank));
                    }
                }
            }
        }
        order
    }

    fn ban(&mut self, hash: Hash) {
        if self.banned.insert(hash) {
            self.banned_order.push_back(hash);
        }
        while self.banned_order.len() > BANNED {
            if let Some(oldest) = self.banned_order.pop_front() {
                self.banned.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid(account: u8, nonce: u8, gap: bool, priority: u64) -> ValidTransaction {
        ValidTransaction {
            priority,
            requires: if gap { vec![vec![account, nonce - 1]] } else { vec![] },
            provides: vec![vec![account, nonce]],
            longevity: 64,
            propagate: true,
        }
    }

    fn hash(byte: u8) -> Hash {
        Hash::repeat_byte(byte)
    }

    fn order(pool: &Pool) -> Vec<u8> {
        pool.in_order().iter().map(|tx| tx.hash.0[0]).collect()
    }

    fn drain(rx: &mut mpsc::UnboundedReceiver<Status>) -> Vec<Status> {
        std::iter::from_fn(|| rx.try_recv().ok()).collect()
    }

    #[test]
    fn a_gap_waits_until_it_is_filled() {
        let mut pool = Pool::new(Limits::default());
        let (tx, mut rx) = mpsc::unbounded_channel();
        pool.import(hash(3), vec![0; 10], valid(1, 2, true, 9), 0, None).unwrap();
        pool.import(hash(2), vec![0; 10], valid(1, 1, true, 9), 0, Some(tx)).unwrap();
        assert_eq!((pool.ready_len(), pool.future_len()), (0, 2));
        pool.import(hash(1), vec![0; 10], valid(1, 0, false, 1), 0, None).unwrap();
        pool.import(hash(9), vec![0; 10], valid(2, 0, false, 5), 0, None).unwrap();
        assert_eq!(order(&pool), [9, 1, 2, 3]);
        assert!(pool.provides(&vec![1, 2]));
        pool.on_block(1, hash(100), &[hash(1)]);
        assert_eq!(order(&pool), [2, 3, 9]);
        pool.on_block(2, hash(101), &[hash(2)]);
        assert_eq!(
            drain(&mut rx),
            [Status::Future, Status::Ready, Status::InBlock(hash(101)), Status::Finalized(hash(101))]
        );
        assert_eq!(pool.check_new(hash(2)), Err(PoolError::Banned));
        assert_eq!(pool.check_new(hash(3)), Err(PoolError::AlreadyImported(hash(3))));
    }

    #[test]
    fn a_better_one_takes_the_place() {
        let mut pool = Pool::new(Limits::default());
        let (tx, mut rx) = mpsc::unbounded_channel();
        pool.import(hash(1), vec![0; 10], valid(1, 0, false, 5), 0, Some(tx)).unwrap();
        pool.import(hash(2), vec![0; 10], valid(1, 1, true, 5), 0, None).unwrap();
        let same = pool.import(hash(3), vec![0; 10], valid(1, 0, false, 5), 0, None);
        assert_eq!(same, Err(PoolError::TooLowPriority { old: 5, new: 5 }));
        pool.import(hash(4), vec![0; 10], valid(1, 0, false, 6), 0, None).unwrap();
        assert_eq!(drain(&mut rx), [Status::Ready, Status::Usurped(hash(4))]);
        assert_eq!(order(&pool), [4, 2]);
        pool.reject(hash(4));
        assert_eq!((pool.ready_len(), pool.future_len()), (0, 1));
    }

    #[test]
    fn the_pool_is_bounded_and_forgets_what_expired() {
        let mut pool = Pool::new(Limits { count: 2, bytes: 25 });
        pool.import(hash(1), vec![0; 10], valid(1, 0, false, 5), 0, None).unwrap();
        assert!(matches!(
            pool.import(hash(2), vec![0; 16], valid(2, 0, false, 5), 0, None),
            Err(PoolError::Full { .. })
        ));
        pool.import(hash(3), vec![0; 10], valid(2, 0, false, 5), 0, None).unwrap();
        assert!(matches!(pool.import(hash(4), vec![], valid(3, 0, false, 5), 0, None), Err(PoolError::Full { .. })));
        pool.on_block(64, hash(100), &[]);
        assert_eq!((pool.ready_len(), pool.future_len()), (0, 0));
    }
}
