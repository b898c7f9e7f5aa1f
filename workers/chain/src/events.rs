//! What contracts tell.
use crate::selector::signature;
use assay_core::commit::Hash;
use assay_core::protocol::dispute::Verdict;
use assay_core::protocol::money::{Direction, Reason};
use assay_core::protocol::{AccountId, Balance, Claim, Event, GameEntry, GameId, TaskId};
use codec::Decode;
use std::sync::LazyLock;

/// An event as a contract emitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractEvent {
    /// Who emitted it.
    pub contract: AccountId,
    /// What it can be found by; the first one says which kind it is.
    pub topics: Vec<[u8; 32]>,
    /// Its encoded fields.
    pub data: Vec<u8>,
}

/// What the protocol's contracts tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainEvent {
    /// Money came into the escrow: it is free.
    Deposited {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Balance,
    },
    /// Free money went out to its owner.
    Withdrawn {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Balance,
    },
    /// Money moved between an account's free balance, a task and the jackpot.
    Booked {
        /// Which task.
        task: TaskId,
        /// Whose balance; for the jackpot's gains, who lost it.
        account: AccountId,
        /// How much.
        amount: Balance,
        /// Where to.
        direction: Direction,
        /// Why.
        reason: Reason,
    },
    /// Something happened in a task.
    Happened {
        /// Which task.
        task: TaskId,
        /// What.
        event: Event,
    },
    /// A game about a task's claim was opened.
    Disputed {
        /// Which task.
        task: TaskId,
        /// The game.
        game: GameId,
        /// Between whom, and about what.
        entry: GameEntry,
    },
    /// The arbiter opened a game.
    Opened {
        /// Which.
        game: GameId,
        /// Who stands by the claim.
        asserter: AccountId,
        /// Who disagrees.
        challenger: AccountId,
        /// About what.
        claim: Claim,
    },
    /// A move was made.
    Moved {
        /// In which game.
        game: GameId,
        /// By whom.
        account: AccountId,
        /// Whose clock runs now; nobody's if the game is over.
        next: Option<AccountId>,
    },
    /// A game ended.
    Ended {
        /// Which.
        game: GameId,
        /// Whether the claim stood.
        asserter_won: bool,
        /// Why.
        verdict: Verdict,
    },
    /// Money came into the jackpot.
    Received {
        /// What all came to, with this.
        total: Balance,
        /// How much.
        amount: Balance,
    },
}

type Reader = fn(&mut &[u8]) -> Result<ChainEvent, codec::Error>;

/// Each kind of event: name and types as the contracts' sources write them, whose hash is its first topic; and how its
/// fields are read.
const KINDS: &[(&str, Reader)] = &[
    ("Deposited(AccountId,Balance)", |data| {
        <(AccountId, Balance)>::decode(data).map(|(account, amount)| ChainEvent::Deposited { account, amount })
    }),
    ("Withdrawn(AccountId,Balance)", |data| {
        <(AccountId, Balance)>::decode(data).map(|(account, amount)| ChainEvent::Withdrawn { account, amount })
    }),
    ("Booked(TaskId,AccountId,Balance,Direction,Reason)", |data| {
        let (task, account, amount, direction, reason) = Decode::decode(data)?;
        Ok(ChainEvent::Booked { task, account, amount, direction, reason })
    }),
    ("Happened(TaskId,Event)", |data| {
        <(TaskId, Event)>::decode(data).map(|(task, event)| ChainEvent::Happened { task, event })
    }),
    ("Disputed(TaskId,GameId,GameEntry)", |data| {
        <(TaskId, GameId, GameEntry)>::decode(data).map(|(task, game, entry)| ChainEvent::Disputed {
            task,
            game,
            entry,
        })
    }),
    ("Opened(GameId,AccountId,AccountId,Claim)", |data| {
        let (game, asserter, challenger, claim) = Decode::decode(data)?;
        Ok(ChainEvent::Opened { game, asserter, challenger, claim })
    }),
    ("Moved(GameId,AccountId,Option<AccountId>)", |data| {
        let (game, account, next) = Decode::decode(data)?;
        Ok(ChainEvent::Moved { game, account, next })
    }),
    ("Ended(GameId,bool,Verdict)", |data| {
        let (game, asserter_won, verdict) = Decode::decode(data)?;
        Ok(ChainEvent::Ended { game, asserter_won, verdict })
    }),
    ("Received(assay_core::protocol::Balance,assay_core::protocol::Balance)", |data| {
        <(Balance, Balance)>::decode(data).map(|(total, amount)| ChainEvent::Received { total, amount })
    }),
];

/// The first topics of all events that can be read, for comparison with the contracts' metadata.
pub fn event_signatures() -> impl Iterator<Item = Hash> {
    KINDS.iter().map(|(kind, _)| Hash(signature(kind)))
}

impl ChainEvent {
    /// Reads an event; nothing if it is of a kind that isn't known here.
    pub fn read(event: &ContractEvent) -> Option<ChainEvent> {
        static SIGNATURES: LazyLock<Vec<[u8; 32]>> =
            LazyLock::new(|| KINDS.iter().map(|(kind, _)| signature(kind)).collect());
        let topic = event.topics.first()?;
        let index = SIGNATURES.iter().position(|signature| signature == topic)?;
        let (kind, read) = KINDS.get(index)?;
        let mut data = event.data.as_slice();
        match read(&mut data) {
            Ok(read) if data.is_empty() => Some(read),
            _ => {
                tracing::warn!(kind, "an event can't be read: the contract is of another version");
                None
            }
        }
    }
}
