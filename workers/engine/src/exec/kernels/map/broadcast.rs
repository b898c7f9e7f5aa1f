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
        if self.axes[0].stride == 0 {
            for (row, to) in to.chunks_exact_mut(MAX_LANES).take(rows).enumerate() {
                to.fill(x[self.offset(first + row * columns)]);
            }
            return Rows::Ones;
        }
        let from = |row: usize| {
            let from = self.offset(first + row * columns);
            assert!(from + columns <= x.len(), "a row ends where the input does, or before");
            from
        };
        let start = from(0);
        let stride = if rows > 1 { from(1) as isize - start as isize } else { 0 };
        if (2..rows).all(|row| from(row) as isize == start as isize + row as isize * stride) {
            return Rows::From(start, stride);
        }
        for (row, to) in to.chunks_exact_mut(columns).take(rows).enumerate() {
            to.copy_from_slice(&x[from(row)..][..columns]);
        }
        Rows::Filled
    }

    /// Which element of the input this element of the output reads.
    fn offset(&self, mut element: usize) -> usize {
        let mut offset = 0;
        for axis in &self.axes {
            offset += element % axis.len * axis.stride;
            element /= axis.len;
        }
        offset
    }

    /// Elements `first..first + to.len()` of the output. The buffer is written only where it is needed.
    pub(super) fn block(&self, x: &[f32], first: usize, to: &mut [f32]) -> Block {
        let mut at = [0; RANK];
        let (mut left, mut offset) = (first, 0);
        for (at, axis) in at.iter_mut().zip(&self.axes) {
            (left, *at) = (left / axis.len, left % axis.len);
            offset += *at * axis.stride;
        }
        let inner = self.axes[0];
        if to.len() <= inner.len - at[0] {
            return if inner.stride == 0 { Block::One(offset) } else { Block::From(offset) };
        }
        let mut to = to;
        loop {
            let run = (inner.len - at[0]).min(to.len());
            let (now, rest) = to.split_at_mut(run);
            if inner.stride == 0 {
                now.fill(x[offset]);
            } else {
                now.copy_from_slice(&x[offset..offset + run]);
            }
            if rest.is_empty() {
                return Block::Filled;
            }
            to = rest;
            // To the next run: the inner axis begins again, the others count.
            offset -= at[0] * inner.stride;
            at[0] = 0;
            for (at, axis) in at.iter_mut().zip(&self.axes).skip(1) {
                *at += 1;
                offset += axis.stride;
                if *at < axis.len {
                    break;
                }
                *at = 0;
                offset -= axis.len * axis.stride;
            }
        }
    }
}
