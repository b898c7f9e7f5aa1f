//! Games played to the end against the pure rules.
mod common;

use assay_core::arith::F32;
use assay_core::graph::{Op, Program};
use assay_core::protocol::dispute::{distance_moves, execution_moves, Cause, Stage};
use assay_core::protocol::{Claim, Game, Move};
use assay_engine::compile::Compiled;
use assay_engine::state::State;
use assay_engine::tamper::Tamper;
use assay_roles::game::{forger, next_pick, steer, GameError, Replayer, Target};
use common::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

static COMPILED: LazyLock<Compiled> = LazyLock::new(compiled);
/// The states after 0 to 60 steps.
static STATES: LazyLock<Vec<Arc<State>>> = LazyLock::new(|| {
    let mut executor = COMPILED.trainer().unwrap();
    let mut state = COMPILED.start.clone();
    let next = |step| {
        let before = Arc::new(state.clone());
        executor.step(&mut state, step).unwrap();
        before
    };
    (0..=60).map(next).collect()
});

fn trained(steps: u64) -> Arc<State> {
    STATES[steps as usize].clone()
}

/// The same state with other numbers in one tensor.
fn with_noise(state: &State, tensor: usize) -> Arc<State> {
    let mut tensors = state.tensors().to_vec();
    let other = noise(77, tensors[tensor].len());
    tensors[tensor] = other;
    Arc::new(State::new(state.decls().to_vec(), tensors).unwrap())
}

/// A liar with these tampers against the honest challenger, about some steps of a program from the model's start.
fn convict(program: &Program, first: u64, steps: u32, tampers: Vec<Tamper>) -> Played {
    let start = trained(first);
    let mut liar = replayer(&COMPILED, program, first, &start).with_tampers(tampers);
    let mut honest = replayer(&COMPILED, program, first, &start);
    let claim = execution(program, first, steps, &start, &mut liar);
    let played = play(claim, &mut liar, |game| next_pick(game, &mut honest));
    assert!(!played.asserter_won, "{played:?}");
    played
}

#[test]
fn a_lie_at_any_operator_is_found() {
    let mut kinds = BTreeSet::new();
    let mut longest = 0;
    for program in [&COMPILED.step, &COMPILED.jitter] {
        for (node, record) in (0_u32..).zip(&program.nodes) {
            let elements = record.shape.elements();
            for element in BTreeSet::from([0, elements / 2, elements - 1]) {
                // The segment's last step: earlier lies of one bit can be rounded away again.
                let target = Target { step: 24, node, element, ..Target::default() };
                let mut tampers = forger::flip(&target);
                // What is left of the loss doesn't reach the state, nor does a flip that rounding swallows: the liar
                // forges the result of the same step too, and the game still ends at the first lie.
                let last = program.nodes.len() as u32 - 1;
                if node != last {
                    tampers.extend(forger::flip(&Target { step: 24, node: last, element: 1, ..target }));
                }
                let played = convict(program, 5, 20, tampers);
                let verdict = played.verdict;
                assert_eq!((verdict.step, verdict.node, verdict.element), (24, node, element), "{:?}", record.op);
                assert_eq!(verdict.reason, Cause::OtherValue);
                assert_eq!(verdict.claimed.0 ^ verdict.computed.0, 1);
                assert!(played.asserter_moves <= 20 && played.bytes <= 64 << 10, "{played:?}");
                let most = execution_moves(&program.reference(), 20, record);
                assert!(played.asserter_moves <= most && most <= 20, "{most} {played:?}");
                longest += usize::from(played.asserter_moves == most);
            }
            kinds.insert(record.op.name());
        }
    }
    println!("operators: {kinds:?}, {longest} games as long as can be");
    assert!(longest > 0);
    assert!(kinds.len() >= 15, "{kinds:?}");
}

#[test]
fn a_lie_at_any_node_of_a_distance_is_found() {
    let program = &COMPILED.distance;
    let states = [trained(0), trained(20), with_noise(&trained(20), 3)];
    for (node, record) in (0_u32..).zip(&program.nodes) {
        let mut tampers = forger::flip(&Target { node, ..Target::default() });
        let last = program.nodes.len() - 1;
        if node as usize != last {
            tampers.extend(forger::value(program, F32::ONE));
        }
        let mut liar = Replayer::distance(program.clone(), states.clone()).unwrap().with_tampers(tampers);
        let mut honest = Replayer::distance(program.clone(), states.clone()).unwrap();
        let claimed = if node as usize == last { claimed_value(&mut liar) } else { F32::ONE };
        let claim = distance(program, &states, claimed);
        let played = play(claim, &mut liar, |game| next_pick(game, &mut honest));
        assert!(!played.asserter_won);
        assert_eq!((played.verdict.node, played.verdict.reason), (node, Cause::OtherValue), "{:?}", record.op);
        assert!(played.asserter_moves <= distance_moves(&program.reference(), record), "{played:?}");
    }
}

fn claimed_value(prover: &mut Replayer) -> F32 {
    use assay_roles::game::{Piece, Prover};
    let node = prover.program().nodes.len() as u32 - 1;
    F32::from_le_bytes(prover.open(Piece::Output { step: 0, node }).unwrap().item(0).unwrap())
}

#[test]
fn a_forged_end_is_found_in_its_last_step() {
    let start = trained(40);
    for tensor in 0..start.len() {
        let end = with_noise(&trained(60), tensor);
        let played = convict(&COMPILED.step, 40, 20, forger::end_state(&COMPILED.step, 59, &end));
        assert_eq!(played.verdict.step, 59);
        assert_eq!(played.verdict.node as usize, COMPILED.step.nodes.len() - start.len() + tensor);
    }
}

#[test]
fn a_false_distance_is_found() {
    let program = &COMPILED.distance;
    let states = [trained(0), trained(20), with_noise(&trained(20), 8)];
    for value in [F32::ZERO, F32::NAN, F32::INFINITY, F32::ONE] {
        let liar = Replayer::distance(program.clone(), states.clone()).unwrap();
        let mut liar = liar.with_tampers(forger::value(program, value));
        let mut honest = Replayer::distance(program.clone(), states.clone()).unwrap();
        let claim = distance(program, &states, value);
        let played = play(claim, &mut liar, |game| next_pick(game, &mut honest));
        assert!(!played.asserter_won);
        assert_eq!(played.verdict.claimed, value);
    }
}

#[test]
fn a_false_profile_is_found() {
    // An honest run of the program sold as the perturbed one.
    let start = trained(0);
    let mut liar = replayer(&COMPILED, &COMPILED.step, 0, &start);
    let end = match execution(&COMPILED.step, 0, 20, &start, &mut liar) {
        Claim::Execution { end, .. } => end,
        Claim::Distance { .. } => unreachable!(),
    };
    let end_state = trained(20);
    assert_eq!(end_state.root(), end);
    let played = convict(&COMPILED.jitter, 0, 20, forger::end_state(&COMPILED.jitter, 19, &end_state));
    assert_eq!(played.verdict.step, 19);
}

#[test]
fn who_shows_the_truth_about_a_false_claim_breaks_its_commitment() {
    let start = trained(0);
    let mut asserter = replayer(&COMPILED, &COMPILED.step, 0, &start);
    let mut honest = replayer(&COMPILED, &COMPILED.step, 0, &start);
    let mut claim = execution(&COMPILED.step, 0, 20, &start, &mut asserter);
    if let Claim::Execution { end, .. } = &mut claim {
        end.0[0] ^= 1;
    }
    let played = play(claim, &mut asserter, |game| next_pick(game, &mut honest));
    assert!(!played.asserter_won);
    assert_eq!(played.verdict.reason, Cause::WrongOpening);
}

#[test]
fn a_right_claim_leaves_an_honest_challenger_without_move() {
    let start = trained(0);
    let mut asserter = replayer(&COMPILED, &COMPILED.step, 0, &start);
    let mut honest = replayer(&COMPILED, &COMPILED.step, 0, &start);
    let claim = execution(&COMPILED.step, 0, 20, &start, &mut asserter);
    asserter.check(&claim).unwrap();
    let mut game = assay_core::protocol::dispute::open(claim, ASSERTER, CHALLENGER, 0, 10).unwrap();
    let mv = assay_roles::game::next_move(&game, &mut asserter).unwrap().unwrap();
    assert!(next_pick(&game, &mut honest).unwrap().is_none(), "not its turn");
    game = assay_core::protocol::dispute::play(game, &ASSERTER, mv, 0).unwrap();
    assert!(matches!(next_pick(&game, &mut honest), Err(GameError::NoDifference { .. })));
    assert!(assay_roles::game::next_move(&game, &mut asserter).unwrap().is_none(), "not its turn");
}

#[test]
fn a_steered_game_ends_at_its_target() {
    for program in [&COMPILED.step, &COMPILED.jitter] {
        for (node, record) in (0_u32..).zip(&program.nodes) {
            let target = Target { state: node % 10, ..Target::in_node(program, 7, node) };
            let start = trained(0);
            let mut asserter = replayer(&COMPILED, program, 0, &start);
            let claim = execution(program, 0, 20, &start, &mut asserter);
            let played = play(claim, &mut asserter, |game| steer(game, &target));
            assert!(played.asserter_won);
            let verdict = played.verdict;
            assert_eq!(verdict.reason, Cause::SameValue);
            assert_eq!((verdict.step, verdict.node, verdict.element), (7, node, target.element), "{:?}", record.op);
            assert_eq!(verdict.micro, (!record.at_once()).then_some(target.micro));
        }
    }
    let typical = Target::typical(&COMPILED.step, 3);
    assert!(matches!(COMPILED.step.nodes[typical.node as usize].op, Op::MatMul { .. }));
}

/// A random right or wrong pick, never one that isn't there.
fn random_pick(game: &Game, number: u32) -> Option<Move> {
    use assay_core::commit::descent::Revealed;
    let count = match &game.stage {
        Stage::Split(split) => split.roots.len() + 1,
        Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
            match descent.revealed() {
                Revealed::Children(cvs) => cvs.len(),
                Revealed::Leaf(chunk) => chunk.len() / usize::from(descent.item_bytes()),
                Revealed::Nothing => return None,
            }
        }
        _ => return None,
    };
    Some(Move::Pick { index: number % count as u32 })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 24 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_honest_asserter_beats_any_picks(
        jitter: bool, first in 0_u64..30, steps in 1_u32..40, picks in prop::collection::vec(any::<u32>(), 40),
    ) {
        let program = if jitter { &COMPILED.jitter } else { &COMPILED.step };
        let start = trained(first);
        let mut asserter = replayer(&COMPILED, program, first, &start);
        let claim = execution(program, first, steps, &start, &mut asserter);
        let mut picks = picks.into_iter().cycle();
        let played = play(claim, &mut asserter, |game| Ok(random_pick(game, picks.next().unwrap())));
        prop_assert!(played.asserter_won, "{:?}", played);
        prop_assert!(played.asserter_moves <= 20 && played.bytes <= 64 << 10, "{:?}", played);
    }

    #[test]
    fn an_honest_distance_beats_any_picks(
        tensor in 0_usize..10, picks in prop::collection::vec(any::<u32>(), 40),
    ) {
        let program = &COMPILED.distance;
        let states = [trained(0), trained(9), with_noise(&trained(9), tensor)];
        let mut asserter = Replayer::distance(program.clone(), states.clone()).unwrap();
        let claim = distance(program, &states, claimed_value(&mut asserter));
        let mut picks = picks.into_iter().cycle();
        let played = play(claim, &mut asserter, |game| Ok(random_pick(game, picks.next().unwrap())));
        prop_assert!(played.asserter_won, "{:?}", played);
    }

    #[test]
    fn a_random_flip_is_found(step in 0_u64..33, node: prop::sample::Index, element: u64) {
        let program = &COMPILED.step;
        let node = node.index(program.nodes.len());
        let element = element % program.nodes[node].shape.elements();
        let tampers = vec![
            Tamper::flip(step, node, element),
            Tamper { step: 32, node: program.nodes.len() - 2, change: assay_engine::tamper::Change::Flip { element: 0, bits: 2 } },
        ];
        let start = trained(0);
        let mut liar = replayer(&COMPILED, program, 0, &start).with_tampers(tampers);
        let mut honest = replayer(&COMPILED, program, 0, &start);
        let claim = execution(program, 0, 33, &start, &mut liar);
        let played = play(claim, &mut liar, |game| next_pick(game, &mut honest));
        prop_assert!(!played.asserter_won);
        prop_assert_eq!(played.verdict.reason, Cause::OtherValue);
    }
}

/// What a dispute about a large model takes: counted from the shapes, since no test machine runs one.
#[test]
fn a_dispute_about_a_billion_parameters_is_short() {
    use assay_core::commit::descent::reveals;
    // Llama-1B with Adam: 450 state tensors, a step of 4,000 nodes, the gradient of 2,048 x 128,256 logits (1 GiB) as the
    // largest output, dot products over up to 16,384 terms; segments of 256 steps.
    let (states, nodes, largest, dot) = (450_u64, 4_000_u64, 1_u64 << 30, 16_384_u64);
    let splits = 2;
    let below = |micro: u64| 1 + reveals(nodes * 32) + 1 + reveals(largest) + 1 + reveals(micro * 4) + 1;
    let execution = splits + reveals(states * 32) + below(dot);
    // A distance is one number, but its micro-trace is as long as the largest tensor.
    let distance = 1 + reveals(nodes * 32) + 1 + reveals(4) + 1 + reveals(largest) + 1;
    println!("asserter moves: {execution} for an execution, {distance} for a distance");
    assert!(execution <= 20 && distance <= 20);
}

/// The example's shapes with random samples.
#[test]
fn a_dispute_about_the_example_is_short() {
    let compiled = example();
    let program = &compiled.step;
    let start = Arc::new(compiled.start.clone());
    let data = compiled.training_data();
    let prover = || Replayer::execution(program.clone(), &data, 0, start.clone()).unwrap();
    let mut reports = Vec::new();
    for (what, target) in [
        ("a false alarm at a matrix product", Target::typical(program, 3)),
        ("a false alarm at the last parameter", Target::in_node(program, 3, program.nodes.len() as u32 - 1)),
    ] {
        let mut asserter = prover();
        let claim = execution(program, 0, 6, &start, &mut asserter);
        let played = play(claim, &mut asserter, |game| steer(game, &target));
        assert!(played.asserter_won);
        reports.push((what, played));
    }
    let weights = program.nodes.len() as u32 - 4;
    let target = Target { step: 5, node: weights, element: 50_000, ..Target::default() };
    let mut liar = prover().with_tampers(forger::flip(&target));
    let claim = execution(program, 0, 6, &start, &mut liar);
    let mut honest = prover();
    let played = play(claim, &mut liar, |game| next_pick(game, &mut honest));
    assert!(!played.asserter_won);
    assert_eq!((played.verdict.node, played.verdict.element), (weights, 50_000));
    reports.push(("one flipped bit in a weight matrix", played));
    for (what, Played { asserter_moves, challenger_moves, bytes, largest, .. }) in reports {
        println!("{what}: {asserter_moves} + {challenger_moves} moves, {bytes} bytes, the largest {largest}");
        assert!(asserter_moves <= 20 && bytes <= 64 << 10);
    }
}
