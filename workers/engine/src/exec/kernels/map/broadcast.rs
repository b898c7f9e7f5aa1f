//! Inputs of maps that are smaller than the output.
use crate::exec::lanes::MAX_LANES;

/// How an input is read along the output's elements, front to back.
#[derive(Debug)]
pub(super) enum Read {
    /// Element e is element e.
    Direct,
    /// Its only element serves everywhere.
    Scalar,
    /// Some axes are the input's, the others repeat it.
    Broadcast(Broadcast),
}

/// Axes of the output, neighbours of the same kind merged, innermost first.
#[derive(Debug)]
pub(super) struct Broadcast {
    axes: Vec<Axis>,
}

#[derive(Clone, Copy, Debug)]
struct Axis {
    len: usize,
    /// Of the input, from one to the next: 0 if it repeats.
    stride: usize,
}

/// Axes at most.
const RANK: usize = assay_core::graph::MAX_RANK;

impl Read {
    /// That of an input of dimensions `own` which is broadcast to `dims`.
    pub(super) fn new(own: &[u32], dims: &[u32]) -> Read {
        let mut axes: Vec<Axis> = Vec::new();
        let mut size = 1;
        for (i, &dim) in dims.iter().rev().enumerate() {
            let repeats = own.len() <= i || own[own.len() - 1 - i] == 1;
            if dim == 1 {
                continue;
            }
            let len = dim as usize;
            match axes.last_mut().filter(|last| (last.stride == 0) == repeats) {
                Some(last) => last.len *= len,
                None => axes.push(Axis { len, stride: if repeats { 0 } else { size } }),
            }
            if !repeats {
                size *= len;
            }
        }
        match axes.as_slice() {
            [] => Read::Direct,
            [axis] if axis.stride == 0 => Read::Scalar,
            [_] => Read::Direct,
            _ => Read::Broadcast(Broadcast { axes }),
        }
    }
}

/// The longest rows that end where each broadcast input's runs do.
pub(super) fn row(reads: &[Read]) -> Option<usize> {
    let runs = reads.iter().filter_map(|read| match read {
        Read::Broadcast(broadcast) => Some(broadcast.run()),
        _ => None,
    });
    let least = runs.clone().min()?;
    runs.into_iter().all(|run| run.is_multiple_of(least)).then_some(least)
}

/// What an input is along a block.
pub(super) enum Block {
    /// Consecutive elements from here on.
    From(usize),
    /// This element everywhere.
    One(usize),
    /// Several runs, which have been written to the buffer.
    Filled,
}

/// What an input is along several rows.
pub(super) enum Rows {
    /// Consecutive elements in each: from here on in the first, so much further in each next one.
    From(usize, isize),
    /// One element in each. They have been written to the buffer, so many lanes of each.
    Ones,
    /// All rows have been written to the buffer.
    Filled,
}

impl Broadcast {
    /// Elements along which the input lies in memory, or is one element.
    fn run(&self) -> usize {
        self.axes[0].len
    }

    /// So many rows of `columns` elements of the output, a part of each [run](Self::run), from the begin of one on. The
    /// buffer, of all these elements, is written only where it is needed.
    pub(super) fn rows(&self, x: &[f32], first: usize, (rows, columns): (usize, usize), to: &mut [f32]) -> Rows {
        let begin = Cursor::new(&self.axes, first);
        if self.axes[0].stride == 0 {
            for (to, from) in to.chunks_exact_mut(MAX_LANES).zip(begin.every(columns)).take(rows) {
                to.fill(x[from]);
            }
            return Rows::Ones;
        }
        let (mut next, mut stride, mut alike) = (begin.offset, 0, true);
        for (row, from) in begin.every(columns).take(rows).enumerate() {
            assert!(from + columns <= x.len(), "a row ends where the input does, or before");
            if row == 1 {
                stride = from as isize - begin.offset as isize;
                next = from;
            }
            alike &= from == next;
            next = from.wrapping_add_signed(stride);
        }
        if alike {
            return Rows::From(begin.offset, stride);
        }
        for (to, from) in to.chunks_exact_mut(columns).zip(begin.every(columns)).take(rows) {
            to.copy_from_slice(&x[from..][..columns]);
        }
        Rows::Filled
    }

    /// Elements `first..first + to.len()` of the output. The buffer is written only where it is needed.
    pub(super) fn block(&self, x: &[f32], first: usize, mut to: &mut [f32]) -> Block {
        let mut cursor = Cursor::new(&self.axes, first);
        let repeats = self.axes[0].stride == 0;
        if to.len() <= cursor.left() {
            return if repeats { Block::One(cursor.offset) } else { Block::From(cursor.offset) };
        }
        while !to.is_empty() {
            let (now, rest) = to.split_at_mut(cursor.left().min(to.len()));
            if repeats {
                now.fill(x[cursor.offset]);
            } else {
                now.copy_from_slice(&x[cursor.offset..][..now.len()]);
            }
            cursor.advance(now.len());
            to = rest;
        }
        Block::Filled
    }
}

/// An element of the output, and which one of the input it reads.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    axes: &'a [Axis],
    /// Of the element, along each axis.
    at: [usize; RANK],
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn new(axes: &'a [Axis], element: usize) -> Self {
        let mut cursor = Cursor { axes, at: [0; RANK], offset: 0 };
        let mut left = element;
        for (at, axis) in cursor.at.iter_mut().zip(axes) {
            (left, *at) = (left / axis.len, left % axis.len);
            cursor.offset += *at * axis.stride;
        }
        cursor
    }

    /// Elements to the end of the innermost axis.
    fn left(&self) -> usize {
        self.axes[0].len - self.at[0]
    }

    /// So many elements further, no more than are [left](Self::left). Behind the last element is the first.
    #[inline(always)]
    fn advance(&mut self, count: usize) {
        let mut by = count;
        for (at, axis) in self.at.iter_mut().zip(self.axes) {
            *at += by;
            self.offset += by * axis.stride;
            if *at < axis.len {
                return;
            }
            // It begins again, and the next one counts.
            self.offset -= axis.len * axis.stride;
            *at = 0;
            by = 1;
        }
    }

    /// What is read here, and so many elements further each time.
    #[inline(always)]
    fn every(mut self, count: usize) -> impl Iterator<Item = usize> + 'a {
        std::iter::repeat_with(move || {
            let offset = self.offset;
            self.advance(count);
            offset
        })
    }
}
