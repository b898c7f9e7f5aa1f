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
}
