//! For the tests of the CPU's kernels, which try these too.
use super::args::MapArgs;
use super::axes::{Axes, Length};
use super::device::{Address, Device};
use super::source::Kernels;
use super::{Emulated, Gpu};
use assay_core::arith::F32;
use assay_core::graph::function::Row;

/// An emulated device that says it runs so many thread blocks at once; with `ASSAY_GPU` set, the first GPU that says so.
pub(crate) fn device(units: u32) -> Box<dyn Device> {
    match std::env::var_os("ASSAY_GPU") {
        Some(_) => Box::new(Gpu::new(0).unwrap().with_units(units)),
        None => Box::new(Emulated::new(units)),
    }
}

/// A table, its parameters and its inputs, of one length.
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    pub(crate) params: [F32; 4],
    pub(crate) inputs: Vec<Vec<f32>>,
}

/// What tables give on an emulated device.
pub(crate) fn run(tables: &[Table]) -> Vec<Vec<f32>> {
    let (mut kernels, mut device) = (Kernels::default(), device(1));
    let mut kernel = |(number, table): (usize, &Table)| {
        kernels.table(&format!("table{number}"), (&table.rows, table.inputs.len() as u8), false)
    };
    let numbers: Vec<_> = tables.iter().enumerate().map(&mut kernel).collect();
    device.load(&kernels.source(), kernels.names()).unwrap();
    let run = |(table, kernel): (&Table, super::source::Kernel)| {
        let mut output = vec![0.0_f32; table.inputs[0].len()];
        let n = output.len() as u32;
        let mut x = [Address::default(); 4];
        let y = device.alloc(output.len() * 4).unwrap();
        for (place, input) in x.iter_mut().zip(&table.inputs) {
            *place = device.alloc(input.len() * 4).unwrap();
            // SAFETY: it was allocated for this.
            unsafe { device.upload(*place, bytemuck::cast_slice(input)).unwrap() };
        }
        let params = table.params.map(|param| param.0);
        let (columns, axes) = (Length::new(n), Axes::new(&[]));
        let args = MapArgs { x, y, n, params, step: [1; 4], columns, axes, fill: 0 };
        // SAFETY: the kernel takes such a structure; its tensors have that length.
        unsafe {
            device.launch(kernel.0, 2, 64, bytemuck::bytes_of(&args)).unwrap();
            device.download(y, bytemuck::cast_slice_mut(&mut output)).unwrap();
        }
        output
    };
    tables.iter().zip(numbers).map(run).collect()
}
