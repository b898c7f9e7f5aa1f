//! What the escrow tells.
use assay_core::protocol::money::{Direction, Reason};
use assay_core::protocol::{self as rules, Balance, GameId, TaskId};
use ink::primitives::AccountId;
use shell::Stored;

// Under these names the types are part of the events' signatures.
type Event = Stored<rules::Event>;
type GameEntry = Stored<rules::GameEntry>;

/// Money came in: it is free.
#[ink::event]
pub struct Deposited {
    /// Whose.
    #[ink(topic)]
    pub account: AccountId,
    /// How much.
    pub amount: Balance,
}

/// Free money went out, to its owner.
#[ink::event]
pub struct Withdrawn {
    /// Whose.
    #[ink(topic)]
    pub account: AccountId,
    /// How much.
    pub amount: Balance,
}

/// Money moved between an account's free balance, a task and the jackpot.
#[ink::event]
pub struct Booked {
    /// Which task.
    #[ink(topic)]
    pub task: TaskId,
    /// Whose balance; for the jackpot's gains, who lost it.
    #[ink(topic)]
    pub account: AccountId,
    /// How much.
    pub amount: Balance,
    /// Where to.
    pub direction: Direction,
    /// Why.
    pub reason: Reason,
}

/// Something happened in a task.
#[ink::event]
pub struct Happened {
    /// Which task.
    #[ink(topic)]
    pub task: TaskId,
    /// What.
    pub event: Event,
}

/// A game about a task's claim was opened in the arbiter.
#[ink::event]
pub struct Disputed {
    /// Which task.
    #[ink(topic)]
    pub task: TaskId,
    /// Its id there.
    #[ink(topic)]
    pub game: GameId,
    /// Between whom, and about what.
    pub entry: GameEntry,
}
