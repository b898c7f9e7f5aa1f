//! Data as tensors, in the order of the task.
use super::TorchError;
use crate::data::DataTensor;
use crate::task::Task;
use assay_core::graph::{gather_row, steps_per_epoch, Dtype, Shape};
use tch::{Device, Kind, Tensor};

/// Inputs and labels, ready for batches to be picked from.
pub(super) struct Samples {
    /// `[rows, ..]`, scaled.
    pub(super) inputs: Tensor,
    /// `[rows, ..]`, as numbers.
    pub(super) labels: Tensor,
}

impl Samples {
    pub(super) fn new(
        task: &Task,
        inputs: &DataTensor,
        labels: &DataTensor,
        device: Device,
    ) -> Result<Samples, TorchError> {
        let inputs = tensor(inputs, device)?.f_mul_scalar(task.data.scale)?.f_add_scalar(task.data.shift)?;
        Ok(Samples { inputs, labels: tensor(labels, device)? })
    }

    /// Inputs and labels of these rows.
    pub(super) fn pick(&self, rows: &Tensor) -> Result<(Tensor, Tensor), TorchError> {
        let rows = &rows.f_to_device(self.inputs.device())?;
        Ok((self.inputs.f_index_select(0, rows)?, self.labels.f_index_select(0, rows)?))
    }
}

fn tensor(data: &DataTensor, device: Device) -> Result<Tensor, TorchError> {
    let kind = match data.dtype() {
        Dtype::U8 => Kind::Uint8,
        Dtype::F32 => Kind::Float,
    };
    // Sent as it is stored: bytes are a quarter of the numbers that they become.
    let stored = Tensor::f_from_data_size(data.bytes(), &size(data.shape()), kind)?.f_to_device(device)?;
    Ok(stored.f_to_kind(Kind::Float)?)
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
    device: Device,
    epoch: Option<u64>,
    indices: Tensor,
}

impl Order {
    pub(super) fn new(task: &Task, rows: u32, device: Device) -> Order {
        let (seed, batch) = (task.training.seed, task.training.batch);
        Order { seed, rows, batch, device, epoch: None, indices: Tensor::new() }
    }

    /// Which samples are the batch of a forward pass: all passes of all steps are counted through.
    pub(super) fn batch(&mut self, pass: u64) -> Result<Tensor, TorchError> {
        let Order { seed, rows, batch, .. } = *self;
        let passes = steps_per_epoch(rows, batch);
        let (epoch, first) = (pass / passes, pass % passes);
        if self.epoch != Some(epoch) {
            let row = |i: u64| {
                let (pass, item) = (epoch * passes + i / u64::from(batch), (i % u64::from(batch)) as u32);
                gather_row(seed, rows, batch, pass, item) as i64
            };
            let order: Vec<i64> = (0..passes * u64::from(batch)).map(row).collect();
            self.indices = Tensor::f_from_slice(&order)?.f_to_device(self.device)?;
            self.epoch = Some(epoch);
        }
        Ok(self.indices.f_narrow(0, (first * u64::from(batch)) as i64, batch.into())?)
    }
}
