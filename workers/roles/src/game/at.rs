//! Where a game is: which string it descends.
use super::Piece;
use assay_core::protocol::dispute::Stage;
use assay_core::protocol::Game;

/// The string that a descent goes through, as the players know it; `None` outside of descents.
pub fn piece(game: &Game) -> Option<Piece> {
    let (step, node) = (game.focus.step, game.focus.node);
    Some(match game.stage {
        Stage::State(_) => Piece::States { step: step.saturating_add(1), snapshot: 0 },
        Stage::Trace(_) => Piece::Trace { step },
        Stage::Element(_) => Piece::Output { step, node },
        Stage::Micro(_) => Piece::Micro { step, node, element: game.focus.element },
        _ => return None,
    })
}

/// What the game is about by now, in words.
pub fn describe(game: &Game) -> String {
    let focus = &game.focus;
    let name = || focus.node().map_or(String::new(), |node| format!(" ({})", node.op.name()));
    match &game.stage {
        Stage::Split(split) => format!("steps {}..{} of the segment", split.lo, split.hi),
        Stage::State(_) => format!("state after step {}", focus.step),
        Stage::AwaitTrace => format!("result {} of step {}", focus.output, focus.step),
        Stage::Trace(_) => format!("nodes of step {}", focus.step),
        Stage::AwaitNode => format!("step {}, node {}", focus.step, focus.node),
        Stage::Element(_) => format!("step {}, node {}{}: elements", focus.step, focus.node, name()),
        Stage::AwaitMicro | Stage::Micro(_) => {
            format!("step {}, node {}{}, element {}: micro-steps", focus.step, focus.node, name(), focus.element)
        }
        Stage::AwaitOperands => match focus.micro {
            Some((t, _)) => {
                format!("step {}, node {}{}, element {}, micro-step {t}", focus.step, focus.node, name(), focus.element)
            }
            None => format!("step {}, node {}{}, element {}", focus.step, focus.node, name(), focus.element),
        },
        Stage::Over { asserter_won, verdict } => {
            let who = if *asserter_won { "the claim stood" } else { "the claim fell" };
            format!(
                "{who}: {:?} at step {}, node {}, element {}",
                verdict.reason, verdict.step, verdict.node, verdict.element
            )
        }
    }
}
