//! Whole tasks on a simulated chain: each must end with the right party paid.
mod common;

use assay_core::protocol::dispute::Stage;
use assay_core::protocol::{Event as Told, Outcome as Ending, Phase};
use assay_engine::project::Project;
use assay_roles::game::Target;
use assay_roles::journal::Event;
use assay_roles::{
    run, RoleError, RunOptions, SolverCheat, Verifier, VerifierCheat, VerifierOptions, Whistleblower,
    WhistleblowerCheat, WhistleblowerOptions,
};
#[cfg(feature = "torch")]
use assay_roles::{Backend, Context, Device, Hardware, Solver, SolverOptions};
use common::cast::*;
use common::store::Lossy;
use std::time::Duration;

fn happened(cast: &Cast, wanted: impl Fn(&Told) -> bool) -> bool {
    cast.chain.lock().events.iter().any(|(_, event)| wanted(event))
}

fn games(cast: &Cast) -> Vec<bool> {
    cast.chain.lock().games.values().map(|game| game.asserter_won().unwrap()).collect()
}

async fn honest(mode: &str, restart: bool) {
    let mut cast = Cast::new(mode, 2).await;
    cast.solver(None);
    cast.verifier(VERIFIER, 0, None);
    cast.verifier(SECOND, 0, None);
    cast.watcher(None);
    assert_eq!(cast.play(restart).await, Ending::Paid);
    assert!(games(&cast).is_empty());
    assert!(cast.gain(SUBMITTER) < 0 && cast.gain(SOLVER) > 0 && cast.gain(VERIFIER) > 0 && cast.gain(SECOND) > 0);
    assert_eq!(cast.gain(WATCHER), 0);
    // The result is there, and is what was proved.
    let path = cast.folder.path().join("1/result.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains(&cast.task().proof.unwrap().result.to_string()));
    assert!(text.contains("\"assay.step\":\"60\""));
    let told = cast.told();
    let count = |wanted: fn(&Event) -> bool| told.iter().filter(|entry| wanted(&entry.event)).count();
    assert!(count(|event| matches!(event, Event::Loss { .. })) >= 12);
    assert!(count(|event| matches!(event, Event::Work { .. })) > 0);
    assert_eq!(count(|event| matches!(event, Event::Outcome { .. })), 5);
    if !restart {
        assert!(count(|event| matches!(event, Event::Call { .. })) >= 15);
    }
}

#[tokio::test]
async fn honest_tolerant() {
    honest("tolerant", false).await;
}

#[tokio::test]
async fn honest_exact() {
    honest("exact", false).await;
}

#[tokio::test]
async fn honest_with_restarts_before_every_reaction() {
    honest("tolerant", true).await;
}

async fn caught_solver(mode: &str, cheat: SolverCheat) {
    let mut cast = Cast::new(mode, 1).await;
    cast.solver(Some(cheat));
    cast.verifier(VERIFIER, 0, None);
    cast.watcher(None);
    assert_eq!(cast.play(false).await, Ending::Refuted);
    assert!(cast.gain(SOLVER) < 0 && cast.gain(VERIFIER) > 0 && cast.gain(SUBMITTER) > 0);
    assert_eq!(cast.gain(WATCHER), 0);
}

#[tokio::test]
async fn a_forger_is_refuted() {
    caught_solver("tolerant", SolverCheat::ForgeCheckpoint).await;
    caught_solver("exact", SolverCheat::ForgeCheckpoint).await;
}

#[tokio::test]
async fn a_lazy_solver_is_refuted() {
    caught_solver("tolerant", SolverCheat::SkipSteps).await;
}

#[tokio::test]
async fn an_absent_solver_pays() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.solver(Some(SolverCheat::Absent));
    cast.verifier(VERIFIER, 0, None);
    assert_eq!(cast.play(false).await, Ending::SolverAbsent);
    assert!(cast.gain(SOLVER) < 0);
}

/// Forged checkpoints, approved by a bribed verifier; a whistleblower convicts it, and the next verifier the solver.
async fn conspiracy(mode: &str, cheat: VerifierCheat, restart: bool) -> Cast {
    let mut cast = Cast::new(mode, 1).await;
    cast.solver(Some(SolverCheat::ForgeCheckpoint));
    cast.verifier(VERIFIER, 0, Some(cheat));
    cast.verifier(SECOND, 1, None);
    cast.watcher(None);
    assert_eq!(cast.play(restart).await, Ending::Refuted);
    assert_eq!(games(&cast), [false]);
    assert!(happened(&cast, |event| matches!(event, Told::RoundFell { round: 0 })));
    assert!(cast.gain(VERIFIER) < 0 && cast.gain(SOLVER) < 0);
    assert!(cast.gain(WATCHER) > 0 && cast.gain(SECOND) > 0 && cast.gain(SUBMITTER) > 0);
    cast
}

#[tokio::test]
async fn a_bribed_verifier_is_convicted() {
    let mut cast = conspiracy("exact", VerifierCheat::ApproveForged, false).await;
    let moves: Vec<(String, u64)> = cast
        .told()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Move { mover, bytes, .. } => Some((mover, bytes)),
            _ => None,
        })
        .collect();
    let asserter = moves.iter().filter(|(mover, _)| mover == "asserter").count();
    let bytes: u64 = moves.iter().map(|(_, bytes)| bytes).sum();
    println!("{asserter} asserter moves of {}, {bytes} bytes", moves.len());
    assert!(asserter <= 20 && bytes <= 64 << 10);
}

#[tokio::test]
async fn a_bribed_verifier_is_convicted_with_restarts_before_every_reaction() {
    conspiracy("tolerant", VerifierCheat::ApproveForged, true).await;
}

#[tokio::test]
async fn a_false_distance_is_convicted() {
    conspiracy("tolerant", VerifierCheat::UnderstateDistance, false).await;
}

#[tokio::test]
async fn one_flipped_bit_is_convicted() {
    // In a momentum buffer and in a parameter, in the segment's last step: an earlier bit can be rounded away again. The
    // last nodes are the new state.
    for from_last in [12, 1] {
        let mut cast = Cast::new("tolerant", 1).await;
        let program = Project::open(&cast.folder.path().join("task")).unwrap().compiled.step;
        assert_eq!(program.states.len(), 12, "momentum and value of each parameter");
        let (node, element) = (program.nodes.len() as u32 - from_last, 1);
        let place = Target { step: 4, node, element, ..Target::default() };
        cast.solver(None);
        cast.verifier(VERIFIER, 0, Some(VerifierCheat::FlipBit(place)));
        cast.verifier(SECOND, 1, None);
        cast.watcher(None);
        assert_eq!(cast.play(false).await, Ending::Paid);
        assert_eq!(games(&cast), [false]);
        let sim = cast.chain.lock();
        let Stage::Over { verdict, .. } = sim.games[&0].stage else { panic!("{:?}", sim.games[&0].stage) };
        assert_eq!((verdict.step % 5, verdict.node, verdict.element), (4, node, element));
        assert_eq!(verdict.claimed.0 ^ verdict.computed.0, 1);
    }
}

#[tokio::test]
async fn who_falls_silent_loses_the_game() {
    let mut cast = Cast::new("exact", 1).await;
    cast.solver(Some(SolverCheat::ForgeCheckpoint));
    cast.verifier(VERIFIER, 0, Some(VerifierCheat::ApproveForged));
    cast.verifier(SECOND, 1, None);
    cast.watcher(None);
    cast.muted = Some((VERIFIER, |task| task.phase == Phase::Challenging && task.round == 0));
    assert_eq!(cast.play(false).await, Ending::Refuted);
    let sim = cast.chain.lock();
    assert!(format!("{:?}", sim.games[&0].stage).contains("ClockRanOut"));
}

#[tokio::test]
async fn samples_are_a_share() {
    let mut cast = Cast::new("exact", 1).await;
    cast.solver(Some(SolverCheat::ForgeCheckpoint));
    cast.verifier(VERIFIER, 0, Some(VerifierCheat::ApproveForged));
    cast.add(WATCHER, |ctx| {
        Box::new(Whistleblower::new(ctx, WhistleblowerOptions { sample: 0.0, ..Default::default() }).unwrap())
    });
    // Nobody looked: the forger is paid.
    assert_eq!(cast.play(false).await, Ending::Paid);
    assert!(games(&cast).is_empty());
}

#[tokio::test]
async fn an_inflated_profile_voids_the_task() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.solver(None);
    cast.verifier(VERIFIER, 0, Some(VerifierCheat::InflateProfile));
    cast.watcher(None);
    assert_eq!(cast.play(false).await, Ending::ProfileFell);
    assert_eq!(games(&cast), [false]);
    assert!(cast.gain(VERIFIER) < 0 && cast.gain(WATCHER) > 0);
    assert_eq!((cast.gain(SUBMITTER), cast.gain(SOLVER)), (0, 0));
}

#[tokio::test]
async fn an_honest_solver_defends_itself() {
    for mode in ["exact", "tolerant"] {
        let mut cast = Cast::new(mode, 1).await;
        cast.solver(None);
        cast.verifier(VERIFIER, 0, Some(VerifierCheat::RefuteHonest));
        cast.verifier(SECOND, 1, None);
        assert_eq!(cast.play(false).await, Ending::Paid);
        assert_eq!(games(&cast), [false]);
        assert!(cast.gain(VERIFIER) < 0 && cast.gain(SOLVER) > 0 && cast.gain(SECOND) > 0);
    }
}

#[tokio::test]
async fn a_false_alarm_costs_who_raises_it() {
    for (mode, restart) in [("exact", false), ("tolerant", true)] {
        let mut cast = Cast::new(mode, 1).await;
        cast.solver(None);
        cast.verifier(VERIFIER, 0, None);
        cast.watcher(Some(WhistleblowerCheat::FalseAlarm));
        assert_eq!(cast.play(restart).await, Ending::Paid);
        assert_eq!(games(&cast), [true]);
        assert!(cast.gain(WATCHER) < 0 && cast.gain(VERIFIER) > 0 && cast.gain(SOLVER) > 0);
        let sim = cast.chain.lock();
        let verdict = &sim.games[&0].stage;
        assert!(format!("{verdict:?}").contains("SameValue"), "{verdict:?}");
    }
}

#[tokio::test]
async fn nobody_touches_a_task_that_is_not_what_it_says() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.solver(None);
    cast.verifier(VERIFIER, 0, None);
    // The submitter is honest; the chain is told something else.
    let ctx = cast.context(SUBMITTER);
    let options = assay_roles::SubmitOptions { task_dir: cast.folder.path().join("task"), ..Default::default() };
    let mut submitter = assay_roles::Submitter::new(&ctx, options).unwrap();
    assay_roles::Role::react(&mut submitter).await.unwrap();
    cast.chain.lock().tasks.get_mut(&0).unwrap().spec.work_per_step += 1;
    assert_eq!(cast.play(false).await, Ending::NoVerifiers);
    let told = cast.told();
    let notes =
        told.iter().filter(|entry| matches!(&entry.event, Event::Note { text } if text.contains("keeping off")));
    assert_eq!(notes.count(), 2);
}

#[tokio::test]
async fn verifiers_abstain_without_data() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.solver(None);
    cast.verifier(VERIFIER, 0, None);
    cast.store = std::sync::Arc::new(Lossy { inner: cast.store.clone(), chain: cast.chain.clone() });
    assert_eq!(cast.play(false).await, Ending::Unverified);
    let abstained = happened(&cast, |event| matches!(event, Told::Abstained { .. }));
    assert!(abstained);
    assert_eq!((cast.gain(SOLVER), cast.gain(SUBMITTER) <= 0), (0, true));
}

#[tokio::test]
async fn run_waits_out_failures() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.solver(None);
    cast.verifier(VERIFIER, 0, None);
    cast.watcher(None);
    let mut running = Vec::new();
    let options = RunOptions { poll: Duration::from_millis(5), ..RunOptions::default() };
    for (account, mut role) in cast.roles() {
        let ctx = cast.context(account);
        running.push(tokio::spawn(async move { run(role.as_mut(), &ctx, options).await }));
    }
    let chain = cast.chain.clone();
    let clock = tokio::spawn(async move {
        for tick in 0_u64.. {
            tokio::time::sleep(Duration::from_millis(20)).await;
            // Away for a second now and then.
            let away = tick % 100 >= 50 && tick < 300;
            *chain.down.lock().unwrap() = away;
            if !away {
                chain.lock().now += 1;
            }
        }
    });
    for role in running {
        let outcome = tokio::time::timeout(Duration::from_secs(120), role).await.unwrap().unwrap().unwrap();
        assert!(outcome.is_paid() && outcome.withdrawn > 0 || outcome.withdrawn == 0);
        assert_eq!(outcome.outcome, Ending::Paid);
    }
    clock.abort();
}

#[tokio::test]
async fn run_gives_up_if_told_to() {
    let cast = Cast::new("tolerant", 1).await;
    *cast.chain.down.lock().unwrap() = true;
    let options = RunOptions { give_up: Some(2), ..RunOptions::default() };
    let mut role = Verifier::new(&cast.context(VERIFIER), VerifierOptions::default()).unwrap();
    let error = run(&mut role, &cast.context(VERIFIER), options).await.unwrap_err();
    assert!(matches!(error, RoleError::GaveUp { failures: 2, .. }), "{error}");
}

/// A task that allows bfloat16, and a solver that takes it.
#[cfg(feature = "torch")]
#[tokio::test]
async fn honest_in_bf16() {
    let mut cast = Cast::new("tolerant", 1).await;
    allow_bf16(&cast);
    cast.add(SOLVER, |ctx| {
        let options = SolverOptions { price: Some(1000), backend: Backend::Torch, ..SolverOptions::default() };
        Box::new(Solver::new(ctx, options).unwrap())
    });
    cast.verifier(VERIFIER, 0, None);
    cast.watcher(None);
    assert_eq!(cast.play(false).await, Ending::Paid);
    assert!(games(&cast).is_empty() && cast.gain(SOLVER) > 0 && cast.gain(VERIFIER) > 0);
    assert!(cast.said("libtorch computes products in bf16"));
}

/// The same with steps left out.
#[cfg(feature = "torch")]
#[tokio::test]
async fn lazy_in_bf16() {
    let mut cast = Cast::new("tolerant", 1).await;
    allow_bf16(&cast);
    cast.add(SOLVER, |ctx| {
        let (backend, cheat) = (Backend::Torch, Some(SolverCheat::SkipSteps));
        Box::new(Solver::new(ctx, SolverOptions { price: Some(1000), backend, cheat, task: None }).unwrap())
    });
    cast.verifier(VERIFIER, 0, None);
    cast.watcher(None);
    assert_eq!(cast.play(false).await, Ending::Refuted);
    assert!(cast.gain(SOLVER) < 0 && cast.gain(VERIFIER) > 0);
}

/// A solver whose GPU isn't there bids for nothing, and says why.
#[cfg(feature = "torch")]
#[tokio::test]
async fn a_solver_without_its_device_keeps_off() {
    let mut cast = Cast::new("tolerant", 1).await;
    cast.add(SOLVER, |ctx| {
        let hardware = Hardware { device: Device::Cuda { ordinal: 999 }, threads: 1 };
        let ctx = Context { hardware, ..ctx.clone() };
        let options = SolverOptions { price: Some(1000), backend: Backend::Torch, ..SolverOptions::default() };
        Box::new(Solver::new(&ctx, options).unwrap())
    });
    cast.verifier(VERIFIER, 0, None);
    assert_eq!(cast.play(false).await, Ending::NoBids);
    assert!(cast.said("not bidding for this task"));
}

#[cfg(feature = "torch")]
fn allow_bf16(cast: &Cast) {
    let path = cast.folder.path().join("task/task.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let allowed = text.replace("mode = \"tolerant\"", "mode = \"tolerant\"\narithmetic = \"bf16\"");
    assert_ne!(text, allowed);
    std::fs::write(path, allowed).unwrap();
}
