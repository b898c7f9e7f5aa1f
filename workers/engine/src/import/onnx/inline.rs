//! A model file with the data of the files beside it inside.
//!
//! Tensors that lie elsewhere get their data; everything else stays byte for byte, whether it is understood here or not.
use super::external::External;
use super::proto::{TensorProto, EXTERNAL};
use super::skim::Field;
use super::tensor::Layout;
use super::{OnnxError, MAX_BYTES};
use prost::bytes::Bytes;
use prost::encoding::{encode_key, encode_varint, WireType};
use prost::Message;
use std::ops::Range;

/// The graph of a model.
const GRAPH: u32 = 7;
/// The initialisers of a graph.
const INITIALIZER: u32 = 5;
/// The items of a tensor as bytes.
const RAW_DATA: u32 = 9;
/// What a tensor says of its items, wherever they are.
const DATA: [u64; 9] = [4, 5, 6, 7, 9, 10, 11, 13, 14];

/// The file with all data inside; as it is, if it was so before.
///
/// # Errors
/// Not a file, a tensor whose data can't be read, or a file that would be too large.
pub(super) fn inline(file: Bytes, external: &mut External) -> Result<Bytes, OnnxError> {
    let mut inliner = Inliner { file: &file, external };
    let whole = inliner.replaced(0..file.len(), GRAPH, |inliner, graph| {
        inliner.replaced(graph, INITIALIZER, |inliner, tensor| inliner.tensor(tensor))
    })?;
    Ok(match whole {
        Some(whole) => whole.parts.concat().into(),
        None => file,
    })
}

struct Inliner<'a> {
    file: &'a Bytes,
    external: &'a mut External,
}

impl Inliner<'_> {
    /// A message with those in its field `number` replaced. `None`: nothing had to be.
    fn replaced(
        &mut self,
        message: Range<usize>,
        number: u32,
        mut replace: impl FnMut(&mut Self, Range<usize>) -> Result<Option<Pieces>, OnnxError>,
    ) -> Result<Option<Pieces>, OnnxError> {
        let mut pieces = Pieces::default();
        // Where what stays begins that isn't in the pieces yet.
        let mut kept = message.start;
        let (mut at, end) = (message.start, message.end);
        while at < end {
            let field = Field::read(self.file, at, end)?;
            let content = field.content.filter(|_| field.number == u64::from(number));
            if let Some(content) = content.map(|content| replace(self, content)).transpose()?.flatten() {
                pieces.push(self.file.slice(kept..at))?;
                pieces.message(number, content)?;
                kept = field.end;
            }
            at = field.end;
        }
        if pieces.parts.is_empty() {
            return Ok(None);
        }
        pieces.push(self.file.slice(kept..end))?;
        Ok(Some(pieces))
    }

    /// A tensor with its data, if that is elsewhere and would be read.
    fn tensor(&mut self, message: Range<usize>) -> Result<Option<Pieces>, OnnxError> {
        let tensor = TensorProto::decode(self.file.slice(message.clone()))?;
        if tensor.data_location != EXTERNAL {
            return Ok(None);
        }
        let Some(length) = Layout::of(&tensor)?.bytes() else { return Ok(None) };
        if length > MAX_BYTES {
            return Err(OnnxError::TooLargeWhole { max: MAX_BYTES });
        }
        let mut pieces = Pieces::default();
        let mut at = message.start;
        while at < message.end {
            let field = Field::read(self.file, at, message.end)?;
            if !DATA.contains(&field.number) {
                pieces.push(self.file.slice(at..field.end))?;
            }
            at = field.end;
        }
        let data = self.external.read(&tensor.name, &tensor.external_data, length)?;
        pieces.message(RAW_DATA, Pieces { length, parts: vec![data] })?;
        Ok(Some(pieces))
    }
}

/// A message in pieces: data is copied once.
#[derive(Default)]
struct Pieces {
    parts: Vec<Bytes>,
    length: u64,
}

impl Pieces {
    fn push(&mut self, part: Bytes) -> Result<(), OnnxError> {
        self.length = self.length.saturating_add(part.len() as u64);
        if self.length > MAX_BYTES {
            return Err(OnnxError::TooLargeWhole { max: MAX_BYTES });
        }
        self.parts.push(part);
        Ok(())
    }

    /// A field that is a message, or bytes.
    fn message(&mut self, number: u32, content: Pieces) -> Result<(), OnnxError> {
        let mut head = Vec::new();
        encode_key(number, WireType::LengthDelimited, &mut head);
        encode_varint(content.length, &mut head);
        self.push(head.into())?;
        content.parts.into_iter().try_for_each(|part| self.push(part))
    }
}
