//! The right call at the wrong time: again, out of turn, by the wrong account, for too little money.
use crate::refused;
use crate::scenes::{at, honest, Scene};
use assay_core::commit::{hash, Hash};
use assay_core::protocol::beacon::seed_commit;
use assay_core::protocol::dispute::Side;
use assay_core::protocol::task::quote;
use assay_core::protocol::{Error, Move, Outcome, Part, Phase};
use assay_roles::game::{next_move, steer, Target as Place};
use assay_scenarios::cast::{anyone, second_verifier, secret, solver, submitter, verifier, whistleblower};
use assay_scenarios::duel::play;
use assay_scenarios::trial::{parameters, target, Trial};
use codec::Encode;

#[test]
fn nobody_joins_or_bids_twice() {
    let mut trial = at(Scene::Open);
    let (id, terms) = (trial.id, trial.terms().unwrap());
    trial.join(&verifier()).unwrap();
    trial.bid(&solver()).unwrap();
    for who in [verifier(), solver(), submitter()] {
        let commit = seed_commit(&who, &secret(&who));
        let error = refused(&mut trial.court, |court| court.join(&who, id, commit, terms.verifier_bond));
        assert_eq!(error, Error::RoleTaken);
        let error = refused(&mut trial.court, |court| court.bid(&who, id, 1, terms.solver_bond));
        assert_eq!(error, Error::RoleTaken);
    }
    let error = refused(&mut trial.court, |court| court.join(&anyone(), id, Hash::default(), terms.verifier_bond));
    assert_eq!(error, Error::SlotsFull);
    let profile = trial.workload.profile().unwrap();
    trial.court.post_profile(&verifier(), id, profile).unwrap();
    let error = refused(&mut trial.court, |court| court.post_profile(&verifier(), id, profile));
    assert_eq!(error, Error::ProfilePosted);
}

#[test]
fn what_is_done_is_done() {
    let (mut seeds, proof) = (at(Scene::Seeds), at(Scene::Training).workload.proof().unwrap());
    let id = seeds.id;
    let error = refused(&mut seeds.court, |court| court.prove(&solver(), id, &proof));
    assert_eq!(error, Error::Phase(Phase::Seeds));
    let mut last = at(Scene::LastSeed);
    let error = refused(&mut last.court, |court| court.reveal_seed(&verifier(), id, secret(&verifier())));
    assert_eq!(error, Error::Already);
    let mut challenging = at(Scene::Challenging);
    let reports = [honest(&mut challenging).report().unwrap()];
    let error =
        refused(&mut challenging.court, |court| court.reveal_verdict(&verifier(), id, &reports, secret(&verifier())));
    assert_eq!(error, Error::Phase(Phase::Challenging));
    let mut closed = at(Scene::Closed);
    let error = refused(&mut closed.court, |court| court.poke(&anyone(), id));
    assert_eq!(error, Error::Phase(Phase::Closed(Outcome::Paid)));
}

/// With two verifiers the phase doesn't end with the first one's call.
#[test]
fn one_of_two_verifiers_does_nothing_twice() {
    let mut trial = at(Scene::Open);
    let mut spec = trial.workload.spec();
    spec.verifiers = 2;
    let chain = trial.task().unwrap().parameters;
    let terms = quote(&spec, &chain).unwrap();
    trial.id = trial.court.submit(&submitter(), &spec, terms.budget + terms.seed_bond).unwrap();
    let id = trial.id;
    trial.staff().unwrap();
    let error = refused(&mut trial.court, |court| court.join(&verifier(), id, Hash::default(), terms.verifier_bond));
    assert_eq!(error, Error::RoleTaken);
    trial.join(&second_verifier()).unwrap();
    trial.assign().unwrap();
    trial.prove().unwrap();
    trial.court.reveal_seed(&second_verifier(), id, secret(&second_verifier())).unwrap();
    let error =
        refused(&mut trial.court, |court| court.reveal_seed(&second_verifier(), id, secret(&second_verifier())));
    assert_eq!(error, Error::Already);
    trial.draw().unwrap();

    let reports = [honest(&mut trial).report().unwrap()];
    trial.commit(&verifier(), &reports).unwrap();
    let again = [
        refused(&mut trial.court, |court| court.commit_verdict(&verifier(), id, hash(b"better"))),
        refused(&mut trial.court, |court| court.abstain(&verifier(), id)),
    ];
    assert_eq!(again, [Error::Already, Error::Already]);
    let error = refused(&mut trial.court, |court| court.reveal_verdict(&verifier(), id, &reports, secret(&verifier())));
    assert_eq!(error, Error::Phase(Phase::Committing));
    trial.court.abstain(&second_verifier(), id).unwrap();
    trial.expect(Phase::Revealing).unwrap();
    let error = refused(&mut trial.court, |court| {
        court.reveal_verdict(&second_verifier(), id, &reports, secret(&second_verifier()))
    });
    assert_eq!(error, Error::Already, "it has abstained");
    trial.court.conserved().unwrap();
}

#[test]
fn moves_have_their_turn() {
    let mut trial = at(Scene::Disputed);
    let testimony = honest(&mut trial);
    let mut defender = testimony.defender(Part::Execution).unwrap();
    let game = trial.court.game(0).unwrap();
    let split = next_move(&game, &mut defender).unwrap().unwrap();
    let pick = Move::Pick { index: 0 };

    for mv in [&split, &pick] {
        let error = refused(&mut trial.court, |court| court.play(&whistleblower(), 0, mv));
        assert_eq!(error, Error::OutOfTurn(Side::Asserter));
        for stranger in [anyone(), solver(), submitter()] {
            let error = refused(&mut trial.court, |court| court.play(&stranger, 0, mv));
            assert_eq!(error, Error::NotYours);
        }
    }
    let wrong = [
        pick.clone(),
        Move::Children { cvs: vec![Hash::default(); 2] },
        Move::Leaf { chunk: vec![0; 64] },
        Move::Operands { openings: vec![], prior: vec![] },
    ];
    for mv in wrong {
        assert_eq!(refused(&mut trial.court, |court| court.play(&verifier(), 0, &mv)), Error::WrongMove);
    }

    trial.court.play(&verifier(), 0, &split).unwrap();
    let error = refused(&mut trial.court, |court| court.play(&verifier(), 0, &split));
    assert_eq!(error, Error::OutOfTurn(Side::Challenger), "a replayed move");
    let error = refused(&mut trial.court, |court| court.play(&whistleblower(), 0, &split));
    assert_eq!(error, Error::WrongMove);
    let error = refused(&mut trial.court, |court| court.play(&whistleblower(), 0, &Move::Pick { index: 6 }));
    assert_eq!(error, Error::Pick { index: 6, count: 6 });

    let place = Place::typical(trial.workload.program(), 0);
    play(&mut trial.court, 0, &mut defender, |game| steer(game, &place)).unwrap();
    for mv in [&split, &pick] {
        for who in [verifier(), whistleblower(), anyone()] {
            assert_eq!(refused(&mut trial.court, |court| court.play(&who, 0, mv)), Error::GameOver);
        }
    }
    assert_eq!(refused(&mut trial.court, |court| court.timeout(&anyone(), 0)), Error::GameOver);
}

#[test]
fn not_a_unit_too_little() {
    let mut trial = at(Scene::Open);
    let (id, terms, spec) = (trial.id, trial.terms().unwrap(), trial.workload.spec());
    let need = terms.budget;
    let error = refused(&mut trial.court, |court| court.submit(&submitter(), &spec, need - 1));
    assert_eq!(error, Error::Funds { have: need - 1, need });
    let error = refused(&mut trial.court, |court| court.submit(&submitter(), &spec, need));
    assert_eq!(error, Error::Funds { have: 0, need: terms.seed_bond });
    let need = terms.verifier_bond;
    let error = refused(&mut trial.court, |court| court.join(&verifier(), id, Hash::default(), need - 1));
    assert_eq!(error, Error::Funds { have: need - 1, need });
    let need = terms.solver_bond;
    let error = refused(&mut trial.court, |court| court.bid(&solver(), id, 1, need - 1));
    assert_eq!(error, Error::Funds { have: need - 1, need });
    let mut challenging = at(Scene::Challenging);
    let need = terms.challenger_bond;
    let error = refused(&mut challenging.court, |court| {
        court.challenge(&whistleblower(), id, target(Part::Execution), need - 1)
    });
    assert_eq!(error, Error::Funds { have: need - 1, need });

    trial.court.deposit(&anyone(), 100).unwrap();
    let error = refused(&mut trial.court, |court| court.withdraw(&anyone(), 101));
    assert_eq!(error, Error::Funds { have: 100, need: 101 });
    trial.court.withdraw(&anyone(), 100).unwrap();
    let error = refused(&mut trial.court, |court| court.withdraw(&anyone(), 1));
    assert_eq!(error, Error::Funds { have: 0, need: 1 });
    trial.court.conserved().unwrap();
}

/// What an account has free already is used before attached money is asked for.
#[test]
fn free_balances_count() {
    let mut trial = at(Scene::Open);
    let (id, terms) = (trial.id, trial.terms().unwrap());
    trial.court.deposit(&verifier(), terms.verifier_bond - 1).unwrap();
    trial.court.join(&verifier(), id, Hash::default(), 1).unwrap();
    assert_eq!(trial.court.free_of(&verifier()).unwrap(), 0);
    trial.court.conserved().unwrap();
}

/// Money that comes with a message that takes none stays with its owner.
#[test]
fn unpayable_messages_keep_no_money() {
    let mut trial = at(Scene::Seeds);
    let (escrow, arbiter, referee, id) = (trial.court.escrow, trial.court.arbiter, trial.court.referee, trial.id);
    for (contract, label, arguments) in [
        (escrow, "reveal_seed", (id, secret(&verifier())).encode()),
        (escrow, "poke", id.encode()),
        (escrow, "withdraw", 0_u128.encode()),
        (arbiter, "timeout", 0_u32.encode()),
        (referee, "inspect", [0_u8; 256].encode()),
    ] {
        let outcome = crate::unchanged(&mut trial.court, |court| {
            court.call::<()>(&verifier(), contract, label, arguments, 1_000_000_000_000)
        });
        assert!(outcome.is_err(), "{label}");
    }
}

#[test]
fn the_bond_of_a_challenge_doubles() {
    let mut trial = at(Scene::Challenging);
    let (id, terms) = (trial.id, trial.terms().unwrap());
    let target = target(Part::Execution);
    let plain = trial.task().unwrap().parameters.games_per_claim;
    for open in 0..16_u8 {
        let need = terms.challenger_bond << open.saturating_sub(plain - 1);
        let error = refused(&mut trial.court, |court| court.challenge(&whistleblower(), id, target, need - 1));
        assert_eq!(error, Error::Funds { have: need - 1, need });
        trial.court.challenge(&whistleblower(), id, target, need).unwrap();
    }
    let error = refused(&mut trial.court, |court| court.challenge(&whistleblower(), id, target, 1 << 40));
    assert_eq!(error, Error::ClaimGames(16));
    trial.court.conserved().unwrap();
}

#[test]
fn the_parameters_are_the_chains_own() {
    let mut trial: Trial<'static> = at(Scene::Open);
    let escrow = trial.court.escrow;
    let stored: assay_core::protocol::Parameters = trial.court.view(escrow, "parameters", Vec::new()).unwrap();
    assert_eq!(stored.numbers(), parameters(crate::scenes::chain()).numbers());
}
