//! Memory that begins where a line of the cache does.

/// Room for values that vectors are read from: no vector then lies in two lines of the cache, which takes twice the time.
#[derive(Debug, Default)]
pub(super) struct Aligned(Vec<Line>);

/// Values of a line of the cache.
const LINE: usize = 16;

#[derive(Clone, Debug)]
#[repr(align(64))]
struct Line {
    #[expect(dead_code, reason = "read as what it lies in")]
    values: [f32; LINE],
}

impl Aligned {
    /// Room for so many values, which are anything.
    pub(super) fn room(&mut self, values: usize) -> &mut [f32] {
        let lines = values.div_ceil(LINE);
        if self.0.len() < lines {
            self.0.resize(lines, Line { values: [0.0; LINE] });
        }
        // SAFETY: a line is 16 values, and nothing else.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), values) }
    }
}

/// A vector's memory, in which values begin where a line of the cache does; or a plain vector, which may be exchanged.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    memory: Vec<f32>,
    /// Where the values begin. The memory stays where it is.
    first: usize,
}

impl Buffer {
    /// So many zeros, the first of them at a line's begin.
    pub(super) fn aligned(len: usize) -> Buffer {
        // Zeros of the system's, which take no memory before they are written.
        let mut memory = vec![0.0; len + LINE - 1];
        // Less than a line, where it can be told; else anywhere.
        let first = memory.as_ptr().align_offset(align_of::<Line>()).min(LINE - 1);
        memory.truncate(first + len);
        Buffer { memory, first }
    }

    /// So many zeros in a vector of that length.
    pub(super) fn plain(len: usize) -> Buffer {
        Buffer { memory: vec![0.0; len], first: 0 }
    }

    /// The vector of a plain one.
    pub(super) fn vector(&mut self) -> &mut Vec<f32> {
        assert_eq!(self.first, 0, "an aligned buffer");
        &mut self.memory
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.memory[self.first..]
    }

    pub(super) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_cache_of_which_nothing_is_lost() {
        let mut room = Aligned::default();
        for values in [0, 1, 16, 17, 1000] {
            let written = values.min(16);
            room.room(values)[..written].iter_mut().zip(1..).for_each(|(x, i)| *x = i as f32);
            assert_eq!(room.room(values).len(), values);
            assert_eq!(room.room(values).as_ptr().align_offset(64), 0);
            assert!(room.room(written).iter().zip(1..).all(|(&x, i)| x == i as f32));
        }
    }

    #[test]
    fn buffers_begin_at_lines() {
        for len in [0, 1, 15, 16, 17, 100_000] {
            let mut buffer = Buffer::aligned(len);
            assert_eq!(buffer.values().as_ptr().align_offset(64), 0);
            buffer.values_mut().fill(1.0);
            assert_eq!(buffer.values(), vec![1.0; len]);
            assert_eq!(Buffer::plain(len).vector(), &vec![0.0; len]);
        }
        assert!(Buffer::default().values().is_empty());
    }
}
