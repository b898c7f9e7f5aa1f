//! What a state holds: the optimiser's slots, then the parameters.
use super::samples::size;
use super::TorchError;
use crate::compile::Layout;
use crate::import::Model;
use crate::state::{State, StateError};
use crate::task::Optimiser;
use tch::{Device, Kind, Tensor};

/// Positions of the parameters that are trained.
pub(super) fn trained(model: &Model) -> impl Iterator<Item = usize> + '_ {
    model.params.iter().enumerate().filter(|(_, param)| param.trained).map(|(index, _)| index)
}

/// Slots and parameters of a state, on a device.
pub(super) fn tensors(
    model: &Model,
    optimiser: &Optimiser,
    state: &State,
    device: Device,
) -> Result<(Vec<Tensor>, Vec<Tensor>), TorchError> {
    let layout = Layout::new(model, optimiser);
    let slots = layout.slots();
    let names = slots.iter().map(|&(param, suffix)| (format!("{}.{suffix}", model.params[param].name), param));
    let expected: Vec<(String, usize)> =
        names.chain(model.params.iter().enumerate().map(|(index, param)| (param.name.clone(), index))).collect();
    if expected.len() != state.len() {
        return Err(StateError::Count { expected: expected.len(), got: state.len() }.into());
    }
    let mut tensors = Vec::with_capacity(expected.len());
    for (index, (name, param)) in expected.into_iter().enumerate() {
        let (decl, shape) = (&state.decls()[index], model.params[param].shape);
        if decl.name.as_str() != name || decl.shape != shape {
            let (got_name, got) = (decl.name.to_string(), decl.shape);
            return Err(StateError::Decl { name, expected: shape, got_name, got }.into());
        }
        tensors.push(Tensor::f_from_data_size(state.bytes(index), &size(shape), Kind::Float)?.f_to_device(device)?);
    }
    let params = tensors.split_off(slots.len());
    for param in trained(model) {
        let _ = params[param].f_set_requires_grad(true)?;
    }
    Ok((tensors, params))
}

/// A tensor's values, wherever it is. A NaN becomes the protocol's.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f32>, TorchError> {
    let mut values = vec![0.0_f32; tensor.numel()];
    let len = values.len();
    tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?.f_copy_data(&mut values, len)?;
    // Every value is written, so that it is done by vectors.
    for value in &mut values {
        *value = if value.is_nan() { f32::from_bits(assay_core::arith::F32::NAN.0) } else { *value };
    }
    Ok(values)
}
