//! What can be wrong with a record, a node or a program.
use super::{Name, Op, Shape, Source};
use alloc::boxed::Box;
use codec::{Decode, Encode};

/// What is wrong with one record or node, or with a question about it.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GraphError {
    /// A record of another length than 256 bytes.
    #[error("a record has 256 bytes, not {0}")]
    RecordLength(u64),
    /// A state where a node was expected, or the like.
    #[error("record of kind {got} where one of kind {expected} was expected")]
    RecordKind {
        /// What the position in the program implies.
        expected: u8,
        /// What the record says.
        got: u8,
    },
    /// A byte that should be zero.
    #[error("unused byte {offset} of a record isn't zero")]
    Padding {
        /// Its position in the record.
        offset: u8,
    },
    /// A name longer than 64 bytes.
    #[error("a name has at most 64 bytes, not {0}")]
    NameLength(u64),
    /// A name that isn't UTF-8.
    #[error("a name isn't valid utf-8")]
    NameUtf8,
    /// More than six dimensions.
    #[error("a shape has at most 6 dimensions, not {0}")]
    Rank(u64),
    /// A dimension of zero.
    #[error("dimension {axis} of a shape is zero")]
    ZeroDimension {
        /// Which one.
        axis: u8,
    },
    /// More than 2^40 elements.
    #[error("a tensor of more than 2^40 elements")]
    TooManyElements,
    /// An element type that doesn't exist.
    #[error("unknown element type {0}")]
    UnknownDtype(u8),
    /// An operator that doesn't exist.
    #[error("unknown operator {0}")]
    UnknownOp(u8),
    /// A function that doesn't exist.
    #[error("unknown function {0}")]
    UnknownFunction(u8),
    /// An attribute out of range.
    #[error("an attribute of the operator is out of range")]
    Attribute,
    /// A kind of source that doesn't exist.
    #[error("unknown kind of source {0}")]
    UnknownSource(u8),
    /// A flag that is neither 0 nor 1.
    #[error("a flag is 0 or 1, not {0}")]
    Flag(u8),
    /// A snapshot of the state that doesn't exist.
    #[error("snapshot {0} of the state: there are 0, 1 and 2 at most")]
    Snapshot(u8),
    /// Another number of inputs than the operator takes.
    #[error("{got} inputs where the operator takes {expected}")]
    InputCount {
        /// What it takes.
        expected: u8,
        /// What the node has.
        got: u64,
    },
    /// An input whose shape doesn't suit the operator or its other inputs.
    #[error("input {input} has shape {got}, which doesn't suit the operator or its other inputs")]
    InputShape {
        /// Which input.
        input: u8,
        /// Its shape.
        got: Shape,
    },
    /// An input that this operator can't read: only `Gather` reads data, and nothing else.
    #[error("input {input} reads {source_kind}: gather reads data, and nothing else does")]
    InputSource {
        /// Which input.
        input: u8,
        /// What it reads.
        source_kind: Source,
    },
    /// An input of bytes that isn't data.
    #[error("input {input} is of bytes: only data is")]
    InputDtype {
        /// Which input.
        input: u8,
    },
    /// An output of another shape than the operator gives.
    #[error("the operator gives shape {expected}, not {got}")]
    OutputShape {
        /// What it gives (for `Gather`: the most it gives).
        expected: Shape,
        /// What the node says.
        got: Shape,
    },
    /// `Gather` with another number of rows than its data has.
    #[error("gather of {attribute} rows from data of {data} rows")]
    GatherRows {
        /// The operator's attribute.
        attribute: u32,
        /// First dimension of the data.
        data: u32,
    },
    /// `Jitter` with an exponent outside −23..=−1.
    #[error("jitter of 2^{0}: the exponent is -23 to -1")]
    JitterExponent(i8),
    /// More classes than there are exact labels.
    #[error("{0} classes: labels are exact up to 2^24")]
    Classes(u64),
    /// No such element.
    #[error("element {index} of a tensor of {elements}")]
    ElementIndex {
        /// The element asked for.
        index: u64,
        /// Elements there are.
        elements: u64,
    },
    /// No such micro-step.
    #[error("micro-step {index} of an element of {len}")]
    StepIndex {
        /// The step asked for.
        index: u64,
        /// Steps there are.
        len: u64,
    },
    /// No such input.
    #[error("input {0} of a node that has fewer")]
    NoInput(u8),
    /// No such dimension.
    #[error("dimension {0} of a shape that has fewer")]
    NoDimension(u8),
}

/// What is wrong with a whole program.
#[allow(clippy::cast_possible_truncation)] // In what the codec derives: the variants' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cfg_attr(feature = "scale-info", derive(scale_info::TypeInfo))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProgramError {
    /// Another number of bytes than the counts imply.
    #[error("a program of {records} records has {expected} bytes, not {got}")]
    Length {
        /// States + data + nodes.
        records: u64,
        /// 256 bytes each.
        expected: u64,
        /// What was given.
        got: u64,
    },
    /// Bytes of another program.
    #[error("the program's root is {expected}, these bytes have {got}")]
    Root {
        /// The commitment.
        expected: crate::commit::Hash,
        /// The root of the bytes given.
        got: crate::commit::Hash,
    },
    /// A bad record.
    #[error("record {index}: {error}")]
    Record {
        /// Its position in the program.
        index: u64,
        /// What is wrong with it.
        error: Box<GraphError>,
    },
    /// A node that is wrong by itself.
    #[error("node {node} ({name:?}, {}): {error}", op.name())]
    Node {
        /// Which node.
        node: u32,
        /// Its name.
        name: Name,
        /// Its operator.
        op: Op,
        /// What is wrong with it.
        error: Box<GraphError>,
    },
    /// More states, data or nodes than a 32-bit count can say.
    #[error("more than 2^32 - 1 records of one kind")]
    TooManyRecords,
    /// An input that reads something that isn't declared, or a node that isn't earlier.
    #[error("node {node}, input {input}: {source_kind} doesn't exist (yet)")]
    NoSource {
        /// Which node.
        node: u32,
        /// Which input.
        input: u8,
        /// What it reads.
        source_kind: Source,
    },
    /// An input whose shape or element type isn't that of its source.
    #[error("node {node}, input {input}: {source_kind} has another shape or element type")]
    SourceMismatch {
        /// Which node.
        node: u32,
        /// Which input.
        input: u8,
        /// What it reads.
        source_kind: Source,
    },
    /// A step program that reads another snapshot than 0.
    #[error("node {node}, input {input}: a step program reads snapshot 0 only")]
    StepSnapshot {
        /// Which node.
        node: u32,
        /// Which input.
        input: u8,
    },
    /// Fewer nodes than results.
    #[error("{nodes} nodes can't give {results} results")]
    TooFewNodes {
        /// Nodes of the program.
        nodes: u32,
        /// New states, or 1 for a distance.
        results: u32,
    },
    /// A result of another shape than the state it replaces (or than `[1]` for a distance).
    #[error("result {result} has shape {got}, not {expected}")]
    ResultShape {
        /// Which result.
        result: u32,
        /// Shape of the state.
        expected: Shape,
        /// Shape of the node.
        got: Shape,
    },
    /// A step program without state: there is nothing to train.
    #[error("a program without state")]
    NoState,
    /// A state or data set without name, or two of the same name.
    #[error("the name {0:?} is empty or taken")]
    DuplicateName(Name),
}
