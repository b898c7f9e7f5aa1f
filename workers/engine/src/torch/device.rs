//! Where libtorch computes.
use super::{tf32, TorchError};
use crate::device::Device;
use crate::task::Arithmetic;
use tch::Cuda;

/// Whether libtorch can compute there, in this arithmetic and no coarser one: better asked before a task is taken.
///
/// # Errors
/// A libtorch without CUDA; no such GPU; an environment that lets libtorch compute with TF32 what must be binary32.
pub fn check(device: Device, arithmetic: Arithmetic) -> Result<(), TorchError> {
    place(device, arithmetic).map(drop)
}

/// The device as libtorch names it.
pub(super) fn place(device: Device, arithmetic: Arithmetic) -> Result<tch::Device, TorchError> {
    let Device::Cuda { ordinal } = device else {
        return Ok(tch::Device::Cpu);
    };
    if !tch::utils::has_cudart() {
        return Err(TorchError::NoCuda);
    }
    // Counting is 0 as well where the driver is missing.
    let gpus = if Cuda::is_available() { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    if ordinal >= gpus {
        return Err(TorchError::NoGpu { ordinal, gpus });
    }
    tf32::check(arithmetic)?;
    Ok(tch::Device::Cuda(ordinal))
}

/// Waits until a device has done what it was given: a GPU computes behind the program's back.
pub(super) fn wait(device: tch::Device) {
    if let tch::Device::Cuda(ordinal) = device {
        Cuda::synchronize(ordinal as i64);
    }
}
