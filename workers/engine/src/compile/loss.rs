//! Losses: from the model's output and what it should be to a number, and the gradient of the output.
use super::builder::{all_axes, last_axis, Builder};
use super::forward::{exponentials, named};
use super::CompileError;
use crate::exec::VALID;
use crate::task::{Loss, Training};
use assay_core::graph::function::Function;
use assay_core::graph::{Input, Op, ReduceKind};

/// The label that PyTorch ignores unless told otherwise.
const IGNORED: f64 = -100.0;

/// What a loss gives.
pub(super) struct Losses {
    /// `[1]`: the mean over the batch, times the share of the batch in the step.
    pub(super) value: Input,
    /// Gradient of the output.
    pub(super) of_output: Input,
}

/// Adds the loss of a batch that is this share of a step.
pub(super) fn add(
    builder: &mut Builder,
    training: &Training,
    output: Input,
    targets: Input,
    share: f64,
) -> Result<Losses, CompileError> {
    let all = all_axes(&output.shape);
    let mean = share / output.shape.elements() as f64;
    match training.loss {
        Loss::CrossEntropy => cross_entropy(builder, training, output, targets, share),
        Loss::Mse => {
            let value = builder.reduce("loss", ReduceKind::SquaredDistance, all, mean, [output, targets])?;
            let of_output = builder.map_with("output/grad", Function::SubScale, &[2.0 * mean], [output, targets])?;
            Ok(Losses { value, of_output })
        }
        Loss::BceWithLogits => {
            let losses = builder.map("losses", Function::BceLoss, [output, targets])?;
            let value = builder.reduce("loss", ReduceKind::Sum, all, mean, [losses])?;
            let of_output = builder.map_with("output/grad", Function::BceGrad, &[mean], [output, targets])?;
            Ok(Losses { value, of_output })
        }
    }
}

/// The mean cross-entropy of softmax over the labels that aren't ignored (C. Szegedy et al., *Rethinking the Inception
/// Architecture*, 2016, section 7, for the smoothing; as PyTorch's `CrossEntropyLoss`).
fn cross_entropy(
    builder: &mut Builder,
    training: &Training,
    logits: Input,
    labels: Input,
    share: f64,
) -> Result<Losses, CompileError> {
    let ignored = training.ignore_index.map_or(IGNORED, |label| label as f64);
    let smoothing = training.label_smoothing;
    let classes = f64::from(logits.shape.dims().last().copied().unwrap_or(1));
    let (exp, sum, max) = exponentials(builder, "softmax", logits)?;
    let log = builder.map("log_sum", Function::LogSumExp, [sum, max])?;
    let picked = builder.node("picked", Op::Pick, [logits, labels])?;
    let losses = if smoothing == 0.0 {
        builder.map_with("losses", Function::XentLoss, &[ignored], [log, picked, labels])?
    } else {
        let keep = logits.shape.with_dim(logits.shape.rank() - 1, 1).map_err(|error| named("losses", error))?;
        let mean = builder.reduce("mean", ReduceKind::Sum, last_axis(&logits.shape), 1.0 / classes, [logits])?;
        let mean = builder.reshape("mean", mean, keep)?;
        let params = [ignored, 1.0 - smoothing, smoothing];
        builder.map_with("losses", Function::XentSmoothLoss, &params, [log, picked, mean, labels])?
    };
    // 1 / number of labels that count.
    let valid = builder.map_with(VALID, Function::Valid, &[ignored], [labels])?;
    let count = builder.reduce("count", ReduceKind::Sum, all_axes(&valid.shape), 1.0, [valid])?;
    let scale = builder.map_with("scale", Function::Inverse, &[share], [count])?;
    let total = builder.reduce("total", ReduceKind::Sum, all_axes(&losses.shape), 1.0, [losses])?;
    let value = builder.map("loss", Function::Mul, [total, scale])?;
    let params = [ignored, smoothing / classes, 1.0 - smoothing + smoothing / classes];
    let of_output = builder.map_with("output/grad", Function::XentGrad, &params, [exp, sum, labels, scale])?;
    Ok(Losses { value, of_output })
}
