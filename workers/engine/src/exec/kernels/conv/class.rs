//! Places that read the same items of a kernel.
//!
//! By definition every place has all terms; what is read outside of an image is +0, and so is, in the gradient of the
//! images, an item of the kernel that no window has there: with strides, most of them. Rows of places that lack the same
//! rows of the kernel form a class, as do, with strides, the places of each remainder; a class leaves out the terms
//! that are +0 in all of it.
//!
//! That changes no bit but, possibly, the sign of a zero, if all weights are finite. A sum of zeros and of products too
//! small for binary32 may be −0 where one more term, +0, would make it +0. (Never the other way around: the terms left
//! out can't make −0 of +0. And what isn't zero doesn't change by adding zero.) So what is −0 without these terms is
//! computed once more, with them.
use crate::exec::kernels::images::{Axis, Geometry, Places};
use assay_core::graph::constants::DOT_BLOCK;
use assay_core::graph::Window;
use std::ops::Range;

/// Places of a result that read the same items.
#[derive(Debug)]
pub(super) struct Class {
    /// Rows and columns of places.
    pub(super) places: [usize; 2],
    /// Row and column of the first one in the result.
    pub(super) first: [usize; 2],
    /// From one to the next in the result, in rows and columns.
    pub(super) step: [usize; 2],
    /// From a row of places to the next in what is staged, and from a column to the next.
    pub(super) steps: [usize; 2],
    /// Terms, in the definition's order.
    pub(super) terms: Vec<Term>,
    /// Where the definition's blocks end among these.
    pub(super) ends: Vec<usize>,
}

/// A term: which one, and where the first place of a class reads it in the staged channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) number: usize,
    pub(super) at: usize,
}

/// Rows or columns of a class: how many, the first one, from one to the next, and each item of the kernel with the
/// staged row or column where the first one reads it.
struct Line {
    count: usize,
    first: usize,
    step: usize,
    items: Vec<(usize, usize)>,
}

/// What is staged, the places that read it, and what of it may be left out.
#[derive(Debug)]
pub(super) struct Classes {
    pub(super) geometry: Geometry,
    pub(super) classes: Vec<Class>,
}

/// The convolution that classes are made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shapes {
    pub(super) window: Window,
    pub(super) kernel: [usize; 2],
    pub(super) windows: [usize; 2],
    pub(super) image: [usize; 2],
    /// Channels that a place reads.
    pub(super) channels: usize,
    /// Whether places are items of the image, which read windows.
    pub(super) is_gradient: bool,
}

impl Shapes {
    fn along(&self, axis: usize) -> [usize; 3] {
        [self.window.stride, self.window.dilation, self.window.before].map(|pair| usize::from(pair[axis]))
    }

    /// Rows and columns of what places read.
    fn source(&self) -> [usize; 2] {
        if self.is_gradient {
            self.windows
        } else {
            self.image
        }
    }

    /// Values of a channel that is read.
    pub(super) fn pixels(&self) -> usize {
        self.source()[0] * self.source()[1]
    }

    /// Where in such a channel the place at this row and column reads an item of the kernel, if anywhere.
    pub(super) fn read(&self, place: [usize; 2], item: usize) -> Option<usize> {
        let item = [item / self.kernel[1], item % self.kernel[1]];
        let [row, column] = [0, 1].map(|axis: usize| {
            let ([stride, dilation, before], source) = (self.along(axis), self.source()[axis]);
            let (place, k) = (place[axis], item[axis] * dilation);
            let at = if self.is_gradient {
                let from = (place + before).checked_sub(k)?;
                Some(from / stride).filter(|_| from % stride == 0)?
            } else {
                (place * stride + k).checked_sub(before)?
            };
            Some(at).filter(|&at| at < source)
        });
        Some(row? * self.source()[1] + column?)
    }

    /// All terms of all places.
    pub(super) fn whole(&self) -> Classes {
        let places = if self.is_gradient { Places::Items } else { Places::Windows };
        let geometry = Geometry::new(&self.window, self.kernel, self.windows, self.image, places);
        let steps = geometry.steps();
        let count = if self.is_gradient { self.image } else { self.windows };
        let items: Vec<(usize, usize)> = geometry.offsets().iter().copied().enumerate().collect();
        let class = self.class(&geometry, steps, (count, [0; 2], [1; 2]), &items);
        Classes { geometry, classes: vec![class] }
    }

    /// The same without terms that are +0; nothing if there aren't any.
    pub(super) fn skipping(&self) -> Option<Classes> {
        let (geometry, [rows, columns], steps) = if self.is_gradient { self.of_items() } else { self.of_windows() };
        let pitch = steps.1;
        let of_rows = |rows: &Line| {
            let of_columns = |columns: &Line| {
                let item = |&(row, y): &(usize, usize)| {
                    let kernel = self.kernel[1];
                    columns.items.iter().map(move |&(column, x)| (row * kernel + column, y * pitch + x))
                };
                let items: Vec<(usize, usize)> = rows.items.iter().flat_map(item).collect();
                let at = ([rows.count, columns.count], [rows.first, columns.first], [rows.step, columns.step]);
                self.class(&geometry, steps.0, at, &items)
            };
            columns.iter().map(of_columns).collect::<Vec<Class>>()
        };
        let classes: Vec<Class> = rows.iter().flat_map(of_rows).collect();
        let all = self.channels * self.kernel[0] * self.kernel[1];
        classes.iter().any(|class| class.terms.len() < all).then_some(Classes { geometry, classes })
    }

    /// Windows, by the rows of the kernel that are inside. Then: steps between places, and the length of a staged row.
    fn of_windows(&self) -> (Geometry, [Vec<Line>; 2], ([usize; 2], usize)) {
        let geometry = Geometry::new(&self.window, self.kernel, self.windows, self.image, Places::Windows);
        let [stride, dilation, before] = self.along(0);
        let inside = |window: usize, k: usize| {
            (window * stride + k * dilation).checked_sub(before).is_some_and(|row| row < self.image[0])
        };
        let rows = runs(self.windows[0], self.kernel[0], inside).map(|(run, items)| Line {
            count: run.len(),
            first: run.start,
            step: 1,
            items: items.into_iter().map(|k| (k, run.start * stride + k * dilation)).collect(),
        });
        let dilation = self.along(1)[1];
        let columns = (0..self.kernel[1]).map(|k| (k, k * dilation)).collect();
        let columns = Line { count: self.windows[1], first: 0, step: 1, items: columns };
        let [row, column] = geometry.steps();
        (geometry, [rows.collect(), vec![columns]], ([row, column], row / stride))
    }

    /// Items of an image, by remainder and by the rows of windows that there are.
    fn of_items(&self) -> (Geometry, [Vec<Line>; 2], ([usize; 2], usize)) {
        let [rows, columns] = [0, 1].map(|axis| self.remainders(axis));
        let pitch = columns.1.len;
        let geometry = Geometry::of([rows.1, columns.1], self.windows, self.image);
        (geometry, [rows.0, columns.0], ([pitch, 1], pitch))
    }

    /// Item r + j · stride of an image is item k of window j + (r + before − k · dilation) / stride, if that is whole.
    fn remainders(&self, axis: usize) -> (Vec<Line>, Axis) {
        let [stride, dilation, before] = self.along(axis);
        let (windows, image) = (self.windows[axis], self.image[axis]);
        let of = |r: usize| {
            let distance = |k: usize| (r + before) as isize - (k * dilation) as isize;
            let is_whole = |k: &usize| distance(*k) % stride as isize == 0;
            let items = (0..self.kernel[axis]).filter(is_whole).map(move |k| (k, distance(k) / stride as isize));
            (r, image.saturating_sub(r).div_ceil(stride), items.collect::<Vec<(usize, isize)>>())
        };
        let all: Vec<_> = (0..stride).map(of).filter(|(_, count, _)| *count > 0).collect();
        let distances = all.iter().flat_map(|(_, _, items)| items.iter().map(|item| item.1));
        let margin = distances.min().unwrap_or(0).min(0).unsigned_abs();
        let reach = |(_, count, items): &(usize, usize, Vec<(usize, isize)>)| {
            items.iter().map(|item| count.saturating_add_signed(item.1)).max().unwrap_or(0)
        };
        let most = all.iter().map(reach).max().unwrap_or(0);
        let mut lines = Vec::new();
        for (r, count, items) in &all {
            let at = |first: usize, k: usize| (margin + first).strict_add_signed(items[k].1);
            let inside = |j: usize, k: usize| j.checked_add_signed(items[k].1).is_some_and(|window| window < windows);
            // Only rows lack some: columns that do are done at once with others, which don't.
            let split = if axis == 0 {
                runs(*count, items.len(), inside).collect()
            } else {
                vec![(0..*count, (0..items.len()).collect())]
            };
            lines.extend(split.into_iter().map(|(run, known): (Range<usize>, Vec<usize>)| Line {
                count: run.len(),
                first: r + run.start * stride,
                step: stride,
                items: known.into_iter().map(|k| (items[k].0, at(run.start, k))).collect(),
            }));
        }
        (lines, Axis::padded(margin, windows, most.max(windows)))
    }

    fn class(
        &self,
        geometry: &Geometry,
        steps: [usize; 2],
        (places, first, step): ([usize; 2], [usize; 2], [usize; 2]),
        items: &[(usize, usize)],
    ) -> Class {
        let per_channel = self.kernel[0] * self.kernel[1];
        let of_channel = |channel: usize| {
            let term = move |&(item, at): &(usize, usize)| Term {
                number: channel * per_channel + item,
                at: channel * geometry.channel + at,
            };
            items.iter().map(term)
        };
        let terms: Vec<Term> = (0..self.channels).flat_map(of_channel).collect();
        let blocks = 1..=(self.channels * per_channel).div_ceil(DOT_BLOCK as usize);
        let end = |block: usize| terms.partition_point(|term| term.number < block * DOT_BLOCK as usize);
        let mut ends: Vec<usize> = blocks.map(end).collect();
        ends.dedup();
        Class { places, first, step, steps, terms, ends }
    }
}

/// Neighbours with the same items, and these.
fn runs(
    count: usize,
    items: usize,
    inside: impl Fn(usize, usize) -> bool + Copy,
) -> impl Iterator<Item = (Range<usize>, Vec<usize>)> {
    let of = move |place: usize| (0..items).filter(move |&k| inside(place, k)).collect::<Vec<usize>>();
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next;
        let same = (first < count).then(|| of(first))?;
        next += (first..count).take_while(|&place| of(place) == same).count();
        Some((first..next, same))
    })
}

impl Class {
    /// Its rows among these of the result.
    pub(super) fn rows(&self, rows: &Range<usize>) -> Range<usize> {
        let up_to = |row: usize| row.saturating_sub(self.first[0]).div_ceil(self.step[0]).min(self.places[0]);
        up_to(rows.start)..up_to(rows.end)
    }
}
