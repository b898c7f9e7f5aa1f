//! What a scenario's end has to look like. Each check says what it saw.

use assay_core::protocol::{
    money::Totals,
    task::{Outcome, Phase},
};

use super::{
    report::{Balance, Check, Game, Report},
    scenario::{Scenario, SECOND_VERIFIER, SOLVER, SUBMITTER, VERIFIER, WHISTLEBLOWER},
};
use crate::money;

/// Everything that has to hold after a scenario.
pub(crate) fn checks(
    scenario: Scenario,
    phase: Phase,
    report: &Report,
    totals: &Totals,
    escrow_holds: u128,
) -> Vec<Check> {
    let mut checks = vec![outcome(scenario, phase), books(totals), coverage(totals, escrow_holds)];
    checks.push(no_unexplained_gain(&report.balances));
    checks.push(jackpot(&report.balances));
    checks.push(zero_sum(&report.balances));
    checks.extend(payments(scenario).iter().map(|&(who, expected)| payment(&report.balances, who, expected)));
    checks.extend(dispute(scenario, &report.games));
    if matches!(phase, Phase::Closed(Outcome::Paid)) {
        checks.push(match &report.quality {
            Some(quality) => {
                let (agrees, seen) = quality.agrees();
                check("the delivered model is as good as plain libtorch's", agrees, seen)
            }
            None => check("the submitter got its model", false, "there is no result file".into()),
        });
    }
    checks
}

/// Who has to have gained or lost.
#[derive(Debug, Clone, Copy)]
enum Expected {
    Gains,
    Loses,
    Even,
    /// The submitter of a task that came to nothing.
    NoLoss,
}

fn payments(scenario: Scenario) -> &'static [(&'static str, Expected)] {
    use Expected::{Even, Gains, Loses, NoLoss};
    match scenario {
        Scenario::Honest => &[(SUBMITTER, Loses), (SOLVER, Gains), (VERIFIER, Gains), (WHISTLEBLOWER, Even)],
        Scenario::LyingSolver | Scenario::LazySolver => {
            &[(SUBMITTER, NoLoss), (SOLVER, Loses), (VERIFIER, Gains), (WHISTLEBLOWER, Even)]
        }
        Scenario::LyingVerifier => {
            &[(SUBMITTER, NoLoss), (SOLVER, Loses), (VERIFIER, Loses), (SECOND_VERIFIER, Gains), (WHISTLEBLOWER, Gains)]
        }
        Scenario::AbsentSolver => &[(SUBMITTER, NoLoss), (SOLVER, Loses), (WHISTLEBLOWER, Even)],
        Scenario::FalseAlarm => &[(SUBMITTER, Loses), (SOLVER, Gains), (VERIFIER, Gains), (WHISTLEBLOWER, Loses)],
    }
}

fn payment(balances: &[Balance], who: &str, expected: Expected) -> Check {
    let settled = balances.iter().find(|row| row.who == who).map(|row| row.settled);
    let (word, ok) = match (expected, settled) {
        (_, None) => ("takes part", false),
        (Expected::Gains, Some(amount)) => ("gains", amount > 0),
        (Expected::Loses, Some(amount)) => ("loses", amount < 0),
        (Expected::Even, Some(amount)) => ("neither gains nor loses", amount == 0),
        (Expected::NoLoss, Some(amount)) => ("loses nothing", amount >= 0),
    };
    let seen = settled.map_or("no balance".into(), |amount| format!("{:+.6} UNIT", amount as f64 / money::UNIT));
    check(&format!("the {who} {word}"), ok, seen)
}

fn outcome(scenario: Scenario, phase: Phase) -> Check {
    let expected = match scenario {
        Scenario::Honest | Scenario::FalseAlarm => Outcome::Paid,
        Scenario::LyingSolver | Scenario::LyingVerifier | Scenario::LazySolver => Outcome::Refuted,
        Scenario::AbsentSolver => Outcome::SolverAbsent,
    };
    check(&format!("the task ends as {expected:?}"), phase == Phase::Closed(expected), format!("{phase:?}"))
}

fn books(totals: &Totals) -> Check {
    let sum = [totals.free, totals.locked, totals.jackpot, totals.withdrawn]
        .iter()
        .try_fold(0_u128, |sum, part| sum.checked_add(*part));
    check(
        "money is conserved to the last unit: deposited = free + locked + jackpot + withdrawn",
        sum == Some(totals.deposited),
        format!(
            "{} = {} + {} + {} + {}",
            totals.deposited, totals.free, totals.locked, totals.jackpot, totals.withdrawn
        ),
    )
}

fn coverage(totals: &Totals, escrow_holds: u128) -> Check {
    let owed = totals.free.saturating_add(totals.locked);
    check(
        "the escrow's account holds what it owes, and nothing stays locked",
        escrow_holds >= owed && totals.locked == 0,
        format!("holds {escrow_holds}, owes {owed}, locked {}", totals.locked),
    )
}

/// The pallet returns a storage deposit to whoever frees the storage, so one account may gain what another paid; all
/// together can only pay.
fn no_unexplained_gain(balances: &[Balance]) -> Check {
    let sum: i128 = balances.iter().filter(|row| row.who != "jackpot").map(|row| row.fees).sum();
    check(
        "nothing but the chain's fees and deposits is left to explain",
        sum <= 0,
        format!("{:+.6} UNIT for all together", sum as f64 / money::UNIT),
    )
}

fn jackpot(balances: &[Balance]) -> Check {
    let unexplained = balances.iter().find(|row| row.who == "jackpot").map(|row| row.fees);
    let seen = unexplained.map_or("its balance is not known".into(), |units| format!("{units} units unexplained"));
    check("the jackpot got exactly what was booked for it", unexplained == Some(0), seen)
}

fn zero_sum(balances: &[Balance]) -> Check {
    let sum: i128 = balances.iter().map(|row| row.settled).sum();
    check("what some lose others gain", sum == 0, format!("all gains and losses sum to {sum}"))
}

/// Who has to have won the dispute that the scenario is about.
fn dispute(scenario: Scenario, games: &[Game]) -> Vec<Check> {
    let located = |game: &Game| {
        let place: Vec<String> = game.located.iter().map(|(label, value)| format!("{label} {value}")).collect();
        place.join(", ")
    };
    match scenario {
        Scenario::LyingVerifier => {
            let game = games.iter().find(|game| game.asserter == VERIFIER && !game.asserter_won);
            let differ = game.is_some_and(|game| {
                game.computed.is_some() && game.claimed.map(f32::to_bits) != game.computed.map(f32::to_bits)
            });
            vec![check(
                "the contract convicts the lying verifier by its own computation",
                differ,
                game.map_or("no such game".into(), located),
            )]
        }
        Scenario::FalseAlarm => {
            let game = games.iter().find(|game| game.asserter == VERIFIER && game.asserter_won);
            let same = game.is_some_and(|game| {
                game.computed.is_some() && game.claimed.map(f32::to_bits) == game.computed.map(f32::to_bits)
            });
            vec![check(
                "the contract computes what the honest verifier claimed",
                same,
                game.map_or("no such game".into(), located),
            )]
        }
        _ => vec![check("nobody has to go to the contract", games.is_empty(), format!("{} games", games.len()))],
    }
}

fn check(what: &str, ok: bool, seen: String) -> Check {
    Check { what: what.to_owned(), ok, seen }
}
