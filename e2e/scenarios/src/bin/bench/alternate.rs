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

/// Times as many at most: where other work of the machine scatters the ratios, it takes more of them to know their median.
const MORE: u16 = 5;

/// How well the median is to be known: its standard error, as a part of it.
const ERROR: f64 = 0.01;

/// Between samples: libtorch's threads look for work for a while before they sleep, and would have it from ours. OpenMP's
/// look 300,000 times, which was seen to take more than 5 ms.
const REST: Duration = Duration::from_millis(50);

/// Samples that what should take one may take at most, with what doesn't count of it.
const WHOLE: u32 = 100;

/// Something that can be done many times: does it that often, and says how long what counts of it took.
pub(crate) type Timed<'a> = dyn FnMut(u64) -> Result<Duration> + 'a;

/// How often ours and theirs can be done in a second, pair by pair. A sample takes at least `least`; both are warmed up.
///
/// Beyond the fewest, pairs are added until the median of their ratios is known as well as [`ERROR`] says, whatever it is,
/// or there are [`MORE`] times as many.
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
    let fewest = usize::from(pairs.max(PAIRS));
    let most = fewest * usize::from(MORE);
    let mut pairs = Vec::new();
    while pairs.len() < fewest || (pairs.len() < most && error(&pairs) > ERROR) {
        pairs.push((per_second(ours, counts.0)?, per_second(theirs, counts.1)?));
    }
    Ok(pairs)
}

/// The standard error of the median of the ratios, as a part of it, were they distributed normally as between their
/// quartiles: a few wild ones don't matter, as they don't to the median.
fn error(pairs: &[(f64, f64)]) -> f64 {
    // Of a normal distribution: standard deviations between its quartiles; and the median's standard error by the mean's,
    // the square root of π/2.
    const QUARTILES: f64 = 1.349;
    const MEDIAN: f64 = 1.2533;
    let mut ratios: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours / theirs).collect();
    ratios.sort_by(f64::total_cmp);
    let part = |quarters: usize| ratios[(ratios.len() - 1) * quarters / 4];
    (part(3) - part(1)) / QUARTILES * MEDIAN / (ratios.len() as f64).sqrt() / part(2)
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
    fn what_scatters_is_measured_more_often() {
        let measured = |scatter: u64| {
            let mut seed = 7_u64;
            let mut ours = |count: u64| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                Ok(Duration::from_micros(100 + (seed >> 33) % scatter) * u32::try_from(count)?)
            };
            let mut theirs = |count: u64| Ok(Duration::from_micros(100) * u32::try_from(count)?);
            alternate((&mut ours, &mut theirs), Duration::from_micros(100), 1).unwrap()
        };
        assert_eq!(measured(1).len(), usize::from(PAIRS));
        assert_eq!(measured(100).len(), usize::from(PAIRS * MORE));
        let some = measured(8);
        assert!(some.len() > usize::from(PAIRS) && some.len() < usize::from(PAIRS * MORE), "{}", some.len());
        assert!(error(&some) <= ERROR);
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
