//! Suite `contracts`: sizes, costs of messages, and what disputes take, all on the real Wasm on the real pallet.
use crate::crowd;
use crate::figure::{Bar, Figure};
use anyhow::{Context as _, Result};
use assay_core::protocol::dispute::Side;
use assay_core::protocol::{Outcome, Part, Phase};
use assay_devnet::Chain;
use assay_roles::game::next_pick;
use assay_scenarios::cast::{anyone, second_verifier, solver, submitter, verifier, whistleblower};
use assay_scenarios::court::Cost;
use assay_scenarios::duel::{play, Played};
use assay_scenarios::lie::{operators, Lie};
use assay_scenarios::process::artifacts;
use assay_scenarios::testimony::Testimony;
use assay_scenarios::trial::Trial;
use assay_scenarios::workload::{Size, Workload};
use assay_scenarios::zoo;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The project's own limit for a contract, and the live network's.
const SIZE_BAR: f64 = 48.0 * 1024.0;
const SUBTENSOR: f64 = 128.0 * 1024.0;
/// Weights count picoseconds, people don't.
const TIME: f64 = 1e9;
const TIME_UNIT: &str = "ms";
/// What a block offers.
const BLOCK_TIME: f64 = assay_runtime::config::MAX_BLOCK.ref_time() as f64 / TIME;
const BLOCK_PROOF: f64 = assay_runtime::config::MAX_BLOCK.proof_size() as f64;
/// Part of a block's time that a call may take.
const CALL_BAR: f64 = 0.01;
const MOVES_BAR: f64 = 20.0;
const BYTES_BAR: f64 = 64.0 * 1024.0;

/// Measures everything. Nothing here depends on the machine, so once is enough.
pub(crate) fn run() -> Result<Vec<Figure>> {
    let mut figures = sizes()?;
    let chain = Chain::new_dev()?;
    let mut costs = BTreeMap::new();
    let mut disputes = Vec::new();
    for workload in [Workload::new(Size::EXAMPLE)?, zoo::images()?, zoo::text()?] {
        let mut drawn = Trial::drawn(&chain, &artifacts(), Arc::new(workload))?;
        let segment = drawn.segment()?;
        for operator in operators() {
            if disputes.iter().any(|(known, _, _)| *known == operator) {
                continue;
            }
            let Some(lie) = Lie::about(operator, &drawn.workload, segment)? else {
                continue;
            };
            let (trial, played) = dispute(drawn.clone(), &lie, segment)?;
            gather(&mut costs, &trial, &played);
            disputes.push((operator, lie.part, played));
        }
    }
    figures.extend(messages("", &costs));
    let crowd = crowd::run(&chain)?;
    let costs = crowd.costs.iter().map(|(label, calls)| ((*label).to_string(), calls.clone())).collect();
    figures.extend(messages(", largest task", &costs));
    figures.extend(games(&disputes)?);
    Ok(figures)
}

fn sizes() -> Result<Vec<Figure>> {
    let size = |name: &str| {
        let path = artifacts().join(format!("{name}.wasm"));
        let file =
            std::fs::metadata(&path).with_context(|| format!("no {}: run scripts/build-contracts", path.display()))?;
        let figure = Figure::new(format!("code/{name}.wasm"), file.len() as f64, "B");
        Ok(figure.against("subtensor's limit", SUBTENSOR).bar(Bar::ValueAtMost(SIZE_BAR)))
    };
    ["escrow", "arbiter", "referee", "jackpot"].into_iter().map(size).collect()
}

/// A verifier lies, is challenged, and convicted; the next one is honest, the solver is paid, everybody withdraws.
fn dispute<'a>(mut trial: Trial<'a>, lie: &Lie, segment: u32) -> Result<(Trial<'a>, Played)> {
    let liar = Testimony::lying(&trial.workload, segment, lie.part, lie.tampers.clone())?;
    trial.testify(&verifier(), &liar)?;
    let game = trial.challenge(&whistleblower(), lie.part)?;
    let (mut defender, mut honest) = (liar.defender(lie.part)?, liar.accuser(lie.part)?);
    let played = play(&mut trial.court, game, &mut defender, |game| next_pick(game, &mut honest))?;
    anyhow::ensure!(!played.asserter_won, "the contract believes the lie: {:?}", played.verdict);

    trial.settle()?;
    trial.join(&second_verifier())?;
    let honest = Testimony::honest(&trial.workload, segment)?;
    trial.testify(&second_verifier(), &honest)?;
    let phase = trial.settle()?;
    anyhow::ensure!(phase == Phase::Closed(Outcome::Paid), "the task ended in {phase:?}");
    for who in [submitter(), solver(), verifier(), second_verifier(), whistleblower()] {
        let free = trial.court.free_of(&who)?;
        trial.court.withdraw(&who, free)?;
    }
    trial.court.deposit(&anyone(), 1)?;
    trial.court.conserved()?;
    Ok((trial, played))
}

/// Adds the costs of all messages, moves by kind.
fn gather(costs: &mut BTreeMap<String, Vec<Cost>>, trial: &Trial<'_>, played: &Played) {
    for (label, calls) in trial.court.costs.iter().filter(|(label, _)| **label != "play") {
        costs.entry((*label).to_string()).or_default().extend(calls);
    }
    for made in &played.moves {
        costs.entry(format!("play {}", made.kind)).or_default().push(made.cost);
    }
}

/// The dearest call of each message.
fn messages(of: &str, costs: &BTreeMap<String, Vec<Cost>>) -> Vec<Figure> {
    let dearest = |group: &str, unit, of_call: &dyn Fn(&Cost) -> f64| -> Vec<Figure> {
        let figure = |(label, calls): (&String, &Vec<Cost>)| {
            Figure::new(format!("{group}{of}/{label}"), calls.iter().map(of_call).fold(0.0, f64::max), unit)
        };
        costs.iter().map(figure).collect()
    };
    let times = dearest("time of a call", TIME_UNIT, &|cost| cost.ref_time as f64 / TIME);
    let times = times.into_iter().map(|it| it.against("a block", BLOCK_TIME).bar(Bar::RatioAtMost(CALL_BAR)));
    let proofs = dearest("proof size of a call", "B", &|cost| cost.proof_size as f64);
    let proofs = proofs.into_iter().map(|it| it.against("a block", BLOCK_PROOF));
    times.chain(proofs).chain(dearest("bytes of a call", "B", &|cost| cost.bytes as f64)).collect()
}

/// Moves and bytes: of disputes about some operators, and at worst.
fn games(disputes: &[(&'static str, Part, Played)]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, operator) in [
        ("execution dispute (matmul)", "matmul"),
        ("execution dispute (attention's softmax_grad)", "softmax_grad"),
        ("execution dispute (conv_weight_grad)", "conv_weight_grad"),
        ("execution dispute (embed_grad)", "embed_grad"),
        ("execution dispute (adam_direction)", "adam_direction"),
        ("distance dispute (squared_distance)", "squared_distance"),
    ] {
        let found = disputes.iter().find(|(it, _, _)| *it == operator);
        let (_, _, played) = found.with_context(|| format!("no dispute about {operator}"))?;
        figures.extend(game(name, std::slice::from_ref(played)));
    }
    for (name, part) in
        [("execution dispute, worst operator", Part::Execution), ("distance dispute, worst operator", Part::Distance)]
    {
        let played: Vec<_> =
            disputes.iter().filter(|(_, it, _)| *it == part).map(|(_, _, played)| played.clone()).collect();
        figures.extend(game(name, &played));
    }
    Ok(figures)
}

fn game(name: &str, played: &[Played]) -> Vec<Figure> {
    let most = |of: &dyn Fn(&Played) -> u64| played.iter().map(of).max().unwrap_or(0) as f64;
    let largest = |played: &Played| played.moves.iter().map(|made| made.cost.bytes).max().unwrap_or(0);
    let time = |played: &Played| played.moves.iter().map(|made| made.cost.ref_time).sum::<u64>();
    let moves = |side| most(&|played: &Played| played.moves_of(side) as u64);
    vec![
        Figure::new(format!("{name}/asserter moves"), moves(Side::Asserter), "moves").bar(Bar::ValueAtMost(MOVES_BAR)),
        Figure::new(format!("{name}/challenger moves"), moves(Side::Challenger), "moves"),
        Figure::new(format!("{name}/bytes of both sides"), most(&Played::bytes), "B").bar(Bar::ValueAtMost(BYTES_BAR)),
        Figure::new(format!("{name}/largest message"), most(&largest), "B"),
        Figure::new(format!("{name}/time in all"), most(&time) / TIME, TIME_UNIT).against("a block", BLOCK_TIME),
    ]
}
