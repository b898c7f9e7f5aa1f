//! What can be wrong with a task.
use super::Arithmetic;
use crate::data::DataError;
use std::path::PathBuf;

/// Why a task can't be submitted.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// The file can't be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Not TOML, or an unknown or missing field.
    #[error("{0}")]
    Toml(Box<toml::de::Error>),
    /// A task that can't be written as TOML.
    #[error("can't write task.toml: {0}")]
    Write(Box<toml::ser::Error>),
    /// A value out of range.
    #[error("{field} is {got}: it must be {expected}")]
    Range {
        /// Which.
        field: &'static str,
        /// The value.
        got: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Neither or both of `epochs` and `steps`.
    #[error("training needs either epochs or steps")]
    Length,
    /// Coarser arithmetic where every bit is checked.
    #[error("terms.arithmetic is {0}: in exact mode it must be binary32, the reproducible engine's (or left out)")]
    ExactArithmetic(Arithmetic),
    /// A field of the cross-entropy with another loss.
    #[error("{field} means nothing to the loss {loss:?}")]
    Foreign {
        /// Which.
        field: &'static str,
        /// The loss.
        loss: &'static str,
    },
    /// Bad data.
    #[error("{what}: {error}")]
    Data {
        /// Which of the data.
        what: &'static str,
        /// What is wrong.
        error: DataError,
    },
    /// Inputs and labels that don't belong together.
    #[error("{inputs} inputs but {labels} labels to {purpose}")]
    Rows {
        /// Training or testing.
        purpose: &'static str,
        /// Rows of the inputs.
        inputs: u32,
        /// Rows of the labels.
        labels: u32,
    },
    /// A batch greater than the data.
    #[error("a batch of {batch} from {rows} samples")]
    Batch {
        /// Samples of a forward pass.
        batch: u32,
        /// Samples.
        rows: u32,
    },
    /// More segments than the protocol can number.
    #[error("{steps} steps with a checkpoint every {interval} are {segments} segments; at most {max} are possible: raise the interval")]
    Segments {
        /// Steps.
        steps: u64,
        /// Steps of a segment.
        interval: u32,
        /// Segments.
        segments: u64,
        /// The limit.
        max: u64,
    },
    /// Fewer segments than one verifier would draw.
    #[error("{segments} segments, but each verifier draws {drawn}: lower the interval or segments-per-verifier")]
    TooFewSegments {
        /// Segments.
        segments: u64,
        /// Drawn by one verifier.
        drawn: u8,
    },
}
