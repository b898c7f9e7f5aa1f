//! Reduce.
use super::{Launch, Launches, Places, Plan};
use crate::cuda::args::{Join, Reduce};
use crate::cuda::axes::{merged, strides, Axes, Axis, Length};
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::arith::F32;
use assay_core::graph::constants::REDUCTION_BLOCK;
use assay_core::graph::{Node, ReduceKind};

/// Outputs of a thread block: where items are neighbours, and where outputs are.
const ROWS: u32 = 8;
const COLUMNS: u32 = 32;

struct Reduction {
    launch: Launch,
    args: Reduce,
    /// Puts the blocks' results together.
    join: Option<(Launch, Join)>,
}

pub(super) fn plan(node: &Node, (kind, axes, scale): (ReduceKind, u8, F32), kernels: &mut Kernels) -> Plan {
    let dims = node.inputs.first().map_or(&[][..], |input| input.shape.dims());
    let (mut kept, mut reduced) = (dims.to_vec(), dims.to_vec());
    for axis in 0..dims.len() {
        let other = if axes >> axis & 1 == 1 { &mut kept } else { &mut reduced };
        other[axis] = 1;
    }
    let strides = [strides(dims)];
    let (outputs, items) = (super::elements(&kept), super::elements(&reduced));
    let (kept, reduced) = (merged(&kept, &strides), merged(&reduced, &strides));
    let innermost = |axes: &[Axis]| axes.first().is_some_and(|axis| axis.strides[0] == 1);
    let has_columns = innermost(&kept) && !innermost(&reduced) && outputs > ROWS;
    let name = match kind {
        ReduceKind::Max => "max",
        ReduceKind::Sum => "sum",
        ReduceKind::Dot => "dot",
        ReduceKind::SquaredDistance => "distance",
    };
    let blocks = items.div_ceil(REDUCTION_BLOCK as u32);
    let work = outputs * blocks;
    let kernel = kernels.plain(&format!("reduce_{name}_{}", if has_columns { "columns" } else { "rows" }));
    let (of_block, threads) = if has_columns { (COLUMNS, 1024) } else { (ROWS, 256) };
    let launch = Launch { kernel, blocks: work.div_ceil(of_block), threads };
    let is_scaled = u32::from(scale != F32::ONE);
    let (x, y, z) = (Address::default(), Address::default(), Address::default());
    let args = Reduce {
        x,
        z,
        y,
        outputs: Length::new(outputs),
        items,
        work,
        is_scaled: if blocks > 1 { 0 } else { is_scaled },
        scale: scale.0,
        kept: Axes::new(&kept),
        reduced: Axes::new(&reduced),
        fill: 0,
    };
    let join = (blocks > 1).then(|| {
        let takes_max = u32::from(kind == ReduceKind::Max);
        let (partial, n) = (outputs.into(), outputs);
        let args = Join { x, y, partial, n, parts: blocks, takes_max, is_scaled, scale: scale.0, fill: 0 };
        (Launch::over(kernels.plain("join"), n), args)
    });
    let workspace = if blocks > 1 { u64::from(work) * 4 } else { 0 };
    Plan::with_workspace(Reduction { launch, args, join }, workspace)
}

impl Launches for Reduction {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let [x, z, ..] = at.inputs;
        let y = if self.join.is_some() { at.workspace } else { at.output };
        // SAFETY: the caller's promise.
        unsafe {
            self.launch.run(device, &Reduce { x, z, y, ..self.args })?;
            match &self.join {
                Some((launch, args)) => launch.run(device, &Join { x: at.workspace, y: at.output, ..*args }),
                None => Ok(()),
            }
        }
    }
}
