//! Reading states and asking the runtime.

use super::Chain;
use crate::{
    error::Error,
    exec::{self, Overlay},
    state::{unreadable, StateBackend},
};
use assay_runtime::{AccountId, Hash, Nonce};
use codec::Encode;
use sp_core::storage::ChildInfo;
use sp_state_machine::{Backend, IterArgs, TrieBackendBuilder};

impl Chain {
    /// The state after a block; `None` is the best one.
    pub(crate) fn state(&self, at: Option<Hash>) -> Result<StateBackend<'_>, Error> {
        let block = match at {
            None => self.best(),
            Some(hash) => self.block_by_hash(hash).ok_or(Error::UnknownBlock(hash))?,
        };
        let number = block.header.number;
        if !self.states.has(number) {
            return Err(Error::StateDiscarded { number, kept: self.states.kept() });
        }
        Ok(self.states.at(block.header.state_root))
    }

    /// The value at a key.
    pub fn storage(&self, at: Option<Hash>, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.state(at)?.storage(key).map_err(unreadable)
    }

    /// The value at a key of a child storage.
    pub fn child_storage(&self, at: Option<Hash>, child: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.state(at)?.child_storage(&ChildInfo::new_default(child), key).map_err(unreadable)
    }

    /// Up to `count` keys with a prefix, in order, after `start`.
    pub fn keys(
        &self,
        at: Option<Hash>,
        child: Option<&[u8]>,
        prefix: &[u8],
        count: usize,
        start: Option<&[u8]>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let state = self.state(at)?;
        let mut args = IterArgs::default();
        args.prefix = Some(prefix);
        args.start_at = start;
        args.start_at_exclusive = true;
        args.child_info = child.map(ChildInfo::new_default);
        let keys = state.keys(args).map_err(unreadable)?.take(count).collect::<Result<_, _>>().map_err(unreadable)?;
        Ok(keys)
    }

    /// A Merkle proof of the values at `keys`.
    pub fn read_proof(&self, at: Option<Hash>, keys: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Error> {
        let state = self.state(at)?;
        let proof = sp_state_machine::prove_read(state, keys).map_err(unreadable)?;
        Ok(proof.into_iter_nodes().collect())
    }

    /// Calls a runtime API by its name, as `state_call` does; nothing that it changes stays.
    pub fn runtime_call(&self, at: Option<Hash>, function: &str, args: &[u8]) -> Result<Vec<u8>, Error> {
        exec::run(&self.state(at)?, &mut Overlay::default(), || assay_runtime::apis::api::dispatch(function, args))?
            .ok_or_else(|| Error::UnknownFunction(function.to_string()))
    }

    /// Runs `f` with the runtime's storage being the best state; nothing that it changes stays.
    pub fn with_state<R>(&self, f: impl FnOnce() -> R) -> Result<R, Error> {
        self.scratch()?.with_state(f)
    }

    /// A copy of the best state to try things on.
    pub fn scratch(&self) -> Result<Scratch<'_>, Error> {
        Ok(Scratch { backend: self.state(None)?, overlay: Overlay::default() })
    }

    /// The nonce that an account's next transaction needs, counting those that are ready in the pool.
    pub fn next_nonce(&self, account: &AccountId) -> Result<Nonce, Error> {
        let mut nonce = self.with_state(|| assay_runtime::System::account_nonce(account))?;
        while self.pool.provides(&(account, nonce).encode()) {
            nonce = nonce.saturating_add(1);
        }
        Ok(nonce)
    }
}

/// A state to try things on: changes stay in it, and never reach the chain.
pub struct Scratch<'a> {
    backend: StateBackend<'a>,
    overlay: Overlay,
}

impl Scratch<'_> {
    /// Runs `f` with the runtime's storage being this state, e.g. `Contracts::bare_call(…)`; its changes stay, unless
    /// it panics.
    pub fn with_state<R>(&mut self, f: impl FnOnce() -> R) -> Result<R, Error> {
        exec::run(&self.backend, &mut self.overlay, f)
    }
}

impl Clone for Scratch<'_> {
    /// Another one with the same changes; from here on each has its own.
    fn clone(&self) -> Self {
        let backend = TrieBackendBuilder::new(*self.backend.backend_storage(), *self.backend.root()).build();
        Self { backend, overlay: self.overlay.clone() }
    }
}
