//! Suite `commit`: what a checkpoint costs: the state's root and the file, on one core.
//!
//! Nothing of libtorch's is like it, so that the bar is a speed. It is that of the process' own processor time, writing
//! included, however busy the disk is; what the wall's clock says stands beside it. Half a core's time would count as a
//! core's: a measurement waits for a moment in which nobody else computes on the core, and counts if it ends in one, too.
use crate::clock::Clock;
use crate::counted::{Counted, MORE};
use crate::figure::{Bar, Figure};
use crate::quiet::Quiet;
use anyhow::Result;
use assay_core::graph::{Name, Shape, StateDecl};
use assay_engine::state::{Checkpoint, Draft, State};
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// Tensors of the state.
const TENSORS: u32 = 16;
/// Elements of a tensor: a gibibyte in all.
const ELEMENTS: u32 = 1 << 24;
/// Bytes in a second of a core.
const BAR: f64 = 2.0;
/// Quiet measurements of each.
const RUNS: u16 = 5;
/// How long each waits for a quiet moment at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// Measures roots and files of a synthetic state.
///
/// # Errors
/// There is no place for it.
pub(crate) fn run(runs: u16) -> Result<Vec<Figure>> {
    eprintln!("bench: making up a state of a gibibyte");
    let checkpoint = Checkpoint { step: 1, state: state(TENSORS, ELEMENTS)? };
    let (runs, quiet) = (runs.max(RUNS), &mut Quiet::new(1));
    let root = samples("roots", runs, || timed(quiet, || Ok(checkpoint.state.root())))?;
    // A solver keeps it from checkpoint to checkpoint; the first time isn't measured.
    let mut buffer = Vec::new();
    let mut file = || {
        let (root, bytes) = Draft::new(checkpoint.step, &checkpoint.state, std::mem::take(&mut buffer)).seal();
        buffer = bytes;
        Ok(root)
    };
    file()?;
    let memory = samples("files in memory", runs, || timed(quiet, &mut file))?;
    drop(buffer);
    let core = |seconds: &Seconds| seconds.core;
    let mut figures = vec![
        figure("root", &root, core, "BLAKE3 of all tensors").bar(Bar::ValueAtLeast(BAR)),
        figure("root and file in memory", &memory, core, "a checkpoint, as a solver hands it to the store"),
    ];
    let disk = std::env::temp_dir();
    let [core, wall] = files(&checkpoint, "a disk", &disk, runs, quiet)?;
    figures.extend([core.bar(Bar::ValueAtLeast(BAR)), wall]);
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        figures.extend(files(&checkpoint, "memory", shared, runs, quiet)?);
    }
    Ok(figures)
}

/// Checkpoints written to a folder: bytes in a second of a core, and of the wall's clock.
fn files(checkpoint: &Checkpoint, what: &str, folder: &Path, runs: u16, quiet: &mut Quiet) -> Result<[Figure; 2]> {
    let place = tempfile::tempdir_in(folder)?;
    let path = place.path().join("checkpoint");
    let one = || {
        let sample = timed(quiet, || Ok(checkpoint.write_file(&path)?))?;
        std::fs::remove_file(&path)?;
        Ok(sample)
    };
    let samples = samples(&format!("files on {what}"), runs, one)?;
    let note = format!("a checkpoint in {}, synced", folder.display());
    Ok([
        figure(&format!("root and file on {what}"), &samples, |seconds| seconds.core, &note),
        figure(&format!("root and file on {what}, by the wall's clock"), &samples, |seconds| seconds.wall, &note),
    ])
}

/// As many samples as it takes, each of which is announced.
fn samples(what: &str, runs: u16, mut one: impl FnMut() -> Result<(Seconds, bool)>) -> Result<Counted<Seconds>> {
    let mut sample = 0;
    let announced = || {
        sample += 1;
        eprintln!("bench: {what}, {sample} of {runs} to {}", u32::from(runs) * u32::from(MORE));
        one()
    };
    Counted::take(runs, |_| true, announced)
}

fn figure(name: &str, samples: &Counted<Seconds>, of: fn(&Seconds) -> f64, note: &str) -> Figure {
    let bytes = f64::from(TENSORS) * f64::from(ELEMENTS) * 4.0;
    let speeds = samples.samples().iter().map(|seconds| bytes / 1e9 / of(seconds)).collect();
    samples.mark(Figure::median(format!("a state of 1 GiB, one core/{name}"), speeds, "GB/s").note(note))
}

/// A state of so many tensors of so many numbers, which no two tensors share.
///
/// # Errors
/// A size that no tensor has.
pub(crate) fn state(tensors: u32, elements: u32) -> Result<State> {
    let decl = |index| Ok(StateDecl { name: Name::new(format!("tensor {index}"))?, shape: Shape::new(&[elements])? });
    let decls = (0..tensors).map(decl).collect::<Result<Vec<_>>>()?;
    let tensor =
        |index: u32| (0..elements).map(|at| f32::from_bits(0x3f80_0000 | (at ^ index << 18) & 0x7f_ffff)).collect();
    Ok(State::new(decls, (0..tensors).map(tensor).collect())?)
}

/// What something took.
#[derive(Clone, Copy)]
struct Seconds {
    /// Of a core, all threads together.
    core: f64,
    /// Of the wall's clock.
    wall: f64,
}

/// What it took, and whether it was quiet before and behind.
fn timed<R>(quiet: &mut Quiet, work: impl FnOnce() -> Result<R>) -> Result<(Seconds, bool)> {
    let mut patience = PATIENCE;
    let before = quiet.wait(&mut patience);
    let begins = [Clock::Process, Clock::Wall].map(|clock| (clock, clock.now()));
    black_box(work()?);
    let [core, wall] = begins.map(|(clock, begin)| clock.now().saturating_sub(begin).as_secs_f64());
    Ok((Seconds { core, wall }, before && quiet.is_now()))
}
