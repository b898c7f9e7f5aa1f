//! What all products share: how outputs become tiles, and long sums several thread blocks' work.
use super::{Launch, THREADS};
use crate::cuda::args::{Join, Product};
use crate::cuda::axes::Length;
use crate::cuda::device::{Address, Device};
use crate::cuda::source::{Kernels, Tile};
use crate::cuda::CudaError;
use assay_core::graph::constants::DOT_BLOCK;

/// Partial results of one product, at most: 256 MiB.
const MAX_PARTIAL: u64 = 64 << 20;
/// Rows or columns from which on tiles are worth it.
const WORTH_TILES: u32 = 5;

/// Matrices `[m, k]` times `[k, n]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) m: u32,
    pub(super) n: u32,
    pub(super) k: u32,
    pub(super) batches: u32,
}

/// Where output (i, j) of a batch lies: `i · row + j / columns · image + j % columns`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) row: u32,
    pub(super) columns: u32,
    pub(super) image: u32,
}

/// A product's launches.
#[derive(Debug)]
pub(super) struct Products {
    pub(super) launch: Launch,
    pub(super) product: Product,
    /// Adds up the partial results.
    join: Option<(Launch, Join)>,
    pub(super) workspace: u64,
}

impl Products {
    /// Those of kernel family `name`.
    pub(super) fn new(name: &str, sizes: Sizes, layout: Layout, units: u32, kernels: &mut Kernels) -> Products {
        let Sizes { m, n, k, batches } = sizes;
        let outputs = u64::from(m) * u64::from(n) * u64::from(batches);
        let blocks = k.div_ceil(DOT_BLOCK as u32);
        let tiles = |side: u32| u64::from(m.div_ceil(side)) * u64::from(n.div_ceil(side)) * u64::from(batches);
        let may_split = blocks > 1 && outputs * u64::from(blocks) <= MAX_PARTIAL;
        let splits = |tiles: u64| if may_split && tiles < 2 * u64::from(units) { blocks } else { 1 };
        let (tile, side) = if m.min(n) < WORTH_TILES {
            (Tile::Dot, 1)
        } else if m.min(n) > 64 && tiles(128) * u64::from(splits(tiles(128))) >= u64::from(units) {
            (Tile::Large, 128)
        } else {
            (Tile::Small, 64)
        };
        // A thread of its own isn't a thread block.
        let splits = splits(if tile == Tile::Dot { tiles(1) / u64::from(THREADS) } else { tiles(side) });
        let work = (tiles(side) * u64::from(splits)) as u32;
        let kernel = kernels.product(name, tile);
        let launch = match tile {
            Tile::Dot => Launch::over(kernel, work),
            _ => Launch { kernel, blocks: work, threads: THREADS },
        };
        let product = Product {
            y: Address::default(),
            partial: outputs,
            m,
            n,
            k,
            batches,
            tiles_n: Length::new(n.div_ceil(side)),
            tiles: Length::new(m.div_ceil(side) * n.div_ceil(side)),
            splits: Length::new(splits),
            work,
            row_stride: layout.row,
            columns: Length::new(layout.columns),
            image_stride: layout.image,
            fill: 0,
        };
        let (x, y, n) = (Address::default(), Address::default(), outputs as u32);
        let join = (splits > 1).then(|| {
            let args = Join { x, y, partial: outputs, n, parts: splits, takes_max: 0, is_scaled: 0, scale: 0, fill: 0 };
            (Launch::over(kernels.plain("join"), n), args)
        });
        let workspace = if splits > 1 { outputs * u64::from(splits) * 4 } else { 0 };
        Products { launch, product, join, workspace }
    }

    /// The product, writing where it has to.
    pub(super) fn to(&self, output: Address, workspace: Address) -> Product {
        Product { y: if self.join.is_some() { workspace } else { output }, ..self.product }
    }

    /// Adds up partial results, if there are any.
    ///
    /// # Safety
    /// As for [`Device::launch`].
    pub(super) unsafe fn join(
        &self,
        device: &mut dyn Device,
        output: Address,
        workspace: Address,
    ) -> Result<(), CudaError> {
        match &self.join {
            // SAFETY: the caller's promise.
            Some((launch, args)) => unsafe { launch.run(device, &Join { x: workspace, y: output, ..*args }) },
            None => Ok(()),
        }
    }
}
