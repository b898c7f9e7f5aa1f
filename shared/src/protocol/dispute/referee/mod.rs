//! Who knows operators. A game asks it twice: what a node is like, once its record is opened; and in the end for the
//! disputed value, computed from operands under what both sides agree on.
//!
//! Nothing else on chain knows operators, and it keeps nothing: the [answers](Local) follow from the questions. So it is
//! a contract of its own, which the arbiter calls, with all the room to itself that operators take. Everybody who isn't
//! a contract asks [`Local`].
//!
//! Three things can come of a question: an answer; a [fault](Fault::Lost) that loses the asserter the game; and a
//! [refusal](Fault::Refused), after which nothing has happened. No answer at all (the referee ran out of gas, say) must
//! be a refusal too: whoever makes a move chooses its gas, and with a verdict in its place would choose the verdict.
mod local;
mod record;

pub use local::Local;
pub use record::Record;

use super::{Cause, Game, OperandProof};
use crate::arith::F32;
use crate::commit::{Hash, Opening};
use crate::graph::ProgramRef;
use crate::protocol::error::Fail;
use crate::protocol::Error;
use crate::wire::wire;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Answers a game's two questions.
pub trait Referee {
    /// What a game has to know of a node.
    ///
    /// # Errors
    /// The asserter loses by a record that makes no sense. Refused: there is no answer.
    fn inspect(&self, record: &Record) -> Result<Facts, Fault>;

    /// The value that the openings give.
    ///
    /// # Errors
    /// The asserter loses by a record that makes no sense there, and by openings that don't hash to what is agreed.
    /// Refused: openings that aren't those of the operands, or there is no answer.
    fn compute(&self, question: &Question, openings: &[OperandProof], prior: &[Opening]) -> Result<F32, Fault>;
}

/// What a game has to know of a node to be played on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Facts {
    /// Elements of its output.
    pub elements: u64,
    /// Micro-steps of each element.
    pub micro_len: u64,
    /// Whether the referee performs a whole element at once: then there is no micro-trace.
    pub at_once: bool,
}

wire!(struct Facts { elements, micro_len, at_once });

/// A disputed value, and all that is agreed about it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Question {
    /// The program.
    pub program: ProgramRef,
    /// The step (0 in a distance).
    pub step: u64,
    /// Roots of the states that the program may read, by their snapshot's number.
    pub snapshots: Vec<Hash>,
    /// Root of the step's trace: agreed left of the node.
    pub trace: Hash,
    /// The node.
    pub node: u32,
    /// Its record in the program.
    pub record: Record,
    /// The element of its output.
    pub element: u64,
    /// The micro-step, and the root of the element's micro-trace, agreed left of it. None: the whole element.
    pub micro: Option<(u64, Hash)>,
}

wire!(struct Question { program, step, snapshots, trace, node, record, element, micro });

impl Question {
    /// What a game asks in the end; `None` if it hasn't come to a node.
    pub fn of(game: &Game) -> Option<Question> {
        let focus = &game.focus;
        Some(Question {
            program: *game.claim.program(),
            step: focus.step,
            snapshots: game.claim.snapshots(focus),
            trace: focus.trace,
            node: focus.node,
            record: focus.record.clone()?,
            element: focus.element,
            micro: focus.micro.map(|(t, _)| (t, focus.micro_trace)),
        })
    }
}

/// Why there is no value, and why a move isn't made.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Debug, PartialEq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
pub enum Fault {
    /// It isn't a move: nothing happens.
    Refused(Fail),
    /// It is one, and loses the asserter the game.
    Lost(Cause),
}

impl From<Fail> for Fault {
    fn from(fail: Fail) -> Self {
        Fault::Refused(fail)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Refused(error.into())
    }
}
