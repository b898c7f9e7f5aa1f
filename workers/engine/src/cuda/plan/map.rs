//! Maps.
use super::{elements, Launch, Launches, Places};
use crate::cuda::args::MapArgs;
use crate::cuda::axes::{broadcast, merged, Axes, Length};
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::arith::F32;
use assay_core::graph::function::Function;
use assay_core::graph::{Node, MAX_INPUTS};

pub(super) struct Map {
    launch: Launch,
    args: MapArgs,
}

impl Map {
    pub(super) fn new(node: &Node, function: Function, params: [F32; 4], kernels: &mut Kernels) -> Map {
        let dims = node.shape.dims();
        let strides: Vec<_> = node.inputs.iter().map(|input| broadcast(input.shape.dims(), dims.len())).collect();
        let axes = merged(dims, &strides);
        let n = elements(dims);
        // One axis at most: every input is as long as the output or has one element.
        let step = axes.first().map_or([1; MAX_INPUTS], |axis| axis.strides);
        let launch = match axes.len() {
            0 | 1 => Launch::over(kernels.map(function, false), n / 4),
            _ => Launch::over(kernels.map(function, true), n),
        };
        let args = MapArgs {
            x: [Address::default(); 4],
            y: Address::default(),
            n,
            params: params.map(|param| param.0),
            step,
            columns: Length::new(dims.last().copied().unwrap_or(1)),
            axes: Axes::new(&axes),
            fill: 0,
        };
        Map { launch, args }
    }
}

impl Launches for Map {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        // SAFETY: the caller's promise.
        unsafe { self.launch.run(device, &MapArgs { x: at.inputs, y: at.output, ..self.args }) }
    }
}
