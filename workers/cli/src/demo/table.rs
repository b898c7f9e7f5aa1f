//! A report on the terminal.

use std::fmt::Write as _;

use super::report::{Comparison, Game, Measure, Report};
use crate::money::UNIT;

/// The report as text.
pub(crate) fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, report);
    text
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    let rule = "─".repeat(100);
    writeln!(out, "\n{rule}\n{} (seed {}): {}", report.scenario, report.seed, report.outcome)?;
    writeln!(out, "{}\n{rule}", report.story)?;
    for Measure { name, delivered, plain, difference } in report.quality.iter().flat_map(Comparison::measures) {
        writeln!(out, "{name:<13} delivered {delivered:<9} plain libtorch {plain:<9} difference {difference}")?;
    }
    writeln!(out, "\nwork (processor seconds)")?;
    for work in &report.work {
        writeln!(out, "  {:<15} {:<22} {:>9.3}", work.who, work.stage, work.cpu)?;
    }
    write!(out, "  {:<15} {:<22} {:>9.3}", "all roles", "", report.work_total())?;
    match (&report.quality, report.overhead) {
        (Some(quality), Some(overhead)) => {
            writeln!(out, "   plain libtorch {:.3}   overhead {:+.0} %", quality.plain_seconds, 100.0 * overhead)?
        }
        _ => writeln!(out)?,
    }
    for game in &report.games {
        write_game(out, game)?;
    }
    writeln!(out, "\ncalls            count   largest weight   of a block      bytes      fees (UNIT)")?;
    for call in &report.calls {
        writeln!(
            out,
            "  {:<15} {:>4} {:>13.3} ms {:>10.2} % {:>10} {:>16.6}",
            call.label,
            call.count,
            call.gas_max as f64 / 1e9,
            100.0 * call.gas_max as f64 / BLOCK_REF_TIME,
            call.bytes,
            call.fees as f64 / UNIT
        )?;
    }
    writeln!(out, "\nmoney (UNIT)          before            after       difference   because")?;
    for balance in &report.balances {
        let difference = balance.after as f64 - balance.before as f64;
        let reasons: Vec<String> =
            balance.reasons.iter().map(|(why, amount)| format!("{why} {:+.6}", *amount as f64 / UNIT)).collect();
        writeln!(
            out,
            "  {:<14} {:>14.6} {:>16.6} {:>+16.6}   {}",
            balance.who,
            balance.before as f64 / UNIT,
            balance.after as f64 / UNIT,
            difference / UNIT,
            reasons.join(", ")
        )?;
    }
    writeln!(out)?;
    for check in &report.checks {
        writeln!(out, "  {} {}: {}", if check.ok { "✓" } else { "✗" }, check.what, check.seen)?;
    }
    writeln!(out, "\n{} in {:.1} s", if report.passed() { "as it should be" } else { "WRONG" }, report.seconds)
}

/// Reference time that one block of the development runtime offers, in picoseconds.
pub(crate) const BLOCK_REF_TIME: f64 = 2e12;

fn write_game(out: &mut String, game: &Game) -> std::fmt::Result {
    let bytes: u64 = game.moves.iter().map(|m| m.bytes).sum();
    let asserter_moves = game.moves.iter().filter(|m| m.mover == "asserter").count();
    writeln!(out, "\ndispute {}: {} challenges {} over {}", game.id, game.challenger, game.asserter, game.claim)?;
    for (index, m) in game.moves.iter().enumerate() {
        writeln!(out, "  {:>2}. {:<11} {:<9} {:>6} B   {}", index + 1, m.mover, m.kind, m.bytes, m.detail)?;
    }
    writeln!(out, "  {asserter_moves} asserter moves, {} in all, {bytes} bytes", game.moves.len())?;
    for (label, value) in &game.located {
        writeln!(out, "  {label:<11} {value}")?;
    }
    if let (Some(claimed), Some(computed)) = (game.claimed, game.computed) {
        writeln!(out, "  claimed     {claimed:e} (0x{:08x})", claimed.to_bits())?;
        writeln!(out, "  contract    {computed:e} (0x{:08x})", computed.to_bits())?;
    }
    let winner = if game.asserter_won { &game.asserter } else { &game.challenger };
    writeln!(out, "  {winner} wins: {}", game.reason)
}
