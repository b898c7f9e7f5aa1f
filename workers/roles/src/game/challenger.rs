//! The challenger's side: point at the first thing that is wrong.
use super::{at, GameError, Prover, Target};
use assay_core::commit::descent::{first_difference, first_item_difference, Descent, Revealed};
use assay_core::commit::{children, position_of_item, Hash};
use assay_core::protocol::dispute::{boundaries, Side, Split, Stage};
use assay_core::protocol::{Claim, Game, Move};

/// The honest challenger's next move; `None` if it isn't its turn.
///
/// An error of kind [`GameError::NoDifference`] means that the asserter is right so far: there is nothing to point at.
pub fn next_pick(game: &Game, prover: &mut dyn Prover) -> Result<Option<Move>, GameError> {
    if game.turn() != Some(Side::Challenger) {
        return Ok(None);
    }
    let index = match &game.stage {
        Stage::Split(split) => first_wrong_part(game, split, prover)?,
        Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
            let Some(piece) = at::piece(game) else { return Ok(None) };
            let mine = prover.open(piece)?;
            let found = match descent.revealed() {
                Revealed::Children(cvs) => first_difference(&mine.children(descent.span())?, cvs),
                Revealed::Leaf(chunk) => {
                    first_item_difference(&mine.chunk(descent.span().start)?, chunk, descent.item_bytes())
                }
                Revealed::Nothing => None, // Never: then it is the asserter's turn.
            };
            found.ok_or(GameError::NoDifference { what: "subtrees" })?
        }
        _ => return Ok(None), // Never: these are the asserter's.
    };
    Ok(Some(Move::Pick { index }))
}

/// The first part of the range whose end is wrong. The range's own end was disputed before.
fn first_wrong_part(game: &Game, split: &Split, prover: &mut dyn Prover) -> Result<u32, GameError> {
    let first = first_step(game);
    let ends = split.roots.iter().copied().chain([split.after]);
    for ((part, cut), claimed) in (0..).zip(boundaries(split.lo, split.hi).into_iter().skip(1)).zip(ends) {
        let mine: Hash = prover.state_root(first.saturating_add(u64::from(cut)))?;
        if mine != claimed {
            return Ok(part);
        }
    }
    Err(GameError::NoDifference { what: "states" })
}

/// The next move of a challenger who steers the game to a place of its choosing, whatever is claimed there.
pub fn steer(game: &Game, target: &Target) -> Result<Option<Move>, GameError> {
    if game.turn() != Some(Side::Challenger) {
        return Ok(None);
    }
    let index = match &game.stage {
        Stage::Split(split) => {
            let at = target.step.saturating_sub(first_step(game));
            let cuts = boundaries(split.lo, split.hi);
            // The last part that begins at or before the step.
            let begins = cuts.get(..cuts.len().saturating_sub(1)).unwrap_or_default();
            begins.iter().rposition(|&cut| u64::from(cut) <= at).unwrap_or(0) as u64
        }
        // Any state tensor leads to the step's trace.
        Stage::State(descent) => towards(descent, target.state.into()),
        Stage::Trace(descent) => towards(descent, target.node.into()),
        Stage::Element(descent) => towards(descent, target.element),
        Stage::Micro(descent) => towards(descent, target.micro),
        _ => return Ok(None), // Never: these are the asserter's.
    };
    Ok(Some(Move::Pick { index: u32::try_from(index).unwrap_or(u32::MAX) }))
}

/// The child, or the item of the chunk, that leads to an item; the last one if the string ends before it.
fn towards(descent: &Descent, item: u64) -> u64 {
    let size = usize::from(descent.item_bytes());
    let items = descent.len() / size.max(1) as u64;
    let item = item.min(items.saturating_sub(1));
    let (chunk, offset) = position_of_item(item, size).unwrap_or_default();
    match descent.revealed() {
        Revealed::Leaf(_) => (offset / size.max(1)) as u64,
        _ => {
            let children = children(descent.span());
            children.iter().position(|child| child.contains(chunk)).unwrap_or(0) as u64
        }
    }
}

fn first_step(game: &Game) -> u64 {
    match game.claim {
        Claim::Execution { first_step, .. } => first_step,
        Claim::Distance { .. } => 0,
    }
}
