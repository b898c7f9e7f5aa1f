//! The largest task that the rules allow: every list in it is full, so that each call costs as much as it can.
use anyhow::{Context as _, Result};
use assay_core::arith::F32;
use assay_core::commit::{hash, Hash};
use assay_core::protocol::beacon::{seed_chain, seed_commit};
use assay_core::protocol::task::quote;
use assay_core::protocol::verdict::verdict_commitment;
use assay_core::protocol::{
    AccountId, Outcome, Part, Phase, Profile, Proof, SegmentReport, Target, TaskId, TaskSpec, MAX_BIDS,
    MAX_CLAIM_GAMES, MAX_SEGMENTS, MAX_TASK_SEGMENTS, MAX_VERIFIERS,
};
use assay_devnet::Chain;
use assay_roles::game::Committed;
use assay_scenarios::cast::{anyone, secret, submitter, whistleblower};
use assay_scenarios::court::Court;
use assay_scenarios::process::artifacts;
use assay_scenarios::trial::parameters;
use assay_scenarios::workload::{Size, Workload};

/// A court on which such a task has lived, with what its calls cost. Nothing is trained: a contract wouldn't notice.
pub(crate) fn run(chain: &Chain) -> Result<Court<'_>> {
    let mut court = Court::open(chain, &artifacts(), &parameters(chain))?;
    let verifiers: Vec<AccountId> = (0..MAX_VERIFIERS).map(|at| [100 + at; 32]).collect();
    let bidders: Vec<AccountId> = (0..MAX_BIDS as u8 + 1).map(|at| [150 + at; 32]).collect();
    for account in verifiers.iter().chain(&bidders) {
        court.endow(*account, 1_000 * assay_runtime::UNIT)?;
    }
    let list = checkpoints()?;
    let start = Hash(list.item(0).context("the list is empty")?);
    let spec = TaskSpec {
        start,
        steps: MAX_TASK_SEGMENTS,
        interval: 1,
        verifiers: MAX_VERIFIERS,
        segments_per_verifier: MAX_SEGMENTS,
        ..Workload::new(Size::TINY)?.spec()
    };
    let terms = quote(&spec, &parameters(chain))?;
    let id = court.submit(&submitter(), &spec, terms.budget + terms.seed_bond)?;

    for verifier in &verifiers {
        court.join(verifier, id, seed_commit(verifier, &secret(verifier)), terms.verifier_bond)?;
    }
    court.post_profile(&verifiers[0], id, Profile { base: hash(b"a"), jittered: hash(b"b"), value: F32::ZERO })?;
    for (at, bidder) in (0..).zip(&bidders) {
        court.bid(bidder, id, spec.max_price - at, terms.solver_bond)?; // The last one displaces the first.
    }
    let until = court.task(id)?.profile.map_or(0, |profile| profile.until);
    court.pass_until(until + 1)?;
    court.poke_late(id)?;
    let solver = court.task(id)?.solver.context("nobody got the task")?.account;
    let (first, last) = (list.open_item(0, 32)?, list.open_item(MAX_TASK_SEGMENTS, 32)?);
    court.prove(&solver, id, &Proof { checkpoints: list.root(), blob: hash(b"blob"), first, last })?;

    for verifier in &verifiers {
        court.reveal_seed(verifier, id, secret(verifier))?;
    }
    let seeds = seed_chain(&submitter(), &secret(&submitter())).0;
    court.reveal_seed(&submitter(), id, seeds[0])?;
    verdicts(&mut court, id, &verifiers, &list)?;
    disputes(&mut court, id)?;
    court.poke_late(id)?;
    let phase = court.task(id)?.phase;
    anyhow::ensure!(phase == Phase::Closed(Outcome::Refuted), "the task ended in {phase:?}");
    court.conserved()?;
    Ok(court)
}

fn checkpoints() -> Result<Committed> {
    let roots: Vec<Hash> = (0..=MAX_TASK_SEGMENTS).map(|at| hash(&at.to_le_bytes())).collect();
    Ok(Committed::list(&roots)?)
}

fn verdicts(court: &mut Court<'_>, id: TaskId, verifiers: &[AccountId], list: &Committed) -> Result<()> {
    let task = court.task(id)?;
    let mut reports = Vec::new();
    for (slot, verifier) in (0..).zip(verifiers) {
        let of_slot = task.draws(slot).into_iter().map(|segment| report(list, segment)).collect::<Result<Vec<_>>>()?;
        let (chain, escrow, salt) = (task.parameters.chain, court.escrow, secret(verifier));
        let commitment = verdict_commitment(&chain, &escrow, id, task.round, verifier, &of_slot, &salt);
        court.commit_verdict(verifier, id, commitment)?;
        reports.push(of_slot);
    }
    for (verifier, reports) in verifiers.iter().zip(&reports) {
        court.reveal_verdict(verifier, id, reports, secret(verifier))?;
    }
    Ok(())
}

/// A report that fails.
fn report(list: &Committed, segment: u32) -> Result<SegmentReport> {
    let chunk = |item: u32| item / (assay_core::commit::CHUNK as u32 / 32);
    let mut openings = vec![list.open_item(segment.into(), 32)?];
    if chunk(segment) != chunk(segment + 1) {
        openings.push(list.open_item(u64::from(segment) + 1, 32)?);
    }
    Ok(SegmentReport { replayed: hash(&segment.to_le_bytes()), value: F32::ONE, openings })
}

/// As many games as there may be against one claim; then the challenger's clocks run out.
fn disputes(court: &mut Court<'_>, id: TaskId) -> Result<()> {
    let target = Target::Verdict { slot: 0, report: 0, part: Part::Distance };
    let mut games = Vec::new();
    for _ in 0..MAX_CLAIM_GAMES {
        let bond = court.task(id)?.challenge_bond(target)?;
        games.push(court.challenge(&whistleblower(), id, target, bond)?);
    }
    let clock = court.task(id)?.parameters.game_blocks;
    court.pass(clock + 1)?;
    for game in games {
        court.timeout(&anyone(), game)?;
    }
    Ok(())
}
