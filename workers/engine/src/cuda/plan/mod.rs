//! From a node to the kernels that do it: which, on how many thread blocks, with what arguments. No device is needed to
//! make a plan.
mod conv;
mod drawn;
mod lookup;
mod map;
mod matmul;
mod movement;
mod pool;
mod product;
mod reduce;

use super::device::{Address, Device};
use super::source::{Kernel, Kernels};
use super::CudaError;
use assay_core::graph::{Node, Op, MAX_INPUTS};

/// Threads of a block of kernels that take any number.
pub(super) const THREADS: u32 = 256;
/// Thread blocks that such a kernel gets at most: each thread takes several elements then.
const MAX_BLOCKS: u32 = 2048;

/// Where a node's tensors are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) inputs: [Address; MAX_INPUTS],
    pub(super) output: Address,
    /// Memory for what lies between two kernels of a node.
    pub(super) workspace: Address,
}

/// A node's launches, prepared. What a step changes is found when it is launched.
pub(super) trait Launches: Send {
    /// Launches them.
    ///
    /// # Safety
    /// The places hold the node's tensors and a workspace of the plan's size, and the device has loaded the plan's kernels.
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, step: u64) -> Result<(), CudaError>;
}

/// A node's plan.
pub(super) struct Plan {
    pub(super) launches: Box<dyn Launches>,
    /// Bytes of workspace.
    pub(super) workspace: u64,
}

impl Plan {
    fn new(launches: impl Launches + 'static) -> Plan {
        Plan::with_workspace(launches, 0)
    }

    fn with_workspace(launches: impl Launches + 'static, workspace: u64) -> Plan {
        Plan { launches: Box::new(launches), workspace }
    }

    /// That of a valid node whose tensors have fewer than 2³¹ elements. `units`: see [`Device::units`].
    ///
    /// # Errors
    /// A node that isn't valid.
    pub(super) fn of(node: &Node, units: u32, kernels: &mut Kernels) -> Result<Plan, CudaError> {
        let plan = match node.op {
            Op::Map { function, params } => Some(Plan::new(map::Map::new(node, function, params, kernels))),
            Op::MatMul { trans_a, trans_b } => matmul::plan(node, (trans_a, trans_b), units, kernels),
            Op::Conv { part, window, groups } => conv::plan(node, (part, window, groups), units, kernels),
            Op::Pool { kind, window, kernel } => pool::plan(node, (kind, window, kernel), false, kernels),
            Op::PoolGrad { kind, window, kernel } => pool::plan(node, (kind, window, kernel), true, kernels),
            Op::Reduce { kind, axes, scale } => Some(reduce::plan(node, (kind, axes, scale), kernels)),
            Op::Reshape | Op::Transpose { .. } | Op::Slice { .. } | Op::Pad { .. } | Op::Concat { .. } => {
                movement::plan(node, kernels)
            }
            Op::Pick | Op::Embed | Op::EmbedGrad => lookup::plan(node, kernels),
            Op::Gather { .. }
            | Op::Jitter { .. }
            | Op::Dropout { .. }
            | Op::Schedule { .. }
            | Op::BiasCorrection { .. } => drawn::plan(node, kernels),
        };
        plan.ok_or_else(|| CudaError::NoKernel(node.name.to_string()))
    }
}

/// One launch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Launch {
    pub(super) kernel: Kernel,
    pub(super) blocks: u32,
    pub(super) threads: u32,
}

impl Launch {
    /// A kernel that takes `n` elements with any number of threads.
    pub(super) fn over(kernel: Kernel, n: u32) -> Launch {
        Launch { kernel, blocks: n.div_ceil(THREADS).clamp(1, MAX_BLOCKS), threads: THREADS }
    }

    /// # Safety
    /// As for [`Device::launch`].
    pub(super) unsafe fn run(self, device: &mut dyn Device, args: &impl bytemuck::Pod) -> Result<(), CudaError> {
        // SAFETY: the caller's promise.
        unsafe { device.launch(self.kernel.0, self.blocks, self.threads, bytemuck::bytes_of(args)) }
    }
}

/// Elements of a node, which has fewer than 2³¹.
pub(super) fn elements(dims: &[u32]) -> u32 {
    dims.iter().product()
}
