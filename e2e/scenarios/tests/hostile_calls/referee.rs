//! The referee asked by anybody, about anything; an arbiter whose referee is none; and moves with too little gas for it.
use crate::scenes::{at, honest, Scene};
use crate::{refused, unchanged};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::commit::{CommitError, Hash, Opening};
use assay_core::graph::Source;
use assay_core::protocol::dispute::{
    Cause, Facts, Fault, Local, OperandProof, Question, Record, Referee as _, Stage, Verdict,
};
use assay_core::protocol::{Error, GameId, Move, Part};
use assay_roles::game::{next_move, steer, Prover, Replayer, Target as Place};
use assay_scenarios::cast::{anyone, verifier, whistleblower};
use assay_scenarios::court::{CallError, Court};
use assay_scenarios::process::artifacts;
use assay_scenarios::trial::Trial;
use codec::{Decode, Encode};
use frame_support::weights::Weight;

/// What the contract answers.
fn ask<R: Decode>(court: &mut Court<'_>, label: &'static str, arguments: Vec<u8>) -> Result<R, Fault> {
    court.view::<Result<R, Fault>>(court.referee, label, arguments).unwrap()
}

fn compute(
    court: &mut Court<'_>,
    question: &Question,
    openings: &[OperandProof],
    prior: &[Opening],
) -> Result<F32, Fault> {
    ask(court, "compute", (question, openings, prior).encode())
}

fn noise(seed: u64) -> impl Iterator<Item = u8> {
    (0..).flat_map(move |at| philox(seed, 7, at)).flat_map(u32::to_le_bytes)
}

/// Plays a game towards a place until a stage is reached, and gives the asserter's move there.
fn play_to(court: &mut Court<'_>, game: GameId, prover: &mut dyn Prover, place: &Place, stage: &Stage) -> Move {
    loop {
        let now = court.game(game).unwrap();
        let mv = match next_move(&now, prover).unwrap() {
            Some(mv) if now.stage == *stage => return mv,
            Some(mv) => mv,
            None => steer(&now, place).unwrap().expect("the game comes to the stage"),
        };
        court.play(&now.mover().unwrap(), game, &mv).unwrap();
    }
}

/// Game 0, about an honest verdict.
fn disputed() -> (Trial<'static>, Replayer) {
    let mut trial = at(Scene::Disputed);
    let defender = honest(&mut trial).defender(Part::Execution).unwrap();
    (trial, defender)
}

/// One node that is computed at once, one of micro-steps, and one that reads data.
fn places(trial: &Trial<'_>) -> [Place; 3] {
    let program = trial.workload.program();
    let reads_data = |node: &assay_core::graph::Node| matches!(node.inputs[0].source, Source::Data { .. });
    let at_once = program.nodes.iter().position(|node| node.at_once() && !reads_data(node)).unwrap();
    let data = program.nodes.iter().position(reads_data).unwrap();
    let in_node = |at: usize| Place::in_node(program, 0, at as u32);
    [Place::typical(program, 0), in_node(at_once), in_node(data)]
}

#[test]
fn records_of_all_kinds() {
    let mut trial = at(Scene::Open);
    let program = trial.workload.program().clone();
    let court = &mut trial.court;
    let before = court.state_root().unwrap();
    for node in &program.nodes {
        let good = Record(node.to_record());
        assert_eq!(ask::<Facts>(court, "inspect", good.encode()), Ok(Facts::of(node)));
        // Any byte changed, the name's aside: as the rules say.
        for at in (0..2).chain(66..256).step_by(7) {
            let mut record = good.clone();
            record.0[at] ^= 0x83;
            assert_eq!(ask(court, "inspect", record.encode()), Local.inspect(&record), "byte {at}");
        }
    }
    let lost = Err(Fault::Lost(Cause::MalformedRecord));
    let states = program.states.iter().map(|state| Record(state.to_record()));
    let random = (0..50).map(|seed| {
        let mut record = Record([0; 256]);
        record.0.iter_mut().zip(noise(seed)).for_each(|(byte, noise)| *byte = noise);
        record.0[0] = 3; // A node's.
        record
    });
    for record in states.chain(random).chain([Record([0; 256]), Record([255; 256])]) {
        assert_eq!(ask::<Facts>(court, "inspect", record.encode()), lost);
    }
    for len in [0, 1, 255] {
        let referee = court.referee;
        let cut = court.view::<Result<Facts, Fault>>(referee, "inspect", vec![3; len]);
        assert!(matches!(cut, Err(CallError::Unreadable { .. })), "{cut:?}");
    }
    assert_eq!(court.state_root().unwrap(), before);
}

/// Asked without an arbiter, with everything that can be wrong: the contract says what the rules say.
#[test]
fn questions_of_all_kinds() {
    let (start, _) = disputed();
    for place in places(&start) {
        let (mut trial, mut defender) = disputed();
        let court = &mut trial.court;
        let mv = play_to(court, 0, &mut defender, &place, &Stage::AwaitOperands);
        let Move::Operands { openings, prior } = mv else { panic!("{mv:?}") };
        let game = court.game(0).unwrap();
        let good = Question::of(&game).unwrap();
        assert_eq!(compute(court, &good, &openings, &prior), Local.compute(&good, &openings, &prior));
        assert!(Local.compute(&good, &openings, &prior).is_ok());

        let mut bad = vec![
            Question { step: good.step + 1, ..good.clone() },
            Question { snapshots: vec![], ..good.clone() },
            Question { snapshots: vec![Hash([1; 32]); 100], ..good.clone() },
            Question { trace: Hash([1; 32]), ..good.clone() },
            Question { node: 0, ..good.clone() },
            Question { record: Record([0; 256]), ..good.clone() },
            Question { element: u64::MAX, ..good.clone() },
            Question { micro: None, ..good.clone() },
            Question { micro: Some((0, Hash([1; 32]))), ..good.clone() },
            Question { micro: Some((u64::MAX, Hash([1; 32]))), ..good.clone() },
        ];
        for (states, data, nodes) in [(0, 0, 0), (1, 1, 1), (u32::MAX, u32::MAX, u32::MAX)] {
            let program = assay_core::graph::ProgramRef { states, data, nodes, ..good.program };
            bad.push(Question { program, ..good.clone() });
        }
        for node in &trial.workload.program().nodes {
            bad.push(Question { record: Record(node.to_record()), ..good.clone() });
        }
        let court = &mut trial.court;
        for question in &bad {
            let expected = Local.compute(question, &openings, &prior);
            assert_eq!(compute(court, question, &openings, &prior), expected, "{question:?}");
        }
        for (openings, prior) in misfits(&openings, &prior) {
            let expected = Local.compute(&good, &openings, &prior);
            assert!(expected.is_err());
            assert_eq!(compute(court, &good, &openings, &prior), expected);
        }
    }
}

/// Openings that aren't those of the operands.
fn misfits(openings: &[OperandProof], prior: &[Opening]) -> Vec<(Vec<OperandProof>, Vec<Opening>)> {
    let mut found = Vec::new();
    for at in 0..openings.len() {
        let with = |change: &dyn Fn(&mut OperandProof)| {
            let mut openings = openings.to_vec();
            change(&mut openings[at]);
            (openings, prior.to_vec())
        };
        found.push(with(&|proof| proof.list = None));
        found.push(with(&|proof| proof.element.chunk[0] ^= 1));
        found.push(with(&|proof| proof.element.chunk.truncate(1)));
        found.push(with(&|proof| proof.element.path.push(Hash::default())));
        found.push(with(&|proof| proof.list.as_mut().unwrap().chunk[0] ^= 1));
        found.push(with(&|proof| proof.list.as_mut().unwrap().chunk.clear()));
        found.push(with(&|proof| proof.list.as_mut().unwrap().path.push(Hash::default())));
    }
    for at in 0..prior.len() {
        let mut prior = prior.to_vec();
        prior[at].chunk[0] ^= 1;
        found.push((openings.to_vec(), prior));
    }
    let first = openings.first().unwrap();
    let twice = |proof: &OperandProof| openings.iter().chain([proof]).cloned().collect::<Vec<_>>();
    found.push((twice(first), prior.to_vec()));
    found.push((openings[1..].to_vec(), prior.to_vec()));
    found.push((vec![], prior.to_vec()));
    found.push((openings.to_vec(), prior.iter().chain([&first.element]).cloned().collect()));
    found
}

/// Through the arbiter: a refusal of the referee's is the arbiter's, to the byte; and what breaks a commitment loses.
#[test]
fn the_arbiter_passes_on_what_the_referee_says() {
    let (start, _) = disputed();
    for place in places(&start) {
        let (mut trial, mut defender) = disputed();
        let court = &mut trial.court;
        let mv = play_to(court, 0, &mut defender, &place, &Stage::AwaitOperands);
        let Move::Operands { openings, prior } = mv else { panic!("{mv:?}") };
        let question = Question::of(&court.game(0).unwrap()).unwrap();
        let mut seen = [false; 4];
        for (openings, prior) in misfits(&openings, &prior) {
            let expected = Local.compute(&question, &openings, &prior).unwrap_err();
            let mv = Move::Operands { openings, prior };
            match expected {
                Fault::Refused(fail) => {
                    let error = refused(court, |court| court.play(&verifier(), 0, &mv));
                    assert_eq!(error, Error::from(fail));
                    match error {
                        Error::Count { .. } => seen[0] = true,
                        Error::WrongMove => seen[1] = true,
                        Error::Opening(CommitError::PathLength { .. } | CommitError::Length { .. }) => seen[2] = true,
                        other => panic!("{other}"),
                    }
                }
                Fault::Lost(cause) => {
                    seen[3] = true;
                    let mut court = court.clone();
                    court.play(&verifier(), 0, &mv).unwrap();
                    assert_eq!(verdict(&mut court, 0), (false, cause));
                }
            }
        }
        assert_eq!(seen, [true; 4]);
        court.play(&verifier(), 0, &Move::Operands { openings, prior }).unwrap();
        assert_eq!(verdict(court, 0), (true, Cause::SameValue));
    }
}

fn verdict(court: &mut Court<'_>, game: GameId) -> (bool, Cause) {
    match court.game(game).unwrap().stage {
        Stage::Over { asserter_won, verdict: Verdict { reason, .. } } => (asserter_won, reason),
        stage => panic!("not over: {stage:?}"),
    }
}

/// An account without code, and contracts that are something else: no move that needs a referee is made, nobody wins.
#[test]
fn a_referee_that_is_none() {
    let (trial, _) = disputed();
    for referee in [anyone(), [0; 32], trial.court.escrow, trial.court.jackpot, trial.court.arbiter] {
        let (mut trial, mut defender) = disputed();
        let claim = trial.court.game(0).unwrap().claim;
        let court = &mut trial.court;
        court.arbiter = court.another_arbiter(&artifacts(), referee, anyone()).unwrap();
        let arguments = (claim, verifier(), whistleblower()).encode();
        let game = court.call::<GameId>(&anyone(), court.arbiter, "open", arguments, 0).unwrap();
        let place = Place::typical(trial.workload.program(), 0);
        let court = &mut trial.court;
        let mv = play_to(court, game, &mut defender, &place, &Stage::AwaitNode);
        assert_eq!(refused(court, |court| court.play(&verifier(), game, &mv)), Error::NoReferee);
    }
}

/// Whoever moves chooses the gas, and can choose it so that it ends in the referee. Then nothing has happened: the
/// asserter, whose clock runs on, gains nothing, whether it is right or wrong.
#[test]
fn gas_that_ends_in_the_referee() {
    let (mut trial, mut defender) = disputed();
    let place = Place::in_node(trial.workload.program(), 0, places(&trial)[1].node);
    let court = &mut trial.court;
    let full = court.limit;
    for stage in [Stage::AwaitNode, Stage::AwaitOperands] {
        let mut mv = play_to(court, 0, &mut defender, &place, &stage);
        if let Move::Operands { openings, .. } = &mut mv {
            openings[0].element.chunk[0] ^= 1; // It would lose.
        }
        let mut measured = court.clone();
        measured.play(&verifier(), 0, &mv).unwrap();
        let cost = measured.last_cost("play");
        let mut ended_there = 0;
        for part in 0..100 {
            let less = |all: u64| all / 100 * part;
            for limit in [
                Weight::from_parts(less(cost.ref_time), full.proof_size()),
                Weight::from_parts(full.ref_time(), less(cost.proof_size)),
            ] {
                let mut court = court.clone();
                court.limit = limit;
                match unchanged(&mut court, |court| court.play(&verifier(), 0, &mv)) {
                    Ok(()) => assert_eq!(court.game(0).unwrap(), measured.game(0).unwrap()),
                    Err(CallError::Refused { error: Error::NoReferee, .. }) => ended_there += 1,
                    // In the escrow, or in the arbiter itself.
                    Err(CallError::Refused { error: Error::Books, .. } | CallError::Trapped { .. }) => {}
                    Err(other) => panic!("{limit}: {other}"),
                }
            }
        }
        println!("{stage:?}: of 200 limits {ended_there} end in the referee, and leave the arbiter gas to say so");
        assert!(ended_there > 0);
        if matches!(stage, Stage::AwaitOperands) {
            assert_eq!(verdict(&mut measured, 0), (false, Cause::WrongOpening));
        }
    }
}
