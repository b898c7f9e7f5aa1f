//! States that a prover keeps on its way through a segment, few enough to fit beside the executor.
use std::collections::BTreeMap;

/// Things at steps, so many at most.
#[derive(Debug)]
pub(super) struct Kept<T> {
    at: BTreeMap<u64, T>,
    most: usize,
}

impl<T> Kept<T> {
    /// Keeps so many, at least two.
    pub(super) fn new(most: usize) -> Self {
        Self { at: BTreeMap::new(), most: most.max(2) }
    }

    /// The last one up to this step, and its step.
    pub(super) fn before(&self, step: u64) -> Option<(u64, &T)> {
        self.at.range(..=step).next_back().map(|(&at, it)| (at, it))
    }

    /// Keeps one more. Who asks for an earlier step than before has narrowed the game to what lies before it, so what
    /// is later goes first; then what is nearest behind another one, since that costs least to compute again.
    pub(super) fn put(&mut self, step: u64, it: T) {
        self.at.insert(step, it);
        if self.at.len() <= self.most {
            return;
        }
        let latest = self.at.last_key_value().map(|(&at, _)| at).filter(|&at| at > step);
        let before = [0].into_iter().chain(self.at.keys().copied());
        let nearest = || before.zip(self.at.keys().copied()).filter(|&(_, at)| at != step).min_by_key(|(a, b)| b - a);
        if let Some(drop) = latest.or_else(|| nearest().map(|(_, at)| at)) {
            self.at.remove(&drop);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plays a prover's part of a game over `steps` steps, split 64-fold: the steps that it executes.
    fn executed(steps: u64, most: usize, mut pick: impl FnMut(u64) -> u64) -> u64 {
        let mut kept = Kept::new(most);
        let (mut lo, mut hi, mut executed) = (0, steps, 0);
        let mut go = |kept: &mut Kept<()>, step| {
            let from = kept.before(step).map_or(0, |(at, ())| at);
            executed += step - from;
            if from < step {
                kept.put(step, ());
            }
        };
        while hi - lo > 1 {
            let parts = (hi - lo).min(64);
            let cut = |i: u64| lo + (hi - lo) * i / parts;
            (1..parts).for_each(|i| go(&mut kept, cut(i)));
            let picked = pick(parts);
            (lo, hi) = (cut(picked), cut(picked + 1));
        }
        go(&mut kept, lo);
        executed
    }

    proptest! {
        #[test]
        fn little_is_executed_twice(steps in 2_u64..300_000, most in 2_usize..200, picks: [u64; 4]) {
            let mut picks = picks.into_iter();
            let executed = executed(steps, most, |parts| picks.next().unwrap_or(0) % parts);
            // Once forward; then from the nearest one that is kept to where a narrower part begins.
            let again = steps * 3 / most.min(64) as u64 + steps / 8;
            prop_assert!(executed <= steps + again, "{executed} of {steps} steps with {most} states");
        }
    }

    #[test]
    fn the_last_two_stay() {
        let mut kept = Kept::new(0);
        (1..10).for_each(|step| kept.put(step, step));
        assert_eq!(kept.at.len(), 2);
        assert_eq!(kept.before(100), Some((9, &9)));
        assert_eq!(kept.before(0), None);
    }
}
