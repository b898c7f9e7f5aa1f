//! The factors of convolutions' products.
use super::Images;
use crate::exec::gemm::pack::{panels, transposed, Rows};
use crate::exec::gemm::{Factor, Left, Right};
use crate::exec::lanes::Lanes;
use std::ops::Range;

/// Terms are items of the kernel, columns are places.
#[derive(Clone, Copy)]
pub(super) struct Windows<'a>(pub(super) Images<'a>);

impl Right for Windows<'_> {
    const PACKING: usize = 20;

    #[inline(always)]
    fn pack<V: Lanes>(&self, terms: Range<usize>, columns: Range<usize>, to: &mut Vec<f32>, _: &mut Vec<f32>) {
        let images = self.0;
        for (columns, width, panel) in panels::<V>(terms.len(), columns, to) {
            let place = images.place(columns.start);
            let mut item = images.item(terms.start);
            let mut line = panel;
            for _ in terms.clone() {
                // SAFETY: a line has `width` places, and behind the last panel there is room for a vector. What is
                // overwritten behind a line is written later.
                unsafe {
                    images.line::<V>(place, columns.len(), item, line);
                    for i in columns.len()..width {
                        *line.add(i) = 0.0;
                    }
                    line = line.add(width);
                }
                item = images.next(item);
            }
        }
    }
}

/// Terms are places, columns are items of the kernel.
#[derive(Clone, Copy)]
pub(super) struct Items<'a>(pub(super) Images<'a>);

impl Right for Items<'_> {
    const PACKING: usize = 20;

    #[inline(always)]
    fn pack<V: Lanes>(&self, terms: Range<usize>, columns: Range<usize>, to: &mut Vec<f32>, lines: &mut Vec<f32>) {
        let images = self.0;
        let place = images.place(terms.start);
        // Lines of terms, with a little space between, are turned a panel at a time.
        let pitch = terms.len() + 16;
        lines.resize(lines.len().max(V::N * V::COLUMNS * pitch), 0.0);
        for (columns, width, panel) in panels::<V>(terms.len(), columns, to) {
            let mut item = images.item(columns.start);
            for line in 0..columns.len() {
                // SAFETY: the buffer holds as many lines as a panel has columns, each with room for a vector behind.
                unsafe { images.line::<V>(place, terms.len(), item, lines.as_mut_ptr().add(line * pitch)) };
                item = images.next(item);
            }
            let factor = Factor { values: lines, rows: 1, columns: pitch };
            // SAFETY: the panel has so many values.
            let panel = unsafe { std::slice::from_raw_parts_mut(panel, terms.len() * width) };
            // Lines that the buffer has too many give columns that nobody reads.
            transposed::<V>(factor, 0..terms.len(), 0..width, width, panel);
        }
    }
}

/// Rows are channels, terms are places of all images.
#[derive(Clone, Copy)]
pub(super) struct Gradients<'a> {
    pub(super) values: &'a [f32],
    /// Where the first channel begins.
    pub(super) first: usize,
    /// From an image to the next.
    pub(super) image: usize,
    /// Places of an image.
    pub(super) places: usize,
}

impl Left for Gradients<'_> {
    #[inline(always)]
    fn rows(&self, terms: Range<usize>, rows: Range<usize>, to: &mut Vec<f32>) -> Rows {
        let Gradients { values, first, image, places } = *self;
        let (n, at) = (terms.start / places, terms.start % places);
        let first = first + rows.start * places;
        if at + terms.len() <= places {
            let values = &values[first + n * image + at..];
            return Factor { values, rows: places, columns: 1 }.rows(0..terms.len(), 0..rows.len(), to);
        }
        // Pieces of several images, joined.
        let pitch = terms.len() + 16;
        to.resize(to.len().max(rows.len() * pitch), 0.0);
        for (row, line) in (0..rows.len()).zip(to.chunks_exact_mut(pitch)) {
            let (mut n, mut at, mut line) = (n, at, &mut line[..terms.len()]);
            while !line.is_empty() {
                let run = (places - at).min(line.len());
                let (now, rest) = line.split_at_mut(run);
                now.copy_from_slice(&values[first + row * places + n * image + at..][..run]);
                (n, at, line) = (n + 1, 0, rest);
            }
        }
        Rows { first: to.as_ptr(), row: pitch, term: 1 }
    }
}
