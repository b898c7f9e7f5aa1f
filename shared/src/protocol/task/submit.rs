//! A submitter locks the budget and a task opens.
use super::{Phase, Task, Terms};
use crate::graph::ProgramRef;
use crate::protocol::error::{ensure, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::{permille, plus, times, Effects, Reason};
use crate::protocol::types::{
    Balance, Context, Mode, TaskId, TaskSpec, MAX_SEGMENTS, MAX_TASK_SEGMENTS, MAX_VERIFIERS, WORK_PER_PRICE,
};
use crate::protocol::{Error, Parameters, SpecFault};
use crate::wire::Wire;
use alloc::boxed::Box;

/// What a task would cost and whom it would bind to what.
pub fn quote(spec: &TaskSpec, parameters: &Parameters) -> Result<Terms, Error> {
    let mut terms = Terms::blank();
    fill_terms(&mut terms, spec, parameters)?;
    Ok(terms)
}

fn fill_terms(terms: &mut Terms, spec: &TaskSpec, parameters: &Parameters) -> Checked {
    check(spec, parameters)?;
    let work = Balance::from(spec.work_per_step);

    let units = times(work, Balance::from(spec.steps))?.div_ceil(WORK_PER_PRICE);
    let price = times(units, spec.max_price)?;
    let tax = permille(price, parameters.tax_permille)?;

    let replay = |segments: u8| {
        let steps = Balance::from(spec.interval).saturating_mul(Balance::from(segments));
        let steps = steps.min(Balance::from(spec.steps).saturating_mul(Balance::from(segments)));
        let units = times(work, steps)?.div_ceil(WORK_PER_PRICE);
        plus(parameters.verifier_fee, permille(times(units, spec.max_price)?, parameters.replay_permille)?)
    };
    let verifier_fee = replay(spec.segments_per_verifier)?;
    let profile_fee = if spec.mode == Mode::Tolerant { replay(2)? } else { 0 };
    let fees = times(verifier_fee, Balance::from(spec.verifiers))?;

    let with_price = |bond, part| plus(bond, permille(price, part)?);
    let fees = plus(fees, profile_fee)?;
    *terms = Terms {
        units,
        price,
        tax,
        verifier_fee,
        profile_fee,
        budget: plus(plus(price, tax)?, fees)?,
        seed_bond: parameters.seed_bond,
        // A refuted solver's bond pays the verifiers' fees before it is shared, so that the submitter's refund is full.
        solver_bond: plus(with_price(parameters.solver_bond, parameters.solver_bond_permille)?, fees)?,
        verifier_bond: with_price(parameters.verifier_bond, parameters.verifier_bond_permille)?,
        challenger_bond: with_price(parameters.challenger_bond, parameters.challenger_bond_permille)?,
    };
    Ok(())
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

/// Opens a task. In a box: it is large, and a contract would copy it about.
pub fn submit(
    id: TaskId,
    parameters: &Parameters,
    context: &Context,
    spec: &TaskSpec,
    effects: &mut Effects,
) -> Checked<Box<Task>> {
    let mut task = Box::new(Task::blank());
    fill_terms(&mut task.terms, spec, parameters)?;
    let submitter = context.caller;
    task.id = id;
    task.submitter = submitter;
    task.spec = *spec;
    task.parameters = *parameters;
    task.submitter_commit = spec.seed_commit;
    task.seed_bond = task.terms.seed_bond;
    task.budget = task.terms.budget;
    effects.tell(Event::Submitted { submitter, metadata: spec.metadata });
    let (budget, seed_bond) = (task.budget, task.seed_bond);
    effects.lock(&mut task, submitter, budget, Reason::Budget)?;
    effects.lock(&mut task, submitter, seed_bond, Reason::SeedBond)?;
    task.enter(Phase::Open, context.now, parameters.open_blocks, effects)?;
    Ok(task)
}
