//! What roles see of a chain.
use crate::{ChainEvent, Receipt, Result};
use assay_core::commit::Hash;
use assay_core::protocol::{
    AccountId, Balance, Block, Game, GameEntry, GameId, Message, Move, Parameters, Profile, Proof, SegmentReport,
    Target, Task, TaskId, TaskSpec, Totals,
};
use async_trait::async_trait;

/// A message that went through, and what it gave.
#[derive(Clone, Debug)]
pub struct Sent<T> {
    /// What it gave, as the chain's events tell.
    pub output: T,
    /// What it did and cost.
    pub receipt: Receipt,
}

/// An event and its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The block.
    pub block: Block,
    /// What happened.
    pub event: ChainEvent,
}

/// The protocol on some chain, for one account. Reads are of the best block; what is sent is in a block, and succeeded,
/// when the call returns. A refusal by the contracts is [`crate::ChainError::Refused`] and changes nothing.
#[async_trait]
pub trait Chain: Send + Sync + std::fmt::Debug {
    /// The account that sends.
    fn account(&self) -> AccountId;

    /// The escrow's account: part of every commitment.
    fn contract(&self) -> AccountId;

    /// The current block.
    async fn now(&self) -> Result<Block>;

    /// Waits for a block later than `after`, however long it takes.
    async fn next_block(&self, after: Block) -> Result<Block>;

    /// An account's money on the chain itself, outside the contracts.
    async fn balance_of(&self, account: AccountId) -> Result<Balance>;

    /// What the contracts told in blocks later than `after`, and the block that was read last: give that to the next call.
    /// One call reads a limited number of blocks.
    async fn events_since(&self, after: Block) -> Result<(Vec<Logged>, Block)>;

    /// A task.
    async fn task(&self, task: TaskId) -> Result<Option<Task>>;

    /// How many tasks there have been: their ids count from 0.
    async fn task_count(&self) -> Result<TaskId>;

    /// The parameters that tasks are born with.
    async fn parameters(&self) -> Result<Parameters>;

    /// An account's free balance in the escrow.
    async fn free_of(&self, account: AccountId) -> Result<Balance>;

    /// Where all the escrow's money is.
    async fn totals(&self) -> Result<Totals>;

    /// What the escrow keeps of a game that isn't over.
    async fn game_entry(&self, game: GameId) -> Result<Option<GameEntry>>;

    /// A game.
    async fn game(&self, game: GameId) -> Result<Option<Game>>;

    /// How many games there have been: their ids count from 0.
    async fn game_count(&self) -> Result<GameId>;

    /// What is in the jackpot.
    async fn jackpot_balance(&self) -> Result<Balance>;

    /// Adds to this account's free balance.
    async fn deposit(&self, amount: Balance) -> Result<Receipt>;

    /// Takes from this account's free balance.
    async fn withdraw(&self, amount: Balance) -> Result<Receipt>;

    /// Opens a task. `value` is added to the free balance first.
    async fn submit(&self, spec: TaskSpec, value: Balance) -> Result<Sent<TaskId>>;

    /// Sends a message about a task, any but a challenge. `value` is added to the free balance first, and has to be 0
    /// for messages that take none.
    async fn send(&self, task: TaskId, message: Message, value: Balance) -> Result<Receipt>;

    /// Challenges a claim. `value` is added to the free balance first.
    async fn challenge(&self, task: TaskId, target: Target, value: Balance) -> Result<Sent<GameId>>;

    /// Makes a move in a game.
    async fn play(&self, game: GameId, mv: Move) -> Result<Receipt>;

    /// Ends a game whose mover's clock has run out.
    async fn timeout(&self, game: GameId) -> Result<Receipt>;

    /// Takes a verifier's slot.
    async fn join(&self, task: TaskId, seed_commit: Hash, value: Balance) -> Result<Receipt> {
        self.send(task, Message::Join { seed_commit }, value).await
    }

    /// Posts a task's profile.
    async fn post_profile(&self, task: TaskId, profile: Profile) -> Result<Receipt> {
        self.send(task, Message::PostProfile(profile), 0).await
    }

    /// Bids to train, for a price per 10⁹ work units.
    async fn bid(&self, task: TaskId, price: Balance, value: Balance) -> Result<Receipt> {
        self.send(task, Message::Bid { price }, value).await
    }

    /// Moves a task past a deadline.
    async fn poke(&self, task: TaskId) -> Result<Receipt> {
        self.send(task, Message::Poke, 0).await
    }

    /// Commits the solver to its checkpoints.
    async fn prove(&self, task: TaskId, proof: Proof) -> Result<Receipt> {
        self.send(task, Message::Prove(proof), 0).await
    }

    /// Reveals this account's seed.
    async fn reveal_seed(&self, task: TaskId, seed: Hash) -> Result<Receipt> {
        self.send(task, Message::RevealSeed { seed }, 0).await
    }

    /// Commits to a verdict.
    async fn commit_verdict(&self, task: TaskId, commitment: Hash) -> Result<Receipt> {
        self.send(task, Message::CommitVerdict { commitment }, 0).await
    }

    /// Reveals a verdict.
    async fn reveal_verdict(&self, task: TaskId, reports: Vec<SegmentReport>, salt: Hash) -> Result<Receipt> {
        self.send(task, Message::RevealVerdict { reports, salt }, 0).await
    }

    /// Leaves a verifier's slot.
    async fn abstain(&self, task: TaskId) -> Result<Receipt> {
        self.send(task, Message::Abstain, 0).await
    }
}
