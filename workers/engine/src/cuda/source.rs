//! The kernels that a plan needs, and their source.
use super::maps;
use assay_core::graph::function::{Function, Row};

/// The files, in the order in which they need each other.
const FILES: [&str; 11] = [
    include_str!("kernels/prelude.cu"),
    include_str!("kernels/product.cu"),
    include_str!("kernels/tile.cu"),
    include_str!("kernels/matmul.cu"),
    include_str!("kernels/conv.cu"),
    include_str!("kernels/reduce.cu"),
    include_str!("kernels/movement.cu"),
    include_str!("kernels/pool.cu"),
    include_str!("kernels/lookup.cu"),
    include_str!("kernels/drawn.cu"),
    include_str!("kernels/map.cu"),
];
/// What precedes them on a real device.
pub(super) const DEVICE: &str = include_str!("kernels/device.cu");

/// Families of products: the kernels' first name, and the structure.
const PRODUCTS: [(&str, &str); 7] = [
    ("matmul_nn", "MatMulNN"),
    ("matmul_nt", "MatMulNT"),
    ("matmul_tn", "MatMulTN"),
    ("matmul_tt", "MatMulTT"),
    ("conv_forward", "ConvForward"),
    ("conv_input", "ConvInput"),
    ("conv_weight", "ConvWeight"),
];

/// A kernel's number in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kernel(pub(super) usize);

/// Which of a product's kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tile {
    /// A thread for each output.
    Dot,
    /// Tiles of 64 × 64 outputs.
    Small,
    /// Tiles of 128 × 128.
    Large,
}

/// The kernels of a plan.
#[derive(Debug, Default)]
pub(super) struct Kernels {
    names: Vec<String>,
    generated: Vec<String>,
}

impl Kernels {
    /// One that is in the files.
    pub(super) fn plain(&mut self, name: &str) -> Kernel {
        match self.names.iter().position(|other| other == name) {
            Some(known) => Kernel(known),
            None => {
                self.names.push(name.into());
                Kernel(self.names.len() - 1)
            }
        }
    }

    fn generated(&mut self, name: &str, source: impl FnOnce() -> String) -> Kernel {
        if !self.names.iter().any(|other| other == name) {
            let source = source();
            if !self.generated.contains(&source) {
                self.generated.push(source);
            }
        }
        self.plain(name)
    }

    /// A map's.
    pub(super) fn map(&mut self, function: Function, broadcasts: bool) -> Kernel {
        self.table(function.name(), (function.rows(), function.arity()), broadcasts)
    }

    /// Any table's, of so many inputs.
    pub(super) fn table(&mut self, name: &str, (rows, inputs): (&[Row], u8), broadcasts: bool) -> Kernel {
        let end = if broadcasts { "_broadcast" } else { "" };
        self.generated(&format!("map_{name}{end}"), || maps::kernels(name, rows, inputs))
    }

    /// A product's.
    pub(super) fn product(&mut self, name: &str, tile: Tile) -> Kernel {
        let class = PRODUCTS.iter().find(|(known, _)| *known == name).map_or("", |(_, class)| class);
        let (end, begin, body) = match tile {
            Tile::Dot => ("dot", format!("KERNEL({name}_dot, {class})"), "dot(p)".into()),
            Tile::Small => {
                ("small", format!("BLOCK_KERNEL({name}_small, {class}, 256)"), format!("tile<{class}, 1, 16>(p)"))
            }
            Tile::Large => {
                ("large", format!("BLOCK_KERNEL({name}_large, {class}, 256)"), format!("tile<{class}, 2, 8>(p)"))
            }
        };
        self.generated(&format!("{name}_{end}"), || format!("{begin} {{ {body}; }}\n"))
    }

    /// Every kernel there is.
    pub(super) fn all() -> Kernels {
        let mut all = Kernels::default();
        for &function in Function::ALL {
            for broadcasts in [false, true] {
                all.map(function, broadcasts);
            }
        }
        for (name, _) in PRODUCTS {
            for tile in [Tile::Dot, Tile::Small, Tile::Large] {
                all.product(name, tile);
            }
        }
        all
    }

    /// Their names, by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The source that has them all.
    pub(super) fn source(&self) -> String {
        let mut source = FILES.concat();
        source.extend(self.generated.iter().map(String::as_str));
        source
    }
}
