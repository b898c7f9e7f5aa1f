//! Windows on images: item k of the windows of a row lies side by side.
//!
//! For that images are first copied ("staged"), whatever the padding and strides: with their margins; if asked for, for
//! strides of windows with the columns of each remainder together; for gradients with zeros between the windows.
use crate::exec::lanes::MAX_LANES;
use crate::exec::pool::Pool;
use assay_core::graph::Window;

/// What places are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Windows, which read items of the image. Columns stay in their order.
    Windows,
    /// Windows, of which neighbours read neighbours: with strides, the columns of each remainder are put together.
    Lines,
    /// Items of the image, which read the windows that they are an item of.
    Items,
}

/// Where everything is in staged images.
#[derive(Debug)]
pub(super) struct Geometry {
    /// Rows and columns of what is staged.
    source: [usize; 2],
    /// Rows and columns of places; one row, if that is the same.
    places: [usize; 2],
    /// Values of a staged channel.
    pub(super) channel: usize,
    /// From a row of places to the next, and from a column to the next.
    row: usize,
    column: usize,
    /// Where place 0 reads each item of the kernel.
    offsets: Vec<usize>,
    /// Where each row of the source goes, if it is read.
    rows: Vec<Option<usize>>,
    /// Where columns go.
    columns: Vec<Run>,
}

/// Items `from + i · from_step` go to places `to + i · to_step`, `i < count`. One of the steps is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    count: usize,
    from: usize,
    from_step: usize,
    to: usize,
    to_step: usize,
}

impl Run {
    /// Copies them.
    #[inline(always)]
    fn copy(&self, from: &[f32], to: &mut [f32]) {
        let Run { count, from_step, to_step, .. } = *self;
        let from = &from[self.from..][..(count - 1) * from_step + 1];
        let to = &mut to[self.to..][..(count - 1) * to_step + 1];
        match (from_step, to_step) {
            (1, 1) => to.copy_from_slice(from),
            // By pairs, which compilers do in vectors.
            (2, _) => {
                let pairs = from.as_chunks::<2>();
                to.iter_mut().zip(pairs.0).for_each(|(to, pair)| *to = pair[0]);
                if let ([last], Some(to)) = (pairs.1, to.last_mut()) {
                    *to = *last;
                }
            }
            (_, 2) => {
                let pairs = to.as_chunks_mut::<2>();
                pairs.0.iter_mut().zip(from).for_each(|(pair, x)| pair[0] = *x);
                if let ([last], Some(x)) = (pairs.1, from.last()) {
                    *last = *x;
                }
            }
            _ => to.iter_mut().step_by(to_step).zip(from.iter().step_by(from_step)).for_each(|(to, x)| *to = *x),
        }
    }

    /// The same for at least N neighbours that stay so, N at a time: short rows, which most are, in overlapping pieces
    /// instead of by a call.
    #[inline(always)]
    fn pieces<const N: usize>(&self, from: &[f32], to: &mut [f32]) {
        let (from, to) = (&from[self.from..][..self.count], &mut to[self.to..][..self.count]);
        let last = from.len() - N;
        for at in (0..last).step_by(N) {
            to[at..][..N].copy_from_slice(&from[at..][..N]);
        }
        to[last..][..N].copy_from_slice(&from[last..][..N]);
    }
}

/// One axis: values staged, from one place to the next, where place 0 reads each item, and where the source goes.
pub(super) struct Axis {
    pub(super) len: usize,
    step: usize,
    items: Vec<usize>,
    runs: Vec<Run>,
}

impl Axis {
    /// `count` values with a margin before, and so many with what is behind.
    pub(super) fn padded(margin: usize, count: usize, with_behind: usize) -> Axis {
        let run = Run { count, from: 0, from_step: 1, to: margin, to_step: 1 };
        Axis { len: margin + with_behind, step: 1, items: vec![0], runs: vec![run] }
    }

    fn new(along: (u8, u8, u8), (kernel, windows, image): (usize, usize, usize), places: Places) -> Axis {
        let (stride, dilation, before) = (usize::from(along.0), usize::from(along.1), usize::from(along.2));
        let reach = (kernel - 1) * dilation;
        match places {
            // Window w reads item w · stride + k · dilation − before.
            Places::Windows | Places::Lines => {
                let apart = places == Places::Lines;
                let read = (windows - 1) * stride + reach + 1;
                // An image without margins may stay as it is.
                let len = if before == 0 && !apart { read.max(image) } else { read };
                let phase = len.div_ceil(stride);
                let place = |at: usize| if apart { at % stride * phase + at / stride } else { at };
                // Items i of which i + before leaves the remainder r.
                let run = |r: usize, step: usize| {
                    let from = (r + step - before % step) % step;
                    let at = from + before;
                    let count = len.saturating_sub(at).div_ceil(step).min(image.saturating_sub(from).div_ceil(step));
                    Run { count, from, from_step: step, to: place(at), to_step: 1 }
                };
                let runs = if apart { (0..stride).map(|r| run(r, stride)).collect() } else { vec![run(0, 1)] };
                Axis {
                    len: if apart { phase * stride } else { len },
                    step: if apart { 1 } else { stride },
                    items: (0..kernel).map(|k| place(k * dilation)).collect(),
                    runs,
                }
            }
            // Item i is item k of window (i + before − k · dilation) / stride, if that is whole.
            Places::Items => {
                let margin = reach.saturating_sub(before);
                let len = image + before + margin;
                let count = len.saturating_sub(margin).div_ceil(stride).min(windows);
                Axis {
                    len,
                    step: 1,
                    items: (0..kernel).map(|k| margin + before - k * dilation).collect(),
                    runs: vec![Run { count, from: 0, from_step: 1, to: margin, to_step: stride }],
                }
            }
        }
    }
}

impl Geometry {
    /// That of windows on images.
    pub(super) fn new(
        window: &Window,
        kernel: [usize; 2],
        windows: [usize; 2],
        image: [usize; 2],
        places: Places,
    ) -> Geometry {
        let axis = |axis: usize| {
            let along = (window.stride[axis], window.dilation[axis], window.before[axis]);
            // Rows are never put together.
            let places = if places == Places::Lines && axis == 0 { Places::Windows } else { places };
            Axis::new(along, (kernel[axis], windows[axis], image[axis]), places)
        };
        let (source, count) = if places == Places::Items { (windows, image) } else { (image, windows) };
        Geometry::of([axis(0), axis(1)], source, count)
    }

    /// That of two axes: rows and columns of what is staged, and of places.
    pub(super) fn of([rows, columns]: [Axis; 2], source: [usize; 2], count: [usize; 2]) -> Geometry {
        let offsets =
            rows.items.iter().flat_map(|row| columns.items.iter().map(move |column| row * columns.len + column));
        let offsets = offsets.collect();
        let mut to = vec![None; source[0]];
        for run in &rows.runs {
            for i in 0..run.count {
                to[run.from + i * run.from_step] = Some((run.to + i * run.to_step) * columns.len);
            }
        }
        let (channel, row, column) = (rows.len * columns.len, rows.step * columns.len, columns.step);
        let places = if row == count[1] { [1, count[0] * count[1]] } else { count };
        // Those of nothing may begin behind a row, where no window reads anything of the image.
        let columns = columns.runs.into_iter().filter(|run| run.count > 0).collect();
        Geometry { source, places, channel, row, column, offsets, rows: to, columns }
    }

    /// Vectors of `lanes` places of a channel: the first place, how many, and where (with the items' offsets) they read
    /// in a staged channel.
    #[inline(always)]
    pub(super) fn vectors(&self, lanes: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let ([rows, columns], pitch) = (self.places, self.row);
        let of_row = move |row| (0..columns).step_by(lanes).map(move |column| (row, column));
        (0..rows)
            .flat_map(of_row)
            .map(move |(row, column)| (row * columns + column, lanes.min(columns - column), row * pitch + column))
    }

    /// Where place 0 reads each item of the kernel.
    pub(super) fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Items of the kernel.
    pub(super) fn items(&self) -> usize {
        self.offsets.len()
    }

    /// From a row of places to the next, and from a column to the next.
    pub(super) fn steps(&self) -> [usize; 2] {
        [self.row, self.column]
    }

    /// Values of a channel that isn't staged.
    pub(super) fn pixels(&self) -> usize {
        self.source[0] * self.source[1]
    }

    /// Places of an image.
    pub(super) fn places(&self) -> usize {
        self.places[0] * self.places[1]
    }

    /// Whether staged channels are the channels themselves.
    pub(super) fn is_plain(&self) -> bool {
        let [rows, columns] = self.source;
        let plain = Run { count: columns, from: 0, from_step: 1, to: 0, to_step: 1 };
        self.channel == rows * columns
            && self.columns == [plain]
            && self.rows.iter().enumerate().all(|(row, &to)| to == Some(row * columns))
    }

    /// Stages channels, what lies outside being `outside`.
    #[inline(always)]
    pub(super) fn stage(&self, channels: &[f32], outside: f32, to: &mut [f32]) {
        to[..channels.len() / self.pixels() * self.channel].fill(outside);
        self.stage_inside(channels, to);
    }

    /// Stages channels where others were staged before: what lies outside is there.
    #[inline(always)]
    pub(super) fn stage_inside(&self, channels: &[f32], to: &mut [f32]) {
        // Mostly a row stays as it is: how it is copied isn't found out for each one.
        if let [run @ Run { from_step: 1, to_step: 1, .. }] = &*self.columns {
            return match run.count {
                4..=7 => self.each_row(channels, to, |from, to| run.pieces::<4>(from, to)),
                8..=64 => self.each_row(channels, to, |from, to| run.pieces::<8>(from, to)),
                _ => self.each_row(channels, to, |from, to| run.copy(from, to)),
            };
        }
        self.each_row(channels, to, |from, to| {
            for run in &self.columns {
                run.copy(from, to);
            }
        });
    }

    /// Rows of the source, and where the staged ones that have them begin.
    #[inline(always)]
    fn each_row(&self, channels: &[f32], to: &mut [f32], each: impl Fn(&[f32], &mut [f32])) {
        for (from, to) in channels.chunks_exact(self.pixels()).zip(to.chunks_exact_mut(self.channel)) {
            for (from, row) in from.chunks_exact(self.source[1]).zip(&self.rows) {
                if let Some(row) = *row {
                    each(from, &mut to[row..]);
                }
            }
        }
    }

    /// All channels staged in the buffer, or as they are; what lies outside is +0.
    pub(super) fn staged<'a>(&self, pool: &Pool, channels: &'a [f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        if self.is_plain() {
            return channels;
        }
        self.copied(pool, channels, buffer)
    }

    /// The same, in any case with room for a vector behind.
    pub(super) fn copied<'a>(&self, pool: &Pool, channels: &[f32], buffer: &'a mut Vec<f32>) -> &'a [f32] {
        let size = self.pixels();
        let count = channels.len() / size;
        let len = count * self.channel;
        buffer.resize(buffer.len().max(len + MAX_LANES), 0.0);
        pool.share_out((count, self.channel), 1, len / 2, &mut buffer[..len], &|part, to| {
            self.stage(&channels[part.start * size..part.end * size], 0.0, to);
        });
        buffer
    }
}
