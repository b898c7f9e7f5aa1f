//! Ours and theirs, timed in turn.
//!
//! Not by criterion: it times one function after the other, each for seconds, and compares what it remembers. On a machine
//! that has other work the two then see different machines. Here each sample of ours is followed by one of theirs, and
//! what counts is the median of the ratios of such pairs, of those in quiet moments where there are enough.
use crate::clock::Clock;
use crate::counted::Counted;
use crate::figure::Figure;
use crate::quiet::Quiet;
use anyhow::{ensure, Result};
use std::time::Duration;

/// Pairs at least, however few `--runs` are.
pub(crate) const PAIRS: u16 = 7;

/// How well the median is to be known: its standard error, as a part of it. Where other work of the machine scatters the
/// ratios, that takes more of them.
const ERROR: f64 = 0.01;

/// Between samples: libtorch's threads look for work for a while before they sleep, and would have it from ours. OpenMP's
/// look 300,000 times, which was seen to take more than 5 ms.
const REST: Duration = Duration::from_millis(50);

/// How long it is waited for quiet moments in all.
const PATIENCE: Duration = Duration::from_secs(1);

/// Samples that what should take one may take at most, with what doesn't count of it.
const WHOLE: u32 = 100;

/// Something that can be done many times: does it that often, and says how long what counts of it took.
pub(crate) type Timed<'a> = dyn FnMut(u64) -> Result<Duration> + 'a;

/// How often ours and theirs can be done in a second, pair by pair: those that count.
pub(crate) type Pairs = Counted<(f64, f64)>;

impl Pairs {
    /// The figure, in units of which there are so many each time.
    pub(crate) fn figure(&self, name: String, each: f64, unit: &'static str, whose: &'static str) -> Figure {
        let pairs: Vec<_> = self.samples().iter().map(|(ours, theirs)| (ours * each, theirs * each)).collect();
        self.mark(Figure::pairs(name, &pairs, unit, whose))
    }
}

/// How often ours and theirs can be done in a second, pair by pair. A sample takes at least `least`; both are warmed up.
///
/// A pair is disturbed if the machine isn't quiet before ours, between the two, or after theirs. Such a pair counts only if
/// there are too few others: what its ratio is has no say in that. Beyond the fewest, pairs are added until the median of
/// the ratios is known as well as [`ERROR`] says, whatever it is, or there are [`MORE`] times as many in all.
///
/// # Errors
/// Those of what is timed; next to nothing of what it takes counts.
pub(crate) fn alternate(
    (ours, theirs): (&mut Timed<'_>, &mut Timed<'_>),
    least: Duration,
    pairs: u16,
    quiet: &mut Quiet,
) -> Result<Pairs> {
    let counts = (repetitions(ours, least)?, repetitions(theirs, least)?);
    let mut patience = PATIENCE;
    let mut rested = || {
        std::thread::sleep(REST);
        quiet.wait(&mut patience)
    };
    let per_second = |of: &mut Timed<'_>, count: u64| -> Result<f64> {
        of(1)?; // Its threads wake up.
        Ok(count as f64 / of(count)?.as_secs_f64())
    };
    let mut before = rested();
    let pair = || {
        let ours = per_second(ours, counts.0)?;
        let between = rested();
        let theirs = per_second(theirs, counts.1)?;
        let after = rested();
        let quiet = std::mem::replace(&mut before, after) && between && after;
        Ok(((ours, theirs), quiet))
    };
    Pairs::take(pairs.max(PAIRS), is_known, pair)
}

/// Whether the median of the ratios is known as well as it is to be.
fn is_known(pairs: &[(f64, f64)]) -> bool {
    error(pairs) <= ERROR
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
    use crate::counted::MORE;
    use std::cell::RefCell;

    #[test]
    fn what_never_counts_is_an_error() {
        let nap = |_| {
            std::thread::sleep(Duration::from_millis(1));
            Ok(Duration::ZERO)
        };
        let (mut ours, mut theirs) = (nap, nap);
        let error = alternate((&mut ours, &mut theirs), Duration::from_micros(10), 1, &mut Quiet::new(1)).unwrap_err();
        assert!(error.to_string().starts_with("0ns of"), "{error}");
    }

    /// Pairs of a ratio from 1 to less than `1 + scatter / 100`.
    fn measured(scatter: u64) -> Pairs {
        let mut seed = 7_u64;
        let pair = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Ok(((1.0 + ((seed >> 33) % scatter) as f64 / 100.0, 1.0), true))
        };
        Pairs::take(PAIRS, is_known, pair).unwrap()
    }

    #[test]
    fn what_scatters_is_measured_more_often() {
        let count = |pairs: Pairs| pairs.samples().len();
        assert_eq!(count(measured(1)), usize::from(PAIRS));
        assert_eq!(count(measured(100)), usize::from(PAIRS * MORE));
        let some = measured(8);
        let pairs = some.samples();
        assert!(pairs.len() > usize::from(PAIRS) && pairs.len() < usize::from(PAIRS * MORE), "{}", pairs.len());
        assert!(error(pairs) <= ERROR);
        let figure = some.figure("it".to_string(), 2.0, "/s", "theirs");
        assert_eq!((figure.reference.unwrap().value, figure.note), (2.0, None));
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
        let pairs = alternate((&mut ours, &mut theirs), Duration::from_millis(20), 1, &mut Quiet::new(1)).unwrap();
        let count = pairs.samples().len();
        assert!(count >= usize::from(PAIRS));
        for (ours, theirs) in pairs.samples() {
            assert!((ours - 1e5).abs() < 1.0 && (theirs - 1e3).abs() < 1.0);
        }
        let calls = calls.into_inner();
        let samples = &calls[calls.len() - 4 * count..];
        for pair in samples.chunks(4) {
            assert!(matches!(pair, [('o', 1), ('o', 2000..), ('t', 1), ('t', 20..)]), "{pair:?}");
        }
    }
}
