//! Nodes: one operator applied to its inputs.
use super::record::{Reader, Writer, RECORD_LEN};
use super::{Dtype, GraphError, Name, Op, Shape};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::fmt;

/// Inputs of a node at most.
pub const MAX_INPUTS: usize = 4;
/// Snapshots of the state that a program can read at most: start, replayed and claimed, in a distance program.
pub const MAX_SNAPSHOTS: u8 = 3;
/// Kind of a node's record.
const KIND: u8 = 3;

/// Where an input comes from.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Source {
    /// A state tensor.
    State {
        /// 0 in step programs; in distance programs 0 is the segment's start, 1 the replayed and 2 the claimed end.
        snapshot: u8,
        /// Position among the program's states.
        index: u32,
    },
    /// A public data set.
    Data {
        /// Position among the program's data.
        index: u32,
    },
    /// The output of an earlier node.
    Node {
        /// Position among the program's nodes.
        index: u32,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::State { snapshot, index } => write!(f, "state {index} of snapshot {snapshot}"),
            Source::Data { index } => write!(f, "data {index}"),
            Source::Node { index } => write!(f, "node {index}"),
        }
    }
}

/// An input of a node: where it comes from, and what it looks like there (so that a node's record says everything that
/// its micro-programs depend on).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Input {
    /// Where it comes from.
    pub source: Source,
    /// How it is stored there.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Shape,
}

impl Input {
    /// An input that reads a state tensor of snapshot 0.
    pub fn state(index: u32, shape: Shape) -> Input {
        Input { source: Source::State { snapshot: 0, index }, dtype: Dtype::F32, shape }
    }

    /// An input that reads an earlier node.
    pub fn node(index: u32, shape: Shape) -> Input {
        Input { source: Source::Node { index }, dtype: Dtype::F32, shape }
    }

    /// An input that reads a data set.
    pub fn data(index: u32, dtype: Dtype, shape: Shape) -> Input {
        Input { source: Source::Data { index }, dtype, shape }
    }
}

/// One operator applied to its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Node {
    /// For people; needn't be unique.
    pub name: Name,
    /// What is done.
    pub op: Op,
    /// What it is done to: at most 4.
    pub inputs: Vec<Input>,
    /// Shape of the output.
    pub shape: Shape,
}

impl Node {
    /// Checks what can be known from the node alone: number, shapes and kinds of its inputs, attributes, output shape.
    ///
    /// A contract needn't: whoever joins a task has [validated](super::Program::validate_as) its programs, and
    /// [`micro_step`](Self::micro_step) gives errors, never a panic, for a node that fails here.
    ///
    /// # Errors
    /// The first thing that doesn't fit.
    pub fn check(&self) -> Result<(), GraphError> {
        // Of more inputs than can be numbered, the operator's check complains.
        for (position, input) in (0..=u8::MAX).zip(&self.inputs) {
            let is_data = matches!(input.source, Source::Data { .. });
            if is_data != matches!(self.op, Op::Gather { .. }) {
                return Err(GraphError::InputSource { input: position, source_kind: input.source });
            }
            if input.dtype == Dtype::U8 && !is_data {
                return Err(GraphError::InputDtype { input: position });
            }
            if let Source::State { snapshot: snapshot @ MAX_SNAPSHOTS.., .. } = input.source {
                return Err(GraphError::Snapshot(snapshot));
            }
        }
        self.op.check(&self.inputs, &self.shape)
    }

    /// Shape of an input.
    ///
    /// # Errors
    /// There are fewer inputs.
    pub(super) fn input_shape(&self, input: u8) -> Result<&Shape, GraphError> {
        self.inputs.get(usize::from(input)).map(|input| &input.shape).ok_or(GraphError::NoInput(input))
    }

    /// The node's record.
    ///
    /// A node of more than four inputs gives a record that [`from_record`](Self::from_record) rejects.
    pub fn to_record(&self) -> [u8; RECORD_LEN] {
        let mut writer = Writer::new(KIND, &self.name, &self.shape);
        self.op.write(&mut writer);
        writer.seek(INPUTS_AT);
        writer.u8(u8::try_from(self.inputs.len()).unwrap_or(u8::MAX));
        for input in self.inputs.iter().take(MAX_INPUTS) {
            let (tag, snapshot, index) = match input.source {
                Source::State { snapshot, index } => (1, snapshot, index),
                Source::Data { index } => (2, 0, index),
                Source::Node { index } => (3, 0, index),
            };
            writer.u8(tag);
            writer.u8(snapshot);
            writer.u32(index);
            writer.u8(input.dtype.tag());
            writer.shape(&input.shape);
        }
        writer.finish()
    }

    /// The node of a record. It is well-formed, not [`check`](Self::check)ed.
    ///
    /// # Errors
    /// Anything that [`to_record`](Self::to_record) wouldn't write.
    pub fn from_record(record: &[u8]) -> Result<Node, GraphError> {
        let (mut reader, name, shape) = Reader::new(record, KIND)?;
        let op = Op::read(&mut reader)?;
        reader.zeros_to(INPUTS_AT)?;
        let count = usize::from(reader.u8());
        if count != usize::from(op.arity()) {
            return Err(op.input_count(count));
        }
        let inputs = (0..count).map(|_| read_input(&mut reader)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Node { name, op, inputs, shape })
    }
}

/// Where the inputs begin in a node's record: the operator has 25 bytes before.
const INPUTS_AT: usize = 116;

fn read_input(reader: &mut Reader<'_>) -> Result<Input, GraphError> {
    let (tag, snapshot, index) = (reader.u8(), reader.u8(), reader.u32());
    let source = match (tag, snapshot) {
        (1, 0..MAX_SNAPSHOTS) => Source::State { snapshot, index },
        (2, 0) => Source::Data { index },
        (3, 0) => Source::Node { index },
        (1..=3, _) => return Err(GraphError::Snapshot(snapshot)),
        (other, _) => return Err(GraphError::UnknownSource(other)),
    };
    let dtype = Dtype::of_tag(reader.u8())?;
    Ok(Input { source, dtype, shape: reader.shape()? })
}
