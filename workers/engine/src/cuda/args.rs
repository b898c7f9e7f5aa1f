//! What kernels take: the structures of the `.cu` files, field by field. The emulated device checks their sizes.
use super::axes::{Axes, Length};
use super::device::Address;
use bytemuck_derive::{Pod, Zeroable};

/// Structures with the layout that C++ gives them; `fill` is the padding at their end.
macro_rules! args {
    ($($(#[doc = $doc:literal])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug, Pod, Zeroable)]
            #[repr(C)]
            pub(super) struct $name {
                $(pub(super) $field: $type),*
            }
        )*
    };
}

args! {
    /// `product.cu`.
    Product {
        y: Address,
        partial: u64,
        m: u32, n: u32, k: u32,
        batches: u32,
        tiles_n: Length,
        tiles: Length,
        splits: Length,
        work: u32,
        row_stride: u32,
        columns: Length,
        image_stride: u32,
        fill: u32,
    }
    /// `product.cu`.
    Join { x: Address, y: Address, partial: u64, n: u32, parts: u32, takes_max: u32, is_scaled: u32, scale: u32, fill: u32 }
    /// `matmul.cu`.
    MatMulArgs { product: Product, a: Address, b: Address, lead: Axes, lead_y: u32 }
    /// `conv.cu`.
    ConvArgs {
        product: Product,
        a: Address,
        b: Address,
        h: u32, w: u32,
        yh: u32, yw: u32,
        kernel: [u32; 2], stride: [u32; 2], dilation: [u32; 2], before: [u32; 2],
        x_image: u32, y_image: u32,
        x_group: u32, y_group: u32,
        w_group: u32, w_channel: u32,
        kernel_items: Length, kernel_columns: Length,
        y_pixels: Length, y_columns: Length,
        x_pixels: Length, x_columns: Length,
        stride_rows: Length, stride_columns: Length,
        first_y: u32,
        fill: u32,
    }
    /// `reduce.cu`.
    Reduce {
        x: Address, z: Address, y: Address,
        outputs: Length,
        items: u32,
        work: u32,
        is_scaled: u32,
        scale: u32,
        kept: Axes,
        reduced: Axes,
        fill: u32,
    }
    /// `movement.cu`.
    Move { x: Address, y: Address, n: u32, first: u32, axes: Axes, fill: u32 }
    /// `movement.cu`.
    Turn {
        x: Address, y: Address,
        tiles_across: Length, tiles: Length,
        rows: u32, columns: u32,
        x_column: u32, y_row: u32,
        others: Axes,
        fill: u32,
    }
    /// `movement.cu`.
    Pad {
        x: Address, y: Address,
        n: u32,
        start: u32, step: u32, items: u32,
        step_length: Length, inner: Length, axis: Length,
        fill: u32,
    }
    /// `movement.cu`.
    Concat { a: Address, b: Address, y: Address, n: u32, a_run: u32, b_run: u32, run: Length }
    /// `pool.cu`.
    PoolArgs {
        x: Address, argmax: Address, y: Address,
        n: u32,
        h: u32, w: u32,
        yh: u32, yw: u32,
        kernel: [u32; 2], stride: [u32; 2], dilation: [u32; 2], before: [u32; 2],
        counts_inside: u32,
        pixels: Length, columns: Length,
        stride_rows: Length, stride_columns: Length,
    }
    /// `lookup.cu`.
    Lookup { x: Address, ids: Address, y: Address, n: u32, candidates: u32, columns: Length, fill: u32 }
    /// `drawn.cu`.
    Order { rows: Address, seed: u64, of_data: u64, first: u64, batch: u32, half: u32 }
    /// `drawn.cu`.
    Gather { x: Address, rows: Address, y: Address, n: u32, scale: u32, shift: u32, row: Length }
    /// `drawn.cu`.
    Drawn { x: Address, y: Address, seed: u64, stream: u64, n: u32, keep_below: u32, factors: [u32; 3], fill: u32 }
    /// `drawn.cu`.
    Constant { y: Address, value: u32, fill: u32 }
    /// `map.cu`.
    MapArgs {
        x: [Address; 4],
        y: Address,
        n: u32,
        params: [u32; 4],
        step: [u32; 4],
        columns: Length,
        axes: Axes,
        fill: u32,
    }
}
