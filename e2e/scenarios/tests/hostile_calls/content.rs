//! Contents that aren't right: unknown numbers, broken openings, sizes beyond all bounds, noise.
use crate::scenes::{at, honest, Scene, ALL};
use crate::{refused, unchanged};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::commit::{hash, CommitError, Hash, Opening};
use assay_core::protocol::task::quote;
use assay_core::protocol::{
    Error, Message, Move, OperandProof, Part, Profile, ProfilePart, Proof, SegmentReport, SpecFault, Target, TaskSpec,
};
use assay_scenarios::cast::{anyone, secret, solver, submitter, verifier, whistleblower};
use assay_scenarios::court::CallError;
use assay_scenarios::trial::target;
use codec::Encode;

#[test]
fn unknown_numbers() {
    let mut trial = at(Scene::Challenging);
    let (id, court) = (trial.id, &mut trial.court);
    for unknown in [id + 1, 99, u32::MAX] {
        assert_eq!(refused(court, |court| court.poke(&anyone(), unknown)), Error::NoTask(unknown));
        let error = refused(court, |court| court.join(&anyone(), unknown, Hash::default(), 1 << 30));
        assert_eq!(error, Error::NoTask(unknown));
        let error = refused(court, |court| court.challenge(&anyone(), unknown, target(Part::Execution), 1 << 30));
        assert_eq!(error, Error::NoTask(unknown));
        let error = refused(court, |court| court.play(&anyone(), unknown, &Move::Pick { index: 0 }));
        assert_eq!(error, Error::NoGame(unknown));
        assert_eq!(refused(court, |court| court.timeout(&anyone(), unknown)), Error::NoGame(unknown));
        assert!(matches!(court.task(unknown), Err(CallError::Missing { .. })));
        assert!(matches!(court.game(unknown), Err(CallError::Missing { .. })));
    }
    for (slot, report) in [(1, 0), (0, 1), (255, 255)] {
        for part in [Part::Execution, Part::Distance] {
            let target = Target::Verdict { slot, report, part };
            let error = refused(court, |court| court.challenge(&whistleblower(), id, target, 1 << 30));
            assert_eq!(error, Error::NoClaim);
        }
    }
}

#[test]
fn tasks_that_cannot_be_run() {
    let mut trial = at(Scene::Open);
    let good = trial.workload.spec();
    let nothing = assay_core::graph::ProgramRef { states: 0, ..good.program };
    let bad = [
        (SpecFault::NoSteps, TaskSpec { steps: 0, ..good.clone() }),
        (SpecFault::NoSteps, TaskSpec { interval: 0, ..good.clone() }),
        (SpecFault::TooManySegments, TaskSpec { steps: 65_536, interval: 1, ..good.clone() }),
        (SpecFault::Verifiers, TaskSpec { verifiers: 0, ..good.clone() }),
        (SpecFault::Verifiers, TaskSpec { verifiers: 5, ..good.clone() }),
        (SpecFault::Segments, TaskSpec { segments_per_verifier: 0, ..good.clone() }),
        (SpecFault::Segments, TaskSpec { segments_per_verifier: 5, ..good.clone() }),
        (SpecFault::NoWork, TaskSpec { work_per_step: 0, ..good.clone() }),
        (SpecFault::TrainingClock, TaskSpec { training_blocks: 0, ..good.clone() }),
        (SpecFault::TrainingClock, TaskSpec { training_blocks: u32::MAX, ..good.clone() }),
        (SpecFault::NoPrice, TaskSpec { max_price: 0, ..good.clone() }),
        (SpecFault::Program, TaskSpec { program: nothing, ..good.clone() }),
        (SpecFault::Program, TaskSpec { jitter: nothing, ..good.clone() }),
    ];
    for (fault, spec) in bad {
        let error = refused(&mut trial.court, |court| court.submit(&submitter(), &spec, 1 << 50));
        assert_eq!(error, Error::Spec(fault));
    }
    let vast = TaskSpec { work_per_step: u64::MAX, steps: u64::MAX, interval: u32::MAX, max_price: u128::MAX, ..good };
    let error = refused(&mut trial.court, |court| court.submit(&submitter(), &vast, 1 << 50));
    assert!(matches!(error, Error::Spec(SpecFault::TooManySegments) | Error::Overflow), "{error}");
    let vast = TaskSpec { work_per_step: u64::MAX, max_price: u128::MAX, ..trial.workload.spec() };
    let error = refused(&mut trial.court, |court| court.submit(&submitter(), &vast, 1 << 50));
    assert_eq!(error, Error::Overflow);
}

#[test]
fn bids_profiles_and_seeds_that_are_none() {
    let mut trial = at(Scene::Open);
    let (id, terms, limit) = (trial.id, trial.terms().unwrap(), trial.workload.spec().max_price);
    for price in [limit + 1, u128::MAX] {
        let error = refused(&mut trial.court, |court| court.bid(&solver(), id, price, terms.solver_bond));
        assert_eq!(error, Error::Bid { price, limit });
    }
    trial.join(&verifier()).unwrap();
    for value in [F32::NAN, F32::INFINITY, F32(0xbf80_0000)] {
        let profile = Profile { base: hash(b"a"), jittered: hash(b"b"), value };
        let error = refused(&mut trial.court, |court| court.post_profile(&verifier(), id, profile));
        assert_eq!(error, Error::NotADistance);
        let error = refused(&mut trial.court, |court| court.post_profile(&anyone(), id, profile));
        assert_eq!(error, Error::NotYours);
    }
    let mut seeds = at(Scene::Seeds);
    let error = refused(&mut seeds.court, |court| court.reveal_seed(&verifier(), id, hash(b"another")));
    assert_eq!(error, Error::Seed);
    let error = refused(&mut seeds.court, |court| court.reveal_seed(&submitter(), id, secret(&submitter())));
    assert!(matches!(error, Error::NotBefore(_)), "{error}");
}

#[test]
fn proofs_that_prove_nothing() {
    let mut trial = at(Scene::Training);
    let (id, good) = (trial.id, trial.workload.proof().unwrap());
    let chunk = |bytes: usize| Opening { chunk: vec![1; bytes], path: vec![] };
    let other = |opening: &Opening, at: usize| {
        let mut opening = opening.clone();
        opening.chunk[at] ^= 1;
        opening
    };
    let len = good.first.chunk.len();
    let mut moved = good.first.chunk.clone();
    moved.rotate_left(32);
    let moved_root = hash(&moved);
    let moved = Opening { chunk: moved, path: vec![] };
    let bad = [
        Proof { first: other(&good.first, 0), ..good.clone() },
        Proof { last: other(&good.last, len - 1), ..good.clone() },
        Proof { first: chunk(len), ..good.clone() },
        Proof { first: chunk(0), ..good.clone() },
        Proof { first: chunk(1024), ..good.clone() },
        Proof { first: Opening { path: vec![Hash::default(); 54], ..good.first.clone() }, ..good.clone() },
        Proof { checkpoints: hash(b"other"), ..good.clone() },
    ];
    for proof in bad {
        let error = refused(&mut trial.court, |court| court.prove(&solver(), id, &proof));
        assert!(matches!(error, Error::Opening(_)), "{error}");
    }
    let proof = Proof { checkpoints: moved_root, first: moved.clone(), last: moved, ..good.clone() };
    assert_eq!(refused(&mut trial.court, |court| court.prove(&solver(), id, &proof)), Error::Start);
    for stranger in [anyone(), verifier(), submitter()] {
        assert_eq!(refused(&mut trial.court, |court| court.prove(&stranger, id, &good)), Error::NotYours);
    }
}

#[test]
fn verdicts_that_were_not_committed_to_or_open_nothing() {
    let mut trial = at(Scene::Revealing);
    let id = trial.id;
    let report = honest(&mut trial).report().unwrap();
    let salt = secret(&verifier());
    let mut other = report.clone();
    other.value = F32::ZERO;
    for (reports, salt) in [(vec![report.clone()], hash(b"salt")), (vec![other], salt), (vec![], salt)] {
        let error = refused(&mut trial.court, |court| court.reveal_verdict(&verifier(), id, &reports, salt));
        assert_eq!(error, Error::Commitment);
    }
    let error = refused(&mut trial.court, |court| court.reveal_verdict(&anyone(), id, &[report.clone()], salt));
    assert_eq!(error, Error::NotYours);

    // Committed to, but not a verdict.
    let twice: Vec<Opening> = report.openings.iter().chain(&report.openings).cloned().collect();
    let broken = Opening { chunk: vec![0; report.openings[0].chunk.len()], path: vec![] };
    let bad: [(Vec<SegmentReport>, Error); 4] = [
        (vec![], Error::Count { expected: 1, got: 0 }),
        (vec![report.clone(), report.clone()], Error::Count { expected: 1, got: 2 }),
        (vec![SegmentReport { openings: twice, ..report.clone() }], Error::Count { expected: 1, got: 2 }),
        (
            vec![SegmentReport { openings: vec![broken], ..report.clone() }],
            Error::Opening(CommitError::Mismatch { expected: Hash::default(), got: Hash::default() }),
        ),
    ];
    for (reports, expected) in bad {
        let mut trial = at(Scene::Committing);
        trial.commit(&verifier(), &reports).unwrap();
        let error = refused(&mut trial.court, |court| court.reveal_verdict(&verifier(), id, &reports, salt));
        match expected {
            Error::Opening(_) => assert!(matches!(error, Error::Opening(_)), "{error}"),
            expected => assert_eq!(error, expected),
        }
    }
}

/// What no honest caller sends, up to what a contract reads at all, and beyond.
#[test]
fn too_much() {
    let mut trial = at(Scene::Disputed);
    let (id, court) = (trial.id, &mut trial.court);
    let opening = |chunk: usize, path: usize| Opening { chunk: vec![0; chunk], path: vec![Hash::default(); path] };
    let operand = |chunk| OperandProof { list: Some(opening(chunk, 54)), element: opening(chunk, 54) };
    let moves = [
        Move::Split { roots: vec![Hash::default(); 6] },
        Move::Split { roots: vec![Hash::default(); 990] },
        Move::Children { cvs: vec![Hash::default(); 17] },
        Move::Children { cvs: vec![Hash::default(); 990] },
        Move::Leaf { chunk: vec![0; 1025] },
        Move::Leaf { chunk: vec![0; 30_000] },
        Move::Trace { root: Hash::default(), out: opening(1025, 0) },
        Move::Trace { root: Hash::default(), out: opening(1024, 55) },
        Move::Node { record: opening(8192, 512) },
        Move::Micro { root: Hash::default(), last: opening(0, 900) },
        Move::Operands { openings: vec![operand(1024); 4], prior: vec![opening(1024, 54); 2] },
        Move::Operands { openings: vec![operand(0); 9], prior: vec![] },
    ];
    for mv in &moves {
        assert!(mv.encoded_size() < 32_000, "{}", mv.encoded_size());
        let error = unchanged(court, |court| court.play(&verifier(), 0, mv)).unwrap_err();
        assert!(error.is_answer(), "{error}");
    }
    let report = SegmentReport { replayed: Hash::default(), value: F32::ZERO, openings: vec![] };
    for count in [100, 800] {
        let reports = vec![report.clone(); count];
        let error = unchanged(court, |court| court.reveal_verdict(&verifier(), id, &reports, Hash::default()));
        assert!(error.as_ref().is_err_and(CallError::is_answer), "{error:?}");
    }
    // More than the contracts' buffer: the pallet ends the call.
    for bytes in [40_000, 1_000_000] {
        let mv = Move::Leaf { chunk: vec![0; bytes] };
        assert!(unchanged(court, |court| court.play(&verifier(), 0, &mv)).is_err());
    }
}

/// Messages cut short, with bytes too many, of no name, and of random bytes.
#[test]
fn noise() {
    let mut trial = at(Scene::Disputed);
    let (escrow, arbiter, jackpot) = (trial.court.escrow, trial.court.arbiter, trial.court.jackpot);
    let referee = trial.court.referee;
    let spec = trial.workload.spec().encode();
    let cut = unchanged(&mut trial.court, |court| {
        court.call::<u32>(&submitter(), escrow, "submit", spec[..spec.len() - 1].to_vec(), 1 << 50)
    });
    assert!(matches!(cut, Err(CallError::Unreadable { .. })), "{cut:?}");
    for contract in [escrow, arbiter, referee, jackpot] {
        let unknown =
            unchanged(&mut trial.court, |court| court.call::<()>(&anyone(), contract, "no such message", vec![], 0));
        assert!(matches!(unknown, Err(CallError::Unreadable { .. })), "{unknown:?}");
    }
    let messages = [
        (escrow, "submit"),
        (escrow, "join"),
        (escrow, "post_profile"),
        (escrow, "bid"),
        (escrow, "poke"),
        (escrow, "prove"),
        (escrow, "reveal_seed"),
        (escrow, "commit_verdict"),
        (escrow, "reveal_verdict"),
        (escrow, "abstain"),
        (escrow, "challenge"),
        (escrow, "withdraw"),
        (escrow, "on_game_over"),
        (arbiter, "open"),
        (arbiter, "play"),
        (arbiter, "timeout"),
        (arbiter, "set_escrow"),
        (referee, "compute"),
        (jackpot, "set_escrow"),
    ];
    for (contract, label) in messages {
        for seed in 0..30_u64 {
            let words = (0..20).flat_map(|at| philox(seed, contract[0].into(), at)).flat_map(u32::to_le_bytes);
            let mut bytes: Vec<u8> = words.take(seed as usize * 10).collect();
            // A right number first, so that more than that is read.
            bytes.splice(0..bytes.len().min(4), [0; 4]);
            let outcome = unchanged(&mut trial.court, |court| court.call::<()>(&verifier(), contract, label, bytes, 0));
            let error = outcome.expect_err(label);
            assert!(error.is_answer(), "{label}, seed {seed}: {error}");
        }
    }
}

/// The contract says exactly what the rules say, for every message in every phase.
#[test]
fn the_wasm_answers_as_the_rules_do() {
    let mut compared = 0;
    for scene in ALL {
        let mut trial = at(scene);
        let task = trial.task().unwrap();
        let context = |caller, now| assay_core::protocol::Context { caller, now, contract: trial.court.escrow };
        let now = trial.court.clone().now().unwrap();
        let messages = [
            ("poke", Message::Poke, task.id.encode()),
            ("abstain", Message::Abstain, task.id.encode()),
            ("reveal_seed", Message::RevealSeed { seed: Hash([3; 32]) }, (task.id, Hash([3; 32])).encode()),
            ("commit_verdict", Message::CommitVerdict { commitment: Hash([3; 32]) }, (task.id, Hash([3; 32])).encode()),
        ];
        for (label, message, arguments) in messages {
            for (_, caller) in assay_scenarios::cast::everybody() {
                for now in [now, task.deadline, task.deadline + 1, task.deadline + 1_000] {
                    let expected =
                        assay_core::protocol::escrow::apply(task.clone(), &context(caller, now), message.clone());
                    let mut court = trial.court.clone();
                    court.pass_until(now).unwrap();
                    let got = court.call::<()>(&caller, court.escrow, label, arguments.clone(), 0);
                    match (expected, got) {
                        (Ok((expected, _)), Ok(())) => {
                            assert_eq!(court.task(task.id).unwrap(), expected)
                        }
                        (Err(expected), Err(CallError::Refused { error, .. })) => {
                            assert_eq!(error, expected)
                        }
                        (expected, got) => panic!("{scene:?}, {label}: {expected:?} by the rules, {got:?} by the Wasm"),
                    }
                    compared += 1;
                }
            }
        }
    }
    println!("{compared} calls compared");
}

#[test]
fn a_profile_that_fell_is_not_challenged_again() {
    let mut trial = at(Scene::Staffed);
    let (id, terms) = (trial.id, trial.terms().unwrap());
    let base = Target::Profile { part: ProfilePart::Base };
    let game = trial.court.challenge(&whistleblower(), id, base, terms.challenger_bond).unwrap();
    let until = trial.court.game(game).unwrap().clock.asserter + trial.court.now().unwrap();
    trial.court.pass_until(until + 1).unwrap();
    trial.court.timeout(&anyone(), game).unwrap();
    // Within the windows again would need a longer one: the profile's is over, and so is the task.
    let error = refused(&mut trial.court, |court| court.challenge(&anyone(), id, base, terms.challenger_bond));
    assert!(matches!(error, Error::TooLate(_) | Error::NoClaim), "{error}");
    trial.court.poke(&anyone(), id).unwrap();
    let phase = trial.task().unwrap().phase;
    assert_eq!(phase, assay_core::protocol::Phase::Closed(assay_core::protocol::Outcome::ProfileFell));
    trial.court.conserved().unwrap();
    quote(&trial.workload.spec(), &trial.task().unwrap().parameters).unwrap();
}
