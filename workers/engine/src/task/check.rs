//! Ranges.
use super::{Arithmetic, Clip, Course, Loss, Mode, Rule, Task, TaskError, Training};
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
        let terms = &self.terms;
        within("name", self.name.len(), 1..=64, "1 to 64 bytes long")?;
        length(&self.training)?;
        loss(&self.training)?;
        optimiser(&self.training)?;
        schedule(&self.training)?;
        parameters(&self.training)?;
        let big = f64::from(f32::MAX) / 1e3;
        within("data.scale", self.data.scale, -big..=big, "a finite 32-bit float")?;
        if self.data.scale as f32 == 0.0 {
            return Err(TaskError::Range { field: "data.scale", got: "0".into(), expected: "other than 0" });
        }
        within("data.shift", self.data.shift, -big..=big, "a finite 32-bit float")?;
        within("checkpoints.interval", self.checkpoints.interval, 1..=1 << 20, "1 to 2^20 steps")?;
        if terms.mode == Mode::Exact && terms.arithmetic != Arithmetic::Binary32 {
            return Err(TaskError::ExactArithmetic(terms.arithmetic));
        }
        within("terms.max-price", terms.max_price, 1..=u64::MAX, "at least 1")?;
        within("terms.verifiers", terms.verifiers, 1..=4, "1 to 4")?;
        within("terms.segments-per-verifier", terms.segments_per_verifier, 1..=4, "1 to 4")?;
        within("terms.training-blocks", terms.training_blocks, 1..=1 << 24, "1 to 2^24")
    }
}

fn length(training: &Training) -> Result<(), TaskError> {
    let length = match (training.epochs, training.steps) {
        (Some(length), None) | (None, Some(length)) => length,
        _ => return Err(TaskError::Length),
    };
    within("training.epochs or training.steps", length, 1..=1 << 40, "1 to 2^40")?;
    within("training.batch", training.batch, 1..=1 << 20, "1 to 2^20")?;
    within("training.accumulate", training.accumulate, 1..=1 << 10, "1 to 2^10")
}

fn loss(training: &Training) -> Result<(), TaskError> {
    within("training.label-smoothing", training.label_smoothing, 0.0..=0.999, "0 to 0.999")?;
    if let Some(ignored) = training.ignore_index {
        // What binary32 can tell apart.
        within("training.ignore-index", ignored, -(1 << 24)..=1 << 24, "-2^24 to 2^24")?;
    }
    if training.loss != Loss::CrossEntropy {
        let foreign = |field| Err(TaskError::Foreign { field, loss: training.loss.name() });
        if training.label_smoothing != 0.0 {
            return foreign("training.label-smoothing");
        }
        if training.ignore_index.is_some() {
            return foreign("training.ignore-index");
        }
    }
    match training.clip {
        Some(Clip::Norm(norm)) => within("training.clip.norm", norm, 1e-6..=1e6, "1e-6 to 10^6"),
        Some(Clip::Value(value)) => within("training.clip.value", value, 1e-6..=1e6, "1e-6 to 10^6"),
        None => Ok(()),
    }
}

fn optimiser(training: &Training) -> Result<(), TaskError> {
    let optimiser = &training.optimiser;
    // Also as binary32, which is what is computed with.
    within("training.optimiser.learning-rate", optimiser.learning_rate, 1e-12..=1e3, "1e-12 to 1000")?;
    within("training.optimiser.weight-decay", optimiser.weight_decay, 0.0..=1.0, "0 to 1")?;
    match optimiser.rule {
        Rule::Sgd { momentum, nesterov } => {
            within("training.optimiser.momentum", momentum, 0.0..=0.9999, "0 to 0.9999")?;
            if nesterov && momentum == 0.0 {
                return Err(TaskError::Range {
                    field: "training.optimiser.momentum",
                    got: "0".into(),
                    expected: "greater than 0 with nesterov",
                });
            }
            Ok(())
        }
        Rule::Adam { betas, epsilon, .. } => {
            for beta in betas {
                within("training.optimiser.betas", beta, 0.0..=0.99999, "two numbers from 0 to 0.99999")?;
            }
            within("training.optimiser.epsilon", epsilon, 1e-16..=1.0, "1e-16 to 1")
        }
    }
}

fn schedule(training: &Training) -> Result<(), TaskError> {
    let schedule = &training.schedule;
    within("training.schedule.warmup", schedule.warmup, 0..=1 << 30, "0 to 2^30 steps")?;
    match schedule.course {
        Course::Constant => Ok(()),
        Course::Linear { end, steps } | Course::Cosine { end, steps } => {
            within("training.schedule.end", end, 0.0..=1e3, "0 to 1000")?;
            match steps {
                Some(steps) if steps <= schedule.warmup => Err(TaskError::Range {
                    field: "training.schedule.steps",
                    got: steps.to_string(),
                    expected: "greater than the warm-up, which is part of it",
                }),
                _ => Ok(()),
            }
        }
        Course::Step { every, factor } => {
            within("training.schedule.every", every, 1..=1 << 30, "1 to 2^30 steps")?;
            within("training.schedule.factor", factor, 1e-6..=1e3, "1e-6 to 1000")
        }
    }
}

fn parameters(training: &Training) -> Result<(), TaskError> {
    let Some(lora) = &training.parameters.lora else {
        return Ok(());
    };
    within("training.parameters.lora.rank", lora.rank, 1..=1 << 16, "1 to 2^16")?;
    within("training.parameters.lora.alpha", lora.alpha, 1e-6..=1e6, "1e-6 to 10^6")?;
    within("training.parameters.lora.on", lora.on.len(), 1..=1 << 16, "at least one pattern")
}
