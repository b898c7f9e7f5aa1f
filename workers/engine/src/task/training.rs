//! How to train.
use super::{Optimiser, Schedule};
use assay_core::arith::random::philox;
use assay_core::arith::F32;
use assay_core::graph::{scheduled, Op};
use serde::{Deserialize, Serialize};

/// Stream of a task's seed in which the seeds of its dropout layers are ("dropseed").
const DROPOUT_SEEDS: u64 = 0x6472_6f70_7365_6564;

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Training {
    /// Passes over the data; either this or `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Steps of the optimiser; either this or `epochs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Samples of a forward pass. What is left of an epoch after the last whole batch is dropped.
    pub batch: u32,
    /// Forward passes of a step. Their gradients are averaged, their batches follow each other in the data order.
    #[serde(default = "one")]
    pub accumulate: u16,
    /// Seed of the data order and of what dropout drops.
    pub seed: u64,
    /// What is made small.
    #[serde(default)]
    pub loss: Loss,
    /// Share of the target that all classes have alike; of [`Loss::CrossEntropy`].
    #[serde(default)]
    pub label_smoothing: f64,
    /// The label of what doesn't count; of [`Loss::CrossEntropy`]: the mean is over the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_index: Option<i64>,
    /// How weights follow from gradients.
    pub optimiser: Optimiser,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// What bounds gradients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Clip>,
    /// Which parameters are trained, and what they start from.
    #[serde(default, skip_serializing_if = "Parameters::is_plain")]
    pub parameters: Parameters,
}

fn one() -> u16 {
    1
}

/// What is made small: the mean over a batch, with PyTorch's definitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Cross-entropy of the softmax over the output's last axis; labels are classes, one for every row of the output.
    #[default]
    CrossEntropy,
    /// Mean squared error; labels have the output's shape.
    Mse,
    /// Binary cross-entropy of the sigmoid; labels have the output's shape, 0 to 1.
    BceWithLogits,
}

impl Loss {
    /// Its name, as in the file.
    pub fn name(self) -> &'static str {
        match self {
            Loss::CrossEntropy => "cross-entropy",
            Loss::Mse => "mse",
            Loss::BceWithLogits => "bce-with-logits",
        }
    }
}

/// What bounds the gradients of a step, before weight decay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clip {
    /// All gradients times `min(1, norm / (‖all gradients‖ + 10⁻⁶))`: PyTorch's `clip_grad_norm_`.
    Norm(f64),
    /// Every element to `[−value, value]`: PyTorch's `clip_grad_value_`.
    Value(f64),
}

/// Which parameters are trained, and what they start from. Patterns have `*` for any text and `?` for any character.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Parameters {
    /// Patterns of the names that stay as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
    /// Low-rank adapters, trained instead of everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lora: Option<Lora>,
    /// A safetensors file (also a finished task's) that has initial values of parameters by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl Parameters {
    /// Whether everything is as the model file says.
    pub fn is_plain(&self) -> bool {
        *self == Parameters::default()
    }
}

/// Low-rank adapters (E. Hu et al., *LoRA*, 2021): `W + alpha / rank · B · A`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lora {
    /// Rows of A, columns of B.
    pub rank: u32,
    /// See above.
    pub alpha: f64,
    /// Patterns of the weights' names.
    pub on: Vec<String>,
    /// Of A's initial values.
    #[serde(default)]
    pub seed: u64,
}

impl Training {
    /// The learning rate as a node, in a training of so many steps.
    pub fn rate_op(&self, steps: u64) -> Op {
        self.schedule.op(self.optimiser.learning_rate, steps)
    }

    /// The learning rate of step `step` in a training of so many steps: what the node of
    /// [`rate_op`](Self::rate_op) computes.
    pub fn rate(&self, steps: u64, step: u64) -> f32 {
        match self.rate_op(steps) {
            Op::Schedule { kind, base, end, warmup, period } => {
                f32::from_bits(scheduled(kind, (base, end), (warmup, period), step).0)
            }
            _ => self.optimiser.learning_rate as f32,
        }
    }

    /// Dropout in layer `layer` of the model, in forward pass `part` of a step.
    pub fn dropout_op(&self, layer: usize, part: u16, probability: f32) -> Op {
        let [low, high, ..] = philox(self.seed, DROPOUT_SEEDS, ((layer as u64) << 16) | u64::from(part));
        let kept = 1.0 - f64::from(probability);
        Op::Dropout {
            seed: u64::from(low) | (u64::from(high) << 32),
            keep_below: (kept * 4_294_967_296.0).round() as u32, // Saturates: without dropout all but one of 2^32.
            scale: F32(((1.0 / kept) as f32).to_bits()),
        }
    }
}
