//! How the learning rate changes from step to step.
use assay_core::arith::F32;
use assay_core::graph::{Op, ScheduleKind};
use serde::{Deserialize, Serialize};

/// A schedule of the learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct Schedule {
    /// Steps over which it rises from `base / warmup` to the base.
    pub warmup: u32,
    /// How it goes on.
    pub course: Course,
}

/// What a learning rate does after its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Course {
    /// It stays.
    #[default]
    Constant,
    /// On a straight line to `end`.
    Linear {
        /// The last learning rate.
        end: f64,
        /// The step (warm-up included) at which that is reached; usually the training's last.
        steps: Option<u32>,
    },
    /// On half a cosine to `end`.
    Cosine {
        /// The last learning rate.
        end: f64,
        /// The step (warm-up included) at which that is reached; usually the training's last.
        steps: Option<u32>,
    },
    /// Times `factor` whenever `every` steps have passed.
    Step {
        /// So many.
        every: u32,
        /// By this.
        factor: f64,
    },
}

impl Schedule {
    /// The learning rate as a node, in a training of so many steps.
    pub(super) fn op(&self, base: f64, steps: u64) -> Op {
        let bits = |x: f64| F32((x as f32).to_bits());
        let warmup = self.warmup;
        // Where a warm-up takes the whole training, nothing is left for the rest to be seen.
        let period = |until: Option<u32>| {
            let until = until.unwrap_or_else(|| u32::try_from(steps).unwrap_or(u32::MAX));
            until.max(warmup.saturating_add(1))
        };
        let (kind, end, period) = match self.course {
            Course::Constant => (ScheduleKind::Constant, base, 0),
            Course::Linear { end, steps } => (ScheduleKind::Linear, end, period(steps)),
            Course::Cosine { end, steps } => (ScheduleKind::Cosine, end, period(steps)),
            Course::Step { every, factor } => (ScheduleKind::Exponential, factor, every),
        };
        Op::Schedule { kind, base: bits(base), end: bits(end), warmup, period }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Constant,
    Linear,
    Cosine,
    Step,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Constant => "constant",
            Kind::Linear => "linear",
            Kind::Cosine => "cosine",
            Kind::Step => "step",
        }
    }
}

/// As in the file.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    warmup: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
}

impl TryFrom<Table> for Schedule {
    type Error = String;

    fn try_from(table: Table) -> Result<Schedule, String> {
        let Table { kind, warmup, end, steps, every, factor } = table;
        let foreign = |field: &str| Err(format!("{field} means nothing to the schedule {:?}", kind.name()));
        let declines = matches!(kind, Kind::Linear | Kind::Cosine);
        if !declines && end.is_some() {
            return foreign("end");
        }
        if !declines && steps.is_some() {
            return foreign("steps");
        }
        if kind != Kind::Step && every.is_some() {
            return foreign("every");
        }
        if kind != Kind::Step && factor.is_some() {
            return foreign("factor");
        }
        let end = end.unwrap_or(0.0);
        let course = match (kind, every, factor) {
            (Kind::Constant, ..) => Course::Constant,
            (Kind::Linear, ..) => Course::Linear { end, steps },
            (Kind::Cosine, ..) => Course::Cosine { end, steps },
            (Kind::Step, Some(every), Some(factor)) => Course::Step { every, factor },
            (Kind::Step, ..) => return Err("the schedule \"step\" needs every and factor".into()),
        };
        Ok(Schedule { warmup, course })
    }
}

impl From<Schedule> for Table {
    fn from(schedule: Schedule) -> Table {
        let table = Table { warmup: schedule.warmup, ..Table::default() };
        match schedule.course {
            Course::Constant => table,
            Course::Linear { end, steps } => Table { kind: Kind::Linear, end: Some(end), steps, ..table },
            Course::Cosine { end, steps } => Table { kind: Kind::Cosine, end: Some(end), steps, ..table },
            Course::Step { every, factor } => {
                Table { kind: Kind::Step, every: Some(every), factor: Some(factor), ..table }
            }
        }
    }
}
