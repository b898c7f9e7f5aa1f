//! The contracts in memory, for tests: the same transitions, a map of balances, the books checked after each step.
use super::dispute::{self, Game, Move};
use super::escrow::{self, Message};
use super::event::Event;
use super::jackpot::Jackpot;
use super::money::{self, Book, Effects, Entry, Totals};
use super::task::{GameEntry, Task};
use super::types::{AccountId, Balance, Block, Context, GameId, TaskId, TaskSpec};
use super::{Error, Parameters};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// A call to one of the contracts, for transcripts.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Call {
    /// Escrow: brings the attached value in.
    Deposit,
    /// Escrow: takes money out.
    Withdraw {
        /// How much.
        amount: Balance,
    },
    /// Escrow: opens a task.
    Submit(TaskSpec),
    /// Escrow: a message about a task.
    Task {
        /// Which task.
        task: TaskId,
        /// The message.
        message: Message,
    },
    /// Arbiter: a move.
    Play {
        /// In which game.
        game: GameId,
        /// The move.
        mv: Move,
    },
    /// Arbiter: a timeout.
    Timeout {
        /// Of which game.
        game: GameId,
    },
}

/// Escrow, arbiter and jackpot.
#[derive(Clone, Debug)]
pub struct Simulator {
    /// The current block.
    pub now: Block,
    /// The escrow's account.
    pub contract: AccountId,
    /// Parameters that new tasks are born with.
    pub parameters: Parameters,
    /// Tasks by number.
    pub tasks: BTreeMap<TaskId, Task>,
    /// The arbiter's games.
    pub games: BTreeMap<GameId, Game>,
    /// What the escrow keeps of games that aren't over.
    pub entries: BTreeMap<GameId, GameEntry>,
    /// The jackpot.
    pub jackpot: Jackpot,
    /// All changes of balances so far.
    pub journal: Vec<(TaskId, Entry)>,
    /// All events so far.
    pub events: Vec<(TaskId, Event)>,
    free: BTreeMap<AccountId, Balance>,
    totals: Totals,
}

impl Book for Simulator {
    fn free_of(&self, account: &AccountId) -> Balance {
        self.free.get(account).copied().unwrap_or(0)
    }

    fn set_free(&mut self, account: &AccountId, balance: Balance) {
        self.free.insert(*account, balance);
    }

    fn totals(&self) -> Totals {
        self.totals
    }

    fn set_totals(&mut self, totals: Totals) {
        self.totals = totals;
    }
}

impl Simulator {
    /// No tasks, no money, block 1.
    pub fn new(parameters: Parameters) -> Result<Simulator, Error> {
        parameters.validate()?;
        let contract = [0xee; 32];
        Ok(Simulator {
            now: 1,
            contract,
            parameters,
            tasks: BTreeMap::new(),
            games: BTreeMap::new(),
            entries: BTreeMap::new(),
            jackpot: Jackpot::default().set_escrow(contract)?,
            journal: Vec::new(),
            events: Vec::new(),
            free: BTreeMap::new(),
            totals: Totals::default(),
        })
    }

    /// Any call. Value that comes with a call that isn't payable is refused by the chain before it gets here.
    pub fn call(&mut self, caller: &AccountId, value: Balance, call: Call) -> Result<(), Error> {
        match call {
            Call::Deposit => self.deposit(caller, value),
            Call::Withdraw { amount } => self.withdraw(caller, amount),
            Call::Submit(spec) => self.submit(caller, value, spec).map(|_| ()),
            Call::Task { task, message } => self.send(caller, value, task, message).map(|_| ()),
            Call::Play { game, mv } => self.play(caller, game, mv),
            Call::Timeout { game } => self.timeout(game),
        }
    }

    /// Brings money in.
    pub fn deposit(&mut self, account: &AccountId, value: Balance) -> Result<(), Error> {
        self.atomically(|this| Ok(money::deposit(this, account, value)?))
    }

    /// Takes money out.
    pub fn withdraw(&mut self, account: &AccountId, amount: Balance) -> Result<(), Error> {
        self.atomically(|this| Ok(money::withdraw(this, account, amount)?))
    }

    /// A submitter opens a task.
    pub fn submit(&mut self, caller: &AccountId, value: Balance, spec: TaskSpec) -> Result<TaskId, Error> {
        self.atomically(|this| {
            money::deposit(this, caller, value)?;
            let id = u32::try_from(this.tasks.len()).map_err(|_| Error::Overflow)?;
            let (task, effects) = escrow::submit(id, &this.parameters, &this.context(caller), spec)?;
            this.carry_out(task, effects).map(|_| id)
        })
    }

    /// Somebody sends a message about a task. Returns the game that it opened, if any.
    pub fn send(
        &mut self,
        caller: &AccountId,
        value: Balance,
        task: TaskId,
        message: Message,
    ) -> Result<Option<GameId>, Error> {
        self.atomically(|this| {
            money::deposit(this, caller, value)?;
            let task = this.tasks.get(&task).cloned().ok_or(Error::NoTask(task))?;
            let (task, effects) = escrow::apply(task, &this.context(caller), message)?;
            this.carry_out(task, effects)
        })
    }

    /// Somebody makes a move in a game.
    pub fn play(&mut self, caller: &AccountId, game: GameId, mv: Move) -> Result<(), Error> {
        self.atomically(|this| {
            let played = dispute::play(this.game(game)?, caller, mv, this.now)?;
            this.store_game(game, played)
        })
    }

    /// Somebody calls a timeout in a game.
    pub fn timeout(&mut self, game: GameId) -> Result<(), Error> {
        self.atomically(|this| {
            let ended = dispute::timeout(this.game(game)?, this.now)?;
            this.store_game(game, ended)
        })
    }

    /// Whether the books balance, including each task's own.
    pub fn balanced(&self) -> bool {
        self.totals.conserved()
            && sum(self.free.values().copied()) == Some(self.totals.free)
            && sum(self.tasks.values().map(|task| task.locked)) == Some(self.totals.locked)
            && self.tasks.values().all(|task| self.held_by(task) == Some(task.locked))
            && self.jackpot.received == self.totals.jackpot
    }

    /// What a task holds, added up from its parts.
    fn held_by(&self, task: &Task) -> Option<Balance> {
        let slots = task.slots.iter().map(|slot| slot.bond);
        let bids = task.bids.iter().map(|_| task.terms.solver_bond);
        let games = self.entries.values().filter(|entry| entry.task == task.id).map(|entry| entry.bond);
        let solver = task.solver.iter().map(|solver| solver.bond);
        let own = [task.budget, task.seed_bond];
        sum(slots.chain(bids).chain(games).chain(solver).chain(own))
    }

    fn context(&self, caller: &AccountId) -> Context {
        Context { caller: *caller, now: self.now, contract: self.contract }
    }

    fn game(&self, game: GameId) -> Result<Game, Error> {
        self.games.get(&game).cloned().ok_or(Error::NoGame(game))
    }

    /// Rolls back on errors, as a chain does, and checks the books.
    fn atomically<T>(&mut self, action: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let before = self.clone();
        let result = action(self).and_then(|value| if self.balanced() { Ok(value) } else { Err(Error::Books) });
        if result.is_err() {
            *self = before;
        }
        result
    }

    fn carry_out(&mut self, task: Task, effects: Effects) -> Result<Option<GameId>, Error> {
        let id = task.id;
        self.tasks.insert(id, task);
        money::apply(self, &effects)?;
        self.jackpot = self.jackpot.receive(&self.contract, effects.to_jackpot)?;
        self.journal.extend(effects.entries.iter().map(|entry| (id, *entry)));
        self.events.extend(effects.events.into_iter().map(|event| (id, event)));
        let Some(open) = effects.open_game else {
            return Ok(None);
        };
        let game_id = u32::try_from(self.games.len()).map_err(|_| Error::Overflow)?;
        let game_blocks = self.parameters.game_blocks;
        let game = dispute::open(open.claim, open.asserter, open.challenger, self.now, game_blocks)?;
        self.games.insert(game_id, game);
        self.entries.insert(game_id, open.entry);
        Ok(Some(game_id))
    }

    fn store_game(&mut self, id: GameId, game: Game) -> Result<(), Error> {
        let over = game.asserter_won();
        self.games.insert(id, game);
        let Some(asserter_won) = over else {
            return Ok(());
        };
        let entry = self.entries.remove(&id).ok_or(Error::NoGame(id))?;
        let task = self.tasks.get(&entry.task).cloned().ok_or(Error::NoTask(entry.task))?;
        let (task, effects) = escrow::game_over(task, &entry, asserter_won)?;
        self.carry_out(task, effects).map(|_| ())
    }
}

fn sum(mut amounts: impl Iterator<Item = Balance>) -> Option<Balance> {
    amounts.try_fold(0, Balance::checked_add)
}
