//! A task about a vast program, on the real contracts.
use super::{Lie, Player, World};
use crate::cast::{secret, solver, submitter, verifier, whistleblower};
use crate::court::{Cost, Court};
use crate::duel::{play, Played};
use crate::trial::{parameters, target};
use anyhow::{ensure, Context as _, Result};
use assay_core::arith::F32;
use assay_core::commit::hash;
use assay_core::protocol::beacon::{seed_chain, seed_commit};
use assay_core::protocol::dispute::execution_moves;
use assay_core::protocol::task::quote;
use assay_core::protocol::verdict::verdict_commitment;
use assay_core::protocol::{Mode, Part, Phase, Proof, SegmentReport, TaskSpec};
use assay_devnet::Chain;
use assay_roles::game::{next_pick, Committed, Prover as _};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How a dispute went.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// The game.
    pub played: Played,
    /// What all calls of the task cost, moves included.
    pub costs: BTreeMap<&'static str, Vec<Cost>>,
    /// Moves of the asserter that the game could have taken at most, for that node.
    pub most_moves: u32,
}

/// A task of one segment of so many steps. Its solver is honest, its verifier lies, a whistleblower convicts it.
///
/// # Errors
/// When a contract refuses, or believes the lie.
pub fn dispute(chain: &Chain, artifacts: &Path, world: &Arc<World>, steps: u32, lie: Lie) -> Result<Dispute> {
    let (mut honest, mut liar) = (Player::new(world, None), Player::new(world, Some(lie)));
    let start = honest.state_root(0)?;
    let (end, claimed) = (honest.state_root(steps.into())?, liar.state_root(steps.into())?);
    ensure!(end != claimed, "the lie is lost in rounding before the last step");

    let parameters = parameters(chain);
    let mut court = Court::open(chain, artifacts, &parameters)?;
    let program = world.program.reference();
    let spec = TaskSpec {
        metadata: hash(b"bundle"),
        program,
        jitter: program,
        distance: program,
        start,
        steps: steps.into(),
        interval: steps,
        work_per_step: world.program.work(),
        mode: Mode::Exact,
        max_price: 10,
        verifiers: 1,
        segments_per_verifier: 1,
        training_blocks: 50,
        seed_commit: seed_chain(&submitter(), &secret(&submitter())).1,
    };
    let terms = quote(&spec, &parameters)?;
    let id = court.submit(&submitter(), &spec, terms.budget + terms.seed_bond)?;
    court.join(&verifier(), id, seed_commit(&verifier(), &secret(&verifier())), terms.verifier_bond)?;
    court.bid(&solver(), id, spec.max_price, terms.solver_bond)?;
    court.poke_late(id)?;

    let list = Committed::list(&[start, end])?;
    let (first, last) = (list.open_item(0, 32)?, list.open_item(1, 32)?);
    let proof = Proof { checkpoints: list.root(), blob: hash(b"proof"), first: first.clone(), last };
    court.prove(&solver(), id, &proof)?;
    court.reveal_seed(&verifier(), id, secret(&verifier()))?;
    let seeds = seed_chain(&submitter(), &secret(&submitter())).0;
    court.reveal_seed(&submitter(), id, *seeds.first().context("a chain has links")?)?;

    let reports = [SegmentReport { replayed: claimed, value: F32::ZERO, openings: vec![first] }];
    let (round, salt) = (court.task(id)?.round, secret(&verifier()));
    let commitment = verdict_commitment(&parameters.chain, &court.escrow, id, round, &verifier(), &reports, &salt);
    court.commit_verdict(&verifier(), id, commitment)?;
    court.reveal_verdict(&verifier(), id, &reports, salt)?;
    let game = court.challenge(&whistleblower(), id, target(Part::Execution), terms.challenger_bond)?;
    let played = play(&mut court, game, &mut liar, |game| next_pick(game, &mut honest))?;

    let (plan, verdict) = (&world.plan, &played.verdict);
    ensure!(!played.asserter_won, "the contract believes the lie: {verdict:?}");
    let found = (verdict.step, verdict.node, verdict.element);
    ensure!(found == (lie.step, lie.node(plan), lie.element(plan)), "the contract found another lie: {verdict:?}");
    court.poke_late(id)?;
    let phase = court.task(id)?.phase;
    ensure!(phase == Phase::Joining, "the task is in phase {phase:?}: the liar's verdict still counts");
    court.conserved()?;
    let node = world.program.nodes.get(lie.node(plan) as usize).context("no such node")?;
    Ok(Dispute { played, costs: court.costs, most_moves: execution_moves(&program, steps, node) })
}
