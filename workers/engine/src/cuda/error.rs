//! What can be wrong with an execution on a GPU.
use crate::exec::ExecError;
use cudarc::driver::DriverError;

/// Why a program can't be executed on a GPU.
#[derive(Debug, thiserror::Error)]
pub enum CudaError {
    /// What is wrong on a CPU too: an invalid program, other data, a state of another shape.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// No driver.
    #[error("no CUDA driver: libcuda.so can't be loaded; a GPU needs NVIDIA's driver")]
    NoDriver,
    /// No such device.
    #[error("no CUDA device {ordinal}: the driver knows {count}")]
    NoDevice {
        /// Asked for.
        ordinal: usize,
        /// How many there are.
        count: i32,
    },
    /// The driver refuses something.
    #[error("CUDA driver, {what}: {error}")]
    Driver {
        /// What it was asked.
        what: &'static str,
        /// Its answer.
        error: DriverError,
    },
    /// No compiler.
    #[error("no nvrtc, CUDA's run-time compiler: {0}; ASSAY_NVRTC may name the library (scripts/nvrtc fetches one)")]
    NoCompiler(String),
    /// The compiler lacks what is needed of it.
    #[error("nvrtc, {what}: error {code}")]
    Compiler {
        /// What it was asked.
        what: &'static str,
        /// Its answer.
        code: i32,
    },
    /// A kernel that doesn't compile.
    #[error("the kernels don't compile for {architecture}:\n{log}")]
    Compile {
        /// For what.
        architecture: String,
        /// What the compiler says.
        log: String,
    },
    /// A tensor too large for 32-bit indices.
    #[error("{what} has {got} elements; on a GPU a tensor has at most {max}")]
    TooLarge {
        /// Which.
        what: String,
        /// Its elements.
        got: u64,
        /// [`MAX_ELEMENTS`](super::MAX_ELEMENTS).
        max: u64,
    },
    /// An operator that no kernel does: its node isn't valid.
    #[error("node {0:?} has no kernel")]
    NoKernel(String),
    /// A step before [`load`](super::CudaExecutor::load).
    #[error("no state was loaded")]
    NoState,
    /// The emulated device.
    #[error("emulated device: {0}")]
    Emulated(String),
}
