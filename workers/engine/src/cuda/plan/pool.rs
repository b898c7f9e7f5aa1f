//! Pooling and its gradients.
use super::{elements, Launch, Launches, Places, Plan};
use crate::cuda::args::PoolArgs;
use crate::cuda::axes::Length;
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::graph::{Node, PoolKind, Window};

struct Pooling {
    launch: Launch,
    args: PoolArgs,
}

pub(super) fn plan(
    node: &Node,
    (kind, window, kernel): (PoolKind, Window, [u8; 2]),
    is_gradient: bool,
    kernels: &mut Kernels,
) -> Option<Plan> {
    let image = |dims: &[u32]| <[u32; 4]>::try_from(dims).ok();
    let (input, output) = (image(node.inputs.first()?.shape.dims())?, image(node.shape.dims())?);
    let (x, y) = if is_gradient { (output, input) } else { (input, output) };
    let name = match (is_gradient, kind) {
        (false, PoolKind::Max) => "pool_max",
        (false, PoolKind::Argmax) => "pool_argmax",
        (false, _) => "pool_average",
        (true, PoolKind::Max) => "pool_gradient_max",
        (true, _) => "pool_gradient_average",
    };
    let n = elements(node.shape.dims());
    let args = PoolArgs {
        x: Address::default(),
        argmax: Address::default(),
        y: Address::default(),
        n,
        h: x[2],
        w: x[3],
        yh: y[2],
        yw: y[3],
        kernel: kernel.map(u32::from),
        stride: window.stride.map(u32::from),
        dilation: window.dilation.map(u32::from),
        before: window.before.map(u32::from),
        counts_inside: u32::from(kind == PoolKind::AverageInside),
        pixels: Length::new(output[2] * output[3]),
        columns: Length::new(output[3]),
        stride_rows: Length::new(window.stride[0].into()),
        stride_columns: Length::new(window.stride[1].into()),
    };
    Some(Plan::new(Pooling { launch: Launch::over(kernels.plain(name), n), args }))
}

impl Launches for Pooling {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let [x, argmax, ..] = at.inputs;
        // SAFETY: the caller's promise.
        unsafe { self.launch.run(device, &PoolArgs { x, argmax, y: at.output, ..self.args }) }
    }
}
