//! What a file would take in memory once it is decoded, found before that is done.
//!
//! Two bytes of a file can be an empty message of some hundred bytes in memory, and one byte a number of eight. Lengths
//! are all that is read here; nothing is kept.
use super::OnnxError;
use std::ops::Range;

/// Bytes that a decoded file's structure (all but its data) may take.
pub(super) const MAX_STRUCTURE: u64 = 1 << 29;

/// A message of `onnx.proto`, as far as it nests.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// Messages of strings and numbers only.
    Flat,
}

impl Kind {
    /// What a field of that number holds, if it is messages.
    fn field(self, number: u64) -> Option<Kind> {
        Some(match (self, number) {
            (Kind::Model, 7) => Kind::Graph,
            (Kind::Model, 8) => Kind::Flat,
            (Kind::Graph, 1) => Kind::Node,
            (Kind::Graph, 5) | (Kind::Attribute, 5) => Kind::Tensor,
            (Kind::Graph, 11..=13) => Kind::ValueInfo,
            (Kind::Node, 5) => Kind::Attribute,
            (Kind::Tensor, 13 | 16) | (Kind::ValueInfo, 4) | (Kind::Shape, 1) => Kind::Flat,
            (Kind::ValueInfo, 2) => Kind::Type,
            (Kind::Type, 1) => Kind::TensorType,
            (Kind::TensorType, 2) => Kind::Shape,
            _ => return None,
        })
    }

    /// Bytes that a field of `length` takes beyond those of the file.
    fn cost(self, number: u64, length: u64) -> u64 {
        match (self, number) {
            // Data stays where it is in the file.
            (Kind::Tensor, 9) | (Kind::Attribute, 4) => 0,
            // Packed numbers: up to eight bytes for one.
            (Kind::Tensor, 1 | 5 | 7) | (Kind::Attribute, 8) => length.saturating_mul(8),
            (Kind::Tensor, 4 | 10) | (Kind::Attribute, 7) => length,
            _ => match self.field(number) {
                Some(Kind::Attribute | Kind::Tensor) => 512,
                Some(_) => 192,
                None => length.saturating_add(32),
            },
        }
    }
}

/// Checks that decoding takes bounded memory.
///
/// # Errors
/// It doesn't, or this is no message at all.
pub(super) fn check(bytes: &[u8]) -> Result<(), OnnxError> {
    // Ends of the messages that the place lies in. Messages nest no deeper than `Kind` says, so this stays short.
    let mut open = vec![(Kind::Model, bytes.len())];
    let mut at = 0;
    let mut cost = 0_u64;
    while let Some(&(kind, end)) = open.last() {
        if at >= end {
            open.pop();
            continue;
        }
        let field = Field::read(bytes, at, end)?;
        cost = cost.saturating_add(kind.cost(field.number, field.length));
        if cost > MAX_STRUCTURE {
            return Err(OnnxError::TooComplex { max: MAX_STRUCTURE });
        }
        at = match (kind.field(field.number), field.content) {
            (Some(inner), Some(content)) => {
                open.push((inner, content.end));
                content.start
            }
            _ => field.end,
        };
    }
    Ok(())
}

/// A field of a message, unread.
pub(super) struct Field {
    pub(super) number: u64,
    /// Where its bytes are, if it is text, bytes, a message or packed numbers.
    pub(super) content: Option<Range<usize>>,
    /// Length of what has one.
    length: u64,
    /// Where the next one begins.
    pub(super) end: usize,
}

impl Field {
    /// The field at a place of a message that ends at `end`.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn read(bytes: &[u8], mut at: usize, end: usize) -> Result<Field, OnnxError> {
        let bad = |at| OnnxError::Malformed { at };
        let key = varint(bytes, &mut at, end).ok_or(bad(at))?;
        let length = match key & 7 {
            0 => varint(bytes, &mut at, end).map(|_| 0),
            1 => Some(8),
            2 => varint(bytes, &mut at, end),
            5 => Some(4),
            // Groups: deprecated long before ONNX.
            _ => None,
        };
        let length = length.ok_or(bad(at))?;
        let next = usize::try_from(length).ok().and_then(|length| at.checked_add(length)).filter(|&next| next <= end);
        let next = next.ok_or(bad(at))?;
        Ok(Field { number: key >> 3, content: (key & 7 == 2).then_some(at..next), length, end: next })
    }
}

/// The variable-length number at a place, which moves behind it.
fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let &byte = bytes.get(*at).filter(|_| *at < end)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
