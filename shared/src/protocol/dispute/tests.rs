//! Whole games over small programs.
use super::*;
use crate::graph::Node;
use crate::protocol::testing::{data, distance_program, start_state, state_root, step_program, Lie, View};
use crate::protocol::Error;
use alloc::vec;
use alloc::vec::Vec;
use codec::Encode;
use proptest::prelude::*;

const ASSERTER: AccountId = [1; 32];
const CHALLENGER: AccountId = [2; 32];
const BLOCKS: Block = 100;

fn begin(claim: Claim) -> Game {
    open(claim, ASSERTER, CHALLENGER, 10, BLOCKS).unwrap()
}

/// Plays to the end. Returns the game and the names of the stages that it went through.
fn play_out(claim: Claim, asserter: &View, challenger: &View) -> (Game, Vec<&'static str>) {
    let mut game = begin(claim);
    let mut stages = vec![];
    for moves in 0.. {
        assert!(moves < 100, "games end");
        let name = stage_name(&game.stage);
        if stages.last() != Some(&name) {
            stages.push(name);
        }
        let Some(side) = game.turn() else { break };
        let view = if side == Side::Asserter { asserter } else { challenger };
        let mv = view.respond(&game);
        assert!(mv.encoded_size() < 15 * 1024, "a move fits ink's buffer, and goes on to the referee with a question");
        let wire = Move::decode(&mut mv.encode().as_slice()).unwrap();
        let account = game.account(side);
        game = play(game, &account, wire, 10).unwrap();
        game = Game::decode(&mut game.encode().as_slice()).unwrap();
        assert!(game.encoded_size() < 4 * 1024, "a game fits a storage cell");
    }
    (game, stages)
}

fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Split(_) => "split",
        Stage::State(_) => "state",
        Stage::AwaitTrace => "await trace",
        Stage::Trace(_) => "trace",
        Stage::AwaitNode => "await node",
        Stage::Element(_) => "element",
        Stage::AwaitMicro => "await micro",
        Stage::Micro(_) => "micro",
        Stage::AwaitOperands => "await operands",
        Stage::Over { .. } => "over",
    }
}

fn verdict(game: &Game) -> (bool, Verdict) {
    match game.stage {
        Stage::Over { asserter_won, verdict } => (asserter_won, verdict),
        _ => panic!("not over"),
    }
}

/// An honest and a lying execution of the same steps.
fn pair(k: u32, counters: u32, steps: u32, lie: Lie) -> (View, View) {
    let program = step_program(k, counters, false);
    let start = start_state(&program);
    let honest = View::run(&program, &data(k), 20, steps, &start, None);
    let liar = View::run(&program, &data(k), 20, steps, &start, Some(lie));
    (honest, liar)
}

#[test]
fn every_level_is_descended_to_a_false_micro_step() {
    // 40 steps, 42 states, 52 nodes, 1200 terms: every level has more than one move.
    let lie = Lie { step: 53, node: 2, element: 3, micro: 777 };
    let (honest, liar) = pair(1_200, 40, 40, lie);
    let (game, stages) = play_out(liar.execution_claim(), &liar, &honest);
    let all =
        ["split", "state", "await trace", "trace", "await node", "element", "await micro", "micro", "await operands"];
    assert_eq!(stages, all.into_iter().chain(["over"]).collect::<Vec<_>>());
    let (asserter_won, verdict) = verdict(&game);
    assert!(!asserter_won);
    assert_eq!((verdict.reason, verdict.step, verdict.node), (Cause::OtherValue, 53, 2));
    assert_eq!((verdict.element, verdict.micro), (3, Some(777)));
    assert_ne!(verdict.claimed, verdict.computed);

    // The same dispute with the truth on the asserter's side.
    let (game, _) = play_out(honest.execution_claim(), &honest, &liar);
    let (asserter_won, verdict) = super::tests::verdict(&game);
    assert!(asserter_won);
    assert_eq!((verdict.reason, verdict.step, verdict.node), (Cause::SameValue, 53, 2));
    assert_eq!(verdict.claimed, verdict.computed);
}

#[test]
fn a_lie_in_any_node_is_found() {
    let program = step_program(5, 1, false);
    for node in 0..program.nodes.len() {
        let last = program.nodes[node].shape.elements() - 1;
        let (honest, liar) = pair(5, 1, 3, Lie { step: 21, node, element: last, micro: u64::MAX });
        if honest.end() == liar.end() {
            continue; // The lie drowned (a relu, a label that isn't there): there is nothing to dispute.
        }
        let (game, _) = play_out(liar.execution_claim(), &liar, &honest);
        let (asserter_won, verdict) = verdict(&game);
        assert!(!asserter_won, "node {node}");
        assert_eq!((verdict.reason, verdict.step, verdict.node as usize), (Cause::OtherValue, 21, node));
        let (game, _) = play_out(honest.execution_claim(), &honest, &liar);
        assert_eq!(game.asserter_won(), Some(true), "node {node}");
    }
}

#[test]
fn distances_are_disputed_too() {
    let step = step_program(300, 2, false);
    let program = distance_program(&step);
    let start = start_state(&step);
    let replayed = View::run(&step, &data(300), 0, 3, &start, None);
    let lie = Lie { step: 1, node: 2, element: 0, micro: 5 };
    let claimed = View::run(&step, &data(300), 0, 3, &start, Some(lie));
    let snapshots = [&start[..], replayed.end_state(), claimed.end_state()];
    let honest = View::distance(&program, snapshots, None);
    let nodes = program.nodes.len();
    let mut micro_games = 0;
    for node in 0..nodes {
        let lie = Lie { step: 0, node, element: 0, micro: 200 };
        let liar = View::distance(&program, snapshots, Some(lie));
        if liar.value() == honest.value() {
            continue;
        }
        let (game, stages) = play_out(liar.distance_claim(), &liar, &honest);
        assert_eq!(game.asserter_won(), Some(false));
        assert_eq!(verdict(&game).1.reason, Cause::OtherValue);
        assert_eq!(stages[0], "await trace");
        micro_games += usize::from(stages.contains(&"micro"));
        let (game, _) = play_out(honest.distance_claim(), &honest, &liar);
        assert_eq!(game.asserter_won(), Some(true));
    }
    assert!(micro_games > 2);
}

#[test]
fn a_claim_with_another_end_than_the_execution_falls() {
    let (honest, _) = pair(3, 0, 1, Lie { step: 0, node: 0, element: 0, micro: 0 });
    let Claim::Execution { program, first_step, steps, start, .. } = honest.execution_claim() else { panic!() };
    let mut end_state = honest.end_state().to_vec();
    end_state[1][2] = F32::ONE;
    let claim = Claim::Execution { program, first_step, steps, start, end: state_root(&end_state) };
    // The asserter shows the false end state, then the true trace: its item isn't the result.
    let mut liar = honest.clone();
    liar.states[1] = end_state;
    let (game, _) = play_out(claim, &liar, &honest);
    let (asserter_won, verdict) = verdict(&game);
    assert!(!asserter_won);
    assert_eq!(verdict.reason, Cause::OtherResult);
}

/// A game at the given stage, the honest side asserting.
fn game_at(wanted: &str, asserter: &View, challenger: &View) -> Game {
    let mut game = begin(asserter.execution_claim());
    while stage_name(&game.stage) != wanted {
        let side = game.turn().expect("the stage is reached");
        let view = if side == Side::Asserter { asserter } else { challenger };
        let mv = view.respond(&game);
        let account = game.account(side);
        game = play(game, &account, mv, 10).unwrap();
    }
    game
}

#[test]
fn wrong_openings_lose() {
    let lie = Lie { step: 30, node: 2, element: 1, micro: 100 };
    let (honest, liar) = pair(600, 40, 16, lie);
    for stage in ["state", "await trace", "trace", "await node", "element", "await micro", "micro", "await operands"] {
        let game = game_at(stage, &honest, &liar);
        let mut mv = honest.respond(&game);
        match &mut mv {
            Move::Children { cvs } => cvs[0].0[0] ^= 1,
            Move::Leaf { chunk } => chunk[0] ^= 1,
            Move::Trace { out, .. } => out.chunk[0] ^= 1,
            Move::Node { record } => record.chunk[0] ^= 1,
            Move::Micro { last, .. } => last.path[0].0[0] ^= 1,
            Move::Operands { openings, .. } => openings[0].element.chunk[0] ^= 1,
            _ => panic!(),
        }
        let game = play(game, &ASSERTER, mv, 10).unwrap();
        let (asserter_won, verdict) = verdict(&game);
        assert!(!asserter_won);
        assert_eq!(verdict.reason, Cause::WrongOpening, "{stage}");
    }
    // Each of the final openings counts.
    let game = game_at("await operands", &honest, &liar);
    for which in 0..4 {
        let mut mv = honest.respond(&game);
        let Move::Operands { openings, prior } = &mut mv else { panic!() };
        match which {
            0 => openings[1].list.as_mut().unwrap().chunk[40] ^= 1,
            1 => openings[1].element.chunk[0] ^= 1,
            2 => openings[0].list.as_mut().unwrap().path[0].0[3] ^= 1,
            _ => prior[0].chunk[0] ^= 1,
        }
        let game = play(game.clone(), &ASSERTER, mv, 10).unwrap();
        assert_eq!(verdict(&game).1.reason, Cause::WrongOpening);
    }
}

#[test]
fn what_is_no_move_changes_nothing() {
    let lie = Lie { step: 30, node: 2, element: 1, micro: 100 };
    let (honest, liar) = pair(600, 40, 16, lie);
    let all =
        ["split", "state", "await trace", "trace", "await node", "element", "await micro", "micro", "await operands"];
    for stage in all {
        let game = game_at(stage, &honest, &liar);
        let side = game.turn().unwrap();
        assert_eq!(side, Side::Asserter);
        let mv = honest.respond(&game);
        assert_eq!(play(game.clone(), &CHALLENGER, mv.clone(), 10), Err(Error::OutOfTurn(side)));
        assert_eq!(play(game.clone(), &[9; 32], mv.clone(), 10), Err(Error::NotYours));
        assert_eq!(play(game.clone(), &ASSERTER, mv.clone(), 111), Err(Error::ClockRanOut));
        let others = all.map(|other| game_at(other, &honest, &liar)).map(|other| honest.respond(&other));
        for other in others.into_iter().chain([Move::Pick { index: 0 }]) {
            if core::mem::discriminant(&other) != core::mem::discriminant(&mv) {
                assert!(play(game.clone(), &ASSERTER, other, 10).is_err(), "{stage}");
            }
        }
        let too_few = match mv {
            Move::Split { roots } => Move::Split { roots: roots[1..].to_vec() },
            Move::Children { cvs } => Move::Children { cvs: cvs[1..].to_vec() },
            Move::Leaf { chunk } => Move::Leaf { chunk: chunk[1..].to_vec() },
            Move::Trace { root, mut out } => {
                out.path.push(root);
                Move::Trace { root, out }
            }
            Move::Node { mut record } => {
                record.path.clear();
                Move::Node { record }
            }
            Move::Micro { root, mut last } => {
                last.chunk.push(0);
                Move::Micro { root, last }
            }
            Move::Operands { mut openings, prior } => {
                let first = openings[0].clone();
                openings.push(first);
                Move::Operands { openings, prior }
            }
            Move::Pick { .. } => panic!(),
        };
        assert!(play(game.clone(), &ASSERTER, too_few, 10).is_err(), "{stage}");
        let mv = honest.respond(&game);
        if let Move::Operands { mut openings, prior } = mv.clone() {
            openings[0].list = None;
            assert_eq!(play(game.clone(), &ASSERTER, Move::Operands { openings, prior }, 10), Err(Error::WrongMove));
        }
        // The challenger's picks lie in what was revealed.
        let after = play(game, &ASSERTER, mv, 10).unwrap();
        if after.turn() == Some(Side::Challenger) {
            let wrong = play(after, &CHALLENGER, Move::Pick { index: 1_000 }, 10);
            assert!(matches!(wrong, Err(Error::Pick { index: 1_000, .. })));
        }
    }
}

#[test]
fn clocks_run_out() {
    let lie = Lie { step: 21, node: 2, element: 1, micro: 0 };
    let (honest, liar) = pair(3, 0, 3, lie);
    let game = begin(liar.execution_claim());
    assert_eq!(timeout(game.clone(), 110), Err(Error::ClockRuns(110)));
    let late = timeout(game.clone(), 111).unwrap();
    assert_eq!((late.asserter_won(), verdict(&late).1.reason), (Some(false), Cause::ClockRanOut));
    assert_eq!(timeout(late.clone(), 112), Err(Error::GameOver));
    assert_eq!(play(late, &ASSERTER, Move::Pick { index: 0 }, 112), Err(Error::GameOver));

    let game = play(game.clone(), &ASSERTER, liar.respond(&game), 110).unwrap();
    assert_eq!(timeout(game.clone(), 210), Err(Error::ClockRuns(210)));
    assert_eq!(timeout(game.clone(), 211).unwrap().asserter_won(), Some(true));
    let game = play(game.clone(), &CHALLENGER, honest.respond(&game), 150).unwrap();
    // The asserter has spent its time.
    assert_eq!(play(game.clone(), &ASSERTER, liar.respond(&game), 151), Err(Error::ClockRanOut));
    assert_eq!(timeout(game, 151).unwrap().asserter_won(), Some(false));
}

#[test]
fn empty_claims_and_games_with_oneself_are_refused() {
    let (honest, _) = pair(3, 0, 1, Lie { step: 0, node: 0, element: 0, micro: 0 });
    let claim = honest.execution_claim();
    assert_eq!(open(claim, ASSERTER, ASSERTER, 0, 1), Err(Error::OwnClaim));
    let Claim::Execution { program, first_step, start, end, .. } = claim else { panic!() };
    let with = |program, first_step, steps| {
        open(Claim::Execution { program, first_step, steps, start, end }, ASSERTER, CHALLENGER, 0, 1)
    };
    assert_eq!(with(program, first_step, 0), Err(Error::EmptyClaim));
    assert_eq!(with(program, u64::MAX, 1), Err(Error::EmptyClaim));
    assert_eq!(with(crate::graph::ProgramRef { states: 0, ..program }, 0, 1), Err(Error::EmptyClaim));
    assert_eq!(with(crate::graph::ProgramRef { nodes: 1, ..program }, 0, 1), Err(Error::EmptyClaim));
    let program = crate::graph::ProgramRef { nodes: 0, ..program };
    let distance = Claim::Distance { program, start, replayed: start, claimed: start, value: F32::ZERO };
    assert_eq!(open(distance, ASSERTER, CHALLENGER, 0, 1), Err(Error::EmptyClaim));
}

/// Records that a submitter made up: the referee answers, and never panics.
#[test]
fn malformed_records_lose_without_panic() {
    let (honest, liar) = pair(3, 0, 1, Lie { step: 20, node: 2, element: 1, micro: 1 });
    let good = game_at("await operands", &honest, &liar);
    let malform: [fn(&mut Node); 5] = [
        |node| node.inputs[0].source = crate::graph::Source::Node { index: 2 }, // itself
        |node| node.inputs[0].source = crate::graph::Source::State { snapshot: 1, index: 0 },
        |node| node.inputs[1].source = crate::graph::Source::State { snapshot: 0, index: 99 },
        |node| node.inputs[0].source = crate::graph::Source::Data { index: 99 },
        |node| node.inputs.clear(),
    ];
    for malform in malform {
        let mut game = good.clone();
        let mut node = game.focus.node().unwrap();
        malform(&mut node);
        game.focus.record = Some(Record(node.to_record()));
        match play(game, &ASSERTER, honest.respond(&good), 10) {
            Ok(game) => assert_eq!(verdict(&game).1.reason, Cause::MalformedRecord),
            Err(error) => assert!(matches!(error, Error::Count { .. }), "{error:?}"),
        }
    }
}

/// A referee that never answers: one that ran out of gas.
struct Silent;

impl Referee for Silent {
    fn inspect(&self, _: &Record) -> Result<Facts, Fault> {
        Err(Error::NoReferee.into())
    }

    fn compute(&self, _: &Question, _: &[OperandProof], _: &[crate::commit::Opening]) -> Result<F32, Fault> {
        Err(Error::NoReferee.into())
    }
}

/// It is nobody's loss: whoever moves chooses how much gas the referee gets.
#[test]
fn a_move_without_an_answer_is_none() {
    let (honest, liar) = pair(600, 40, 16, Lie { step: 30, node: 2, element: 1, micro: 100 });
    for (asserter, other) in [(&honest, &liar), (&liar, &honest)] {
        for stage in ["await node", "await operands"] {
            let mut game = game_at(stage, asserter, other);
            let mut mv = asserter.respond(&game);
            let outcome = play_in_place(&mut game.clone(), &ASSERTER, &mut mv.clone(), 10, &Silent);
            assert_eq!(outcome, Err(Error::NoReferee.into()));
            assert_eq!(play_in_place(&mut game, &ASSERTER, &mut mv, 10, &Local), Ok(()));
        }
        // The others don't ask.
        for stage in ["split", "state", "await trace", "trace", "element", "await micro", "micro"] {
            let mut game = game_at(stage, asserter, other);
            let mut mv = asserter.respond(&game);
            assert_eq!(play_in_place(&mut game, &ASSERTER, &mut mv, 10, &Silent), Ok(()));
        }
    }
}

/// Whoever asks without a game can't make the referee work for long.
#[test]
fn only_what_is_done_at_once_is_done_whole() {
    let (honest, liar) = pair(600, 40, 16, Lie { step: 30, node: 2, element: 1, micro: 100 });
    let game = game_at("await operands", &honest, &liar);
    let Move::Operands { openings, prior } = honest.respond(&game) else { panic!() };
    let question = Question::of(&game).unwrap();
    assert!(Local.compute(&question, &openings, &prior).is_ok());
    let whole = Question { micro: None, ..question };
    assert_eq!(Local.compute(&whole, &openings, &[]), Err(Error::WrongMove.into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever tells the truth wins, wherever the other lies.
    #[test]
    fn truth_wins(step in 0..5_u64, node in 0..13_usize, element in any::<u64>(), micro in 0..8_u64) {
        let program = step_program(4, 1, false);
        let element = element % program.nodes[node].shape.elements();
        let (honest, liar) = pair(4, 1, 5, Lie { step: 20 + step, node, element, micro });
        if honest.end() != liar.end() {
            let (game, _) = play_out(liar.execution_claim(), &liar, &honest);
            prop_assert_eq!(game.asserter_won(), Some(false));
        }
        // An honest asserter wins against any challenger, one that picks at random included.
        let mut game = begin(honest.execution_claim());
        let mut seed = element;
        while let Some(side) = game.turn() {
            let mv = match side {
                Side::Asserter => honest.respond(&game),
                Side::Challenger => {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1 + step);
                    let count = 1 + (seed >> 40) as u32;
                    Move::Pick { index: (0..=16).rev().map(|n| count % (1 << n)).find(|&index| {
                        play(game.clone(), &CHALLENGER, Move::Pick { index }, 10).is_ok()
                    }).unwrap() }
                }
            };
            let account = game.account(side);
            game = play(game, &account, mv, 10).unwrap();
        }
        prop_assert_eq!(game.asserter_won(), Some(true));
        prop_assert_eq!(verdict(&game).1.reason, Cause::SameValue);
    }

    /// Any bytes that decode as a move are answered, at any stage, by either side.
    #[test]
    fn no_panic_on_any_move(bytes in proptest::collection::vec(any::<u8>(), 0..200), stage in 0..9_usize) {
        let all = ["split", "state", "await trace", "trace", "await node", "element", "await micro", "micro", "await operands"];
        let (honest, liar) = pair(3, 0, 2, Lie { step: 20, node: 2, element: 1, micro: 1 });
        let game = game_at(all[stage], &honest, &liar);
        if let Ok(mv) = Move::decode(&mut bytes.as_slice()) {
            let _ = play(game.clone(), &ASSERTER, mv.clone(), 10);
            let _ = play(game, &CHALLENGER, mv, 10);
        }
        let _ = Game::decode(&mut bytes.as_slice());
    }
}
