//! Whole programs and their on-chain handles.
use super::record::{Reader, Writer, RECORD_LEN};
use super::{Dtype, GraphError, Name, Node, ProgramError, Shape, Source};
use crate::commit::{hash, Hash};
use crate::wire::wire;
use alloc::boxed::Box;
use alloc::vec::Vec;
use codec::{Decode, Encode};

/// Kinds of records.
const STATE: u8 = 1;
const DATA: u8 = 2;

/// A program's commitment: everything that a contract knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProgramRef {
    /// [`hash`] of the records.
    pub root: Hash,
    /// Number of state tensors.
    pub states: u32,
    /// Number of data sets.
    pub data: u32,
    /// Number of nodes.
    pub nodes: u32,
}

wire!(struct ProgramRef { root, states, data, nodes });

impl ProgramRef {
    /// Number of records.
    pub fn records(&self) -> u64 {
        [self.states, self.data, self.nodes].into_iter().map(u64::from).fold(0, u64::wrapping_add)
        // Below 3 · 2^32.
    }

    /// Length of the program in bytes.
    pub fn byte_len(&self) -> u64 {
        self.records().wrapping_mul(256)
    }

    /// Position of a data set's record among all records.
    pub fn data_record(&self, index: u32) -> u64 {
        u64::from(self.states).wrapping_add(u64::from(index))
    }

    /// Position of a node's record among all records.
    pub fn node_record(&self, index: u32) -> u64 {
        self.data_record(self.data).wrapping_add(u64::from(index))
    }

    /// The node whose output is the new state tensor `index` of a step program; `None` if there is none.
    pub fn state_node(&self, index: u32) -> Option<u32> {
        if index >= self.states {
            return None;
        }
        self.nodes.checked_sub(self.states)?.checked_add(index)
    }

    /// The program of these bytes, after checking that they are the committed ones. It is not yet validated.
    ///
    /// # Errors
    /// Another length or root, or a bad record.
    pub fn open(&self, bytes: &[u8]) -> Result<Program, ProgramError> {
        let got = hash(bytes);
        if got != self.root {
            return Err(ProgramError::Root { expected: self.root, got });
        }
        Program::from_bytes(bytes, self.states, self.data, self.nodes)
    }
}

/// A state tensor: a parameter of the model or of the optimiser.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StateDecl {
    /// Its key in checkpoints, unique.
    pub name: Name,
    /// Its shape.
    pub shape: Shape,
}

impl StateDecl {
    /// Its record.
    pub fn to_record(&self) -> [u8; RECORD_LEN] {
        Writer::new(STATE, &self.name, &self.shape).finish()
    }

    /// The state of a record.
    ///
    /// # Errors
    /// Anything that [`to_record`](Self::to_record) wouldn't write.
    pub fn from_record(record: &[u8]) -> Result<Self, GraphError> {
        let (reader, name, shape) = Reader::new(record, STATE)?;
        reader.finish()?;
        Ok(StateDecl { name, shape })
    }
}

/// A public data set, part of the program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DataDecl {
    /// Its name, unique.
    pub name: Name,
    /// How it is stored.
    pub dtype: Dtype,
    /// Its shape: rows first.
    pub shape: Shape,
    /// [`hash`] of its bytes.
    pub root: Hash,
}

impl DataDecl {
    /// Its record.
    pub fn to_record(&self) -> [u8; RECORD_LEN] {
        let mut writer = Writer::new(DATA, &self.name, &self.shape);
        writer.u8(self.dtype.tag());
        writer.bytes(self.root.as_bytes());
        writer.finish()
    }

    /// The data set of a record.
    ///
    /// # Errors
    /// Anything that [`to_record`](Self::to_record) wouldn't write.
    pub fn from_record(record: &[u8]) -> Result<Self, GraphError> {
        let (mut reader, name, shape) = Reader::new(record, DATA)?;
        let dtype = Dtype::of_tag(reader.u8())?;
        let root = Hash(reader.array());
        reader.finish()?;
        Ok(DataDecl { name, dtype, shape, root })
    }
}

/// What a program computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// The next state: the last nodes, as many as there are states, in order.
    Step,
    /// The distance of two states: the last node, of shape `[1]`. Snapshots 0, 1 and 2 are the segment's start, the
    /// replayed and the claimed end.
    Distance,
}

/// A list of operations over state and data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Program {
    /// The state tensors.
    pub states: Vec<StateDecl>,
    /// The data sets.
    pub data: Vec<DataDecl>,
    /// The operations, in an order in which each reads only earlier ones.
    pub nodes: Vec<Node>,
}

impl Program {
    /// The records, in the order states, data, nodes: what is committed and stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let states = self.states.iter().map(StateDecl::to_record);
        let data = self.data.iter().map(DataDecl::to_record);
        let nodes = self.nodes.iter().map(Node::to_record);
        states.chain(data).chain(nodes).flatten().collect()
    }

    /// The program of these records. It is well-formed, not [validated](Self::validate).
    ///
    /// # Errors
    /// Another length than the counts imply, or a bad record.
    pub fn from_bytes(bytes: &[u8], states: u32, data: u32, nodes: u32) -> Result<Program, ProgramError> {
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let counts = ProgramRef { root: Hash::default(), states, data, nodes };
        let expected = counts.byte_len();
        if got != expected {
            return Err(ProgramError::Length { records: counts.records(), expected, got });
        }
        let mut records = (0..).zip(bytes.chunks_exact(RECORD_LEN));
        Ok(Program {
            states: read(&mut records, states, StateDecl::from_record)?,
            data: read(&mut records, data, DataDecl::from_record)?,
            nodes: read(&mut records, nodes, Node::from_record)?,
        })
    }

    /// The commitment to the records.
    pub fn root(&self) -> Hash {
        hash(&self.to_bytes())
    }

    /// The on-chain handle. (Counts beyond 32 bits are cut to the greatest: no bytes fit such a handle.)
    pub fn reference(&self) -> ProgramRef {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        ProgramRef {
            root: self.root(),
            states: count(self.states.len()),
            data: count(self.data.len()),
            nodes: count(self.nodes.len()),
        }
    }

    /// What the program computes, judged by what it reads: a distance if it reads a snapshot other than 0.
    pub fn kind(&self) -> ProgramKind {
        let mut inputs = self.nodes.iter().flat_map(|node| &node.inputs);
        if inputs.any(|input| matches!(input.source, Source::State { snapshot: 1.., .. })) {
            ProgramKind::Distance
        } else {
            ProgramKind::Step
        }
    }

    /// Work units of one execution: the sum of [`Node::work`]; `u64::MAX` if it is more.
    pub fn work(&self) -> u64 {
        self.nodes.iter().map(Node::work).fold(0, u64::saturating_add)
    }
}

/// The next `count` records.
fn read<'a, T>(
    records: &mut impl Iterator<Item = (u64, &'a [u8])>,
    count: u32,
    from_record: impl Fn(&[u8]) -> Result<T, GraphError>,
) -> Result<Vec<T>, ProgramError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let decode =
        |(index, record)| from_record(record).map_err(|error| ProgramError::Record { index, error: Box::new(error) });
    records.take(count).map(decode).collect()
}
