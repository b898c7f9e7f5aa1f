//! Where a worker computes.
use std::str::FromStr;

/// Where the reproducible engine computes, and libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Device {
    /// On the processor.
    #[default]
    Cpu,
    /// On the NVIDIA GPU of this number: the reproducible engine in builds with the feature `cuda`, libtorch if it was
    /// built for CUDA.
    Cuda {
        /// Counted from 0, as the driver counts.
        ordinal: usize,
    },
}

/// A text that names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no device: cpu, cuda or cuda:N")]
pub struct DeviceError(String);

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Device, DeviceError> {
        let error = || DeviceError(text.into());
        match text.split_once(':') {
            None if text == "cpu" => Ok(Device::Cpu),
            None if text == "cuda" => Ok(Device::Cuda { ordinal: 0 }),
            Some(("cuda", ordinal)) => Ok(Device::Cuda { ordinal: ordinal.parse().map_err(|_| error())? }),
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("cuda".parse(), Ok(Device::Cuda { ordinal: 0 }));
        assert_eq!("cuda:3".parse(), Ok(Device::Cuda { ordinal: 3 }));
        for text in ["", "gpu", "cuda:", "cuda:x", "cpu:0", "CUDA"] {
            assert_eq!(text.parse::<Device>(), Err(DeviceError(text.into())));
        }
    }
}
