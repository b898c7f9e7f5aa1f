//! A step of the training, of what it changes: all else stays as it is.
//!
//! Why the rest stays: samples are +0 but in one place, where they are positive. So a product has one summand; that of a
//! unit which doesn't fire is negative, its slope +0, and each gradient of it, and of a word that doesn't occur, is a chain
//! `fma(±0, finite, +0)`, which is +0. Momentum stays +0, and a parameter minus ±0 is the parameter, none being 0.
use super::plan::{MOMENTUM, RATE, SCALE, SEED};
use super::{Lie, Plan, What};
use assay_core::graph::{constants, gather_row};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Samples whose products form one chain.
const DOT_BLOCK: usize = constants::DOT_BLOCK as usize;

/// Momentum and parameters of the words that occur and the units that fire, by word, then unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hot {
    pub(super) momentum: Vec<f32>,
    pub(super) weight: Vec<f32>,
}

/// What a step comes to.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Word and number of each sample of the batch.
    pub(super) samples: Vec<(u32, f32)>,
    /// By sample, then unit.
    pub(super) product: Vec<f32>,
    /// By sample, then unit.
    pub(super) slope: Vec<f32>,
    /// By word, then unit.
    pub(super) gradient: Vec<f32>,
    /// The state after it.
    pub(super) after: Hot,
}

/// Rows of a step's batch.
type Rows = Arc<[u16]>;
/// Of all samples, those of a batch, and step.
type Known = HashMap<(u32, u32, u64), Rows>;

/// The rows of a step's samples. Drawing them takes longer than all else, and they are the same for players of all plans
/// with as many samples: they are kept, 54 MB for 10⁵ steps.
fn order(rows: u32, batch: u32, step: u64) -> Rows {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let draw = || (0..batch).map(|b| gather_row(SEED, rows, batch, step, b) as u16).collect();
    known.entry((rows, batch, step)).or_insert_with(draw).clone()
}

impl Plan {
    /// The samples of a step.
    fn samples(&self, step: u64) -> Vec<(u32, f32)> {
        let sample = |&row: &u16| {
            let (word, byte) = self.sample(row.into());
            (word, f32::from(byte) * SCALE)
        };
        order(self.rows, self.batch, step).iter().map(sample).collect()
    }

    /// A step.
    pub(super) fn step(&self, before: &Hot, step: u64, lie: Option<&Lie>) -> Step {
        let lie = lie.filter(|lie| lie.step == step);
        let tell = |what, row, column, value: &mut f32| {
            if let Some(lie) = lie {
                lie.apply(what, row, column, value);
            }
        };
        let units = self.firing();
        let index = |row: u32, column: u32| (row * units + column) as usize;
        let samples = self.samples(step);
        let mut product = vec![0.0; samples.len() * units as usize];
        let mut slope = product.clone();
        for (b, (word, x)) in (0..).zip(&samples) {
            for unit in 0..units {
                let mut y = x * before.weight[index(*word, unit)];
                tell(What::Product, b, unit, &mut y);
                let mut dy = if y > 0.0 { y } else { 0.0 };
                tell(What::Slope, b, unit, &mut dy);
                (product[index(b, unit)], slope[index(b, unit)]) = (y, dy);
            }
        }
        // A dot product over the samples: a chain for each block, and their sum.
        let mut gradient = vec![0.0; before.weight.len()];
        let slopes = slope.chunks(DOT_BLOCK * units as usize);
        for (samples, slopes) in samples.chunks(DOT_BLOCK).zip(slopes) {
            let mut chain = vec![0.0_f32; gradient.len()];
            for ((word, x), slopes) in samples.iter().zip(slopes.chunks(units as usize)) {
                for (unit, dy) in (0..).zip(slopes) {
                    let sum = &mut chain[index(*word, unit)];
                    *sum = x.mul_add(*dy, *sum);
                }
            }
            gradient.iter_mut().zip(chain).for_each(|(sum, chain)| *sum += chain);
        }
        let mut after = before.clone();
        for word in 0..self.words() {
            for unit in 0..units {
                let at = index(word, unit);
                tell(What::Gradient, word, unit, &mut gradient[at]);
                after.momentum[at] = MOMENTUM.mul_add(before.momentum[at], gradient[at]);
                tell(What::Momentum, word, unit, &mut after.momentum[at]);
                after.weight[at] = (-RATE).mul_add(after.momentum[at], before.weight[at]);
                tell(What::Weight, word, unit, &mut after.weight[at]);
            }
        }
        Step { samples, product, slope, gradient, after }
    }
}

/// States are kept every so many steps.
const EVERY: u64 = 256;

/// The states of an execution.
#[derive(Debug)]
pub(super) struct Trajectory(BTreeMap<u64, Hot>);

impl Trajectory {
    /// One that begins in a state before a step.
    pub(super) fn new(step: u64, start: Hot) -> Trajectory {
        Trajectory(BTreeMap::from([(step, start)]))
    }

    /// The state before a step; `None` before the first.
    pub(super) fn at(&mut self, plan: &Plan, step: u64, lie: Option<&Lie>) -> Option<Hot> {
        let (&from, hot) = self.0.range(..=step).next_back()?;
        let mut hot = hot.clone();
        for at in from..step {
            hot = plan.step(&hot, at, lie).after;
            if (at + 1) % EVERY == 0 {
                self.0.insert(at + 1, hot.clone());
            }
        }
        Some(hot)
    }
}
