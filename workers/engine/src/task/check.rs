//! Ranges.
use super::{Task, TaskError};
use std::fmt::Display;
use std::ops::RangeInclusive;

fn within<T: PartialOrd + Display>(
    field: &'static str,
    got: T,
    range: RangeInclusive<T>,
    expected: &'static str,
) -> Result<(), TaskError> {
    if range.contains(&got) {
        Ok(())
    } else {
        Err(TaskError::Range { field, got: got.to_string(), expected })
    }
}

impl Task {
    /// Checks what can be known without the data.
    pub(super) fn check(&self) -> Result<(), TaskError> {
        let (training, terms) = (&self.training, &self.terms);
        within("name", self.name.len(), 1..=64, "1 to 64 bytes long")?;
        let length = match (training.epochs, training.steps) {
            (Some(length), None) | (None, Some(length)) => length,
            _ => return Err(TaskError::Length),
        };
        within("training.epochs or training.steps", length, 1..=1 << 40, "1 to 2^40")?;
        within("training.batch", training.batch, 1..=1 << 20, "1 to 2^20")?;
        // Also as binary32, which is what is computed with.
        within("training.learning-rate", training.learning_rate, 1e-12..=1e3, "1e-12 to 1000")?;
        within("training.momentum", training.momentum, 0.0..=0.9999, "0 to 0.9999")?;
        within("training.weight-decay", training.weight_decay, 0.0..=1.0, "0 to 1")?;
        let big = f64::from(f32::MAX) / 1e3;
        within("data.scale", self.data.scale, -big..=big, "a finite 32-bit float")?;
        if self.data.scale as f32 == 0.0 {
            return Err(TaskError::Range { field: "data.scale", got: "0".into(), expected: "other than 0" });
        }
        within("data.shift", self.data.shift, -big..=big, "a finite 32-bit float")?;
        within("checkpoints.interval", self.checkpoints.interval, 1..=1 << 20, "1 to 2^20 steps")?;
        within("terms.max-price", terms.max_price, 1..=u64::MAX, "at least 1")?;
        within("terms.verifiers", terms.verifiers, 1..=4, "1 to 4")?;
        within("terms.segments-per-verifier", terms.segments_per_verifier, 1..=4, "1 to 4")?;
        within("terms.training-blocks", terms.training_blocks, 1..=1 << 24, "1 to 2^24")
    }
}
