//! The contracts, as real Wasm on the real pallet, in one process and without a network: for tests and benchmarks
//! that play hundreds of games.
mod deploy;
mod error;
mod messages;

pub use deploy::selector;
pub use error::CallError;

use crate::cast::anyone;
use anyhow::{anyhow, bail, Result};
use assay_core::protocol::{AccountId, Balance, Block, Totals};
use assay_devnet::{Chain, Scratch};
use assay_runtime::{Balances, Contracts, System};
use codec::{Decode, Encode};
use frame_support::sp_runtime::StateVersion;
use frame_support::traits::fungible::Mutate as _;
use frame_support::weights::Weight;
use std::collections::BTreeMap;

/// What one call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Reference time, in picoseconds: what the caller has to reserve.
    pub ref_time: u64,
    /// Bytes that a parachain's validator has to be sent.
    pub proof_size: u64,
    /// Bytes of the encoded message, selector included.
    pub bytes: u64,
}

/// The contracts on a state of the development runtime that is thrown away in the end.
#[derive(Clone)]
pub struct Court<'a> {
    state: Scratch<'a>,
    /// The escrow's account.
    pub escrow: AccountId,
    /// The arbiter's account.
    pub arbiter: AccountId,
    /// The referee's account.
    pub referee: AccountId,
    /// The jackpot's account.
    pub jackpot: AccountId,
    /// What a call may use at most. At first a quarter of a block's time, and its whole storage proof.
    pub limit: Weight,
    /// What calls of each message cost, in order. Refused ones aren't in it.
    pub costs: BTreeMap<&'static str, Vec<Cost>>,
}

/// What a call may use at first.
const LIMIT: Weight = Weight::from_parts(500_000_000_000, 5 * 1024 * 1024);

impl Court<'_> {
    /// The current block.
    ///
    /// # Errors
    /// When the state is unreadable.
    pub fn now(&mut self) -> Result<Block, CallError> {
        Ok(self.state.with_state(System::block_number)?)
    }

    /// Lets blocks pass.
    ///
    /// # Errors
    /// When the state is unreadable.
    pub fn pass(&mut self, blocks: Block) -> Result<(), CallError> {
        Ok(self.state.with_state(|| {
            System::set_block_number(System::block_number().saturating_add(blocks));
            System::reset_events();
        })?)
    }

    /// Lets blocks pass up to and including this one, if it isn't past.
    ///
    /// # Errors
    /// When the state is unreadable.
    pub fn pass_until(&mut self, block: Block) -> Result<(), CallError> {
        let now = self.now()?;
        self.pass(block.saturating_sub(now))
    }

    /// Calls a message of a contract; what it cost is noted.
    ///
    /// # Errors
    /// The contract's own error, or why it gave no answer.
    pub fn call<R: Decode>(
        &mut self,
        caller: &AccountId,
        contract: AccountId,
        label: &'static str,
        arguments: Vec<u8>,
        value: Balance,
    ) -> Result<R, CallError> {
        let (answer, cost) = self.raw(caller, contract, label, arguments, value)?;
        // ink! wraps the message's own result into one for faults of the language.
        let decoded = Result::<Result<R, assay_core::protocol::Error>, u8>::decode(&mut &answer[..]);
        match decoded.map_err(|_| CallError::Undecodable { label })? {
            Ok(Ok(value)) => {
                self.costs.entry(label).or_default().push(cost);
                Ok(value)
            }
            Ok(Err(error)) => Err(CallError::Refused { label, error }),
            Err(_) => Err(CallError::Unreadable { label }),
        }
    }

    /// Reads from a contract.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn view<R: Decode>(
        &mut self,
        contract: AccountId,
        label: &'static str,
        arguments: Vec<u8>,
    ) -> Result<R, CallError> {
        let (answer, _) = self.raw(&anyone(), contract, label, arguments, 0)?;
        let decoded = Result::<R, u8>::decode(&mut &answer[..]);
        decoded.map_err(|_| CallError::Undecodable { label })?.map_err(|_| CallError::Unreadable { label })
    }

    /// What the latest call of a message cost.
    pub fn last_cost(&self, label: &str) -> Cost {
        self.costs.get(label).and_then(|costs| costs.last()).copied().unwrap_or_default()
    }

    fn raw(
        &mut self,
        caller: &AccountId,
        contract: AccountId,
        label: &'static str,
        arguments: Vec<u8>,
        value: Balance,
    ) -> Result<(Vec<u8>, Cost), CallError> {
        let mut input = selector(label).to_vec();
        input.extend(arguments);
        let bytes = input.len() as u64;
        let (caller, contract, limit) = ((*caller).into(), contract.into(), self.limit);
        let answer = self.state.with_state(|| {
            Contracts::bare_call(
                caller,
                contract,
                value,
                limit,
                None,
                input,
                pallet_contracts::DebugInfo::Skip,
                pallet_contracts::CollectEvents::Skip,
                pallet_contracts::Determinism::Enforced,
            )
        })?;
        let required = answer.gas_required;
        let cost = Cost { ref_time: required.ref_time(), proof_size: required.proof_size(), bytes };
        let trapped = |error| CallError::Trapped { label, reason: format!("{error:?}") };
        Ok((answer.result.map_err(trapped)?.data, cost))
    }

    /// The root of the whole chain's state, without the block's events: equal before and after if nothing has changed.
    ///
    /// # Errors
    /// When the state is unreadable.
    pub fn state_root(&mut self) -> Result<Vec<u8>, CallError> {
        Ok(self.state.with_state(|| {
            System::reset_events(); // Even reading from a contract leaves one.
            sp_io::storage::root(StateVersion::V1)
        })?)
    }

    /// Where the escrow says all its money is; checked against what it and the jackpot really have.
    ///
    /// # Errors
    /// When a unit is missing or too many.
    pub fn conserved(&mut self) -> Result<Totals> {
        let totals: Totals = self.view(self.escrow, "totals", Vec::new())?;
        if !totals.conserved() {
            bail!("the books don't balance: {totals:?}");
        }
        // Each has the chain's existential deposit besides.
        let (held, treasury) = (self.wealth(self.escrow)?, self.wealth(self.jackpot)?);
        let deposit = assay_runtime::config::EXISTENTIAL_DEPOSIT;
        let (owed, received) = (totals.free.saturating_add(totals.locked), totals.jackpot);
        if held != owed.saturating_add(deposit) {
            bail!("the escrow has {held}, it owes {owed} and the deposit {deposit}");
        }
        if treasury != received.saturating_add(deposit) {
            bail!("the jackpot has {treasury}, it received {received} and the deposit {deposit}");
        }
        Ok(totals)
    }

    /// Gives an account money on the chain itself, out of nothing.
    ///
    /// # Errors
    /// When the chain refuses.
    pub fn endow(&mut self, account: AccountId, amount: Balance) -> Result<()> {
        let minted = self.state.with_state(|| Balances::mint_into(&account.into(), amount))?;
        minted.map(|_| ()).map_err(|error| anyhow!("{error:?}"))
    }

    /// What an account has on the chain itself.
    ///
    /// # Errors
    /// When the state is unreadable.
    pub fn wealth(&mut self, account: AccountId) -> Result<Balance, CallError> {
        Ok(self.state.with_state(|| Balances::free_balance(assay_runtime::AccountId::from(account)))?)
    }
}

impl<'a> Court<'a> {
    /// Uploads and instantiates the contracts of a folder of artifacts, and wires them.
    ///
    /// # Errors
    /// When an artifact is missing or the pallet refuses it.
    pub fn open(
        chain: &'a Chain,
        artifacts: &std::path::Path,
        parameters: &assay_core::protocol::Parameters,
    ) -> Result<Self> {
        let mut state = chain.scratch()?;
        state.with_state(|| System::set_block_number(1))?;
        let deployer = anyone();
        let referee = deploy::instantiate(&mut state, artifacts, "referee", &deployer, Vec::new())?;
        let arguments = (parameters.game_blocks, referee).encode();
        let arbiter = deploy::instantiate(&mut state, artifacts, "arbiter", &deployer, arguments)?;
        let jackpot = deploy::instantiate(&mut state, artifacts, "jackpot", &deployer, Vec::new())?;
        let arguments = (parameters, arbiter, jackpot).encode();
        let escrow = deploy::instantiate(&mut state, artifacts, "escrow", &deployer, arguments)?;
        let mut court = Self { state, escrow, arbiter, referee, jackpot, limit: LIMIT, costs: BTreeMap::new() };
        for contract in [arbiter, jackpot] {
            court.call::<()>(&deployer, contract, "set_escrow", escrow.encode(), 0)?;
        }
        court.costs.clear();
        Ok(court)
    }

    /// Another arbiter, before this referee and with this account for an escrow, which is the one to open games.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn another_arbiter(
        &mut self,
        artifacts: &std::path::Path,
        referee: AccountId,
        escrow: AccountId,
    ) -> Result<AccountId> {
        let deployer = anyone();
        let arguments = (100 as Block, referee).encode();
        let arbiter = deploy::instantiate(&mut self.state, artifacts, "arbiter", &deployer, arguments)?;
        self.call::<()>(&deployer, arbiter, "set_escrow", escrow.encode(), 0)?;
        Ok(arbiter)
    }
}
