//! All recent states, as one store of trie nodes.
//!
//! A trie is a persistent map: a block adds the nodes on the paths that it changed and shares all others with its
//! parent, so a state costs what it changed. Nodes are counted; those that a block replaced are released when the
//! state before it is no longer kept.

use crate::error::Error;
use assay_runtime::{BlockNumber, Hash};
use codec::{Decode, Encode};
use hash_db::Prefix;
use sp_core::storage::{ChildInfo, StateVersion};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{
    Backend, BackendTransaction, DefaultError, StorageChanges, TrieBackend, TrieBackendBuilder, TrieBackendStorage,
};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A state that can be read and executed on.
pub type StateBackend<'a> = TrieBackend<&'a Nodes, BlakeTwo256>;
/// New values by key; `None` removes.
pub type Delta = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// How all of a runtime's values are laid out in the trie (its `system_version` 1).
pub const STATE_VERSION: StateVersion = StateVersion::V1;

/// What a block changed, by key: enough to replay it without executing anything.
#[derive(Clone, Debug, Default, Encode, Decode, PartialEq, Eq)]
pub struct Changes {
    /// The main storage.
    pub top: Delta,
    /// Child storages by their key: contracts keep theirs here.
    pub children: Vec<(Vec<u8>, Delta)>,
}

impl Changes {
    /// Adds later changes on top of these.
    pub fn absorb(&mut self, later: Changes) {
        self.top.extend(later.top);
        self.children.extend(later.children);
    }

    /// Forgets all but the last value of each key.
    pub fn squash(&mut self) {
        let (top, children) = std::mem::take(self).sorted();
        self.top = top.into_iter().collect();
        self.children = children.into_iter().map(|(child, delta)| (child, delta.into_iter().collect())).collect();
    }

    /// The last value of each key, in order: what `full_storage_root` wants.
    fn sorted(self) -> (SortedDelta, BTreeMap<Vec<u8>, SortedDelta>) {
        let mut children = BTreeMap::<Vec<u8>, SortedDelta>::new();
        for (child, delta) in self.children {
            children.entry(child).or_default().extend(delta);
        }
        (self.top.into_iter().collect(), children)
    }
}

type SortedDelta = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Splits what a block left behind into what is logged and what the trie gains and loses.
pub fn split(changes: StorageChanges<BlakeTwo256>) -> (Changes, BackendTransaction<BlakeTwo256>, Hash) {
    let (top, children, _offchain, transaction, root, _index) = changes.into_inner();
    (Changes { top, children }, transaction, root)
}

struct Node {
    value: Vec<u8>,
    count: u32,
}

/// The trie nodes of all states that are kept.
#[derive(Default)]
pub struct Nodes(HashMap<Vec<u8>, Node>);

impl TrieBackendStorage<BlakeTwo256> for Nodes {
    fn get(&self, key: &Hash, prefix: Prefix<'_>) -> Result<Option<sp_trie::DBValue>, DefaultError> {
        Ok(self.0.get(&sp_trie::prefixed_key::<BlakeTwo256>(key, prefix)).map(|node| node.value.clone()))
    }
}

/// The states of the latest blocks.
pub struct States {
    nodes: Nodes,
    kept: u32,
    best: Option<BlockNumber>,
    /// Per block since the oldest state that is kept: the nodes that this block replaced.
    replaced: VecDeque<Vec<(Vec<u8>, u32)>>,
}

impl States {
    /// No state yet; the latest `kept` (at least one) will be kept.
    pub fn new(kept: u32) -> Self {
        Self { nodes: Nodes::default(), kept: kept.max(1), best: None, replaced: VecDeque::new() }
    }

    /// The root of the empty state.
    pub fn empty_root() -> Hash {
        sp_trie::empty_trie_root::<sp_trie::LayoutV1<BlakeTwo256>>()
    }

    /// How many states are kept.
    pub fn kept(&self) -> u32 {
        self.kept
    }

    /// How many trie nodes are held, for curiosity and for tests.
    pub fn nodes(&self) -> usize {
        self.nodes.0.len()
    }

    /// Whether the state of block `number` is still there.
    pub fn has(&self, number: BlockNumber) -> bool {
        self.best.and_then(|best| best.checked_sub(number)).is_some_and(|age| age as usize <= self.replaced.len())
    }

    /// The state with this root.
    pub fn at(&self, root: Hash) -> StateBackend<'_> {
        TrieBackendBuilder::new(&self.nodes, root).build()
    }

    /// Computes what `changes` do to the state with root `parent`.
    pub fn apply(&self, parent: Hash, changes: Changes) -> (Hash, BackendTransaction<BlakeTwo256>) {
        let (top, children) = changes.sorted();
        let children: Vec<_> =
            children.into_iter().map(|(key, delta)| (ChildInfo::new_default_from_vec(key), delta)).collect();
        self.at(parent).full_storage_root(
            borrow(&top),
            children.iter().map(|(info, delta)| (info, borrow(delta))),
            STATE_VERSION,
        )
    }

    /// Makes the result of a block the best state and drops the oldest one if there are too many.
    ///
    /// `number` follows the best block's, or is the first.
    pub fn commit(&mut self, number: BlockNumber, mut transaction: BackendTransaction<BlakeTwo256>) {
        let mut replaced = Vec::new();
        for (key, (value, change)) in transaction.drain() {
            let amount = change.unsigned_abs();
            if change > 0 {
                self.nodes.0.entry(key).or_insert(Node { value, count: 0 }).count += amount;
            } else if change < 0 {
                replaced.push((key, amount));
            }
        }
        match self.best {
            Some(_) => self.replaced.push_back(replaced),
            // The first state that is held: nothing before it will be asked for.
            None => self.release(replaced),
        }
        self.best = Some(number);
        while self.replaced.len() >= self.kept as usize {
            let Some(oldest) = self.replaced.pop_front() else {
                break;
            };
            self.release(oldest);
        }
    }

    fn release(&mut self, replaced: Vec<(Vec<u8>, u32)>) {
        use std::collections::hash_map::Entry;
        for (key, amount) in replaced {
            if let Entry::Occupied(mut entry) = self.nodes.0.entry(key) {
                let node = entry.get_mut();
                node.count = node.count.saturating_sub(amount);
                if node.count == 0 {
                    entry.remove();
                }
            }
        }
    }
}

fn borrow(delta: &SortedDelta) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    delta.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
}

/// A failure to read a trie, which the type can't rule out.
pub fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::State(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: Option<&str>) -> Changes {
        Changes {
            top: vec![(key.as_bytes().to_vec(), value.map(|v| v.repeat(20).into_bytes()))],
            children: vec![(b"child".to_vec(), vec![(key.as_bytes().to_vec(), value.map(|v| v.as_bytes().to_vec()))])],
        }
    }

    fn read(states: &States, root: Hash, key: &str) -> Option<String> {
        let value = states.at(root).storage(key.as_bytes()).unwrap();
        let child = states.at(root).child_storage(&ChildInfo::new_default(b"child"), key.as_bytes()).unwrap();
        assert_eq!(value.is_some(), child.is_some());
        value.map(|v| String::from_utf8(v).unwrap()[..1].to_string())
    }

    #[test]
    fn states_share_nodes_and_old_ones_go() {
        let mut states = States::new(3);
        let mut roots = vec![States::empty_root()];
        let values = [Some("a"), Some("b"), Some("a"), None, Some("a"), Some("b"), Some("b")];
        for (number, value) in values.iter().enumerate() {
            let (root, tx) = states.apply(roots[number], set("key", *value));
            states.commit(number as u32, tx);
            roots.push(root);
            for kept in 0..=number {
                let expect_there = number - kept < 3;
                assert_eq!(states.has(kept as u32), expect_there, "{kept} at {number}");
                if expect_there {
                    assert_eq!(read(&states, roots[kept + 1], "key").as_deref(), values[kept]);
                }
            }
        }
        let mut one = States::new(1);
        let (root, tx) = one.apply(States::empty_root(), set("key", Some("b")));
        one.commit(0, tx);
        assert_eq!(root, roots[7]);
        let before = one.nodes();
        let mut root = root;
        for number in 1..50 {
            let value = if number % 2 == 0 { "b" } else { "c" };
            let (next, tx) = one.apply(root, set("key", Some(value)));
            one.commit(number, tx);
            root = next;
        }
        assert_eq!(one.nodes(), before, "replaced nodes are released");
    }

    #[test]
    fn squashed_changes_give_the_same_root() {
        let mut states = States::new(10);
        let mut all = Changes::default();
        let mut root = States::empty_root();
        for (number, value) in [Some("a"), None, Some("b")].into_iter().enumerate() {
            let changes = set("k", value);
            all.absorb(changes.clone());
            let (next, tx) = states.apply(root, changes);
            states.commit(number as u32, tx);
            root = next;
        }
        assert_eq!(States::new(1).apply(States::empty_root(), all).0, root);
    }
}
