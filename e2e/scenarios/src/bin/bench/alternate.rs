//! Ours and theirs, timed in turn.
//!
//! Not by criterion: it times one function after the other, each for seconds, and compares what it remembers. On a machine
//! that has other work the two then see different machines. Here each sample of ours is followed by one of theirs, and
//! what counts is the median of the ratios of such pairs.
use crate::clock::Clock;
use anyhow::{ensure, Result};
use std::time::Duration;

/// Pairs at least, however few `--runs` are.
pub(crate) const PAIRS: u16 = 7;

/// Between samples: libtorch's threads look for work for a while before they sleep, and would have it from ours. OpenMP's
/// look 300,000 times, which was seen to take more than 5 ms.
const REST: Duration = Duration::from_millis(50);

/// Samples that what should take one may take at most, with what doesn't count of it.
const WHOLE: u32 = 100;

/// Something that can be done many times: does it that often, and says how long what counts of it took.
pub(crate) type Timed<'a> = dyn FnMut(u64) -> Result<Duration> + 'a;

/// How often ours and theirs can be done in a second, pair by pair. A sample takes at least `least`; both are warmed up.
///
/// # Errors
/// Those of what is timed; next to nothing of what it takes counts.
pub(crate) fn alternate(
    (ours, theirs): (&mut Timed<'_>, &mut Timed<'_>),
    least: Duration,
    pairs: u16,
) -> Result<Vec<(f64, f64)>> {
    let counts = (repetitions(ours, least)?, repetitions(theirs, least)?);
    let per_second = |of: &mut Timed<'_>, count: u64| -> Result<f64> {
        std::thread::sleep(REST);
        of(1)?; // Its threads wake up.
        Ok(count as f64 / of(count)?.as_secs_f64())
    };
    (0..pairs.max(PAIRS)).map(|_| Ok((per_second(ours, counts.0)?, per_second(theirs, counts.1)?))).collect()
}

/// How often something is done in that time: found by doing it, more and more often.
fn repetitions(of: &mut Timed<'_>, least: Duration) -> Result<u64> {
    of(1)?; // Memory is touched for the first time, and kernels are chosen.
    let mut count = 1_u64;
    loop {
        let begin = Clock::Wall.now();
        let took = of(count)?;
        let all = Clock::Wall.now().saturating_sub(begin);
        ensure!(
            took >= least || all < least * WHOLE,
            "{took:?} of {all:?} count, of a sample of {count}: the machine has too much other work; run it again"
        );
        if took >= least {
            return Ok(count);
        }
        let missing = least.as_secs_f64() / took.as_secs_f64().max(1e-9);
        // A tenth more, since the next time may be quicker; not a thousand times more, since the first may have been slow.
        count = (count as f64 * (missing * 1.1).clamp(1.1, 1000.0)).ceil() as u64;
    }
}

/// Times a loop around something.
///
/// # Errors
/// Its own.
pub(crate) fn looped(clock: Clock, count: u64, mut each: impl FnMut() -> Result<()>) -> Result<Duration> {
    clock.time(|| (0..count).try_for_each(|_| each()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn what_never_counts_is_an_error() {
        let nap = |_| {
            std::thread::sleep(Duration::from_millis(1));
            Ok(Duration::ZERO)
        };
        let (mut ours, mut theirs) = (nap, nap);
        let error = alternate((&mut ours, &mut theirs), Duration::from_micros(10), 1).unwrap_err();
        assert!(error.to_string().starts_with("0ns of"), "{error}");
    }

    #[test]
    fn pairs_alternate_and_are_long_enough() {
        let calls = RefCell::new(Vec::new());
        let timed = |who: char, each: u32| {
            let calls = &calls;
            move |count: u64| {
                calls.borrow_mut().push((who, count));
                Ok(Duration::from_micros(u64::from(each) * count))
            }
        };
        let (mut ours, mut theirs) = (timed('o', 10), timed('t', 1000));
        let pairs = alternate((&mut ours, &mut theirs), Duration::from_millis(20), 1).unwrap();
        assert_eq!(pairs.len(), usize::from(PAIRS));
        for (ours, theirs) in pairs {
            assert!((ours - 1e5).abs() < 1.0 && (theirs - 1e3).abs() < 1.0);
        }
        let calls = calls.into_inner();
        let samples = &calls[calls.len() - 4 * usize::from(PAIRS)..];
        for pair in samples.chunks(4) {
            assert!(matches!(pair, [('o', 1), ('o', 2000..), ('t', 1), ('t', 20..)]), "{pair:?}");
        }
    }
}
