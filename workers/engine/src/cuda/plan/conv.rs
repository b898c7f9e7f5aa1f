//! Convolutions and their gradients. Groups are a product's batches.
use super::product::{Layout, Products, Sizes};
use super::{Launches, Places, Plan};
use crate::cuda::args::ConvArgs;
use crate::cuda::axes::Length;
use crate::cuda::device::{Address, Device};
use crate::cuda::source::Kernels;
use crate::cuda::CudaError;
use assay_core::graph::{ConvPart, Node, Window};

struct Conv {
    products: Products,
    /// Whether the kernel's a is the node's second input.
    swaps: bool,
    args: ConvArgs,
}

pub(super) fn plan(
    node: &Node,
    (part, window, groups): (ConvPart, Window, u16),
    units: u32,
    kernels: &mut Kernels,
) -> Option<Plan> {
    let [a, b] = node.inputs.as_slice() else { return None };
    let image = |dims: &[u32]| <[u32; 4]>::try_from(dims).ok();
    let (a, b, output) = (image(a.shape.dims())?, image(b.shape.dims())?, image(node.shape.dims())?);
    let (x, weight, y) = match part {
        ConvPart::Forward => (a, b, output),
        ConvPart::Input => (output, b, a),
        ConvPart::Weight => (b, output, a),
    };
    let ([images, channels, h, w], [o, c, kh, kw], [_, _, yh, yw]) = (x, weight, y);
    let groups = u32::from(groups);
    let o_group = o.checked_div(groups)?;
    let (x_pixels, y_pixels, items) = (h * w, yh * yw, kh * kw);
    // What a group's output is: a matrix, and where its elements lie.
    let (name, sizes, layout, first_y) = match part {
        ConvPart::Forward => (
            "conv_forward",
            (o_group, images * y_pixels, c * items),
            Layout { row: y_pixels, columns: y_pixels, image: o * y_pixels },
            o_group * y_pixels,
        ),
        ConvPart::Input => (
            "conv_input",
            (c, images * x_pixels, o_group * items),
            Layout { row: x_pixels, columns: x_pixels, image: channels * x_pixels },
            c * x_pixels,
        ),
        ConvPart::Weight => (
            "conv_weight",
            (o_group, c * items, images * y_pixels),
            Layout { row: c * items, columns: c * items, image: 0 },
            o_group * c * items,
        ),
    };
    let (m, n, k) = sizes;
    let products = Products::new(name, Sizes { m, n, k, batches: groups }, layout, units, kernels);
    let args = ConvArgs {
        product: products.product,
        a: Address::default(),
        b: Address::default(),
        h,
        w,
        yh,
        yw,
        kernel: [kh, kw],
        stride: window.stride.map(u32::from),
        dilation: window.dilation.map(u32::from),
        before: window.before.map(u32::from),
        x_image: channels * x_pixels,
        y_image: o * y_pixels,
        x_group: c * x_pixels,
        y_group: o_group * y_pixels,
        w_group: o_group * c * items,
        w_channel: c * items,
        kernel_items: Length::new(items),
        kernel_columns: Length::new(kw),
        y_pixels: Length::new(y_pixels),
        y_columns: Length::new(yw),
        x_pixels: Length::new(x_pixels),
        x_columns: Length::new(w),
        stride_rows: Length::new(window.stride[0].into()),
        stride_columns: Length::new(window.stride[1].into()),
        first_y,
        fill: 0,
    };
    let workspace = products.workspace;
    // The kernels' a is the weight, or dy where the weight is the result.
    Some(Plan::with_workspace(Conv { products, swaps: part != ConvPart::Weight, args }, workspace))
}

impl Launches for Conv {
    unsafe fn launch(&self, device: &mut dyn Device, at: &Places, _: u64) -> Result<(), CudaError> {
        let product = self.products.to(at.output, at.workspace);
        let [first, second, ..] = at.inputs;
        let (a, b) = if self.swaps { (second, first) } else { (first, second) };
        // SAFETY: the caller's promise.
        unsafe {
            self.products.launch.run(device, &ConvArgs { product, a, b, ..self.args })?;
            self.products.join(device, at.output, at.workspace)
        }
    }
}
