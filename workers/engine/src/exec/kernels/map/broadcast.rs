//! Inputs of maps that are smaller than the output.

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

/// What an input is along a block.
pub(super) enum Block {
    /// Consecutive elements from here on.
    From(usize),
    /// This element everywhere.
    One(usize),
    /// Several runs, which have been written to the buffer.
    Filled,
}

impl Broadcast {
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
