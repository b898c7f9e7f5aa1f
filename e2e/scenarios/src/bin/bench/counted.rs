//! Samples of something: those count that nothing disturbed, where there are enough.
use crate::figure::Figure;
use anyhow::Result;

/// Times as many samples as are enough are taken at most.
pub(crate) const MORE: u16 = 5;

/// The samples that count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted<T> {
    samples: Vec<T>,
    /// How many of them nothing disturbed: all, if there are enough.
    quiet: usize,
}

impl<T: Clone> Counted<T> {
    /// Takes samples, each of which comes with whether it was quiet, until there are `fewest` quiet ones of which `known`
    /// says that they tell what is asked, or [`MORE`] times as many in all. With fewer quiet ones all count: what was
    /// sampled has no say in that.
    ///
    /// # Errors
    /// Those of a sample.
    pub(crate) fn take(
        fewest: u16,
        known: impl Fn(&[T]) -> bool,
        mut sample: impl FnMut() -> Result<(T, bool)>,
    ) -> Result<Counted<T>> {
        let (mut all, mut quiet) = (Vec::new(), Vec::new());
        let enough = |quiet: &[T]| quiet.len() >= fewest.into() && known(quiet);
        while all.len() < usize::from(fewest) * usize::from(MORE) && !enough(&quiet) {
            let (sample, is_quiet) = sample()?;
            if is_quiet {
                quiet.push(sample.clone());
            }
            all.push(sample);
        }
        let count = quiet.len();
        Ok(Counted { samples: if count < fewest.into() { all } else { quiet }, quiet: count })
    }

    pub(crate) fn samples(&self) -> &[T] {
        &self.samples
    }

    /// The figure made of them, with a note if some of them were disturbed.
    pub(crate) fn mark(&self, figure: Figure) -> Figure {
        if self.quiet == self.samples.len() {
            return figure;
        }
        let note = figure.note.iter().map(|note| format!("{note}; ")).collect::<String>();
        figure.note(format!("{note}disturbed: {} of {} samples had quiet moments", self.quiet, self.samples.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples tell their number, from 1 on; every `disturbed`th is disturbed.
    fn taken(fewest: u16, until: usize, disturbed: usize) -> Counted<usize> {
        let mut turn = 0;
        let sample = || {
            turn += 1;
            Ok((turn, turn % disturbed != 0))
        };
        Counted::take(fewest, |quiet| quiet.len() >= until, sample).unwrap()
    }

    #[test]
    fn what_is_disturbed_counts_only_where_there_is_nothing_else() {
        let figure = |of: &Counted<usize>| of.mark(Figure::new("it", 2.0, "s"));
        let quiet = taken(4, 0, 2);
        assert_eq!(quiet.samples(), [1, 3, 5, 7]);
        assert_eq!(figure(&quiet).note, None);
        let disturbed = taken(4, 0, 1);
        assert_eq!(disturbed.samples().len(), 20);
        assert_eq!(figure(&disturbed).note.unwrap(), "disturbed: 0 of 20 samples had quiet moments");
        let both = disturbed.mark(Figure::new("it", 2.0, "s").note("this")).note.unwrap();
        assert!(both.starts_with("this; disturbed"), "{both}");
    }

    #[test]
    fn more_are_taken_until_enough_is_known() {
        assert_eq!(taken(4, 0, 100).samples().len(), 4);
        assert_eq!(taken(4, 9, 100).samples().len(), 9);
        assert_eq!(taken(4, 99, 100).samples().len(), 20);
        // Of 20 that were taken.
        assert_eq!(taken(4, 99, 2).samples().len(), 10);
    }

    #[test]
    fn a_sample_that_fails_ends_it() {
        let none = || -> Result<((), bool)> { anyhow::bail!("no") };
        assert_eq!(Counted::take(3, |_| true, none).unwrap_err().to_string(), "no");
    }
}
