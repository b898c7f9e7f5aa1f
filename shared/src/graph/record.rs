//! Records: 256 bytes each, so that four fill a chunk of a commitment and none straddles two.
//!
//! | bytes | all kinds |
//! |---|---|
//! | 0 | kind: 1 state, 2 data, 3 node |
//! | 1 | length of the name |
//! | 2..66 | name, then zeros |
//! | 66 | rank |
//! | 67..91 | 6 dimensions, zero where unused |
//!
//! | bytes | data | node |
//! |---|---|---|
//! | 91 | element type: 1 bytes, 2 binary32 | operator |
//! | 92..116 | 92..124: root | attributes, then zeros |
//! | 116 | | number of inputs |
//! | 117.. | | inputs, 32 bytes each |
//!
//! An input: source (1 state, 2 data, 3 node), snapshot, index (4), element type, rank, 6 dimensions. Integers are
//! little-endian. Everything else is zero, and a reader insists on it: no two records mean the same.
use super::{GraphError, Name, Shape, MAX_RANK};

/// Bytes of a record.
pub const RECORD_LEN: usize = 256;

/// Writes a record front to back.
pub(super) struct Writer {
    bytes: [u8; RECORD_LEN],
    at: usize,
}

impl Writer {
    /// Begins a record with what all kinds have.
    pub(super) fn new(kind: u8, name: &Name, shape: &Shape) -> Self {
        let mut writer = Writer { bytes: [0; RECORD_LEN], at: 0 };
        let text = name.as_bytes();
        writer.u8(kind);
        writer.u8(u8::try_from(text.len()).unwrap_or(u8::MAX)); // At most 64.
        writer.bytes(text);
        writer.seek(Name::MAX_LEN.wrapping_add(2));
        writer.shape(shape);
        writer
    }

    /// Goes on at this position.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at.wrapping_add(bytes.len());
        if let Some(place) = self.bytes.get_mut(self.at..end) {
            place.copy_from_slice(bytes); // Always: no kind of record needs more than 256 bytes.
        }
        self.at = end;
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn shape(&mut self, shape: &Shape) {
        self.u8(shape.rank());
        shape.padded().into_iter().for_each(|dim| self.u32(dim));
    }

    pub(super) fn finish(self) -> [u8; RECORD_LEN] {
        self.bytes
    }
}

/// Reads a record front to back.
pub(super) struct Reader<'a> {
    record: &'a [u8; RECORD_LEN],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads what all kinds have.
    pub(super) fn new(record: &'a [u8], kind: u8) -> Result<(Self, Name, Shape), GraphError> {
        let Ok(record) = record.try_into() else {
            return Err(GraphError::RecordLength(u64::try_from(record.len()).unwrap_or(u64::MAX)));
        };
        let mut reader = Reader { record, at: 0 };
        let got = reader.u8();
        if got != kind {
            return Err(GraphError::RecordKind { expected: kind, got });
        }
        let len = reader.u8();
        // Before it is taken: a longer one could go beyond the record's end.
        if usize::from(len) > Name::MAX_LEN {
            return Err(GraphError::NameLength(len.into()));
        }
        let name = Name::from_bytes(reader.take(usize::from(len)).to_vec())?;
        reader.zeros_to(Name::MAX_LEN.wrapping_add(2))?;
        let shape = reader.shape()?;
        Ok((reader, name, shape))
    }

    /// The next bytes: never beyond the end, which no kind of record reaches, so nothing here can fail.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let end = self.at.wrapping_add(len);
        let bytes = self.record.get(self.at..end).unwrap_or_default();
        self.at = end;
        bytes
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        for (to, &from) in array.iter_mut().zip(self.take(N)) {
            *to = from;
        }
        array
    }

    pub(super) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(super) fn shape(&mut self) -> Result<Shape, GraphError> {
        let rank = self.u8();
        let mut dims = [0; MAX_RANK];
        for dim in &mut dims {
            *dim = self.u32();
        }
        Shape::from_padded(rank, dims)
    }

    /// Skips zeros up to a position.
    pub(super) fn zeros_to(&mut self, end: usize) -> Result<(), GraphError> {
        let start = self.at;
        let unused = self.take(end.saturating_sub(start));
        match unused.iter().position(|&byte| byte != 0) {
            None => Ok(()),
            Some(position) => {
                Err(GraphError::Padding { offset: u8::try_from(start.wrapping_add(position)).unwrap_or(u8::MAX) })
            }
        }
    }

    /// Insists that the rest is zero.
    pub(super) fn finish(mut self) -> Result<(), GraphError> {
        self.zeros_to(RECORD_LEN)
    }
}
