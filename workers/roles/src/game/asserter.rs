//! The asserter's side: reveal what the game asks for.
use super::{at, Committed, GameError, Piece, Prover};
use assay_core::commit::descent::{Descent, Expected, Turn};
use assay_core::commit::Opening;
use assay_core::graph::{Env, Node, Operand, Source, RECORD_LEN};
use assay_core::protocol::dispute::{boundaries, Side, Split, Stage};
use assay_core::protocol::{Claim, Game, Move, OperandProof};
use std::sync::Arc;

/// The asserter's next move; `None` if it isn't its turn.
pub fn next_move(game: &Game, prover: &mut dyn Prover) -> Result<Option<Move>, GameError> {
    if game.turn() != Some(Side::Asserter) {
        return Ok(None);
    }
    let focus = &game.focus;
    let (step, node) = (focus.step, focus.node);
    let mv = match &game.stage {
        Stage::Split(split) => split_move(game, split, prover)?,
        Stage::State(descent) | Stage::Trace(descent) | Stage::Element(descent) | Stage::Micro(descent) => {
            let Some(piece) = at::piece(game) else { return Ok(None) };
            reveal(descent, &*prover.open(piece)?)?
        }
        Stage::AwaitTrace => {
            let trace = prover.open(Piece::Trace { step })?;
            Move::Trace { root: trace.root(), out: trace.open_item(u64::from(focus.output), 32)? }
        }
        Stage::AwaitNode => {
            let record = game.claim.program().node_record(node);
            Move::Node { record: prover.open(Piece::Program)?.open_item(record, RECORD_LEN)? }
        }
        Stage::AwaitMicro => {
            let micro = prover.open(Piece::Micro { step, node, element: focus.element })?;
            let last = (micro.len() / 4).saturating_sub(1);
            Move::Micro { root: micro.root(), last: micro.open_item(last, 4)? }
        }
        Stage::AwaitOperands => operands_move(game, prover)?,
        Stage::Over { .. } => return Ok(None),
    };
    Ok(Some(mv))
}

/// The state roots at the inner boundaries.
fn split_move(game: &Game, split: &Split, prover: &mut dyn Prover) -> Result<Move, GameError> {
    let first = match game.claim {
        Claim::Execution { first_step, .. } => first_step,
        Claim::Distance { .. } => 0,
    };
    let cuts = boundaries(split.lo, split.hi);
    let inner = cuts.get(1..cuts.len().saturating_sub(1)).unwrap_or_default();
    let roots = inner.iter().map(|cut| prover.state_root(first.saturating_add(u64::from(*cut))));
    Ok(Move::Split { roots: roots.collect::<Result<_, _>>()? })
}

/// What a descent asks for.
fn reveal(descent: &Descent, string: &Committed) -> Result<Move, GameError> {
    debug_assert_eq!(descent.turn(), Turn::Asserter);
    Ok(match descent.expects() {
        Expected::Children(_) => Move::Children { cvs: string.children(descent.span())? },
        Expected::Leaf(_) => Move::Leaf { chunk: string.chunk(descent.span().start)?.into_owned() },
    })
}

/// The operands of the disputed micro-step, or of the whole element.
fn operands_move(game: &Game, prover: &mut dyn Prover) -> Result<Move, GameError> {
    let focus = &game.focus;
    let node = &focus.node().ok_or(GameError::Missing { what: "record", index: focus.node.into(), count: 0 })?;
    let env = Env { step: focus.step };
    let steps = match focus.micro {
        Some((t, _)) => t..t.saturating_add(1),
        None => 0..node.micro_len(),
    };
    let operands = node.operands(env, focus.element, steps)?;
    let openings = operands.into_iter().map(|(input, index)| operand(game, node, input, index, prover));
    let openings = openings.collect::<Result<_, _>>()?;
    let prior = match focus.micro {
        Some((t, _)) => {
            let piece = Piece::Micro { step: focus.step, node: focus.node, element: focus.element };
            let micro = prover.open(piece)?;
            earlier(node, env, focus.element, t)?
                .into_iter()
                .map(|at| micro.open_item(at, 4))
                .collect::<Result<_, _>>()?
        }
        None => Vec::new(),
    };
    Ok(Move::Operands { openings, prior })
}

/// Opens one element of an input, and the root of the tensor that it is in.
fn operand(
    game: &Game,
    node: &Node,
    input: u8,
    index: u64,
    prover: &mut dyn Prover,
) -> Result<OperandProof, GameError> {
    let missing = GameError::Missing { what: "input", index: input.into(), count: node.inputs.len() as u64 };
    let input = node.inputs.get(usize::from(input)).ok_or(missing)?;
    let step = game.focus.step;
    let (list, item): (Opening, usize) = match input.source {
        Source::State { snapshot, index } => {
            (prover.open(Piece::States { step, snapshot })?.open_item(index.into(), 32)?, 4)
        }
        Source::Node { index } => (prover.open(Piece::Trace { step })?.open_item(index.into(), 32)?, 4),
        Source::Data { index } => {
            let record = game.claim.program().data_record(index);
            let item = usize::try_from(input.dtype.size()).unwrap_or(4); // 1 or 4
            (prover.open(Piece::Program)?.open_item(record, RECORD_LEN)?, item)
        }
    };
    let tensor: Arc<Committed> = prover.open(Piece::of_source(input.source, step))?;
    Ok(OperandProof { list: Some(list), element: tensor.open_item(index, item)? })
}

/// Earlier micro-steps that a micro-step reads, each once, in order of first use.
fn earlier(node: &Node, env: Env, element: u64, t: u64) -> Result<Vec<u64>, GameError> {
    let mut found = Vec::new();
    for operand in node.micro_step(env, element, t)?.args {
        if let Operand::Prior(at) = operand {
            if !found.contains(&at) {
                found.push(at);
            }
        }
    }
    Ok(found)
}
