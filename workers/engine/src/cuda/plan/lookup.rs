//! Pick, Embed and its gradient.
use super::{elements, Launch, Launches, Places, Plan, THREADS};
use crate::cuda::args::Lookup;
use crate::cuda::axes::Length;
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::graph::{Node, Op};

struct Lookups {
    launch: Launch,
    args: Lookup,
}

pub(super) fn plan(node: &Node, kernels: &mut Kernels) -> Option<Plan> {
    let [first, ids] = node.inputs.as_slice() else { return None };
    let n = elements(node.shape.dims());
    let (launch, n, candidates, columns) = match node.op {
        Op::Pick => (Launch::over(kernels.plain("pick"), n), n, *first.shape.dims().last()?, 1),
        Op::Embed => {
            let &[rows, columns] = first.shape.dims() else { return None };
            (Launch::over(kernels.plain("embed"), n), n, rows, columns)
        }
        Op::EmbedGrad => {
            let &[rows, columns] = node.shape.dims() else { return None };
            let kernel = kernels.plain("embed_gradient");
            (Launch { kernel, blocks: rows, threads: THREADS }, elements(ids.shape.dims()), rows, columns)
        }
        _ => return None,
    };
    let (x, ids, y) = (Address::default(), Address::default(), Address::default());
    let args = Lookup { x, ids, y, n, candidates, columns: Length::new(columns), fill: 0 };
    Some(Plan::new(Lookups { launch, args }))
}

impl Launches for Lookups {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let [x, ids, ..] = at.inputs;
        // SAFETY: the caller's promise.
        unsafe { self.launch.run(device, &Lookup { x, ids, y: at.output, ..self.args }) }
    }
}
