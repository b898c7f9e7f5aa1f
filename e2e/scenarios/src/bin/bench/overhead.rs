//! Suite `overhead`: all compute of all roles over plain libtorch training, of whole runs with real processes.
use crate::figure::{Bar, Figure};
use anyhow::{Context as _, Result};
use assay_engine::quality::Quality;
use assay_scenarios::process::{plain_libtorch, repository, run_scenario};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Verifiers that repeat the whole training where work isn't checked by drawn segments: what the litepaper compares with.
const REPLICAS: u8 = 7;
pub(super) const EXAMPLE: &str = "fashion-mlp";
/// Who trains.
pub(super) const SOLVER: &str = "solver";
/// The stage of its work in which it does.
const TRAIN: &str = "train";

/// How the solver may compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// With what it likes.
    Tolerant,
    /// With the reproducible engine.
    Exact,
}

/// What computes for the solver of a tolerant task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// As a solver does that isn't told: what is faster at the task's first steps.
    Fastest,
    /// libtorch.
    Torch,
    /// The reproducible engine.
    Reproducible,
}

impl Backend {
    fn name(self) -> &'static str {
        match self {
            Backend::Fastest => "fastest",
            Backend::Torch => "torch",
            Backend::Reproducible => "reproducible",
        }
    }
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Mode::Tolerant => "tolerant",
            Mode::Exact => "exact",
        }
    }

    /// (all compute of all roles + waiting) / (plain) - 1, at most.
    fn bar(self) -> f64 {
        match self {
            Mode::Tolerant => 0.10,
            Mode::Exact => 0.25,
        }
    }
}

/// One run's numbers.
pub(super) struct Run {
    /// Processor seconds by role and stage.
    work: BTreeMap<(String, String), f64>,
    /// Processor seconds of the solver's training steps alone.
    pub(super) steps: f64,
    /// Seconds that plain libtorch took.
    plain: f64,
    /// Seconds from the first process to the last payment.
    wall: f64,
    /// Difference of accuracies, delivered minus plain; none where there are no classes.
    accuracy: Option<f64>,
}

impl Run {
    pub(super) fn of(report: &Value) -> Result<Run> {
        let number =
            |value: &Value, what: &'static str| value.as_f64().with_context(|| format!("the report has no {what}"));
        let quality = &report["quality"];
        let plain = number(&quality["plain_seconds"], "quality.plain_seconds")?;
        let share = |whose: &str| {
            let quality: Quality = serde_json::from_value(quality[whose].clone())?;
            Ok::<_, anyhow::Error>(quality.accuracy())
        };
        let accuracy = share("delivered")?.zip(share("plain")?).map(|(delivered, plain)| delivered - plain);
        let (mut work, mut steps) = (BTreeMap::new(), 0.0);
        for row in report["work"].as_array().context("the report has no work")? {
            let text = |field: &'static str| {
                row[field].as_str().map(String::from).with_context(|| format!("work has no {field}"))
            };
            let (who, stage) = (text("who")?, text("stage")?);
            if who == SOLVER && stage == TRAIN {
                steps += number(&row["thread_cpu"], "work.thread_cpu")?;
            }
            *work.entry((who, stage)).or_insert(0.0) += number(&row["cpu"], "work.cpu")?;
        }
        let wall = number(&report["seconds"], "seconds")?;
        Ok(Run { work, steps, plain, wall, accuracy })
    }

    pub(super) fn total(&self) -> f64 {
        self.work.values().sum()
    }

    /// Processor seconds of what a solver does beside training steps while it trains: reading, copying, hashing and
    /// sending checkpoints, and all that its process does at the same time.
    pub(super) fn proving(&self) -> f64 {
        let stage = |name: &str| self.work.get(&(SOLVER.into(), name.into())).copied().unwrap_or(0.0);
        stage(TRAIN) + stage("publish") - self.steps
    }

    pub(super) fn of_role(&self, who: &str) -> f64 {
        self.work.iter().filter(|((it, _), _)| it == who).map(|(_, cpu)| cpu).sum()
    }
}

/// Runs the honest scenario several times, each with another seed, and plain libtorch as verifiers would that repeat all.
pub(crate) fn run(
    runs: u16,
    epochs: Option<u32>,
    mode: Mode,
    backend: Backend,
    replicate: bool,
) -> Result<Vec<Figure>> {
    let runs = honest(EXAMPLE, runs, epochs, mode, backend)?;
    let mut figures = figures(&runs, mode);
    let plain = Figure::median("", runs.iter().map(|run| run.plain).collect(), "").value;
    let replication = Figure::new("overhead/replication instead, minus 1", REPLICAS.into(), "");
    figures.push(if replicate {
        let all = replicas(epochs)?;
        let note = format!("{REPLICAS} verifiers that train it all again with plain libtorch: {all:.1} s");
        Figure { value: all / plain, ..replication }.note(note)
    } else {
        replication.note(format!(
            "by definition: {REPLICAS} verifiers that train it all again with plain libtorch; --replicate measures it"
        ))
    });
    Ok(figures)
}

/// Processor seconds that all replicas take together.
fn replicas(epochs: Option<u32>) -> Result<f64> {
    let folder = TaskFolder::new(EXAMPLE, epochs)?;
    let one = |replica| {
        eprintln!("bench: replica {replica} of {REPLICAS}");
        let answer = plain_libtorch(folder.path())?;
        answer["plain_seconds"].as_f64().context("this build has no libtorch")
    };
    (1..=REPLICAS).map(one).sum()
}

/// The honest scenario of an example, several times, each with another seed.
pub(super) fn honest(example: &str, runs: u16, epochs: Option<u32>, mode: Mode, backend: Backend) -> Result<Vec<Run>> {
    let folder = TaskFolder::new(example, epochs)?;
    let folder = folder.path().to_str().context("the task folder's path isn't text")?;
    // Generous: this measures processor time.
    let timeout = (600 + 60 * epochs.unwrap_or(0)).to_string();
    let reports = (1..=u64::from(runs)).map(|seed| {
        eprintln!("bench: run {seed} of {runs}");
        let task = ["--task", folder, "--timeout", &timeout];
        let computing = ["--mode", mode.name(), "--backend", backend.name()];
        run_scenario("honest", seed, &[task.as_slice(), &computing].concat())
    });
    reports.map(|report| Run::of(&report?)).collect()
}

fn figures(runs: &[Run], mode: Mode) -> Vec<Figure> {
    let each = |of: &dyn Fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let plain = Figure::median("plain", each(&|run| run.plain), "s").value;
    let over_plain =
        |name: String, of: &dyn Fn(&Run) -> f64| Figure::median(name, each(of), "s").against("plain libtorch", plain);
    let keys: std::collections::BTreeSet<_> = runs.iter().flat_map(|run| run.work.keys().cloned()).collect();
    let roles: std::collections::BTreeSet<_> = keys.iter().map(|(who, _)| who.clone()).collect();

    let mut figures = Vec::new();
    for key in &keys {
        let of = |run: &Run| run.work.get(key).copied().unwrap_or(0.0);
        figures.push(over_plain(format!("processor time by stage/{}: {}", key.0, key.1), &of));
    }
    for who in &roles {
        figures.push(over_plain(format!("processor time by role/{who}"), &|run| run.of_role(who)));
    }
    figures.push(over_plain("processor time by role/all roles".into(), &Run::total));
    figures.push(Figure::median("overhead/plain libtorch", each(&|run| run.plain), "s"));
    // Ratios within each run: both sides of one see the same machine.
    let compute =
        Figure::median("overhead/all roles over plain, minus 1", each(&|run| run.total() / run.plain - 1.0), "");
    figures.push(compute.bar(Bar::ValueAtMost(mode.bar())).note(format!("{} mode, compute only", mode.name())));
    // What isn't compute is waiting: for blocks, and for windows of the protocol to close.
    let all = each(&|run| run.total().max(run.wall) / run.plain - 1.0);
    let all = Figure::median("overhead/the same and waiting", all, "").bar(Bar::ValueAtMost(mode.bar()));
    let blocks = Figure::median("", each(&|run| run.wall - run.total()), "s").value;
    figures.push(
        all.note(format!("{blocks:.1} s of waiting, for windows of blocks of 200 ms, however long the training is")),
    );
    let proving = Figure::median("overhead/of that, proving", each(&|run| run.proving() / run.plain), "");
    figures.push(proving.note("copying, hashing and sending checkpoints, over plain libtorch's training"));
    let accuracy: Option<Vec<f64>> = runs.iter().map(|run| Some(100.0 * run.accuracy?)).collect();
    figures.extend(accuracy.map(|points| Figure::median("overhead/accuracy, delivered minus plain", points, "points")));
    figures
}

/// An example, or a copy of it that trains longer.
enum TaskFolder {
    Example(PathBuf),
    Copy(tempfile::TempDir),
}

impl TaskFolder {
    fn new(example: &str, epochs: Option<u32>) -> Result<TaskFolder> {
        let folder = repository().join("examples").join(example);
        Ok(match epochs {
            Some(epochs) => TaskFolder::Copy(longer(&folder, epochs)?),
            None => TaskFolder::Example(folder),
        })
    }

    fn path(&self) -> &Path {
        match self {
            TaskFolder::Example(folder) => folder,
            TaskFolder::Copy(folder) => folder.path(),
        }
    }
}

/// A copy of a task folder that trains for so many epochs, with a clock to match.
fn longer(folder: &Path, epochs: u32) -> Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for entry in std::fs::read_dir(folder).with_context(|| format!("no task at {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
        }
    }
    let toml = copy.path().join("task.toml");
    let text = std::fs::read_to_string(&toml)?;
    std::fs::write(&toml, with_epochs(&text, epochs)?)?;
    Ok(copy)
}

fn with_epochs(text: &str, epochs: u32) -> Result<String> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let first = |name: &str| -> Result<u32> {
        let text = value(name).with_context(|| format!("the task has no {name}"))?;
        let number = text.split('#').next().unwrap_or_default().trim();
        number.parse().with_context(|| format!("{name} is {number}"))
    };
    let blocks = u64::from(first("training-blocks")?) * u64::from(epochs).div_ceil(u64::from(first("epochs")?).max(1));
    let replaced = text.lines().map(|line| match line.split('=').next().map(str::trim) {
        Some("epochs") => format!("epochs = {epochs}\n"),
        Some("training-blocks") => format!("training-blocks = {blocks}\n"),
        _ => format!("{line}\n"),
    });
    Ok(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_task_is_made_longer() {
        let text = std::fs::read_to_string(repository().join("examples").join(EXAMPLE).join("task.toml")).unwrap();
        let before = assay_engine::task::Task::parse(&text).unwrap();
        let after = assay_engine::task::Task::parse(&with_epochs(&text, 100).unwrap()).unwrap();
        assert_eq!(after.training.epochs, Some(100));
        assert_eq!(after.terms.training_blocks, before.terms.training_blocks * 20);
        assert_eq!(after.data, before.data);
    }

    #[test]
    fn overhead_is_the_median_of_ratios() {
        let report = |train: f64, verify: f64, plain: f64| {
            let work = json!([
                { "who": "solver", "stage": "train", "cpu": train, "thread_cpu": 0.8 * train },
                { "who": "solver", "stage": "publish", "cpu": 0.0, "thread_cpu": 0.0 },
                { "who": "verifier", "stage": "replay", "cpu": verify, "thread_cpu": verify },
                { "who": "verifier", "stage": "replay", "cpu": verify, "thread_cpu": verify },
            ]);
            let quality = json!({ "loss": 0.3, "correct": 9, "total": 10 });
            let quality = json!({ "delivered": quality, "plain": quality, "plain_seconds": plain });
            json!({ "work": work, "quality": quality, "seconds": 30.0 })
        };
        let runs: Vec<_> = [report(10.0, 0.5, 10.0), report(20.0, 1.0, 20.0), report(12.0, 0.0, 10.0)]
            .iter()
            .map(|report| Run::of(report).unwrap())
            .collect();
        let figures = figures(&runs, Mode::Tolerant);
        let overhead = figures.iter().find(|figure| figure.name.contains("minus 1")).unwrap();
        assert!((overhead.value - 0.1).abs() < 1e-9 && (overhead.spread.unwrap() - 0.1).abs() < 1e-9, "{overhead:?}");
        assert_eq!(figures.iter().find(|figure| figure.name.ends_with("role/verifier")).unwrap().value, 1.0);
        let proving = figures.iter().find(|figure| figure.name.contains("proving")).unwrap();
        assert!((proving.value - 0.2).abs() < 1e-9, "{proving:?}");
        assert!(Run::of(&json!({})).is_err());
    }
}
