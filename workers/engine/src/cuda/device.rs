//! What a plan is carried out on: memory, and kernels that are launched one after the other.
use super::CudaError;
use bytemuck_derive::{Pod, Zeroable};

/// An address in a device's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(transparent)]
pub struct Address(pub u64);

impl Address {
    /// So many bytes further.
    pub(super) fn plus(self, bytes: u64) -> Address {
        Address(self.0 + bytes)
    }
}

/// A device. Whatever it is asked is done in order; a download waits for what was launched before.
pub trait Device: Send {
    /// Its name, for people.
    fn name(&self) -> String;

    /// Thread blocks that run at the same time, about: plans share work out accordingly. No bit depends on it.
    fn units(&self) -> u32;

    /// Compiles the kernels of these names from a source; [`launch`](Self::launch) counts them in this order.
    ///
    /// # Errors
    /// No compiler, or a source that it rejects.
    fn load(&mut self, source: &str, kernels: &[String]) -> Result<(), CudaError>;

    /// Memory, aligned to 256 bytes; it is the device's own until that is dropped.
    ///
    /// # Errors
    /// There isn't as much.
    fn alloc(&mut self, bytes: usize) -> Result<Address, CudaError>;

    /// Writes to memory.
    ///
    /// # Safety
    /// So many bytes from `to` on lie within one allocation of this device.
    ///
    /// # Errors
    /// The device fails.
    unsafe fn upload(&mut self, to: Address, bytes: &[u8]) -> Result<(), CudaError>;

    /// Reads memory.
    ///
    /// # Safety
    /// As for [`upload`](Self::upload).
    ///
    /// # Errors
    /// The device fails, perhaps in a kernel that was launched before.
    unsafe fn download(&mut self, from: Address, bytes: &mut [u8]) -> Result<(), CudaError>;

    /// Launches a kernel on a number of thread blocks. `args` is the structure that it takes.
    ///
    /// # Safety
    /// The kernel takes a structure of these bytes, and touches only memory of this device.
    ///
    /// # Errors
    /// The device refuses.
    unsafe fn launch(&mut self, kernel: usize, blocks: u32, threads: u32, args: &[u8]) -> Result<(), CudaError>;

    /// Waits until everything that was launched is done.
    ///
    /// # Errors
    /// A kernel failed.
    fn wait(&mut self) -> Result<(), CudaError>;
}
