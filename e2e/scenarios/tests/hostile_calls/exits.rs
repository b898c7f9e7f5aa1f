//! Whatever anybody fails to do: after the deadline a stranger's call moves things on, and nobody's money is lost.
use crate::refused;
use crate::scenes::{at, honest, Scene};
use assay_core::protocol::dispute::{Cause, Side, Stage};
use assay_core::protocol::{Error, Outcome, Part, Phase};
use assay_roles::game::{next_move, steer, Target as Place};
use assay_scenarios::cast::{anyone, solver, verifier, whistleblower};
use assay_scenarios::trial::Trial;

/// Nothing happens up to and including block `until`; after it, a stranger's poke.
fn poked(trial: &mut Trial<'_>, until: u32) -> Phase {
    let (id, now) = (trial.id, trial.court.now().unwrap());
    for block in [now, until] {
        trial.court.pass_until(block).unwrap();
        assert_eq!(refused(&mut trial.court, |court| court.poke(&anyone(), id)), Error::NothingToDo(until));
    }
    trial.court.pass_until(until + 1).unwrap();
    let locked = trial.task().unwrap().locked;
    trial.court.poke(&anyone(), id).unwrap();
    let task = trial.task().unwrap();
    let totals = trial.court.conserved().unwrap();
    assert_eq!(task.locked, totals.locked, "there is one task");
    if task.is_closed() {
        assert_eq!(task.locked, 0, "of {locked}");
    }
    task.phase
}

fn deadline(trial: &mut Trial<'_>) -> u32 {
    trial.task().unwrap().deadline
}

#[test]
fn every_phase_ends() {
    let expected = [
        (Scene::Open, Phase::Closed(Outcome::NoVerifiers)),
        (Scene::Training, Phase::Closed(Outcome::SolverAbsent)),
        (Scene::Seeds, Phase::Joining),       // Nobody revealed: there is no beacon.
        (Scene::LastSeed, Phase::Committing), // The verifier's seed is enough.
        (Scene::Committing, Phase::Joining),
        (Scene::Revealing, Phase::Joining),
        (Scene::Challenging, Phase::Closed(Outcome::Paid)),
        (Scene::Joining, Phase::Closed(Outcome::Unverified)),
    ];
    for (scene, phase) in expected {
        let mut trial = at(scene);
        let until = deadline(&mut trial);
        assert_eq!(poked(&mut trial, until), phase, "from {scene:?}");
    }
}

/// All the way by pokes alone: no task can hang.
#[test]
fn pokes_alone_close_every_task() {
    for scene in super::scenes::ALL {
        let mut trial = at(scene);
        for _ in 0..20 {
            let task = trial.task().unwrap();
            if task.is_closed() {
                break;
            }
            let until = task.profile.map_or(0, |profile| profile.until).max(task.deadline);
            trial.court.pass_until(until + 1).unwrap();
            if trial.court.poke(&anyone(), trial.id).is_err() {
                assert!(scene == Scene::Disputed, "{scene:?}");
                let game = trial.court.game(0).unwrap();
                let until = game.clock.runs_until(game.turn().unwrap());
                trial.court.pass_until(until + 1).unwrap();
                trial.court.timeout(&anyone(), 0).unwrap();
            }
        }
        assert!(trial.task().unwrap().is_closed(), "{scene:?}");
        assert_eq!(trial.court.conserved().unwrap().locked, 0);
    }
}

#[test]
fn an_open_task_without_bids_or_profile_ends() {
    let mut trial = at(Scene::Open);
    trial.join(&verifier()).unwrap();
    let mut without_bids = trial.clone();
    let until = deadline(&mut trial);
    assert_eq!(poked(&mut without_bids, until), Phase::Closed(Outcome::NoBids));

    trial.bid(&solver()).unwrap();
    let task = trial.task().unwrap();
    trial.court.pass_until(until + 1).unwrap();
    assert_eq!(poked(&mut trial.clone(), until + task.parameters.profile_blocks), Phase::Closed(Outcome::NoProfile));

    // A profile may come late, and has its own window for challenges.
    trial.court.pass_until(until + task.parameters.profile_blocks).unwrap();
    let profile = trial.workload.profile().unwrap();
    trial.court.post_profile(&verifier(), trial.id, profile).unwrap();
    assert_eq!(poked(&mut trial, until + 2 * task.parameters.profile_blocks), Phase::Training);
}

/// At every stage of a game: too early, too late, and a stranger's timeout against whoever was to move.
#[test]
fn every_stage_of_a_game_times_out() {
    let mut trial = at(Scene::Disputed);
    let testimony = honest(&mut trial);
    let mut defender = testimony.defender(Part::Execution).unwrap();
    let place = Place::typical(trial.workload.program(), trial.court.game(0).unwrap().focus.step);
    let mut stages = Vec::new();
    loop {
        let game = trial.court.game(0).unwrap();
        let Some(side) = game.turn() else { break };
        let until = game.clock.runs_until(side);
        assert_eq!(refused(&mut trial.court, |court| court.timeout(&anyone(), 0)), Error::ClockRuns(until));
        let mv = match side {
            Side::Asserter => next_move(&game, &mut defender),
            Side::Challenger => steer(&game, &place),
        };
        let mv = mv.unwrap().unwrap();
        time_out(&mut trial.clone(), side, until, &mv);
        trial.court.play(&game.account(side), 0, &mv).unwrap();
        stages.push(format!("{:?}", game.stage).split(['(', ' ']).next().unwrap_or_default().to_string());
    }
    stages.dedup();
    let expected =
        ["Split", "State", "AwaitTrace", "Trace", "AwaitNode", "Element", "AwaitMicro", "Micro", "AwaitOperands"];
    assert_eq!(stages, expected);
}

fn time_out(trial: &mut Trial<'_>, side: Side, until: u32, mv: &assay_core::protocol::Move) {
    let before = [verifier(), whistleblower()].map(|who| trial.court.free_of(&who).unwrap());
    let (id, terms) = (trial.id, trial.terms().unwrap());
    // The whole clock may be used.
    trial.court.pass_until(until).unwrap();
    let mover = trial.court.game(0).unwrap().account(side);
    trial.clone().court.play(&mover, 0, mv).unwrap();
    trial.court.pass(1).unwrap();
    assert_eq!(refused(&mut trial.court, |court| court.play(&mover, 0, mv)), Error::ClockRanOut);
    assert_eq!(refused(&mut trial.court, |court| court.poke(&anyone(), id)), Error::GamesOpen(1));

    trial.court.timeout(&anyone(), 0).unwrap();
    assert_eq!(refused(&mut trial.court, |court| court.timeout(&anyone(), 0)), Error::GameOver);
    let Stage::Over { asserter_won, verdict } = trial.court.game(0).unwrap().stage else { panic!("not over") };
    assert_eq!((asserter_won, verdict.reason), (side == Side::Challenger, Cause::ClockRanOut));
    assert_eq!(trial.court.game_entry(0).unwrap(), None);
    let after = [verifier(), whistleblower()].map(|who| trial.court.free_of(&who).unwrap());
    let phase = trial.settle().unwrap();
    match side {
        Side::Asserter => {
            assert_eq!(phase, Phase::Joining, "the only verdict fell");
            assert!(after[1] - before[1] > terms.challenger_bond);
            assert_eq!(after[0], before[0]);
        }
        Side::Challenger => {
            assert_eq!(phase, Phase::Closed(Outcome::Paid));
            assert_eq!(after[1], before[1]);
            assert!(after[0] > before[0]);
        }
    }
    trial.court.conserved().unwrap();
}

#[test]
fn everybody_can_take_everything_out_in_the_end() {
    let mut trial = at(Scene::Closed);
    for (name, who) in assay_scenarios::cast::everybody() {
        let free = trial.court.free_of(&who).unwrap();
        let before = trial.court.wealth(who).unwrap();
        trial.court.withdraw(&who, free).unwrap();
        let refund = trial.court.wealth(who).unwrap() - before;
        assert!(refund >= free, "{name}: {refund} of {free}"); // And the chain's deposit for the storage.
        assert_eq!(trial.court.free_of(&who).unwrap(), 0);
    }
    let totals = trial.court.conserved().unwrap();
    assert_eq!((totals.free, totals.locked), (0, 0));
    assert_eq!(totals.deposited, totals.withdrawn + totals.jackpot);
}
