//! A submitter locks the budget and a task opens.
use super::{Phase, Task, Terms};
use crate::graph::ProgramRef;
use crate::protocol::error::{ensure, overflow, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, Effects, Reason};
use crate::protocol::types::{
    Balance, Context, Mode, TaskId, TaskSpec, MAX_SEGMENTS, MAX_TASK_SEGMENTS, MAX_VERIFIERS, OPERATIONS_PER_UNIT,
};
use crate::protocol::{Error, Parameters, SpecFault};
use alloc::vec::Vec;

/// What a task would cost and whom it would bind to what.
pub fn quote(spec: &TaskSpec, parameters: &Parameters) -> Result<Terms, Error> {
    Ok(terms(spec, parameters)?)
}

fn mul(a: Balance, b: Balance) -> Checked<Balance> {
    a.checked_mul(b).ok_or_else(overflow)
}

fn add(a: Balance, b: Balance) -> Checked<Balance> {
    a.checked_add(b).ok_or_else(overflow)
}

fn terms(spec: &TaskSpec, parameters: &Parameters) -> Checked<Terms> {
    check(spec, parameters)?;
    let work = Balance::from(spec.work_per_step);

    let units = mul(work, Balance::from(spec.steps))?.div_ceil(OPERATIONS_PER_UNIT);
    let price = mul(units, spec.max_price)?;
    let tax = permille(price, parameters.tax_permille)?;

    let replay = |segments: u8| {
        let steps = Balance::from(spec.interval).saturating_mul(Balance::from(segments));
        let steps = steps.min(Balance::from(spec.steps).saturating_mul(Balance::from(segments)));
        let units = mul(work, steps)?.div_ceil(OPERATIONS_PER_UNIT);
        add(parameters.verifier_fee, permille(mul(units, spec.max_price)?, parameters.replay_permille)?)
    };
    let verifier_fee = replay(spec.segments_per_verifier)?;
    let profile_fee = if spec.mode == Mode::Tolerant { replay(2)? } else { 0 };
    let fees = mul(verifier_fee, Balance::from(spec.verifiers))?;

    let with_price = |bond, part| add(bond, permille(price, part)?);
    Ok(Terms {
        units,
        price,
        tax,
        verifier_fee,
        profile_fee,
        budget: add(add(price, tax)?, add(fees, profile_fee)?)?,
        seed_bond: parameters.seed_bond,
        // A refuted solver's bond pays the verifiers' fees before it is shared, so that the submitter's refund is full.
        solver_bond: add(
            with_price(parameters.solver_bond, parameters.solver_bond_permille)?,
            add(fees, profile_fee)?,
        )?,
        verifier_bond: with_price(parameters.verifier_bond, parameters.verifier_bond_permille)?,
        challenger_bond: parameters.challenger_bond,
    })
}

fn check(spec: &TaskSpec, parameters: &Parameters) -> Checked {
    let unless = |holds: bool, fault| -> Checked {
        ensure!(holds, Error::Spec(fault));
        Ok(())
    };
    unless(spec.steps > 0 && spec.interval > 0, SpecFault::NoSteps)?;
    let segments = spec.segments();
    unless(segments <= MAX_TASK_SEGMENTS, SpecFault::TooManySegments)?;
    unless((1..=MAX_VERIFIERS).contains(&spec.verifiers), SpecFault::Verifiers)?;
    let per_verifier = spec.segments_per_verifier;
    unless((1..=MAX_SEGMENTS).contains(&per_verifier) && u64::from(per_verifier) <= segments, SpecFault::Segments)?;
    unless(spec.work_per_step > 0, SpecFault::NoWork)?;
    unless((1..=parameters.max_training_blocks).contains(&spec.training_blocks), SpecFault::TrainingClock)?;
    unless(spec.max_price > 0, SpecFault::NoPrice)?;
    let is_step = |program: &ProgramRef| program.states > 0 && program.nodes >= program.states;
    unless(is_step(&spec.program), SpecFault::Program)?;
    if spec.mode == Mode::Tolerant {
        let same_states = spec.jitter.states == spec.program.states && spec.distance.states == spec.program.states;
        unless(is_step(&spec.jitter) && same_states && spec.distance.nodes > 0, SpecFault::Program)?;
    }
    Ok(())
}

/// Opens a task.
pub(crate) fn submit(
    id: TaskId,
    parameters: &Parameters,
    context: &Context,
    spec: TaskSpec,
) -> Checked<(Task, Effects)> {
    let terms = terms(&spec, parameters)?;
    let submitter = context.caller;
    let mut task = Task {
        id,
        submitter,
        parameters: parameters.clone(),
        terms,
        phase: Phase::Open,
        deadline: 0,
        round: 0,
        bids: Vec::new(),
        solver: None,
        profile: None,
        proof: None,
        submitter_commit: spec.seed_commit,
        submitter_seed: None,
        seed_bond: terms.seed_bond,
        budget: terms.budget,
        beacon: None,
        slots: Vec::new(),
        open_games: 0,
        locked: 0,
        spec,
    };
    let mut effects = Effects::default();
    effects.tell(Event::Submitted { submitter, metadata: task.spec.metadata });
    effects.lock(&mut task, submitter, terms.budget, Reason::Budget)?;
    effects.lock(&mut task, submitter, terms.seed_bond, Reason::SeedBond)?;
    task.enter(Phase::Open, context.now, parameters.open_blocks, &mut effects)?;
    Ok((task, effects))
}
