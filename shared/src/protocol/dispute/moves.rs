//! The moves, and what each does to a game.
use super::claim::step_found;
use super::{Cause, Fault, Game, Question, Record, Referee, Stage};
use crate::arith::F32;
use crate::commit::descent::{Descent, DescentError, Found};
use crate::commit::{checked_f32, checked_item, CommitError, Hash, Opening, Wrong};
use crate::protocol::Error;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::mem::take;

/// A move.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Move {
    /// Asserter: state roots at the inner boundaries.
    Split {
        /// The roots.
        roots: Vec<Hash>,
    },
    /// Challenger: the first that it disagrees with.
    Pick {
        /// Counted from 0.
        index: u32,
    },
    /// Asserter: the children of the subtree that is left.
    Children {
        /// Their chaining values.
        cvs: Vec<Hash>,
    },
    /// Asserter: the chunk that is left.
    Leaf {
        /// Its bytes.
        #[cfg_attr(feature = "serde", serde(with = "crate::commit::hex_bytes"))]
        chunk: Vec<u8>,
    },
    /// Asserter: the trace of the disputed step.
    Trace {
        /// Its root.
        root: Hash,
        /// Its item of the disputed result.
        out: Opening,
    },
    /// Asserter: the disputed node.
    Node {
        /// Its record in the program.
        record: Opening,
    },
    /// Asserter: the micro-trace of the disputed element.
    Micro {
        /// Its root.
        root: Hash,
        /// Its last value, which must be the element.
        last: Opening,
    },
    /// Asserter: all operands. Ends the game.
    Operands {
        /// Of each distinct input element, in order of first use ([`crate::graph::Node::operands`]).
        openings: Vec<OperandProof>,
        /// Of each distinct earlier micro-step, in order of first use.
        prior: Vec<Opening>,
    },
}

wire!(enum Move or Pick { index } {
    0 => Split { roots },
    1 => Pick { index },
    2 => Children { cvs },
    3 => Leaf { chunk },
    4 => Trace { root, out },
    5 => Node { record },
    6 => Micro { root, last },
    7 => Operands { openings, prior },
});

/// An opened input element.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OperandProof {
    /// The tensor's root: its item of the trace (a node's output) or of the state list (a state tensor), or its
    /// declaration in the program (data). Never missing; `None` is refused.
    pub list: Option<Opening>,
    /// The element's chunk of the tensor.
    pub element: Opening,
}

wire!(struct OperandProof { list, element });

impl From<Wrong> for Fault {
    /// What hashes to something else breaks a commitment; what hasn't even the right size is no move.
    fn from(error: Wrong) -> Self {
        match *error.0 {
            CommitError::Mismatch { .. } => Fault::Lost(Cause::WrongOpening),
            _ => Fault::Refused(error.into()),
        }
    }
}

impl From<DescentError> for Fault {
    fn from(error: DescentError) -> Self {
        match error {
            DescentError::WrongOpening(error) => Wrong(error).into(),
            DescentError::Pick { index, count } => Error::Pick { index, count }.into(),
            DescentError::OutOfTurn(_) | DescentError::Expected(_) => Error::WrongMove.into(),
            DescentError::NotAList { .. } => Fault::Lost(Cause::MalformedRecord),
        }
    }
}

/// Makes a move. After an error the game may be half changed, and is thrown away.
pub(super) fn make(game: &mut Game, mv: &mut Move, referee: &impl Referee) -> Result<(), Fault> {
    match (&mut game.stage, mv) {
        (Stage::Split(split), Move::Split { roots }) => split.reveal(take(roots)),
        (Stage::Split(split), Move::Pick { index }) => {
            split.pick(*index)?;
            after_split(game)
        }
        (Stage::State(at) | Stage::Trace(at) | Stage::Element(at) | Stage::Micro(at), Move::Children { cvs }) => {
            Ok(at.reveal_children(take(cvs))?)
        }
        (Stage::State(at) | Stage::Trace(at) | Stage::Element(at) | Stage::Micro(at), Move::Leaf { chunk }) => {
            Ok(at.reveal_leaf(take(chunk))?)
        }
        (Stage::State(at) | Stage::Trace(at) | Stage::Element(at) | Stage::Micro(at), Move::Pick { index }) => {
            match at.pick(*index)? {
                Some(found) => after_descent(game, &found),
                None => Ok(()),
            }
        }
        (Stage::AwaitTrace, Move::Trace { root, out }) => trace(game, *root, out),
        (Stage::AwaitNode, Move::Node { record }) => node(game, record, referee),
        (Stage::AwaitMicro, Move::Micro { root, last }) => micro(game, *root, last),
        (Stage::AwaitOperands, Move::Operands { openings, prior }) => {
            let question = Question::of(game).ok_or(Fault::Lost(Cause::MalformedRecord))?;
            let computed = referee.compute(&question, openings, prior)?;
            let same = game.focus.claimed() == computed;
            game.end(same, if same { Cause::SameValue } else { Cause::OtherValue }, computed);
            Ok(())
        }
        _ => Err(Error::WrongMove.into()),
    }
}

/// Goes on to the state after the disputed step, once a single one is left.
fn after_split(game: &mut Game) -> Result<(), Fault> {
    let Stage::Split(split) = &game.stage else {
        return Ok(());
    };
    if split.hi.saturating_sub(split.lo) > 1 {
        return Ok(());
    }
    let first = match game.claim {
        super::Claim::Execution { first_step, .. } => first_step,
        super::Claim::Distance { .. } => 0,
    };
    let step = first.saturating_add(u64::from(split.lo));
    game.stage = step_found(game.claim.program(), step, split.before, split.after, &mut game.focus)?;
    Ok(())
}

/// A descent has found an item.
fn after_descent(game: &mut Game, found: &Found) -> Result<(), Fault> {
    let malformed = Fault::Lost(Cause::MalformedRecord);
    let focus = &mut game.focus;
    game.stage = match &game.stage {
        Stage::State(_) => {
            let index = u32::try_from(found.item_index).ok();
            let Some(output) = index.and_then(|index| game.claim.program().state_node(index)) else {
                return Err(malformed); // Never: the game was opened with enough nodes.
            };
            (focus.output, focus.result) = (output, Hash(bytes(found)?));
            Stage::AwaitTrace
        }
        Stage::Trace(_) => {
            focus.node = u32::try_from(found.item_index).map_err(|_| malformed)?;
            focus.node_root = Hash(bytes(found)?);
            Stage::AwaitNode
        }
        Stage::Element(_) => {
            focus.element = found.item_index;
            focus.value = F32::from_le_bytes(bytes(found)?);
            if focus.facts.at_once {
                Stage::AwaitOperands
            } else {
                Stage::AwaitMicro
            }
        }
        _ => {
            focus.micro = Some((found.item_index, F32::from_le_bytes(bytes(found)?)));
            Stage::AwaitOperands
        }
    };
    Ok(())
}

/// The bytes of an item, whose number the stage fixed.
fn bytes<const N: usize>(found: &Found) -> Result<[u8; N], Fault> {
    found.value.as_slice().try_into().map_err(|_| Fault::Lost(Cause::MalformedRecord))
}

fn trace(game: &mut Game, root: Hash, out: &Opening) -> Result<(), Fault> {
    let len = u64::from(game.claim.program().nodes).saturating_mul(32);
    let item = checked_item(&root, len, u64::from(game.focus.output), out)?;
    if Hash(item) != game.focus.result {
        return Err(Fault::Lost(Cause::OtherResult));
    }
    game.focus.trace = root;
    game.stage = Stage::Trace(Descent::new(root, len, 32)?);
    Ok(())
}

fn node(game: &mut Game, record: &Opening, referee: &impl Referee) -> Result<(), Fault> {
    let program = game.claim.program();
    let index = program.node_record(game.focus.node);
    let record = Record(checked_item(&program.root, program.byte_len(), index, record)?);
    let facts = referee.inspect(&record)?;
    let len = facts.elements.saturating_mul(4);
    game.stage = Stage::Element(Descent::new(game.focus.node_root, len, 4)?);
    (game.focus.record, game.focus.facts) = (Some(record), facts);
    Ok(())
}

fn micro(game: &mut Game, root: Hash, last: &Opening) -> Result<(), Fault> {
    let steps = game.focus.facts.micro_len;
    let len = steps.saturating_mul(4);
    let value = checked_f32(&root, len, steps.saturating_sub(1), last)?;
    if value != game.focus.value {
        return Err(Fault::Lost(Cause::OtherResult));
    }
    game.focus.micro_trace = root;
    game.stage = Stage::Micro(Descent::new(root, len, 4)?);
    Ok(())
}
