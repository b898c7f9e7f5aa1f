//! Writes `shared/vectors/*.json`: transcripts of whole tasks and of games. `ASSAY_BLESS=1 cargo test -p assay-core
//! --features serde vectors` after a deliberate change of the rules; `tests/protocol_vectors.rs` replays them.
use super::world::{account, Kind, World, K};
use super::{data, distance_program, start_state, step_program, Lie, View};
use crate::protocol::dispute::{self, Side};
use crate::protocol::{Book, Mode};
use serde_json::{json, Value};
use std::path::PathBuf;

/// Asked when the test runs, here and in other tests: checkouts may share what is built.
fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors")
}

/// Compares with the file, or writes it.
fn check(name: &str, value: &Value) {
    let path = folder().join(alloc::format!("{name}.json"));
    let text = serde_json::to_string(value).unwrap() + "\n";
    if std::env::var_os("ASSAY_BLESS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    // As values: the order of keys depends on what else is in the build (serde_json's `preserve_order`).
    let known: Option<Value> = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
    assert!(known.as_ref() == Some(value), "{name} has changed: bless it if that is meant");
}

fn task(name: &str, about: &str, mode: Mode, verifiers: u8, segments: u8, kinds: &[Kind]) {
    let mut world = World::new(mode, verifiers, segments, kinds, 99);
    world.run();
    let call = |(now, caller, value, call, result): &super::world::Sent| json!({ "now": now, "caller": caller, "value": *value as u64, "call": call, "error": result.as_ref().err() });
    let calls: Vec<Value> = world.transcript.as_ref().unwrap().iter().map(call).collect();
    let free: Vec<Value> = (0..kinds.len())
        .map(|at| json!({ "account": account(at), "amount": world.sim.free_of(&account(at)) as u64 }))
        .collect();
    let value = json!({
        "about": about,
        "parameters": world.sim.parameters,
        "contract": world.sim.contract,
        "calls": calls,
        "end": { "task": world.task(), "totals": world.sim.totals(), "free": free, "entries": world.sim.journal },
    });
    check(name, &value);
}

#[test]
fn vectors_of_tasks() {
    use Kind::*;
    task("task_exact_paid", "all checks pass", Mode::Exact, 1, 2, &[Submitter, Solver, Verifier]);
    task("task_tolerant_paid", "all checks pass", Mode::Tolerant, 1, 1, &[Submitter, Solver, Verifier]);
    task("task_exact_refuted", "a verifier refutes the solver", Mode::Exact, 1, 4, &[Submitter, Forger(2), Verifier]);
    let kinds = [Submitter, Solver, LyingVerifier, Verifier];
    task("task_false_verdict", "the solver challenges a false verdict and wins", Mode::Exact, 2, 1, &kinds);
    let kinds = [Submitter, Solver, LyingVerifier, Whistleblower];
    task("task_profile_fell", "a false profile voids the task", Mode::Tolerant, 1, 1, &kinds);
    let kinds = [Submitter, Solver, Verifier, SilentTroll, SilentTroll, SilentTroll];
    task("task_failed_challenge", "challengers run out of time", Mode::Exact, 1, 1, &kinds);
    task("task_absent_solver", "the training clock runs out", Mode::Exact, 1, 1, &[Submitter, AbsentSolver, Verifier]);
    task(
        "task_unverified",
        "verifiers withhold their verdicts",
        Mode::Exact,
        1,
        1,
        &[Submitter, Solver, RevealWithholder],
    );
}

fn game(name: &str, about: &str, claim: dispute::Claim, asserter: &View, challenger: &View) {
    let (one, two) = (account(0), account(1));
    let mut game = dispute::open(claim, one, two, 5, 100).unwrap();
    let mut moves = alloc::vec![];
    let mut now = 5;
    while let Some(side) = game.turn() {
        now += 1;
        let view = if side == Side::Asserter { asserter } else { challenger };
        let caller = game.account(side);
        let mv = view.respond(&game);
        moves.push(json!({ "now": now, "caller": caller, "move": mv }));
        game = dispute::play(game, &caller, mv, now).unwrap();
    }
    let value = json!({
        "about": about, "claim": claim, "asserter": one, "challenger": two, "now": 5, "game_blocks": 100,
        "moves": moves, "end": game,
    });
    check(name, &value);
}

#[test]
fn vectors_of_games() {
    let program = step_program(300, 34, false);
    let start = start_state(&program);
    let run = |lie| View::run(&program, &data(300), 4, 20, &start, lie);
    let (honest, liar) = (run(None), run(Some(Lie { step: 17, node: 2, element: 1, micro: 99 })));
    game("game_execution_false", "every level has more than one move", liar.execution_claim(), &liar, &honest);
    game("game_execution_true", "the challenger lies", honest.execution_claim(), &honest, &liar);

    let program = step_program(K, 0, false);
    let start = start_state(&program);
    let run = |lie| View::run(&program, &data(K), 0, 2, &start, lie);
    let (a, b) = (run(None), run(Some(Lie { step: 1, node: 11, element: 1, micro: 1 })));
    let measure = |lie| View::distance(&distance_program(&program), [&start, a.end_state(), b.end_state()], lie);
    let (honest, liar) = (measure(None), measure(Some(Lie { step: 0, node: 0, element: 0, micro: 40 })));
    game("game_distance_false", "a distance", liar.distance_claim(), &liar, &honest);
}
