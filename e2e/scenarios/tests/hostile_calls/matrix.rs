//! Every message by everybody in every phase: what isn't in the table is refused.
use crate::scenes::{self, honest, Scene};
use assay_core::commit::{hash, Hash};
use assay_core::protocol::beacon::{seed_chain, seed_commit};
use assay_core::protocol::{AccountId, Move, Part, ProfilePart, Target};
use assay_scenarios::cast::{everybody, secret, submitter};
use assay_scenarios::court::{CallError, Court};
use assay_scenarios::trial::{target, Trial};
use codec::Encode;
use std::collections::BTreeSet;

/// Messages, with arguments that would be right in some phase.
const MESSAGES: [&str; 22] = [
    "join",
    "post_profile",
    "bid",
    "poke",
    "prove",
    "reveal_seed",
    "commit_verdict",
    "reveal_verdict",
    "abstain",
    "challenge execution",
    "challenge distance",
    "challenge base",
    "challenge jittered",
    "challenge profiled distance",
    "play",
    "timeout",
    "on_game_over",
    "open",
    "receive",
    "arbiter's set_escrow",
    "jackpot's set_escrow",
    "withdraw",
];

/// Who may send what in which phase, before the deadline.
fn allowed(scene: Scene) -> Vec<(&'static str, &'static [&'static str])> {
    const NOT_VERIFIER: &[&str] = &["anyone", "submitter", "solver", "second verifier", "whistleblower"];
    const NEW: &[&str] = &["anyone", "second verifier", "whistleblower"];
    const NOT_SUBMITTER: &[&str] = &["anyone", "solver", "verifier", "second verifier", "whistleblower"];
    const NEITHER: &[&str] = &["anyone", "verifier", "second verifier", "whistleblower"];
    // What the profile, and in the end the task, has paid out.
    const PROFILED: (&str, &[&str]) = ("withdraw", &["submitter", "verifier"]);
    match scene {
        Scene::Open => vec![("join", NOT_SUBMITTER), ("bid", NOT_SUBMITTER)],
        Scene::Staffed => vec![
            ("bid", NEW),
            ("challenge base", NOT_VERIFIER),
            ("challenge jittered", NOT_VERIFIER),
            ("challenge profiled distance", NOT_VERIFIER),
        ],
        Scene::Training => vec![("prove", &["solver"]), PROFILED],
        Scene::Seeds => vec![("reveal_seed", &["verifier"]), PROFILED],
        Scene::LastSeed => vec![("reveal_seed", &["submitter"]), PROFILED],
        Scene::Committing => vec![("commit_verdict", &["verifier"]), ("abstain", &["verifier"]), PROFILED],
        Scene::Revealing => vec![("reveal_verdict", &["verifier"]), PROFILED],
        Scene::Challenging => {
            vec![("challenge execution", NOT_VERIFIER), ("challenge distance", NOT_VERIFIER), PROFILED]
        }
        Scene::Disputed => vec![
            ("challenge execution", NOT_VERIFIER),
            ("challenge distance", NOT_VERIFIER),
            ("play", &["verifier"]),
            PROFILED,
        ],
        Scene::Joining => vec![("join", NEITHER), PROFILED],
        Scene::Closed => vec![("withdraw", &["submitter", "solver", "verifier"])],
    }
}

/// Arguments that depend on the phase but not on the caller.
struct Arguments {
    proof: assay_core::protocol::Proof,
    profile: assay_core::protocol::Profile,
    reports: Vec<assay_core::protocol::SegmentReport>,
}

impl Arguments {
    fn of(trial: &mut Trial<'_>) -> Arguments {
        let drawn = trial.segment().is_ok();
        let reports = if drawn { vec![honest(trial).report().unwrap()] } else { Vec::new() };
        Arguments { proof: trial.workload.proof().unwrap(), profile: trial.workload.profile().unwrap(), reports }
    }
}

fn send(trial: &mut Trial<'_>, caller: &AccountId, message: &str, with: &Arguments) -> Result<(), CallError> {
    let terms = trial.terms()?;
    let (id, court) = (trial.id, &mut trial.court);
    let (escrow, arbiter, jackpot) = (court.escrow, court.arbiter, court.jackpot);
    let salt = secret(caller);
    let challenge =
        |court: &mut Court<'_>, target| court.challenge(caller, id, target, terms.challenger_bond).map(|_| ());
    let profile = |part| Target::Profile { part };
    match message {
        "join" => court.join(caller, id, seed_commit(caller, &salt), terms.verifier_bond),
        "post_profile" => court.post_profile(caller, id, with.profile),
        "bid" => court.bid(caller, id, 1, terms.solver_bond),
        "poke" => court.poke(caller, id),
        "prove" => court.prove(caller, id, &with.proof),
        "reveal_seed" => {
            let chain = seed_chain(&submitter(), &secret(&submitter())).0;
            let seed = if *caller == submitter() { chain[0] } else { salt };
            court.reveal_seed(caller, id, seed)
        }
        "commit_verdict" => court.commit_verdict(caller, id, hash(b"verdict")),
        "reveal_verdict" => court.reveal_verdict(caller, id, &with.reports, salt),
        "abstain" => court.abstain(caller, id),
        "challenge execution" => challenge(court, target(Part::Execution)),
        "challenge distance" => challenge(court, target(Part::Distance)),
        "challenge base" => challenge(court, profile(ProfilePart::Base)),
        "challenge jittered" => challenge(court, profile(ProfilePart::Jittered)),
        "challenge profiled distance" => challenge(court, profile(ProfilePart::Distance)),
        "play" => court.play(caller, 0, &Move::Split { roots: vec![Hash([7; 32]); 5] }),
        "timeout" => court.timeout(caller, 0),
        "on_game_over" => court.call(caller, escrow, "on_game_over", (0_u32, true).encode(), 0),
        "open" => {
            let program = trial.workload.program().reference();
            let (start, end) = (Hash([1; 32]), Hash([2; 32]));
            let claim = assay_core::protocol::Claim::Execution { program, first_step: 0, steps: 1, start, end };
            court.call::<u32>(caller, arbiter, "open", (claim, [1_u8; 32], [2_u8; 32]).encode(), 0).map(|_| ())
        }
        "receive" => court.call(caller, jackpot, "receive", Vec::new(), 5),
        "arbiter's set_escrow" => court.call(caller, arbiter, "set_escrow", caller.encode(), 0),
        "jackpot's set_escrow" => court.call(caller, jackpot, "set_escrow", caller.encode(), 0),
        "withdraw" => court.withdraw(caller, 1),
        other => panic!("no message {other}"),
    }
}

#[test]
fn everybody_in_every_phase() {
    let mut calls = 0;
    for scene in scenes::ALL {
        let mut start = scenes::at(scene);
        let with = Arguments::of(&mut start);
        let expected: BTreeSet<_> = allowed(scene)
            .into_iter()
            .flat_map(|(message, callers)| callers.iter().map(move |caller| (message, *caller)))
            .collect();
        let mut succeeded = BTreeSet::new();
        for message in MESSAGES {
            for (name, caller) in everybody() {
                let mut trial = start.clone();
                let root = trial.court.state_root().unwrap();
                let outcome = send(&mut trial, &caller, message, &with);
                calls += 1;
                match outcome {
                    Ok(()) => {
                        assert_ne!(trial.court.state_root().unwrap(), root);
                        trial.court.conserved().unwrap();
                        succeeded.insert((message, name));
                    }
                    Err(error) => {
                        assert!(error.refusal().is_some(), "{scene:?}: {message} by {name}: {error}");
                        assert_eq!(trial.court.state_root().unwrap(), root, "{scene:?}: {message} by {name}: {error}");
                    }
                }
            }
        }
        assert_eq!(succeeded, expected, "in scene {scene:?}");
    }
    println!("{calls} calls");
}

/// A minute too late is too late: after the deadline nothing works but poke, a late profile, and money.
#[test]
fn everybody_after_every_deadline() {
    for scene in scenes::ALL {
        let mut start = scenes::at(scene);
        let with = Arguments::of(&mut start);
        let task = start.task().unwrap();
        let until = task.profile.map_or(0, |profile| profile.until).max(task.deadline);
        start.court.pass_until(until + 1).unwrap();
        for message in MESSAGES {
            if ["poke", "withdraw"].contains(&message) || (scene == Scene::Disputed && message == "play") {
                continue;
            }
            for (name, caller) in everybody() {
                let mut trial = start.clone();
                let root = trial.court.state_root().unwrap();
                let error = send(&mut trial, &caller, message, &with);
                let error = error.expect_err(&format!("{scene:?}: {message} by {name} in time"));
                assert!(error.refusal().is_some(), "{scene:?}: {message} by {name}: {error}");
                assert_eq!(trial.court.state_root().unwrap(), root, "{scene:?}: {message} by {name}: {error}");
            }
        }
    }
}
