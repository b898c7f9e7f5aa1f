//! Descending a committed tree to the leftmost difference: the move that every level of the pinpoint game repeats.
//!
//! The asserter stands by the root of a string. It reveals the chaining values of up to [`FANOUT`]
//! subtrees; they must combine to the value one level up, so the asserter can't change its mind. The challenger names the
//! first that it disagrees with, the game goes on below that one, and after `⌈log₁₆ chunks⌉` moves a single chunk is
//! left. The asserter reveals its bytes, the challenger names the first item that it disagrees with. By naming the
//! first, the challenger has agreed to everything on the left.
//!
//! A challenger that disagrees with nothing has no right move; it still has to make one, and loses at what it named.
use super::bounded::{decode_bytes, decode_list};
use super::opening::leaf;
use super::span::combined;
use super::{children, chunk_len, CommitError, Hash, Span, Wrong, CHUNK, FANOUT};
use crate::wire::{wire, Reader, Wire};
use alloc::boxed::Box;
use alloc::vec::Vec;
use codec::{Decode, Encode, Input};

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Turn {
    /// The one who stands by the root reveals.
    Asserter,
    /// The one who disagrees picks.
    Challenger,
}

/// What the asserter has to reveal next, or has just revealed.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Expected {
    /// This many chaining values.
    Children(u32),
    /// The bytes of a chunk, this many.
    Leaf(u32),
}

/// The end of a descent: the item that the challenger disagrees with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Found {
    /// Its index in the whole string.
    pub item_index: u64,
    /// Its bytes as the asserter committed to them.
    #[cfg_attr(feature = "serde", serde(with = "super::hex_bytes"))]
    pub value: Vec<u8>,
}

/// A move that can't be made.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DescentError {
    /// The string has no items, or isn't a whole number of them.
    #[error("a string of {len} bytes is not a list of items of {item} bytes")]
    NotAList {
        /// Bytes of the string.
        len: u64,
        /// Bytes per item.
        item: u8,
    },
    /// The other side is to move.
    #[error("it is the {0:?}'s turn")]
    OutOfTurn(Turn),
    /// Children instead of a chunk, or the other way round.
    #[error("{0:?} expected")]
    Expected(Expected),
    /// What was revealed doesn't belong to the commitment: the asserter has lost if it insists.
    #[error("wrong opening: {0}")]
    WrongOpening(Box<CommitError>),
    /// The challenger named something that isn't there.
    #[error("pick {index} of {count}")]
    Pick {
        /// What it named.
        index: u32,
        /// How many there are.
        count: u32,
    },
}

impl From<Wrong> for DescentError {
    fn from(wrong: Wrong) -> Self {
        DescentError::WrongOpening(wrong.0)
    }
}

/// A descent under way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Descent {
    len: u64,
    item: u8,
    span: Span,
    cv: Hash,
    revealed: Revealed,
}

wire!(struct Descent { len, item, span, cv, revealed });

/// What awaits the challenger's pick.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Revealed {
    /// Nothing: the asserter is to move.
    Nothing,
    /// The chaining values of the span's children.
    Children(Vec<Hash>),
    /// The bytes of the span's only chunk.
    Leaf(#[cfg_attr(feature = "serde", serde(with = "super::hex_bytes"))] Vec<u8>),
}

impl Decode for Revealed {
    /// Refuses more children or bytes than a move can reveal.
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        match input.read_byte()? {
            0 => Ok(Revealed::Nothing),
            1 => decode_list(input, FANOUT).map(Revealed::Children),
            2 => decode_bytes(input, CHUNK).map(Revealed::Leaf),
            _ => Err("no such variant of Revealed".into()),
        }
    }
}

impl Wire for Revealed {
    fn blank() -> Self {
        Revealed::Nothing
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        match reader.byte() {
            0 => *self = Revealed::Nothing,
            1 => {
                let mut cvs = Vec::new();
                reader.list(&mut cvs, FANOUT);
                *self = Revealed::Children(cvs);
            }
            2 => {
                let mut chunk = Vec::new();
                reader.list(&mut chunk, CHUNK);
                *self = Revealed::Leaf(chunk);
            }
            _ => reader.fail(),
        }
    }
}

/// Moves of the asserter in a descent through `len` bytes, the chunk included, at most.
pub const fn reveals(len: u64) -> u32 {
    Span::whole(len).depth().div_ceil(FANOUT.trailing_zeros()).saturating_add(1)
}

impl Descent {
    /// A descent into the string of `len` bytes under `root`, made of items of `item_bytes` bytes each: a divisor of
    /// [`CHUNK`], so that no item straddles chunks.
    pub fn new(root: Hash, len: u64, item_bytes: u8) -> Result<Descent, DescentError> {
        let divides = |whole: u64| whole.checked_rem(u64::from(item_bytes)) == Some(0);
        if len == 0 || !divides(len) || !divides(CHUNK as u64) {
            return Err(DescentError::NotAList { len, item: item_bytes });
        }
        Ok(Descent { len, item: item_bytes, span: Span::whole(len), cv: root, revealed: Revealed::Nothing })
    }

    /// Bytes of the string.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the string is empty: never, there would be nothing to find.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes per item.
    pub const fn item_bytes(&self) -> u8 {
        self.item
    }

    /// The subtree that is left.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// What the asserter claims to be that subtree's chaining value.
    pub const fn cv(&self) -> Hash {
        self.cv
    }

    /// What awaits the challenger's pick.
    pub const fn revealed(&self) -> &Revealed {
        &self.revealed
    }

    /// Whose move it is.
    pub const fn turn(&self) -> Turn {
        match self.revealed {
            Revealed::Nothing => Turn::Asserter,
            Revealed::Children(_) | Revealed::Leaf(_) => Turn::Challenger,
        }
    }

    /// What the asserter has to reveal about the subtree that is left.
    pub fn expects(&self) -> Expected {
        if self.span.is_chunk() {
            let len = chunk_len(self.len, self.span.start).unwrap_or(0); // The span lies in the tree.
            Expected::Leaf(u32::try_from(len).unwrap_or(u32::MAX))
        } else {
            Expected::Children(u32::try_from(children(self.span).len()).unwrap_or(u32::MAX))
        }
    }

    /// The asserter reveals the chaining values of the children.
    pub fn reveal_children(&mut self, cvs: Vec<Hash>) -> Result<(), DescentError> {
        self.check_turn(Turn::Asserter)?;
        if self.span.is_chunk() {
            return Err(DescentError::Expected(self.expects()));
        }
        let got = combined(self.span, self.len, &cvs)?;
        self.check_cv(got)?;
        self.revealed = Revealed::Children(cvs);
        Ok(())
    }

    /// The asserter reveals the bytes of the last chunk.
    pub fn reveal_leaf(&mut self, chunk: Vec<u8>) -> Result<(), DescentError> {
        self.check_turn(Turn::Asserter)?;
        if !self.span.is_chunk() {
            return Err(DescentError::Expected(self.expects()));
        }
        let got = leaf(&chunk, self.span.start, self.len)?;
        self.check_cv(got)?;
        self.revealed = Revealed::Leaf(chunk);
        Ok(())
    }

    /// The challenger names, counting from 0, the first child or item that it disagrees with. A child becomes the subtree
    /// that is left; an item ends the descent.
    pub fn pick(&mut self, index: u32) -> Result<Option<Found>, DescentError> {
        match &self.revealed {
            Revealed::Nothing => Err(DescentError::OutOfTurn(self.turn())),
            Revealed::Children(cvs) => {
                let spans = children(self.span);
                let at = usize::try_from(index).unwrap_or(usize::MAX);
                let (Some(&span), Some(&cv)) = (spans.get(at), cvs.get(at)) else {
                    return Err(pick_error(index, cvs.len()));
                };
                *self = Descent { span, cv, revealed: Revealed::Nothing, ..*self };
                Ok(None)
            }
            Revealed::Leaf(chunk) => {
                let item = usize::from(self.item);
                let at = usize::try_from(index).unwrap_or(usize::MAX);
                let mut items = chunk.chunks_exact(item.max(1));
                let count = items.len();
                let value = items.nth(at).ok_or_else(|| pick_error(index, count))?.to_vec();
                let per_chunk = CHUNK.checked_div(item).unwrap_or(0) as u64;
                let item_index = self.span.start.saturating_mul(per_chunk).saturating_add(u64::from(index));
                Ok(Some(Found { item_index, value }))
            }
        }
    }

    fn check_turn(&self, mover: Turn) -> Result<(), DescentError> {
        if self.turn() == mover {
            Ok(())
        } else {
            Err(DescentError::OutOfTurn(self.turn()))
        }
    }

    fn check_cv(&self, got: Hash) -> Result<(), DescentError> {
        if got == self.cv {
            Ok(())
        } else {
            Err(Wrong::from(CommitError::Mismatch { expected: self.cv, got }).into())
        }
    }
}

fn pick_error(index: u32, count: usize) -> DescentError {
    DescentError::Pick { index, count: u32::try_from(count).unwrap_or(u32::MAX) }
}

/// Which of the revealed children of a subtree is the first to differ from the challenger's own. `None` if none does.
pub fn first_difference(mine: &[Hash], revealed: &[Hash]) -> Option<u32> {
    let at = mine.iter().zip(revealed).position(|(mine, revealed)| mine != revealed)?;
    u32::try_from(at).ok()
}

/// Which of the items of `item` bytes in a revealed chunk is the first to differ from the challenger's own.
pub fn first_item_difference(mine: &[u8], revealed: &[u8], item: u8) -> Option<u32> {
    let item = usize::from(item.max(1));
    let at = mine.chunks(item).zip(revealed.chunks(item)).position(|(mine, revealed)| mine != revealed)?;
    u32::try_from(at).ok()
}
