//! A model's forward pass, and data as tensors.
use super::TorchError;
use crate::data::DataTensor;
use crate::import::{Layer, Model, Value};
use assay_core::graph::{steps_per_epoch, Dtype, Shape};
use tch::{Kind, Tensor};

/// Logits of a batch.
pub(super) fn forward(model: &Model, params: &[Tensor], batch: &Tensor) -> Result<Tensor, TorchError> {
    let mut outputs: Vec<Tensor> = Vec::new();
    for (layer, what) in model.layers.iter().enumerate() {
        let missing = || TorchError::Layer { layer };
        let value = |value: Value| match value {
            Value::Batch => Ok(batch),
            Value::Layer(index) => outputs.get(index).ok_or_else(missing),
        };
        let param = |index: usize| params.get(index).ok_or_else(missing);
        outputs.push(match *what {
            // A product with a bias behind it is one `linear`, as in PyTorch.
            Layer::MatMul { x, weight, transposed } => {
                let bias = match model.layers.get(layer + 1) {
                    Some(Layer::Bias { x: Value::Layer(of), bias }) if *of == layer => Some(param(*bias)?),
                    _ => None,
                };
                let weight = if transposed { param(weight)?.shallow_clone() } else { param(weight)?.f_tr()? };
                value(x)?.f_linear(&weight, bias)?
            }
            Layer::Bias { x, bias } => match x {
                Value::Layer(of) if of + 1 == layer && matches!(model.layers[of], Layer::MatMul { .. }) => {
                    value(x)?.shallow_clone()
                }
                _ => value(x)?.f_add(param(bias)?)?,
            },
            Layer::Relu { x } => value(x)?.f_relu()?,
            Layer::Add { x, y } => value(x)?.f_add(value(y)?)?,
        });
    }
    outputs.pop().ok_or(TorchError::Layer { layer: 0 })
}

/// Mean cross-entropy.
pub(super) fn loss(logits: &Tensor, labels: &Tensor) -> Result<Tensor, TorchError> {
    Ok(logits.f_cross_entropy_loss::<Tensor>(labels, None, tch::Reduction::Mean, -100, 0.0)?)
}

/// Inputs and labels as tensors, ready for batches to be picked from.
pub(super) struct Samples {
    pub(super) inputs: Tensor,
    pub(super) labels: Tensor,
}

impl Samples {
    pub(super) fn new(
        inputs: &DataTensor,
        labels: &DataTensor,
        (scale, shift): (f64, f64),
    ) -> Result<Samples, TorchError> {
        let inputs = tensor(inputs)?.f_to_kind(Kind::Float)?.f_mul_scalar(scale)?.f_add_scalar(shift)?;
        Ok(Samples { inputs, labels: tensor(labels)?.f_to_kind(Kind::Int64)? })
    }
}

fn tensor(data: &DataTensor) -> Result<Tensor, TorchError> {
    let kind = match data.dtype() {
        Dtype::U8 => Kind::Uint8,
        Dtype::F32 => Kind::Float,
    };
    Ok(Tensor::f_from_data_size(data.bytes(), &size(data.shape()), kind)?)
}

/// Dimensions as libtorch wants them.
pub(super) fn size(shape: Shape) -> Vec<i64> {
    shape.dims().iter().map(|&dim| dim.into()).collect()
}

/// Samples of an epoch in the order of the task.
pub(super) struct Order {
    seed: u64,
    rows: u32,
    batch: u32,
    epoch: Option<u64>,
    indices: Tensor,
}

impl Order {
    pub(super) fn new(seed: u64, rows: u32, batch: u32) -> Order {
        Order { seed, rows, batch, epoch: None, indices: Tensor::new() }
    }

    /// Which samples are the batch of a step.
    pub(super) fn batch(&mut self, step: u64) -> Result<Tensor, TorchError> {
        let Order { seed, rows, batch, .. } = *self;
        let steps = steps_per_epoch(rows, batch);
        let (epoch, first) = (step / steps, step % steps);
        if self.epoch != Some(epoch) {
            let row = |i: u64| {
                let (step, item) = (epoch * steps + i / u64::from(batch), (i % u64::from(batch)) as u32);
                assay_core::graph::gather_row(seed, rows, batch, step, item) as i64
            };
            let order: Vec<i64> = (0..steps * u64::from(batch)).map(row).collect();
            self.indices = Tensor::f_from_slice(&order)?;
            self.epoch = Some(epoch);
        }
        Ok(self.indices.f_narrow(0, (first * u64::from(batch)) as i64, batch.into())?)
    }
}
