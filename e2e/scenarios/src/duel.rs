//! Games, played on the contract to their end.
use crate::court::{Cost, Court};
use anyhow::{bail, Context as _, Result};
use assay_core::protocol::dispute::{Side, Stage, Verdict};
use assay_core::protocol::{Game, GameId, Move};
use assay_roles::game::{next_move, GameError, Prover};

/// A move that was made.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// By whom.
    pub side: Side,
    /// Of which kind.
    pub kind: &'static str,
    /// What it cost.
    pub cost: Cost,
}

/// How a game went.
#[derive(Debug, Clone)]
pub struct Played {
    /// Whether the claim stood.
    pub asserter_won: bool,
    /// What the contract found.
    pub verdict: Verdict,
    /// All moves.
    pub moves: Vec<Made>,
}

impl Played {
    /// Moves of one side.
    pub fn moves_of(&self, side: Side) -> usize {
        self.moves.iter().filter(|made| made.side == side).count()
    }

    /// Bytes of all messages of both sides.
    pub fn bytes(&self) -> u64 {
        self.moves.iter().map(|made| made.cost.bytes).sum()
    }
}

/// Lets an asserter play against whatever picks for the challenger.
///
/// # Errors
/// When the contract refuses a move, or a side has none.
pub fn play(
    court: &mut Court<'_>,
    id: GameId,
    asserter: &mut dyn Prover,
    mut pick: impl FnMut(&Game) -> Result<Option<Move>, GameError>,
) -> Result<Played> {
    let mut moves = Vec::new();
    loop {
        let game = court.game(id)?;
        if let Stage::Over { asserter_won, verdict } = game.stage {
            return Ok(Played { asserter_won, verdict, moves });
        }
        let (Some(side), true) = (game.turn(), moves.len() < 200) else { bail!("the game never ends") };
        let mv = match side {
            Side::Asserter => next_move(&game, asserter)?,
            Side::Challenger => pick(&game)?,
        };
        let mv = mv.with_context(|| format!("the {side:?} has no move in {:?}", game.stage))?;
        court.play(&game.account(side), id, &mv)?;
        moves.push(Made { side, kind: kind(&mv), cost: court.last_cost("play") });
    }
}

/// A move's name.
pub fn kind(mv: &Move) -> &'static str {
    match mv {
        Move::Split { .. } => "split",
        Move::Pick { .. } => "pick",
        Move::Children { .. } => "children",
        Move::Leaf { .. } => "leaf",
        Move::Trace { .. } => "trace",
        Move::Node { .. } => "node",
        Move::Micro { .. } => "micro",
        Move::Operands { .. } => "operands",
    }
}
