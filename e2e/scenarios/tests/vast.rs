//! Players of vast programs are honest: at sizes at which the program can be executed, what they show is what executing
//! it gives, lies and their consequences included.

use assay_core::commit::Hash;
use assay_core::protocol::dispute::{open, play, Side, Stage};
use assay_core::protocol::{Claim, Game, Move};
use assay_devnet::Chain;
use assay_roles::game::{next_move, next_pick, Piece, Prover, Replayer};
use assay_scenarios::process::artifacts;
use assay_scenarios::vast::{dispute, Lie, Plan, Player, What, World};
use std::sync::Arc;

/// Several blocks of a dot product forward, several chunks per row, more than one tensor; and the least.
const PLANS: [Plan; 3] = [
    Plan { features: 1100, outputs: 300, tensors: 3, batch: 130, rows: 300 },
    Plan { features: 70, outputs: 6, tensors: 2, batch: 1030, rows: 1100 },
    Plan { features: 3, outputs: 2, tensors: 1, batch: 2, rows: 5 },
];
const WHATS: [What; 5] = [What::Product, What::Slope, What::Gradient, What::Momentum, What::Weight];
const STEPS: u32 = 5;

fn replayer(world: &World, lie: Option<Lie>) -> Replayer {
    let (data, start) = world.written_out().unwrap();
    let replayer = Replayer::execution(world.program.as_ref().clone(), &[data], 0, Arc::new(start)).unwrap();
    replayer.with_tampers(lie.iter().map(|lie| lie.tamper(&world.plan)).collect::<Vec<_>>())
}

/// All strings: roots, lengths, and bytes of all chunks.
fn same(pieces: impl IntoIterator<Item = Piece>, a: &mut dyn Prover, b: &mut dyn Prover) {
    for piece in pieces {
        let (a, b) = (a.open(piece).unwrap(), b.open(piece).unwrap());
        assert_eq!((a.root(), a.len()), (b.root(), b.len()), "{piece:?}");
        for chunk in 0..a.len().div_ceil(1024) {
            assert_eq!(a.chunk(chunk).unwrap(), b.chunk(chunk).unwrap(), "{piece:?}, chunk {chunk}");
        }
    }
}

#[test]
fn players_show_what_execution_gives() {
    for plan in PLANS {
        let world = Arc::new(World::new(plan).unwrap());
        let program = world.program.clone();
        for lie in [None].into_iter().chain(WHATS.map(|what| Some(Lie::of(&plan, STEPS, what)))) {
            let (mut player, mut executor) = (Player::new(&world, lie), replayer(&world, lie));
            let step = lie.map_or(1, |lie| lie.step);
            for at in 0..=u64::from(STEPS) {
                assert_eq!(player.state_root(at).unwrap(), executor.state_root(at).unwrap(), "{plan:?} {lie:?} {at}");
            }
            for step in [step, step + 1] {
                let states = (0..program.states.len() as u32).map(|index| Piece::State { step, snapshot: 0, index });
                let outputs = (0..program.nodes.len() as u32).map(|node| Piece::Output { step, node });
                let lists = [Piece::Program, Piece::Data { index: 0 }, Piece::Trace { step }];
                let lists = lists.into_iter().chain([Piece::States { step, snapshot: 0 }]);
                same(lists.chain(states).chain(outputs), &mut player, &mut executor);
            }
            let micro = |node: u32, element| Piece::Micro { step, node, element };
            match lie {
                Some(lie) => same([micro(lie.node(&plan), lie.element(&plan))], &mut player, &mut executor),
                // Of every node the middle and the last element.
                None => same(
                    (0..).zip(&program.nodes).flat_map(|(node, it)| {
                        let elements = it.shape.elements();
                        [micro(node, elements / 2), micro(node, elements - 1)]
                    }),
                    &mut player,
                    &mut executor,
                ),
            }
        }
    }
}

/// A game to its end, with all its moves.
fn game(claim: Claim, asserter: &mut dyn Prover, challenger: &mut dyn Prover) -> (Vec<Move>, Game) {
    let (liar, accuser) = ([1; 32], [2; 32]);
    let mut game = open(claim, liar, accuser, 0, 1000).unwrap();
    let mut moves = Vec::new();
    while let Some(side) = game.turn() {
        let mv = match side {
            Side::Asserter => next_move(&game, asserter),
            Side::Challenger => next_pick(&game, challenger),
        };
        let mv = mv.unwrap().unwrap();
        let mover = game.account(side);
        game = play(game, &mover, mv.clone(), 0).unwrap();
        moves.push(mv);
    }
    (moves, game)
}

#[test]
fn players_make_the_moves_of_those_who_execute() {
    for plan in PLANS {
        let world = Arc::new(World::new(plan).unwrap());
        for what in WHATS {
            let lie = Lie::of(&plan, STEPS, what);
            let (mut honest, mut liar) = (Player::new(&world, None), Player::new(&world, Some(lie)));
            let root = |player: &mut Player, step| -> Hash { player.state_root(step).unwrap() };
            let (start, end) = (root(&mut honest, 0), root(&mut liar, STEPS.into()));
            assert_ne!(end, root(&mut honest, STEPS.into()), "{plan:?} {lie:?}: nothing to accuse");
            let program = world.program.reference();
            let claim = Claim::Execution { program, first_step: 0, steps: STEPS, start, end };
            let vast = game(claim, &mut liar, &mut honest);
            let executed = game(claim, &mut replayer(&world, Some(lie)), &mut replayer(&world, None));
            assert_eq!(vast, executed);
            let Stage::Over { asserter_won: false, verdict } = vast.1.stage else { panic!("{:?}", vast.1.stage) };
            let found = (verdict.step, verdict.node, verdict.element);
            assert_eq!(found, (lie.step, lie.node(&plan), lie.element(&plan)));
        }
    }
}

/// On the contracts: a million parameters, a thousand steps. Games are as long as the rules let them be.
#[test]
fn lies_about_a_million_parameters_fall() {
    let chain = Chain::new_dev().unwrap();
    let world = Arc::new(World::new(Plan::of(1_000_000, 1)).unwrap());
    for what in [What::Product, What::Gradient, What::Weight] {
        let dispute = dispute(&chain, &artifacts(), &world, 1000, Lie::of(&world.plan, 1000, what)).unwrap();
        let moves = dispute.played.moves_of(Side::Asserter);
        assert_eq!(moves, dispute.most_moves as usize, "{what:?}: {:?}", dispute.played);
        assert!(moves <= 20 && dispute.played.bytes() <= 64 << 10, "{what:?}: {:?}", dispute.played);
    }
}
