//! A model's forward pass, layer by layer.
mod cast;
mod fuse;
mod images;
mod layer;

use super::samples::size;
use super::TorchError;
use crate::import::{LayerOp, Model, Value};
use crate::task::{Arithmetic, Training};
use assay_core::graph::{dropout_word, Op};
use tch::{Kind, Tensor};

/// What a forward pass is for.
#[derive(Clone, Copy)]
pub(super) enum Mode<'a> {
    /// Batch norms use the batch's statistics and move the running ones, dropout drops.
    Training {
        /// Has the seed.
        training: &'a Training,
        /// The optimiser's step.
        step: u64,
        /// Which of the step's forward passes.
        part: u16,
    },
    /// Batch norms use the running statistics.
    Evaluation,
}

/// A model as libtorch runs it.
pub(super) struct Network {
    pub(super) model: Model,
    /// Of products.
    arithmetic: Arithmetic,
    /// For every layer: the bias that it adds as well.
    biases: Vec<Option<usize>>,
}

impl Network {
    pub(super) fn new(model: &Model, arithmetic: Arithmetic) -> Network {
        Network { model: model.clone(), arithmetic, biases: fuse::biases(model) }
    }

    /// Samples of a batch.
    pub(super) fn batch(&self) -> u32 {
        self.model.input.dims().first().copied().unwrap_or(1)
    }

    /// What the model gives for a batch.
    pub(super) fn forward(&self, params: &[Tensor], batch: &Tensor, mode: Mode<'_>) -> Result<Tensor, TorchError> {
        let input = batch.f_reshape(size(self.model.input))?;
        let mut outputs: Vec<Tensor> = Vec::with_capacity(self.model.layers.len());
        for layer in 0..self.model.layers.len() {
            let output = self.layer(layer, (params, &input, &outputs), mode)?;
            outputs.push(output);
        }
        Ok(value(self.model.output, (params, &input, &outputs), outputs.len())?.shallow_clone())
    }

    fn layer(&self, index: usize, values: Values<'_>, mode: Mode<'_>) -> Result<Tensor, TorchError> {
        let layer = &self.model.layers[index];
        let inputs: Vec<&Tensor> = layer.inputs.iter().map(|&of| value(of, values, index)).collect::<Result<_, _>>()?;
        let x = *inputs.first().ok_or(TorchError::Layer { layer: index })?;
        if let Some(before) = fuse::done_by(&self.biases, index) {
            return Ok(value(Value::Layer(before), values, index)?.shallow_clone());
        }
        let bias = self.biases[index].map(|bias| value(Value::Param(bias), values, index)).transpose()?;
        let done = match &layer.op {
            LayerOp::Dropout { probability } => dropped(x, index, *probability, mode),
            LayerOp::BatchNorm { epsilon, momentum } => match *inputs {
                [x, weight, bias, mean, variance] => {
                    let (weight, bias) = (Some(weight), Some(bias));
                    let training = matches!(mode, Mode::Training { .. });
                    let [momentum, epsilon] = [*momentum, *epsilon].map(f64::from);
                    x.f_batch_norm(weight, bias, Some(mean), Some(variance), training, momentum, epsilon, false)
                }
                _ => return Err(TorchError::Layer { layer: index }),
            },
            op @ (LayerOp::MatMul { .. } | LayerOp::Conv { .. }) => {
                let compute = |inputs: &[&Tensor], bias: Option<&Tensor>| layer::compute(op, inputs, bias, layer.shape);
                cast::product(self.arithmetic, &inputs, bias, compute).ok_or(TorchError::Layer { layer: index })?
            }
            op => layer::compute(op, &inputs, bias, layer.shape).ok_or(TorchError::Layer { layer: index })?,
        };
        let output = done.map_err(|error| TorchError::InLayer { name: layer.name.clone(), error })?;
        let got = output.size();
        if got != size(layer.shape) {
            return Err(TorchError::Shape { name: layer.name.clone(), expected: layer.shape, got });
        }
        Ok(output)
    }
}

/// Parameters, the batch, and outputs of the layers so far.
type Values<'a> = (&'a [Tensor], &'a Tensor, &'a [Tensor]);

fn value<'a>(of: Value, (params, batch, outputs): Values<'a>, layer: usize) -> Result<&'a Tensor, TorchError> {
    let found = match of {
        Value::Input => Some(batch),
        Value::Param(index) => params.get(index),
        Value::Layer(index) => outputs.get(index),
    };
    found.ok_or(TorchError::Layer { layer })
}

/// Dropout with the protocol's masks instead of libtorch's own, so that both trainings can be compared.
fn dropped(x: &Tensor, layer: usize, probability: f32, mode: Mode<'_>) -> Result<Tensor, tch::TchError> {
    let Mode::Training { training, step, part } = mode else {
        return Ok(x.shallow_clone());
    };
    let Op::Dropout { seed, keep_below, scale } = training.dropout_op(layer, part, probability) else {
        return Ok(x.shallow_clone());
    };
    let scale = f32::from_bits(scale.0);
    let factor = |element| if dropout_word(seed, step, element) < keep_below { scale } else { 0.0 };
    let factors: Vec<f32> = (0..x.numel() as u64).map(factor).collect();
    x.f_mul(&Tensor::f_from_slice(&factors)?.f_to_device(x.device())?.f_reshape(x.size())?)
}

/// A tensor of classes or of rows of a table.
pub(super) fn indices(x: &Tensor) -> Result<Tensor, tch::TchError> {
    x.f_to_kind(Kind::Int64)
}
