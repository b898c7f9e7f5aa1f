//! The solver commits to its checkpoints.
use super::{seeds, Phase, Proved, Task};
use crate::commit::{checked_item, Hash};
use crate::protocol::error::{books, ensure, only, Checked};
use crate::protocol::event::Event;
use crate::protocol::money::Effects;
use crate::protocol::types::{Context, Proof};
use crate::protocol::Error;

/// The list must begin with the task's start and have one item per segment more. What lies between is for verifiers.
pub(crate) fn prove(task: &mut Task, context: &Context, proof: &Proof, effects: &mut Effects) -> Checked {
    task.during(Phase::Training, context.now)?;
    let solver = task.solver.ok_or_else(books)?;
    only(&context.caller, &solver.account)?;
    let len = task.spec.checkpoints_len();
    let Proof { checkpoints, blob, ref first, ref last } = *proof;
    let start = Hash(checked_item(&checkpoints, len, 0, first)?);
    ensure!(start == task.spec.start, Error::Start);
    let result = Hash(checked_item(&checkpoints, len, task.spec.segments(), last)?);
    task.proof = Some(Proved { checkpoints, blob, result });
    effects.tell(Event::Proved { checkpoints, blob, result });
    seeds::begin_round(task, context.now, effects)
}
