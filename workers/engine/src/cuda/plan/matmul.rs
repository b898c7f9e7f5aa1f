//! MatMul.
use super::product::{Layout, Products, Sizes};
use super::{elements, Launches, Places, Plan};
use crate::cuda::args::MatMulArgs;
use crate::cuda::axes::{broadcast, merged, Axes};
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::graph::Node;

struct MatMul {
    products: Products,
    args: MatMulArgs,
}

pub(super) fn plan(node: &Node, (trans_a, trans_b): (bool, bool), units: u32, kernels: &mut Kernels) -> Option<Plan> {
    let [a, b] = node.inputs.as_slice() else { return None };
    let ([lead_a @ .., a0, a1], [lead_b @ .., b0, b1]) = (a.shape.dims(), b.shape.dims()) else { return None };
    let [lead @ .., _, _] = node.shape.dims() else { return None };
    let (m, k) = if trans_a { (*a1, *a0) } else { (*a0, *a1) };
    let n = if trans_b { *b0 } else { *b1 };
    let times = |strides: Vec<u32>, size: u32| strides.into_iter().map(|stride| stride * size).collect();
    let strides = [times(broadcast(lead_a, lead.len()), m * k), times(broadcast(lead_b, lead.len()), n * k)];
    let mut axes = merged(lead, &strides);
    let mut sizes = Sizes { m, n, k, batches: elements(lead) };
    // One matrix b for all, and the a's behind each other: that is one product.
    if let ([axis], false) = (axes.as_slice(), trans_a) {
        if axis.strides[0] == m * k && axis.strides[1] == 0 {
            sizes = Sizes { m: m * sizes.batches, batches: 1, ..sizes };
            axes.clear();
        }
    }
    let name = match (trans_a, trans_b) {
        (false, false) => "matmul_nn",
        (false, true) => "matmul_nt",
        (true, false) => "matmul_tn",
        (true, true) => "matmul_tt",
    };
    let products = Products::new(name, sizes, Layout { row: n, columns: n, image: 0 }, units, kernels);
    let args = MatMulArgs {
        product: products.product,
        a: Address::default(),
        b: Address::default(),
        lead: Axes::new(&axes),
        lead_y: sizes.m * n,
    };
    let workspace = products.workspace;
    Some(Plan::with_workspace(MatMul { products, args }, workspace))
}

impl Launches for MatMul {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let product = self.products.to(at.output, at.workspace);
        let args = MatMulArgs { product, a: at.inputs[0], b: at.inputs[1], ..self.args };
        // SAFETY: the caller's promise.
        unsafe {
            self.products.launch.run(device, &args)?;
            self.products.join(device, at.output, at.workspace)
        }
    }
}
