//! What the arbiter tells.
use assay_core::protocol::{dispute, GameId};
use ink::primitives::AccountId;
use shell::Stored;

// Under these names the types are part of the events' signatures.
type Claim = Stored<dispute::Claim>;
type Verdict = Stored<dispute::Verdict>;

/// A game was opened.
#[ink::event]
pub struct Opened {
    /// Its id.
    #[ink(topic)]
    pub game: GameId,
    /// Who stands by the claim, and moves first.
    #[ink(topic)]
    pub asserter: AccountId,
    /// Who disagrees.
    #[ink(topic)]
    pub challenger: AccountId,
    /// About what.
    pub claim: Claim,
}

/// A move was made.
#[ink::event]
pub struct Moved {
    /// In which game.
    #[ink(topic)]
    pub game: GameId,
    /// By whom.
    #[ink(topic)]
    pub account: AccountId,
    /// Whose clock runs now; nobody's if the game is over.
    pub next: Option<AccountId>,
}

/// A game ended.
#[ink::event]
pub struct Ended {
    /// Which.
    #[ink(topic)]
    pub game: GameId,
    /// Whether the claim stood.
    pub asserter_won: bool,
    /// Why.
    pub verdict: Verdict,
}
