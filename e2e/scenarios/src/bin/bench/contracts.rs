//! Suite `contracts`: sizes, costs of messages, and what disputes take, all on the real Wasm on the real pallet.
use crate::figure::{Bar, Figure};
use crate::{crowd, examples};
use anyhow::{ensure, Context as _, Result};
use assay_core::arith::F32;
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

/// What calls cost, by message; moves by kind.
pub(crate) type Costs = BTreeMap<String, Vec<Cost>>;

/// A game about one operator: which, of what, and how it went.
type Dispute = (&'static str, Part, Played);

/// Measures everything. Nothing here depends on the machine, so once is enough.
pub(crate) fn run() -> Result<Vec<Figure>> {
    let mut figures = sizes()?;
    let chain = Chain::new_dev()?;
    let mut costs = Costs::new();
    let about_examples = examples::run(&chain, &mut costs)?;
    let disputes = about_operators(&chain, &mut costs)?;
    figures.extend(messages("", &costs));
    let crowd = crowd::run(&chain)?;
    let costs = crowd.costs.iter().map(|(label, calls)| ((*label).to_string(), calls.clone())).collect();
    figures.extend(messages(", largest task", &costs));
    figures.extend(games(&disputes)?);
    figures.extend(about_examples);
    Ok(figures)
}

/// A dispute about every operator, in the first workload that has it.
fn about_operators(chain: &Chain, costs: &mut Costs) -> Result<Vec<Dispute>> {
    let mut disputes: Vec<Dispute> = Vec::new();
    let perceptrons = [Size::EXAMPLE, Size::TINY].map(Workload::new);
    for workload in perceptrons.into_iter().chain([zoo::images(), zoo::text(), zoo::functions(), zoo::regression()]) {
        let mut drawn = Trial::drawn(chain, &artifacts(), Arc::new(workload?))?;
        let segment = drawn.segment()?;
        for operator in operators() {
            if disputes.iter().any(|(known, _, _)| *known == operator) {
                continue;
            }
            let Some(lie) = Lie::about(operator, &drawn.workload, segment)? else {
                continue;
            };
            eprintln!("bench: a dispute about {operator}");
            let (trial, played) = dispute(drawn.clone(), &lie, segment)?;
            gather(costs, &trial, &played);
            disputes.push((operator, lie.part, played));
        }
    }
    for operator in operators() {
        ensure!(disputes.iter().any(|(known, _, _)| *known == operator), "no workload has the operator {operator}");
    }
    Ok(disputes)
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
pub(crate) fn dispute<'a>(mut trial: Trial<'a>, lie: &Lie, segment: u32) -> Result<(Trial<'a>, Played)> {
    let liar = Testimony::lying(&trial.workload, segment, lie.part, lie.tampers.clone())?;
    trial.testify(&verifier(), &liar)?;
    let game = trial.challenge(&whistleblower(), lie.part)?;
    let (mut defender, mut honest) = (liar.defender(lie.part)?, liar.accuser(lie.part)?);
    let played = play(&mut trial.court, game, &mut defender, |game| next_pick(game, &mut honest))?;
    found(lie, &played, &lie.truth(&trial.workload, segment)?)?;

    trial.settle()?;
    trial.join(&second_verifier())?;
    let honest = Testimony::honest(&trial.workload, segment)?;
    trial.testify(&second_verifier(), &honest)?;
    let phase = trial.settle()?;
    ensure!(phase == Phase::Closed(Outcome::Paid), "the task ended in {phase:?}");
    for who in [submitter(), solver(), verifier(), second_verifier(), whistleblower()] {
        let free = trial.court.free_of(&who)?;
        trial.court.withdraw(&who, free)?;
    }
    trial.court.deposit(&anyone(), 1)?;
    trial.court.conserved()?;
    Ok((trial, played))
}

/// Checks that the contract found the lie, and computed there what the executor does.
fn found(lie: &Lie, played: &Played, truth: &[F32]) -> Result<()> {
    let verdict = &played.verdict;
    ensure!(!played.asserter_won, "the contract believes the lie: {verdict:?}");
    let at = (lie.at.step, lie.at.node, lie.at.element);
    ensure!((verdict.step, verdict.node, verdict.element) == at, "the lie is at {at:?}: {verdict:?}");
    let disputed = verdict.micro.map_or(truth.len().saturating_sub(1), |micro| micro as usize);
    let expected = truth.get(disputed);
    ensure!(expected == Some(&verdict.computed), "the executor computes {expected:?}: {verdict:?}");
    ensure!(verdict.claimed != verdict.computed, "there is no lie: {verdict:?}");
    Ok(())
}

/// Adds the costs of all messages, moves by kind.
pub(crate) fn gather(costs: &mut Costs, trial: &Trial<'_>, played: &Played) {
    for (label, calls) in trial.court.costs.iter().filter(|(label, _)| **label != "play") {
        costs.entry((*label).to_string()).or_default().extend(calls);
    }
    for made in &played.moves {
        costs.entry(format!("play {}", made.kind)).or_default().push(made.cost);
    }
}

/// The dearest call of each message.
fn messages(of: &str, costs: &Costs) -> Vec<Figure> {
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
fn games(disputes: &[Dispute]) -> Result<Vec<Figure>> {
    let mut figures = vec![Figure::new("disputes/operators", disputes.len() as f64, "operators")];
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

/// What the worst of some games takes.
pub(crate) fn game(name: &str, played: &[Played]) -> Vec<Figure> {
    let most = |of: &dyn Fn(&Played) -> u64| played.iter().map(of).max().unwrap_or(0) as f64;
    let moves = |side| most(&|played: &Played| played.moves_of(side) as u64);
    let of_move = |of: fn(&Cost) -> u64| {
        most(&move |played: &Played| played.moves.iter().map(|made| of(&made.cost)).max().unwrap_or(0))
    };
    let in_all =
        |of: fn(&Cost) -> u64| most(&move |played: &Played| played.moves.iter().map(|made| of(&made.cost)).sum());
    let time = |what: &str, time: f64| {
        Figure::new(format!("{name}/{what}"), time / TIME, TIME_UNIT).against("a block", BLOCK_TIME)
    };
    let proof =
        |what: &str, proof: f64| Figure::new(format!("{name}/{what}"), proof, "B").against("a block", BLOCK_PROOF);
    vec![
        Figure::new(format!("{name}/asserter moves"), moves(Side::Asserter), "moves").bar(Bar::ValueAtMost(MOVES_BAR)),
        Figure::new(format!("{name}/challenger moves"), moves(Side::Challenger), "moves"),
        Figure::new(format!("{name}/bytes of both sides"), most(&Played::bytes), "B").bar(Bar::ValueAtMost(BYTES_BAR)),
        Figure::new(format!("{name}/largest message"), of_move(|cost| cost.bytes), "B"),
        time("time in all", in_all(|cost| cost.ref_time)),
        time("dearest call", of_move(|cost| cost.ref_time)).bar(Bar::RatioAtMost(CALL_BAR)),
        proof("proof in all", in_all(|cost| cost.proof_size)),
        proof("largest proof of a call", of_move(|cost| cost.proof_size)),
    ]
}
