//! What a scenario's run amounted to: the numbers behind the tables on the terminal and the page.

use serde::Serialize;

/// Everything worth saying about one run of a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Name of the scenario.
    pub(crate) scenario: &'static str,
    /// One sentence about it.
    pub(crate) story: &'static str,
    /// The run's seed.
    pub(crate) seed: u64,
    /// How the task ended, in words.
    pub(crate) outcome: String,
    /// Wall time of the whole scenario, in seconds.
    pub(crate) seconds: f64,
    /// The bought model against plain libtorch; none if nothing was delivered.
    pub(crate) accuracy: Option<Accuracy>,
    /// Compute per role and stage.
    pub(crate) work: Vec<Work>,
    /// All compute of all roles over plain libtorch training, minus 1.
    pub(crate) overhead: Option<f64>,
    /// Pinpoint games.
    pub(crate) games: Vec<Game>,
    /// Calls to the contracts, by message.
    pub(crate) calls: Vec<Calls>,
    /// Money, by account.
    pub(crate) balances: Vec<Balance>,
    /// Training loss: step and value.
    pub(crate) loss: Vec<(u64, f32)>,
    /// Training loss of plain libtorch.
    pub(crate) plain_loss: Vec<(u64, f32)>,
    /// What had to hold, and whether it did.
    pub(crate) checks: Vec<Check>,
}

/// Share of the test set that is classified right.
#[derive(Debug, Serialize)]
pub(crate) struct Accuracy {
    /// By the delivered model.
    pub(crate) delivered: f64,
    /// By the same training in plain libtorch.
    pub(crate) plain: f64,
    /// Processor seconds that plain libtorch took.
    pub(crate) plain_seconds: f64,
}

/// Compute of one role in one stage.
#[derive(Debug, Serialize)]
pub(crate) struct Work {
    /// Process name.
    pub(crate) who: String,
    /// Stage, as the journal names it.
    pub(crate) stage: String,
    /// Seconds of processor time.
    pub(crate) cpu: f64,
}

/// A pinpoint game from opening to end.
#[derive(Debug, Serialize)]
pub(crate) struct Game {
    /// Its number.
    pub(crate) id: u32,
    /// What was disputed.
    pub(crate) claim: String,
    /// Name of the side that defends.
    pub(crate) asserter: String,
    /// Name of the side that attacks.
    pub(crate) challenger: String,
    /// Whether the claim stood.
    pub(crate) asserter_won: bool,
    /// The contract's finding, in words.
    pub(crate) reason: String,
    /// Where the difference was found: label and value.
    pub(crate) located: Vec<(&'static str, String)>,
    /// The value that was claimed.
    pub(crate) claimed: Option<f32>,
    /// The value that the contract computed.
    pub(crate) computed: Option<f32>,
    /// All moves in order.
    pub(crate) moves: Vec<Move>,
}

/// One move.
#[derive(Debug, Serialize)]
pub(crate) struct Move {
    /// `asserter` or `challenger`.
    pub(crate) mover: String,
    /// Kind of move.
    pub(crate) kind: String,
    /// Encoded bytes.
    pub(crate) bytes: u64,
    /// In words.
    pub(crate) detail: String,
}

/// All calls of one message.
#[derive(Debug, Serialize)]
pub(crate) struct Calls {
    /// The message.
    pub(crate) label: String,
    /// How often it was called.
    pub(crate) count: u64,
    /// Largest weight (reference time, picoseconds) of one call.
    pub(crate) gas_max: u64,
    /// Sum of encoded bytes.
    pub(crate) bytes: u64,
    /// Sum of fees.
    pub(crate) fees: u128,
}

/// An account's money at the contracts.
#[derive(Debug, Serialize)]
pub(crate) struct Balance {
    /// Process name or contract.
    pub(crate) who: String,
    /// Before the scenario, in the chain's smallest unit.
    pub(crate) before: u128,
    /// After it.
    pub(crate) after: u128,
    /// What the protocol gave and took: the sum of all reasons but fees.
    pub(crate) settled: i128,
    /// The rest: the chain's fees and storage deposits.
    pub(crate) fees: i128,
    /// What made the difference: reason and signed amount.
    pub(crate) reasons: Vec<(String, i128)>,
}

/// Something that had to hold.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// In words.
    pub(crate) what: String,
    /// Whether it held.
    pub(crate) ok: bool,
    /// What was seen.
    pub(crate) seen: String,
}

impl Report {
    /// Whether everything that had to hold did.
    pub(crate) fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }

    /// All compute of all roles, in seconds of processor time.
    pub(crate) fn work_total(&self) -> f64 {
        self.work.iter().map(|work| work.cpu).sum()
    }
}
