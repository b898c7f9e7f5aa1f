//! `task.toml`: what the submitter asks for.
//!
//! See `examples/fashion-mlp/task.toml` for a commented one. Paths are relative to the file's folder; data files are also
//! looked for in the folders of [`Roots`](crate::data::Roots).
mod arithmetic;
mod check;
mod error;
mod load;
mod optimiser;
mod schedule;
mod training;

pub use arithmetic::Arithmetic;
pub use error::TaskError;
pub use load::TaskData;
pub use optimiser::{Optimiser, Rule};
pub use schedule::{Course, Schedule};
pub use training::{Clip, Lora, Loss, Parameters, Training};

use serde::{Deserialize, Serialize};
use std::path::Path;

/// A task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Task {
    /// For people.
    pub name: String,
    /// The model: an ONNX file.
    pub model: String,
    /// The data.
    pub data: DataSources,
    /// How to train.
    pub training: Training,
    /// When to checkpoint.
    pub checkpoints: Checkpoints,
    /// What is paid for what.
    pub terms: Terms,
}

/// The data of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataSources {
    /// Samples to train on: one per row.
    pub train_inputs: Source,
    /// Their classes, or the outputs they should have: see [`Loss`].
    pub train_labels: Source,
    /// Samples to measure the result on.
    pub test_inputs: Source,
    /// Their classes or outputs.
    pub test_labels: Source,
    /// Every input x becomes `x · scale + shift`.
    #[serde(default = "one")]
    pub scale: f64,
    /// See `scale`.
    #[serde(default)]
    pub shift: f64,
}

fn one() -> f64 {
    1.0
}

/// A tensor in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// IDX (`.gz` or not) or `.safetensors`.
    pub file: String,
    /// Which tensor of a safetensors file, unless it has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor: Option<String>,
}

/// When to checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Checkpoints {
    /// Steps of a segment.
    pub interval: u32,
}

/// How a solver may compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// With the reproducible engine; every bit is checked.
    Exact,
    /// With any hardware and library; distances are checked.
    Tolerant,
}

/// What to take in place of what a task says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Seed of the data order and of dropout.
    pub seed: Option<u64>,
    /// How the solver may compute.
    pub mode: Option<Mode>,
    /// The coarsest arithmetic that a tolerant task's solver may use.
    pub arithmetic: Option<Arithmetic>,
}

/// What is paid for what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Terms {
    /// How the solver may compute.
    pub mode: Mode,
    /// The coarsest arithmetic that it may use; in tolerant mode only.
    #[serde(default, skip_serializing_if = "Arithmetic::is_default")]
    pub arithmetic: Arithmetic,
    /// Per 10⁹ work units, at most.
    pub max_price: u64,
    /// Verifiers, 1 to 4.
    pub verifiers: u8,
    /// Segments that each of them replays, 1 to 4.
    pub segments_per_verifier: u8,
    /// The solver's clock, in blocks.
    pub training_blocks: u32,
}

impl Task {
    /// Reads and checks a task.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing field, or a value out of range.
    pub fn parse(text: &str) -> Result<Task, TaskError> {
        let task: Task = toml::from_str(text).map_err(|error| TaskError::Toml(Box::new(error)))?;
        task.check()?;
        Ok(task)
    }

    /// Reads and checks the file `task.toml` in a folder, or a file.
    ///
    /// # Errors
    /// It can't be read; those of [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Task, TaskError> {
        let path = if path.is_dir() { path.join("task.toml") } else { path.to_path_buf() };
        let text = std::fs::read_to_string(&path).map_err(|error| TaskError::Io { path, error })?;
        Task::parse(&text)
    }

    /// The text of `task.toml` with these changes. Comments are lost.
    ///
    /// # Errors
    /// Never, for a task that was parsed.
    pub fn with(mut self, changes: Changes) -> Result<String, TaskError> {
        self.training.seed = changes.seed.unwrap_or(self.training.seed);
        self.terms.mode = changes.mode.unwrap_or(self.terms.mode);
        self.terms.arithmetic = changes.arithmetic.unwrap_or(self.terms.arithmetic);
        toml::to_string(&self).map_err(|error| TaskError::Write(Box::new(error)))
    }

    /// Steps of the optimiser in all, for so many training samples.
    pub fn steps(&self, rows: u32) -> u64 {
        let per_epoch = assay_core::graph::steps_per_epoch(rows, self.training.batch);
        // The last step may take batches of one more epoch.
        let accumulate = u64::from(self.training.accumulate.max(1));
        let epochs = |epochs: u64| epochs.saturating_mul(per_epoch).div_ceil(accumulate);
        self.training.steps.or(self.training.epochs.map(epochs)).unwrap_or(0) // One of them is there: checked.
    }

    /// Segments in all.
    pub fn segments(&self, rows: u32) -> u64 {
        self.steps(rows).div_ceil(u64::from(self.checkpoints.interval.max(1)))
    }
}

#[cfg(test)]
mod tests;
