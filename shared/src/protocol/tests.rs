//! Whole tasks in the simulator: every row of the table of incentives, every refusal, and random casts.
use super::dispute::Move;
use super::money::{permille, Direction};
use super::simulator::{Call, Simulator};
use super::task::{quote, Outcome, Phase, Standing};
use super::testing::world::{account, parameters, secret, Kind, World, WEALTH};
use super::*;
use crate::arith::F32;
use crate::commit::Hash;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

fn outcome(world: &World) -> Outcome {
    match world.task().phase {
        Phase::Closed(outcome) => outcome,
        phase => panic!("in {phase:?}"),
    }
}

/// What an actor gained (positive) or lost.
fn gain(world: &World, actor: usize) -> i128 {
    world.wealth(&account(actor)) as i128 - WEALTH as i128
}

fn sum_of(world: &World, actor: usize, reason: Reason) -> Balance {
    let entries = world.sim.journal.iter().map(|(_, entry)| entry);
    let mine = entries.filter(|entry| entry.account == account(actor) && entry.reason == reason);
    mine.filter(|entry| entry.direction != Direction::Lock).map(|entry| entry.amount).sum()
}

fn run(mode: Mode, verifiers: u8, segments: u8, kinds: &[Kind]) -> World {
    let mut world = World::new(mode, verifiers, segments, kinds, 99);
    world.run();
    assert_eq!(world.task().locked, 0);
    assert!(world.sim.balanced());
    world
}

#[test]
fn all_checks_pass() {
    for mode in [Mode::Exact, Mode::Tolerant] {
        let world =
            run(mode, 2, 2, &[Kind::Submitter, Kind::Solver, Kind::Verifier, Kind::Verifier, Kind::Whistleblower]);
        assert_eq!(outcome(&world), Outcome::Paid);
        let terms = world.task().terms;
        let price = 11 * 50_002;
        let tax = price / 100;
        let fees = 2 * terms.verifier_fee + terms.profile_fee;
        assert_eq!(gain(&world, 0), -((price + tax + fees) as i128));
        assert_eq!(gain(&world, 1), price as i128);
        let verifiers = gain(&world, 2) + gain(&world, 3);
        assert_eq!(verifiers, fees as i128);
        assert_eq!(gain(&world, 4), 0);
        assert_eq!(world.sim.jackpot.received, tax);
        assert_eq!(terms.profile_fee > 0, mode == Mode::Tolerant);
    }
}

#[test]
fn a_forger_is_refuted() {
    for mode in [Mode::Exact, Mode::Tolerant] {
        // 6 segments, 4 verifiers with 4 draws each: segment 2 is drawn by some (the seed is fixed).
        let kinds = [
            Kind::Submitter,
            Kind::Forger(2),
            Kind::Verifier,
            Kind::Verifier,
            Kind::Verifier,
            Kind::Verifier,
            Kind::Whistleblower,
        ];
        let world = run(mode, 4, 4, &kinds);
        assert_eq!(outcome(&world), Outcome::Refuted);
        let terms = world.task().terms;
        let profile = terms.profile_fee as i128;
        let rest = terms.solver_bond - 4 * terms.verifier_fee - terms.profile_fee;
        assert_eq!(gain(&world, 0), (rest / 5) as i128, "full refund and part of the bond");
        assert_eq!(gain(&world, 1), -(terms.solver_bond as i128));
        let shares: Balance = (2..6).map(|it| sum_of(&world, it, Reason::PartOfSolverBond)).sum();
        assert!(shares <= rest / 5 && shares + 4 > rest / 5);
        let verifiers: i128 = (2..6).map(|it| gain(&world, it)).sum();
        assert_eq!(verifiers, (4 * terms.verifier_fee + shares) as i128 + profile);
        assert!(world.sim.jackpot.received * 2 > rest, "the jackpot gets most of it");
    }
}

#[test]
fn a_false_verdict_falls_and_the_check_is_repeated() {
    for kind in [Kind::LyingVerifier, Kind::GarbageVerifier] {
        // The only verifier lies in every round: it loses every bond, to the solver who challenges, and the jackpot.
        let world = run(Mode::Exact, 1, 2, &[Kind::Submitter, Kind::Solver, kind]);
        assert_eq!(outcome(&world), Outcome::Unverified);
        let bond = world.task().terms.verifier_bond;
        assert_eq!(gain(&world, 0), 0);
        assert_eq!(gain(&world, 1), (bond * 400 / 1000 * 3) as i128);
        assert_eq!(gain(&world, 2), -((bond * 3) as i128));
        assert_eq!(sum_of(&world, 2, Reason::VerifierFee), 0);

        // Beside an honest one: its verdict stands.
        let world = run(Mode::Exact, 2, 2, &[Kind::Submitter, Kind::Solver, kind, Kind::Verifier]);
        assert_eq!(outcome(&world), Outcome::Paid);
        assert_eq!(gain(&world, 2), -(bond as i128));
        assert_eq!(gain(&world, 3), world.task().terms.verifier_fee as i128);
    }
}

#[test]
fn a_false_approval_is_found_by_a_whistleblower() {
    // The solver forges every segment that the verifier could draw in turn; the verifier says that the forged state is
    // what it replayed.
    let mut found = 0;
    for segment in 0..6 {
        let kinds = [Kind::Submitter, Kind::Forger(segment), Kind::Accomplice, Kind::Whistleblower];
        let world = run(Mode::Exact, 1, 4, &kinds);
        match outcome(&world) {
            Outcome::Paid => assert_eq!(gain(&world, 3), 0, "the forged segment wasn't drawn"),
            Outcome::Unverified => {
                found += 1;
                let bond = world.task().terms.verifier_bond;
                assert_eq!(gain(&world, 0), 0);
                assert_eq!(gain(&world, 1), 0, "the forger isn't paid");
                assert_eq!(gain(&world, 2), -((bond * 3) as i128));
                assert_eq!(gain(&world, 3), (bond * 400 / 1000 * 3) as i128);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((2..6).contains(&found), "4 of 6 segments are drawn");
}

#[test]
fn a_lying_profile_voids_the_task() {
    let kinds = [Kind::Submitter, Kind::Solver, Kind::LyingVerifier, Kind::Whistleblower];
    let world = run(Mode::Tolerant, 1, 1, &kinds);
    assert_eq!(outcome(&world), Outcome::ProfileFell);
    let bond = world.task().terms.verifier_bond;
    assert_eq!(gain(&world, 0), 0);
    assert_eq!(gain(&world, 1), 0);
    assert_eq!(gain(&world, 2), -(bond as i128));
    assert_eq!(gain(&world, 3), (bond * 400 / 1000) as i128);
    assert_eq!(world.sim.jackpot.received, bond - bond * 400 / 1000);
}

#[test]
fn a_failed_challenge_compensates_the_accused() {
    for kind in [Kind::Troll, Kind::SilentTroll] {
        let kinds = [Kind::Submitter, Kind::Solver, Kind::Verifier, kind, kind, kind, kind, kind, kind];
        let world = run(Mode::Exact, 1, 1, &kinds);
        assert_eq!(outcome(&world), Outcome::Paid);
        let lost = -(3..9).map(|troll| gain(&world, troll)).sum::<i128>();
        assert!(lost > 0, "{kind:?}");
        assert_eq!(sum_of(&world, 2, Reason::Compensation) as i128, lost / 2);
        assert_eq!(gain(&world, 2), world.task().terms.verifier_fee as i128 + lost / 2);
    }
}

#[test]
fn absence_costs() {
    let world = run(Mode::Exact, 1, 1, &[Kind::Submitter, Kind::AbsentSolver, Kind::Verifier]);
    assert_eq!(outcome(&world), Outcome::SolverAbsent);
    let lost = world.task().terms.solver_bond * 300 / 1000;
    assert_eq!(gain(&world, 0), (lost / 2) as i128);
    assert_eq!(gain(&world, 1), -(lost as i128));
    assert_eq!(gain(&world, 2), 0);

    for (kind, rounds) in [(Kind::CommitWithholder, 3), (Kind::RevealWithholder, 3), (Kind::Abstainer, 3)] {
        let world = run(Mode::Exact, 1, 1, &[Kind::Submitter, Kind::Solver, kind]);
        assert_eq!(outcome(&world), Outcome::Unverified);
        let slash = if kind == Kind::Abstainer { 0 } else { world.task().terms.verifier_bond * 200 / 1000 * rounds };
        assert_eq!(gain(&world, 2), -(slash as i128), "{kind:?}");
        assert_eq!((gain(&world, 0), gain(&world, 1)), (0, 0));
        assert_eq!(world.sim.jackpot.received, slash);
    }
}

#[test]
fn withheld_seeds_cost_and_do_not_stop_the_draw() {
    let world = run(Mode::Exact, 2, 1, &[Kind::Submitter, Kind::Solver, Kind::SeedWithholder, Kind::Verifier]);
    assert_eq!(outcome(&world), Outcome::Paid);
    assert_eq!(gain(&world, 2), -((world.task().terms.verifier_bond * 200 / 1000) as i128));

    let world = run(Mode::Exact, 2, 1, &[Kind::SilentSubmitter, Kind::Solver, Kind::Verifier, Kind::Verifier]);
    assert_eq!(outcome(&world), Outcome::Paid);
    assert_eq!(sum_of(&world, 0, Reason::Silence), world.task().terms.seed_bond * 200 / 1000);

    // Nobody reveals: no draw, no round.
    let world = run(Mode::Exact, 1, 1, &[Kind::SilentSubmitter, Kind::Solver, Kind::SeedWithholder]);
    assert_eq!(outcome(&world), Outcome::Unverified);
    assert_eq!(world.task().beacon, None);
}

#[test]
fn nobody_comes() {
    let world = run(Mode::Exact, 2, 1, &[Kind::Submitter, Kind::Solver, Kind::Verifier]);
    assert_eq!(outcome(&world), Outcome::NoVerifiers);
    let world = run(Mode::Exact, 1, 1, &[Kind::Submitter, Kind::Verifier]);
    assert_eq!(outcome(&world), Outcome::NoBids);
    // In tolerant mode: a verifier that doesn't profile.
    let mut world = World::new(Mode::Tolerant, 1, 1, &[Kind::Submitter, Kind::Solver, Kind::CommitWithholder], 5);
    world.run();
    assert_eq!(outcome(&world), Outcome::NoProfile);
    assert_eq!((gain(&world, 0), gain(&world, 1), gain(&world, 2)), (0, 0, 0));
}

/// Abstaining must not buy another draw.
#[test]
fn later_rounds_replay_the_same_segments() {
    let mut world = World::new(Mode::Exact, 1, 2, &[Kind::Submitter, Kind::Solver, Kind::Abstainer], 5);
    let mut drawn = vec![];
    while !world.task().is_closed() {
        world.settle_down();
        if world.task().beacon.is_some() {
            drawn.push(world.task().draws(0));
        }
        world.sim.now += 5;
    }
    assert_eq!(world.task().round, MAX_ROUNDS - 1);
    assert!(drawn.windows(2).all(|pair| pair[0] == pair[1] && pair[0].len() == 2));
}

/// A world stopped when the task is in the given phase.
fn at(phase: Phase, kinds: &[Kind]) -> World {
    let mut world = World::new(Mode::Exact, 2, 2, kinds, 77);
    for _ in 0..500 {
        for at in 0..world.actors.len() {
            if world.task().phase == phase {
                return world;
            }
            let actor = world.actors[at].0;
            world.act(&actor);
        }
        if world.task().phase != phase {
            world.sim.now += 1;
        }
    }
    panic!("never in {phase:?}");
}

const HONEST: [Kind; 5] = [Kind::Submitter, Kind::Solver, Kind::Verifier, Kind::Verifier, Kind::Whistleblower];
const STRANGER: AccountId = [0x77; 32];

/// Every message in every phase by everybody: refused without a trace, or accepted once and refused when replayed.
#[test]
fn replayed_early_and_late_messages_are_refused() {
    let mut finished = World::new(Mode::Exact, 2, 2, &HONEST, 77);
    finished.run();
    let transcript = finished.transcript.take().unwrap();
    let messages: Vec<_> =
        transcript.into_iter().filter(|(_, _, _, call, _)| matches!(call, Call::Task { .. })).collect();
    assert!(messages.len() >= 12);

    let mut world = World::new(Mode::Exact, 2, 2, &HONEST, 77);
    let mut at = 0;
    while at < messages.len() {
        let (now, caller, _, call, _) = &messages[at];
        world.sim.now = *now;
        // Messages that come later are refused now, whoever sends them (joins and bids of others don't depend on order).
        for (_, later_caller, _, later, _) in &messages[at + 1..] {
            let Call::Task { message, .. } = later else { panic!() };
            let same_phase = core::mem::discriminant(message)
                == core::mem::discriminant(match call {
                    Call::Task { message, .. } => message,
                    _ => panic!(),
                });
            if same_phase || matches!(message, Message::Join { .. } | Message::Bid { .. } | Message::Poke) {
                continue;
            }
            let mut fork = world.sim.clone();
            let before = fork.clone();
            for caller in [*later_caller, STRANGER] {
                assert!(fork.call(&caller, 0, later.clone()).is_err(), "{message:?} before {call:?}");
                assert_eq!(fork.tasks, before.tasks);
                assert_eq!(fork.totals(), before.totals());
            }
        }
        // By strangers without money: refused, but for pokes.
        let Call::Task { message, .. } = call else { panic!() };
        if *message != Message::Poke {
            assert!(world.sim.clone().call(&STRANGER, 0, call.clone()).is_err());
        }
        world.call(caller, 0, call.clone()).unwrap();
        assert!(world.sim.clone().call(caller, 0, call.clone()).is_err(), "replayed {call:?}");
        at += 1;
    }
    assert_eq!(outcome(&world), Outcome::Paid);
    for (_, caller, _, call, _) in &messages {
        assert!(world.sim.clone().call(caller, 0, call.clone()).is_err(), "after the end: {call:?}");
    }
}

#[test]
fn submitting_is_checked() {
    let world = World::new(Mode::Tolerant, 1, 1, &[Kind::Submitter], 1);
    let good = world.spec(Mode::Tolerant, 2, 2);
    let parameters = parameters();
    quote(&good, &parameters).unwrap();
    let fault = |change: fn(&mut TaskSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        quote(&spec, &parameters).unwrap_err()
    };
    assert_eq!(fault(|it| it.steps = 0), Error::Spec(SpecFault::NoSteps));
    assert_eq!(fault(|it| it.interval = 0), Error::Spec(SpecFault::NoSteps));
    assert_eq!(fault(|it| it.steps = u64::MAX), Error::Spec(SpecFault::TooManySegments));
    assert_eq!(fault(|it| it.verifiers = 0), Error::Spec(SpecFault::Verifiers));
    assert_eq!(fault(|it| it.verifiers = 5), Error::Spec(SpecFault::Verifiers));
    assert_eq!(fault(|it| it.segments_per_verifier = 0), Error::Spec(SpecFault::Segments));
    assert_eq!(fault(|it| it.segments_per_verifier = 5), Error::Spec(SpecFault::Segments));
    assert_eq!(fault(|it| it.steps = 2), Error::Spec(SpecFault::Segments));
    assert_eq!(fault(|it| it.work_per_step = 0), Error::Spec(SpecFault::NoWork));
    assert_eq!(fault(|it| it.training_blocks = 0), Error::Spec(SpecFault::TrainingClock));
    assert_eq!(fault(|it| it.training_blocks = u32::MAX), Error::Spec(SpecFault::TrainingClock));
    assert_eq!(fault(|it| it.max_price = 0), Error::Spec(SpecFault::NoPrice));
    assert_eq!(fault(|it| it.max_price = u128::MAX), Error::Overflow);
    assert_eq!(fault(|it| it.program.nodes = 1), Error::Spec(SpecFault::Program));
    assert_eq!(fault(|it| it.program.states = 0), Error::Spec(SpecFault::Program));
    assert_eq!(fault(|it| it.jitter.states = 9), Error::Spec(SpecFault::Program));
    assert_eq!(fault(|it| it.distance.nodes = 0), Error::Spec(SpecFault::Program));
    let exact =
        TaskSpec { mode: Mode::Exact, distance: crate::graph::ProgramRef { nodes: 0, ..good.distance }, ..good };
    quote(&exact, &parameters).unwrap();
}

#[test]
fn too_little_money_changes_nothing() {
    let world = World::new(Mode::Exact, 1, 1, &[Kind::Submitter], 1);
    let spec = world.spec(Mode::Exact, 1, 1);
    let terms = quote(&spec, &parameters()).unwrap();
    let mut sim = Simulator::new(parameters()).unwrap();
    let need = terms.budget + terms.seed_bond;
    let submit = |sim: &mut Simulator, value| sim.submit(&[1; 32], value, spec.clone());
    assert!(matches!(submit(&mut sim, need - 1), Err(Error::Funds { .. })));
    assert_eq!((sim.totals(), sim.tasks.len()), (Totals::default(), 0));
    submit(&mut sim, need).unwrap();
    assert_eq!(sim.totals().locked, need);
    let join = Message::Join { seed_commit: Hash([1; 32]) };
    let refused = sim.send(&[2; 32], terms.verifier_bond - 1, 0, join.clone());
    assert_eq!(refused, Err(Error::Funds { have: terms.verifier_bond - 1, need: terms.verifier_bond }));
    sim.send(&[2; 32], terms.verifier_bond, 0, join).unwrap();
    let bid = Message::Bid { price: 5 };
    assert!(matches!(sim.send(&[3; 32], 0, 0, bid.clone()), Err(Error::Funds { .. })));
    sim.send(&[3; 32], terms.solver_bond + 5, 0, bid).unwrap();
    assert_eq!(sim.withdraw(&[3; 32], 6), Err(Error::Funds { have: 5, need: 6 }));
    sim.withdraw(&[3; 32], 5).unwrap();
    assert_eq!(sim.totals().withdrawn, 5);
    assert_eq!(sim.send(&[3; 32], 0, 9, Message::Poke), Err(Error::NoTask(9)));
    assert_eq!(sim.play(&[3; 32], 9, Move::Pick { index: 0 }), Err(Error::NoGame(9)));
    assert_eq!(sim.timeout(9), Err(Error::NoGame(9)));
}

#[test]
fn roles_exclude_each_other() {
    let mut world = World::new(Mode::Exact, 2, 1, &HONEST, 1);
    let join = Message::Join { seed_commit: Hash([1; 32]) };
    let bid = Message::Bid { price: 100_000 };
    assert_eq!(world.send(&account(0), join.clone()), Err(Error::RoleTaken));
    assert_eq!(world.send(&account(0), bid.clone()), Err(Error::RoleTaken));
    world.send(&account(1), bid.clone()).unwrap();
    assert_eq!(world.send(&account(1), bid.clone()), Err(Error::RoleTaken));
    assert_eq!(world.send(&account(1), join.clone()), Err(Error::RoleTaken));
    world.send(&account(2), join.clone()).unwrap();
    assert_eq!(world.send(&account(2), join.clone()), Err(Error::RoleTaken));
    assert_eq!(world.send(&account(2), bid), Err(Error::RoleTaken));
    let high = Message::Bid { price: 100_001 };
    assert_eq!(world.send(&account(4), high), Err(Error::Bid { price: 100_001, limit: 100_000 }));
    world.send(&account(3), join.clone()).unwrap();
    assert_eq!(world.send(&account(4), join), Err(Error::SlotsFull));
}

#[test]
fn the_lowest_earliest_bid_wins_and_high_bids_block_nobody() {
    let mut world = World::new(Mode::Exact, 1, 1, &[Kind::Submitter; 24], 1);
    let bid = |world: &mut World, who: usize, price| world.send(&account(who), Message::Bid { price });
    for who in 2..18 {
        bid(&mut world, who, 90_000).unwrap();
    }
    assert_eq!(world.task().bids.len(), MAX_BIDS);
    assert_eq!(bid(&mut world, 18, 90_000), Err(Error::Bid { price: 90_000, limit: 89_999 }));
    bid(&mut world, 18, 50_000).unwrap();
    assert_eq!(gain(&world, 17), 0, "the latest of the highest is displaced, and gets its bond back");
    bid(&mut world, 19, 40_000).unwrap();
    bid(&mut world, 20, 40_000).unwrap();
    world.send(&account(1), Message::Join { seed_commit: Hash([0; 32]) }).unwrap();
    assert_eq!(world.send(&STRANGER, Message::Poke), Err(Error::NothingToDo(40)));
    world.sim.now = 41;
    assert_eq!(bid(&mut world, 21, 1), Err(Error::TooLate(40)));
    world.send(&STRANGER, Message::Poke).unwrap();
    assert_eq!(world.task().solver.unwrap().account, account(19));
    for loser in (2..19).chain([20]) {
        assert_eq!(gain(&world, loser), 0);
    }
}

#[test]
fn seeds_are_revealed_in_order() {
    let mut world = at(Phase::Seeds, &HONEST);
    let now = world.sim.now;
    let reveal = |world: &mut World, who: usize, seed| world.send(&account(who), Message::RevealSeed { seed });
    let chain = super::beacon::seed_chain(&account(0), &secret(&account(0))).0;
    assert_eq!(reveal(&mut world, 0, chain[0]), Err(Error::NotBefore(now + 21)), "the submitter comes last");
    assert_eq!(reveal(&mut world, 2, Hash([0; 32])), Err(Error::Seed));
    assert_eq!(reveal(&mut world, 1, Hash([0; 32])), Err(Error::NotYours));
    reveal(&mut world, 2, secret(&account(2))).unwrap();
    assert_eq!(reveal(&mut world, 2, secret(&account(2))), Err(Error::Already));
    let mut late = world.sim.clone();
    late.now = now + 21;
    let message = Message::RevealSeed { seed: secret(&account(3)) };
    assert_eq!(late.send(&account(3), 0, 0, message), Err(Error::TooLate(now + 20)));
    late.send(&account(0), 0, 0, Message::RevealSeed { seed: chain[0] }).unwrap();
    assert_eq!(late.tasks[&0].slots[1].standing, Standing::Silent);
    reveal(&mut world, 3, secret(&account(3))).unwrap();
    assert_eq!(world.task().beacon, None);
    assert_eq!(reveal(&mut world, 0, chain[1]), Err(Error::Seed));
    reveal(&mut world, 0, chain[0]).unwrap();
    assert_eq!(world.task().phase, Phase::Committing);
    assert_ne!(world.task().beacon, late.tasks[&0].beacon);
}

#[test]
fn verdicts_are_opened_as_committed() {
    let mut world = at(Phase::Revealing, &HONEST);
    let mut finished = World::new(Mode::Exact, 2, 2, &HONEST, 77);
    finished.run();
    let reveal = finished.transcript.take().unwrap().into_iter().find_map(|(_, caller, _, call, _)| match call {
        Call::Task { message: Message::RevealVerdict { reports, salt }, .. } => Some((caller, reports, salt)),
        _ => None,
    });
    let (verifier, reports, salt) = reveal.unwrap();
    let mut other = reports.clone();
    other[0].value = F32::ONE;
    let message = Message::RevealVerdict { reports: other, salt };
    assert_eq!(world.send(&verifier, message), Err(Error::Commitment));
    let message = Message::RevealVerdict { reports: reports.clone(), salt: Hash([0; 32]) };
    assert_eq!(world.send(&verifier, message), Err(Error::Commitment));
    let message = Message::RevealVerdict { reports: reports.clone(), salt };
    let stolen = if verifier == account(2) { account(3) } else { account(2) };
    assert_eq!(world.send(&stolen, message.clone()), Err(Error::Commitment), "a copied verdict");
    world.send(&verifier, message).unwrap();

    // Committed to too few reports, or to wrong openings: it can't be revealed.
    for change in [0, 1, 2, 3] {
        let mut world = at(Phase::Committing, &HONEST);
        let mut bad = reports.clone();
        match change {
            0 => drop(bad.pop()),
            1 => bad[0].openings.clear(),
            2 => bad[0].openings[0].chunk[0] ^= 1,
            _ => {
                let twice = bad[0].openings[0].clone();
                bad[0].openings.push(twice);
            }
        }
        for who in [2, 3] {
            let commitment = world.commitment(&account(who), &bad);
            world.send(&account(who), Message::CommitVerdict { commitment }).unwrap();
        }
        let message = Message::RevealVerdict { reports: bad, salt: secret(&verifier) };
        let error = world.send(&verifier, message).unwrap_err();
        assert!(matches!(error, Error::Count { .. } | Error::Opening(_)), "{error:?}");
    }
}

#[test]
fn proofs_begin_with_the_start() {
    let mut world = at(Phase::Training, &HONEST);
    let mut finished = World::new(Mode::Exact, 2, 2, &HONEST, 77);
    finished.run();
    let good = finished.transcript.take().unwrap().into_iter().find_map(|(_, _, _, call, _)| match call {
        Call::Task { message: Message::Prove(proof), .. } => Some(proof),
        _ => None,
    });
    let good = good.unwrap();
    assert_eq!(world.send(&account(2), Message::Prove(good.clone())), Err(Error::NotYours));
    let mut list = good.first.chunk.clone();
    list[0] ^= 1;
    let opening = super::testing::item(&list, 0, 32);
    let wrong =
        Proof { checkpoints: crate::commit::hash(&list), first: opening.clone(), last: opening, ..good.clone() };
    assert_eq!(world.send(&account(1), Message::Prove(wrong)), Err(Error::Start));
    let mut wrong = good.clone();
    wrong.last.chunk[0] ^= 1;
    assert!(matches!(world.send(&account(1), Message::Prove(wrong)), Err(Error::Opening(_))));
    world.send(&account(1), Message::Prove(good)).unwrap();
    assert_eq!(world.task().phase, Phase::Seeds);
}

#[test]
fn games_are_bounded_and_blocking_them_is_dear() {
    let kinds = [Kind::Submitter, Kind::Solver, Kind::Verifier, Kind::Verifier, Kind::SilentTroll];
    let mut world = at(Phase::Challenging, &kinds);
    let target = Target::Verdict { slot: 0, report: 0, part: Part::Execution };
    let (_, asserter) = world.task().claim(target).unwrap();
    assert_eq!(world.send(&asserter, Message::Challenge(target)), Err(Error::OwnClaim));
    let nowhere = Target::Verdict { slot: 2, report: 0, part: Part::Execution };
    assert_eq!(world.send(&account(4), Message::Challenge(nowhere)), Err(Error::NoClaim));
    let exact = Target::Verdict { slot: 0, report: 0, part: Part::Distance };
    assert_eq!(world.send(&account(4), Message::Challenge(exact)), Err(Error::NoClaim));
    let profile = Target::Profile { part: ProfilePart::Base };
    assert_eq!(world.send(&account(4), Message::Challenge(profile)), Err(Error::Phase(Phase::Challenging)));
    let plain = world.task().terms.challenger_bond;
    let mut bonds = vec![];
    world.sim.deposit(&account(4), plain << 20).unwrap();
    loop {
        let bond = match world.task().challenge_bond(target) {
            Ok(bond) => bond,
            Err(error) => {
                assert_eq!(error, Error::ClaimGames(MAX_CLAIM_GAMES));
                assert_eq!(world.send(&account(4), Message::Challenge(target)), Err(error));
                break;
            }
        };
        world.send(&account(4), Message::Challenge(target)).unwrap();
        bonds.push(bond / plain);
    }
    assert_eq!(bonds, [1, 1, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
    assert_eq!(world.task().open_games, 16);
    world.sim.now = world.task().deadline + 1;
    assert_eq!(world.send(&STRANGER, Message::Poke), Err(Error::GamesOpen(16)));
    world.run();
    assert_eq!(outcome(&world), Outcome::Paid);
}

/// Only the first winner is paid; later winners get their bonds back, losers lose.
#[test]
fn only_the_first_winner_is_paid() {
    let kinds = [
        Kind::Submitter,
        Kind::Solver,
        Kind::LyingVerifier,
        Kind::Verifier,
        Kind::Whistleblower,
        Kind::Whistleblower,
        Kind::Troll,
    ];
    let world = run(Mode::Exact, 2, 2, &kinds);
    let terms = world.task().terms;
    let reward = (terms.verifier_bond * 400 / 1000) as i128;
    let convicted =
        world.sim.events.iter().filter(|(_, event)| matches!(event, Event::Convicted { .. })).count() as i128;
    assert!(convicted >= 1);
    let rewards: i128 = [1, 4, 5, 6].iter().map(|who| sum_of(&world, *who, Reason::PartOfVerifierBond) as i128).sum();
    assert_eq!(rewards, convicted * reward);
    assert!(gain(&world, 4) >= 0 && gain(&world, 5) >= 0);
}

fn any_kind(verifier: bool) -> impl Strategy<Value = Kind> {
    let verifiers = vec![
        Kind::Verifier,
        Kind::Verifier,
        Kind::LyingVerifier,
        Kind::GarbageVerifier,
        Kind::LyingMeasurer,
        Kind::Accomplice,
        Kind::SeedWithholder,
        Kind::CommitWithholder,
        Kind::RevealWithholder,
        Kind::Abstainer,
    ];
    let others = vec![Kind::Troll, Kind::SilentTroll, Kind::Whistleblower];
    prop::sample::select(if verifier { verifiers } else { others })
}

fn any_solver() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Solver), (0..6_u32).prop_map(Kind::Forger), Just(Kind::AbsentSolver)]
}

/// Enough for every run; `ASSAY_CASES=5000` for a long one.
fn cases() -> u32 {
    std::env::var("ASSAY_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(96)
}

/// What has to hold when it is over, whoever took part. One honest whistleblower watched.
fn check_ending(world: &World) -> Result<(), TestCaseError> {
    let task = world.task();
    prop_assert_eq!(task.locked, 0);
    prop_assert!(world.sim.balanced());
    let ended = outcome(world);
    for (index, (account, kind)) in world.actors.iter().enumerate() {
        let lost = world.sim.journal.iter().find(|(_, entry)| {
            entry.account == *account && entry.direction == Direction::Jackpot && entry.reason != Reason::Tax
        });
        if kind.is_honest() {
            prop_assert!(lost.is_none(), "{:?} was slashed: {:?}", kind, lost);
            if *kind != Kind::Submitter {
                prop_assert!(gain(world, index) >= 0, "{:?} lost {}", kind, gain(world, index));
            } else if ended != Outcome::Paid {
                prop_assert!(gain(world, index) >= -(task.terms.profile_fee as i128));
            }
        }
    }
    if let Some(solver) = task.solver {
        let kind = world.actors.iter().find(|(account, _)| *account == solver.account).unwrap().1;
        match (kind, ended) {
            (Kind::Solver, Outcome::Refuted | Outcome::SolverAbsent) => {
                prop_assert!(false, "an honest solver {ended:?}")
            }
            (Kind::Forger(segment), Outcome::Paid) => {
                // Then no standing verdict was about the forged segment.
                let about = task.slots.iter().any(|slot| match &slot.standing {
                    Standing::Revealed(reports) => reports.iter().any(|report| report.segment == segment),
                    _ => false,
                });
                prop_assert!(!about, "a forgery that was looked at was paid");
            }
            (Kind::AbsentSolver, ended) => prop_assert_eq!(ended, Outcome::SolverAbsent),
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Random casts in random order: money is conserved, the honest are never slashed, the task closes.
    #[test]
    fn any_cast_ends_well(
        tolerant in any::<bool>(),
        slots in 1..=4_u8,
        segments in 1..=4_u8,
        solvers in proptest::collection::vec(any_solver(), 1..3),
        verifiers in proptest::collection::vec(any_kind(true), 1..7),
        others in proptest::collection::vec(any_kind(false), 0..3),
        silent_submitter in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mode = if tolerant { Mode::Tolerant } else { Mode::Exact };
        let mut kinds = vec![if silent_submitter { Kind::SilentSubmitter } else { Kind::Submitter }, Kind::Whistleblower];
        kinds.extend(solvers.into_iter().chain(verifiers).chain(others));
        let mut world = World::new(mode, slots, segments, &kinds, seed);
        world.run();
        check_ending(&world)?;
    }

    /// Messages of a finished task, out of order and by anybody: nothing breaks.
    #[test]
    fn shuffled_replays_break_nothing(order in proptest::collection::vec((any::<usize>(), 0..8_usize, 0..12_u32), 1..200)) {
        let kinds = [Kind::Submitter, Kind::Solver, Kind::LyingVerifier, Kind::Verifier, Kind::Troll, Kind::Whistleblower];
        let mut finished = World::new(Mode::Tolerant, 2, 2, &kinds, 3);
        finished.run();
        let calls = finished.transcript.take().unwrap();
        let mut world = World::new(Mode::Tolerant, 2, 2, &kinds, 3);
        let mut at = 0;
        for (jump, who, wait) in order {
            // Mostly onwards through the true story, sometimes back or forth, sometimes by somebody else.
            at = if who < 4 { at + 1 } else { jump };
            let (_, caller, value, call, _) = &calls[at % calls.len()];
            let caller = if who == 7 { account(jump % 6) } else { *caller };
            let _ = world.call(&caller, *value, call.clone());
            if wait > 8 {
                world.sim.now += wait;
            }
            prop_assert!(world.sim.balanced());
        }
        // Left alone, it ends.
        for _ in 0..60 {
            world.sim.now += 600;
            let games: Vec<_> = world.sim.entries.keys().copied().collect();
            games.into_iter().for_each(|game| world.sim.timeout(game).unwrap());
            let _ = world.send(&STRANGER, Message::Poke);
        }
        prop_assert!(world.task().is_closed(), "{:?}", world.task().phase);
        prop_assert_eq!(world.task().locked, 0);
    }

    /// Whoever plays a game against itself, as verifier and as challenger, ends with less.
    #[test]
    fn challenging_oneself_never_pays(
        bond in 1..1_000_000_000_u128,
        challenger_bond in 1..1_000_000_000_u128,
        winner in 1..=500_u32,
        compensation in 0..=500_u32,
        asserter_wins in any::<bool>(),
    ) {
        let parameters = Parameters {
            verifier_bond: bond,
            verifier_bond_permille: 0,
            challenger_bond,
            challenger_bond_permille: 1,
            winner_permille: winner,
            compensation_permille: compensation,
            ..parameters()
        };
        parameters.validate().unwrap();
        let mut world = at(Phase::Challenging, &HONEST);
        let task = world.sim.tasks.get_mut(&0).unwrap();
        let own: Balance = task.slots.iter().map(|slot| slot.bond).sum();
        task.locked = task.locked - own + bond * task.slots.len() as u128;
        task.slots.iter_mut().for_each(|slot| slot.bond = bond);
        task.parameters = parameters;
        task.terms.challenger_bond = challenger_bond;
        let context = Context { caller: STRANGER, now: world.sim.now, contract: [0; 32] };
        let target = Target::Verdict { slot: 0, report: 0, part: Part::Execution };
        let (challenged, effects) =
            escrow::apply(world.task().clone(), &context, Message::Challenge(target)).unwrap();
        let entry = effects.open_game.unwrap().entry;
        let before = bond + challenger_bond;
        let (after, effects) = escrow::game_over(challenged, &entry, asserter_wins).unwrap();
        let back: Balance = effects.entries.iter().filter(|it| it.direction == Direction::Credit).map(|it| it.amount).sum();
        prop_assert!(back + after.slots[0].bond < before || (challenger_bond == 1 && asserter_wins) );
        let confiscated = if asserter_wins { challenger_bond } else { bond };
        prop_assert!(effects.to_jackpot * 2 >= confiscated);
    }

    /// Whoever fills all places against a false claim, to keep honest challengers from it, loses more than it can gain: a
    /// price for nothing, or the part of an honest solver's bond that a lying verifier gets.
    #[test]
    fn filling_all_places_never_pays(
        max_price in prop_oneof![1..1000_u128, 1..1_u128 << 60],
        games_per_claim in 1..=4_u8,
        challenger_bond in 1..1_000_000_000_u128,
        challenger_bond_permille in 1..=10_000_u32,
        compensation_permille in 0..=500_u32,
    ) {
        let parameters = Parameters {
            games_per_claim,
            challenger_bond,
            challenger_bond_permille,
            compensation_permille,
            // What grows with the price is meant.
            solver_bond: 1,
            verifier_fee: 0,
            ..parameters()
        };
        parameters.validate().unwrap();
        let mut task = at(Phase::Challenging, &HONEST).task().clone();
        task.terms = quote(&TaskSpec { max_price, ..task.spec }, &parameters).unwrap();
        task.parameters = parameters;
        let target = Target::Verdict { slot: 0, report: 0, part: Part::Execution };
        let mut lost = 0;
        for open in 0..MAX_CLAIM_GAMES {
            let Standing::Revealed(reports) = &mut task.slots[0].standing else { panic!("a verdict stands") };
            reports[0].games[0] = open;
            let bond = task.challenge_bond(target).unwrap();
            lost += bond - permille(bond, compensation_permille).unwrap();
        }
        let share = permille(task.terms.solver_bond, parameters.refuters_permille).unwrap();
        let gain = task.terms.price.max(share);
        prop_assert!(lost > gain, "{lost} lost, {gain} gained");
    }

    /// Refuting oneself, as submitter, solver and verifiers at once, ends with less.
    #[test]
    fn refuting_oneself_never_pays(refuters in 0..=500_u32, seed in any::<u64>(), segments in 1..=4_u8) {
        let kinds = [Kind::Submitter, Kind::Forger(1), Kind::Verifier, Kind::Verifier];
        let mut world = World::new(Mode::Exact, 2, segments, &kinds, seed);
        let task = world.sim.tasks.get_mut(&0).unwrap();
        task.parameters.refuters_permille = refuters;
        task.parameters.submitter_permille = 500 - refuters;
        world.run();
        prop_assume!(outcome(&world) == Outcome::Refuted);
        let together: i128 = (0..4).map(|it| gain(&world, it)).sum();
        prop_assert!(together < 0);
        prop_assert_eq!(-together as u128, world.sim.jackpot.received);
    }
}
