//! The escrow: tasks, and all the money in them. Rules: `assay_core::protocol::escrow` and `assay_core::protocol::money`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

mod events;

pub use events::{Booked, Deposited, Disputed, Happened, Withdrawn};

#[ink::contract]
mod escrow {
    use super::{Booked, Deposited, Disputed, Happened, Withdrawn};
    use assay_core::commit::Hash as Digest;
    use assay_core::protocol::escrow::{self as rules, Message};
    use assay_core::protocol::money::{self, Book, Effects, Totals};
    use assay_core::protocol::{
        Context, Error, GameEntry, GameId, OpenGame, Parameters, Profile, Proof, SegmentReport, Target, Task, TaskId,
        TaskSpec,
    };
    use ink::prelude::vec::Vec;
    use ink::storage::{Lazy, Mapping};
    use shell::{bytes, Stored};

    /// Tasks and balances. What changes lies outside the root, so that it's stored at once and not when a message ends.
    #[ink(storage)]
    pub struct Escrow {
        arbiter: AccountId,
        jackpot: AccountId,
        parameters: Lazy<Stored<Parameters>>,
        totals: Lazy<Stored<Totals>>,
        task_count: Lazy<TaskId>,
        tasks: Mapping<TaskId, Stored<Task>>,
        free: Mapping<AccountId, Balance>,
        /// Of the games that aren't over.
        games: Mapping<GameId, Stored<GameEntry>>,
    }

    impl Escrow {
        /// An escrow whose tasks are born with these parameters, and that works with these two contracts.
        #[ink(constructor)]
        pub fn new(parameters: Parameters, arbiter: AccountId, jackpot: AccountId) -> Result<Self, Error> {
            parameters.validate()?;
            let mut escrow = Self {
                arbiter,
                jackpot,
                parameters: Lazy::default(),
                totals: Lazy::default(),
                task_count: Lazy::default(),
                tasks: Mapping::default(),
                free: Mapping::default(),
                games: Mapping::default(),
            };
            escrow.parameters.set(&Stored(parameters));
            Ok(escrow)
        }

        /// Adds the attached value to the caller's free balance.
        #[ink(message, payable)]
        pub fn deposit(&mut self) -> Result<(), Error> {
            self.credit_value()
        }

        /// Sends a part of the caller's free balance to the caller.
        #[ink(message)]
        pub fn withdraw(&mut self, amount: Balance) -> Result<(), Error> {
            let account = self.env().caller();
            money::withdraw(self, &bytes(&account), amount)?;
            self.env().emit_event(Withdrawn { account, amount });
            self.env().transfer(account, amount).map_err(|_| Error::Books)
        }

        /// Opens a task: locks its budget and the submitter's bond for its seeds.
        #[ink(message, payable)]
        pub fn submit(&mut self, spec: TaskSpec) -> Result<TaskId, Error> {
            self.credit_value()?;
            let id = self.task_count();
            self.task_count.set(&id.checked_add(1).ok_or(Error::Overflow)?);
            let (task, effects) = rules::submit(id, &self.parameters().0, &self.context(), spec)?;
            self.carry_out(task, effects)?;
            Ok(id)
        }

        /// Takes a verifier's slot and locks its bond. `seed_commit` is the commitment to its seed.
        #[ink(message, payable)]
        pub fn join(&mut self, task: TaskId, seed_commit: Digest) -> Result<(), Error> {
            self.send(task, Message::Join { seed_commit })
        }

        /// Posts the task's profile; one of its verifiers does, in tolerant mode.
        #[ink(message)]
        pub fn post_profile(&mut self, task: TaskId, profile: Profile) -> Result<(), Error> {
            self.send(task, Message::PostProfile(profile))
        }

        /// Bids to train, for a price per 10⁹ operations, and locks the solver's bond.
        #[ink(message, payable)]
        pub fn bid(&mut self, task: TaskId, price: Balance) -> Result<(), Error> {
            self.send(task, Message::Bid { price })
        }

        /// Moves a task past a deadline. Anyone may call this.
        #[ink(message)]
        pub fn poke(&mut self, task: TaskId) -> Result<(), Error> {
            self.send(task, Message::Poke)
        }

        /// Commits the solver to its checkpoints.
        #[ink(message)]
        pub fn prove(&mut self, task: TaskId, proof: Proof) -> Result<(), Error> {
            self.send(task, Message::Prove(proof))
        }

        /// Reveals a verifier's or the submitter's seed.
        #[ink(message)]
        pub fn reveal_seed(&mut self, task: TaskId, seed: Digest) -> Result<(), Error> {
            self.send(task, Message::RevealSeed { seed })
        }

        /// Commits a verifier to its verdict.
        #[ink(message)]
        pub fn commit_verdict(&mut self, task: TaskId, commitment: Digest) -> Result<(), Error> {
            self.send(task, Message::CommitVerdict { commitment })
        }

        /// Reveals a verifier's verdict: a report per drawn segment, in draw order, and the commitment's salt.
        #[ink(message)]
        pub fn reveal_verdict(&mut self, task: TaskId, reports: Vec<SegmentReport>, salt: Digest) -> Result<(), Error> {
            self.send(task, Message::RevealVerdict { reports, salt })
        }

        /// Leaves a verifier's slot without fee or loss, before it has committed.
        #[ink(message)]
        pub fn abstain(&mut self, task: TaskId) -> Result<(), Error> {
            self.send(task, Message::Abstain)
        }

        /// Challenges a claim: locks the challenger's bond and opens a game in the arbiter.
        #[ink(message, payable)]
        pub fn challenge(&mut self, task: TaskId, target: Target) -> Result<GameId, Error> {
            self.credit_value()?;
            self.transition(task, Message::Challenge(target))?.ok_or(Error::Books)
        }

        /// Settles a game that is over; the arbiter calls this.
        #[ink(message)]
        pub fn on_game_over(&mut self, game: GameId, asserter_won: bool) -> Result<(), Error> {
            if self.env().caller() != self.arbiter {
                return Err(Error::NotYours);
            }
            let Stored(entry) = self.games.take(game).ok_or(Error::NoGame(game))?;
            let (task, effects) = rules::game_over(self.load(entry.task)?, &entry, asserter_won)?;
            self.carry_out(task, effects).map(|_| ())
        }

        /// A task.
        #[ink(message)]
        pub fn task(&self, task: TaskId) -> Option<Stored<Task>> {
            self.tasks.get(task)
        }

        /// How many tasks there have been: their ids count from 0.
        #[ink(message)]
        pub fn task_count(&self) -> TaskId {
            self.task_count.get_or_default()
        }

        /// What the escrow keeps of a game that isn't over.
        #[ink(message)]
        pub fn game_entry(&self, game: GameId) -> Option<Stored<GameEntry>> {
            self.games.get(game)
        }

        /// The parameters that tasks are born with.
        #[ink(message)]
        pub fn parameters(&self) -> Stored<Parameters> {
            let Some(parameters) = self.parameters.get() else { unreachable!("the constructor sets them") };
            parameters
        }

        /// An account's free balance.
        #[ink(message)]
        pub fn free_of(&self, account: AccountId) -> Balance {
            self.free.get(account).unwrap_or_default()
        }

        /// Where all the money is.
        #[ink(message)]
        pub fn totals(&self) -> Stored<Totals> {
            Stored(Book::totals(self))
        }

        /// The arbiter.
        #[ink(message)]
        pub fn arbiter(&self) -> AccountId {
            self.arbiter
        }

        /// The jackpot.
        #[ink(message)]
        pub fn jackpot(&self) -> AccountId {
            self.jackpot
        }

        fn context(&self) -> Context {
            Context {
                caller: bytes(&self.env().caller()),
                now: self.env().block_number(),
                contract: bytes(&self.env().account_id()),
            }
        }

        /// Adds the attached value to the caller's free balance.
        fn credit_value(&mut self) -> Result<(), Error> {
            let amount = self.env().transferred_value();
            if amount == 0 {
                return Ok(());
            }
            let account = self.env().caller();
            self.env().emit_event(Deposited { account, amount });
            money::deposit(self, &bytes(&account), amount)
        }

        /// What every message about a task does, but the one that returns something.
        fn send(&mut self, task: TaskId, message: Message) -> Result<(), Error> {
            self.credit_value()?;
            self.transition(task, message).map(|_| ())
        }

        #[inline(never)]
        fn transition(&mut self, task: TaskId, message: Message) -> Result<Option<GameId>, Error> {
            let (task, effects) = rules::apply(self.load(task)?, &self.context(), message)?;
            self.carry_out(task, effects)
        }

        fn load(&self, task: TaskId) -> Result<Task, Error> {
            self.tasks.get(task).map(|stored| stored.0).ok_or(Error::NoTask(task))
        }

        /// Stores a task, then does what else a transition asks for: first in the books, then with other contracts.
        #[inline(never)]
        fn carry_out(&mut self, task: Task, effects: Effects) -> Result<Option<GameId>, Error> {
            let id = task.id;
            self.tasks.insert(id, &Stored(task));
            money::apply(self, &effects)?;
            let Effects { entries, to_jackpot, open_game, events } = effects;
            for event in events {
                self.env().emit_event(Happened { task: id, event: Stored(event) });
            }
            for entry in entries {
                self.env().emit_event(Booked {
                    task: id,
                    account: entry.account.into(),
                    amount: entry.amount,
                    direction: entry.direction,
                    reason: entry.reason,
                });
            }
            if to_jackpot > 0 {
                shell::call::<()>(self.jackpot, to_jackpot, ink::selector_bytes!("receive"), ())?;
            }
            open_game.map(|open| self.open_game(open)).transpose()
        }

        fn open_game(&mut self, open: OpenGame) -> Result<GameId, Error> {
            let OpenGame { claim, asserter, challenger, entry } = open;
            let arguments = (claim, asserter, challenger);
            let game = shell::call(self.arbiter, 0, ink::selector_bytes!("open"), arguments)?;
            self.games.insert(game, &Stored(entry));
            self.env().emit_event(Disputed { task: entry.task, game, entry: Stored(entry) });
            Ok(game)
        }
    }

    impl Book for Escrow {
        fn free_of(&self, account: &[u8; 32]) -> Balance {
            Escrow::free_of(self, (*account).into())
        }

        fn set_free(&mut self, account: &[u8; 32], balance: Balance) {
            let account = AccountId::from(*account);
            if balance == 0 {
                self.free.remove(account);
            } else {
                self.free.insert(account, &balance);
            }
        }

        fn totals(&self) -> Totals {
            self.totals.get().map(|stored| stored.0).unwrap_or_default()
        }

        fn set_totals(&mut self, totals: Totals) {
            self.totals.set(&Stored(totals));
        }
    }
}
