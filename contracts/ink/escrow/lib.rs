//! The escrow: tasks, and all the money in them. Rules: `assay_core::protocol::escrow` and `assay_core::protocol::money`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]

mod events;

pub use events::{Booked, Deposited, Disputed, Happened, Withdrawn};

#[ink::contract]
mod escrow {
    use super::{Booked, Deposited, Disputed, Happened, Withdrawn};
    use assay_core::commit;
    use assay_core::protocol::escrow::{self as rules, number, Message};
    use assay_core::protocol::money::{self, Book, Effects, Totals};
    use assay_core::protocol::{self, task, Checked, Context, Error, GameEntry, GameId, OpenGame, Task, TaskId};
    use ink::prelude::boxed::Box;
    use ink::storage::{Lazy, Mapping};
    use shell::{bytes, Sent, Stored};

    // Under these names the types are part of the messages' signatures.
    type Digest = Stored<commit::Hash>;
    type Parameters = Sent<protocol::Parameters>;
    type Profile = Stored<protocol::Profile>;
    type Proof = Stored<protocol::Proof>;
    type Target = Stored<protocol::Target>;
    type TaskSpec = Sent<protocol::TaskSpec>;
    type Vec<T> = Stored<ink::prelude::vec::Vec<T>>;
    type SegmentReport = protocol::SegmentReport;

    /// Tasks and balances. What changes lies outside the root, so that it's stored at once and not when a message ends.
    #[ink(storage)]
    pub struct Escrow {
        arbiter: AccountId,
        jackpot: AccountId,
        parameters: Lazy<Stored<protocol::Parameters>>,
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
        pub fn new(parameters: Parameters, arbiter: AccountId, jackpot: AccountId) -> Checked<Self> {
            let Sent(parameters) = parameters;
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
            escrow.parameters.set(&Stored::of(parameters));
            Ok(escrow)
        }

        /// Adds the attached value to the caller's free balance.
        #[ink(message, payable)]
        pub fn deposit(&mut self) -> Checked {
            self.credit_value()
        }

        /// Sends a part of the caller's free balance to the caller.
        #[ink(message)]
        pub fn withdraw(&mut self, amount: Balance) -> Checked {
            let account = self.env().caller();
            money::withdraw(self, &bytes(&account), amount)?;
            self.env().emit_event(Withdrawn { account, amount });
            self.env().transfer(account, amount).map_err(|_| Error::Books.into())
        }

        /// Opens a task: locks its budget and the submitter's bond for its seeds.
        #[ink(message, payable)]
        pub fn submit(&mut self, spec: TaskSpec) -> Checked<TaskId> {
            self.credit_value()?;
            let id = self.task_count();
            self.task_count.set(&id.checked_add(1).ok_or(Error::Overflow)?);
            let Sent(spec) = spec;
            let effects = effects();
            let task = task::submit(id, self.parameters().own(), &self.context(), spec, effects)?;
            self.carry_out(&task, effects)?;
            Ok(id)
        }

        /// Takes a verifier's slot and locks its bond. `seed_commit` is the commitment to its seed.
        #[ink(message, payable)]
        pub fn join(&mut self, task: TaskId, seed_commit: Digest) -> Checked {
            self.send(task, number::JOIN, seed_commit.bytes())
        }

        /// Posts the task's profile; one of its verifiers does, in tolerant mode.
        #[ink(message)]
        pub fn post_profile(&mut self, task: TaskId, profile: Profile) -> Checked {
            self.send(task, number::POST_PROFILE, profile.bytes())
        }

        /// Bids to train, for a price per 10⁹ work units, and locks the solver's bond.
        #[ink(message, payable)]
        pub fn bid(&mut self, task: TaskId, price: Balance) -> Checked {
            self.send(task, number::BID, &price.to_le_bytes())
        }

        /// Moves a task past a deadline. Anyone may call this.
        #[ink(message)]
        pub fn poke(&mut self, task: TaskId) -> Checked {
            self.send(task, number::POKE, &[])
        }

        /// Commits the solver to its checkpoints.
        #[ink(message)]
        pub fn prove(&mut self, task: TaskId, proof: Proof) -> Checked {
            self.send(task, number::PROVE, proof.bytes())
        }

        /// Reveals a verifier's or the submitter's seed.
        #[ink(message)]
        pub fn reveal_seed(&mut self, task: TaskId, seed: Digest) -> Checked {
            self.send(task, number::REVEAL_SEED, seed.bytes())
        }

        /// Commits a verifier to its verdict.
        #[ink(message)]
        pub fn commit_verdict(&mut self, task: TaskId, commitment: Digest) -> Checked {
            self.send(task, number::COMMIT_VERDICT, commitment.bytes())
        }

        /// Reveals a verifier's verdict: a report per drawn segment, in draw order, and the commitment's salt.
        #[ink(message)]
        pub fn reveal_verdict(&mut self, task: TaskId, reports: Vec<SegmentReport>, salt: Digest) -> Checked {
            let _ = salt; // It is in the bytes of `reports`, which end where the input does.
            self.send(task, number::REVEAL_VERDICT, reports.bytes())
        }

        /// Leaves a verifier's slot without fee or loss, before it has committed.
        #[ink(message)]
        pub fn abstain(&mut self, task: TaskId) -> Checked {
            self.send(task, number::ABSTAIN, &[])
        }

        /// Challenges a claim: locks the challenger's bond and opens a game in the arbiter.
        #[ink(message, payable)]
        pub fn challenge(&mut self, task: TaskId, target: Target) -> Checked<GameId> {
            self.transition(task, number::CHALLENGE, target.bytes())?.ok_or(Error::Books.into())
        }

        /// Settles a game that is over; the arbiter calls this.
        #[ink(message)]
        pub fn on_game_over(&mut self, game: GameId, asserter_won: bool) -> Checked {
            if self.env().caller() != self.arbiter {
                return Err(Error::NotYours.into());
            }
            let entry = self.games.take(game).ok_or(Error::NoGame(game))?.own();
            let task = self.load(entry.task)?;
            let effects = effects();
            task::game_over(task, entry, asserter_won, effects)?;
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
        pub fn parameters(&self) -> Stored<protocol::Parameters> {
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
            Stored::of(&Book::totals(self))
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
        fn credit_value(&mut self) -> Checked {
            let amount = self.env().transferred_value();
            if amount == 0 {
                return Ok(());
            }
            let account = self.env().caller();
            self.env().emit_event(Deposited { account, amount });
            money::deposit(self, &bytes(&account), amount)
        }

        /// What every message about a task does, but the one that returns something.
        fn send(&mut self, task: TaskId, message: u8, rest: &[u8]) -> Checked {
            self.transition(task, message, rest).map(|_| ())
        }

        /// Reads a message (its number and the rest of it), credits attached value and makes the transition.
        #[inline(never)]
        fn transition(&mut self, task: TaskId, message: u8, mut rest: &[u8]) -> Checked<Option<GameId>> {
            let Some(message) = Message::read(message, &mut rest) else { shell::unreadable() };
            self.credit_value()?;
            let task = self.load(task)?;
            let effects = effects();
            rules::dispatch(task, &self.context(), message, effects)?;
            self.carry_out(task, effects)
        }

        #[inline(never)]
        fn load(&self, task: TaskId) -> Checked<&'static mut Task> {
            Ok(self.tasks.get(task).ok_or(Error::NoTask(task))?.own())
        }

        /// Stores a task, then does what else a transition asks for: first in the books, then with other contracts.
        #[inline(never)]
        fn carry_out(&mut self, task: &Task, effects: &Effects) -> Checked<Option<GameId>> {
            let id = task.id;
            self.tasks.insert(id, &Stored::of(task));
            money::apply(self, effects)?;
            for event in &effects.events {
                self.env().emit_event(Happened { task: id, event: Stored::of(event) });
            }
            for entry in &effects.entries {
                self.env().emit_event(Booked {
                    task: id,
                    account: entry.account.into(),
                    amount: entry.amount,
                    direction: entry.direction,
                    reason: entry.reason,
                });
            }
            if effects.to_jackpot > 0 {
                shell::call::<()>(self.jackpot, effects.to_jackpot, ink::selector_bytes!("receive"), ())?;
            }
            effects.open_game.as_ref().map(|open| self.open_game(open)).transpose()
        }

        fn open_game(&mut self, open: &OpenGame) -> Checked<GameId> {
            let OpenGame { claim, asserter, challenger, entry } = open;
            let arguments = (Stored::of(claim), asserter, challenger);
            let game = shell::call(self.arbiter, 0, ink::selector_bytes!("open"), arguments)?;
            self.games.insert(game, &Stored::of(entry));
            self.env().emit_event(Disputed { task: entry.task, game, entry: Stored::of(entry) });
            Ok(game)
        }
    }

    /// No effects yet. Never freed, as nothing large is: dropping takes code.
    fn effects() -> &'static mut Effects {
        Box::leak(Box::default())
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
            self.totals.get().map(|totals| *totals.own()).unwrap_or_default()
        }

        fn set_totals(&mut self, totals: Totals) {
            self.totals.set(&Stored::of(&totals));
        }
    }
}
