//! The task in each of its phases.
use assay_core::protocol::dispute::Side;
use assay_core::protocol::Part;
use assay_devnet::Chain;
use assay_scenarios::cast::{secret, verifier, whistleblower};
use assay_scenarios::process::artifacts;
use assay_scenarios::testimony::Testimony;
use assay_scenarios::trial::Trial;
use assay_scenarios::workload::{Size, Workload};
use std::sync::{Arc, LazyLock, Mutex};

static CHAIN: LazyLock<Chain> = LazyLock::new(|| Chain::new_dev().unwrap());
/// The chain below all of them.
pub(crate) fn chain() -> &'static Chain {
    &CHAIN
}

static SCENES: LazyLock<Mutex<Vec<(Scene, Trial<'static>)>>> = LazyLock::new(|| Mutex::new(build()));

/// A phase of the task, and who has done what in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Just submitted.
    Open,
    /// A verifier has joined and profiled, a solver has bid.
    Staffed,
    Training,
    Seeds,
    /// The verifier has revealed its seed.
    LastSeed,
    Committing,
    Revealing,
    /// The verdict is honest.
    Challenging,
    /// The same, challenged: game 0 is open.
    Disputed,
    /// The verifier didn't commit.
    Joining,
    /// The solver was paid.
    Closed,
}

/// All of them, in order.
pub(crate) const ALL: [Scene; 11] = [
    Scene::Open,
    Scene::Staffed,
    Scene::Training,
    Scene::Seeds,
    Scene::LastSeed,
    Scene::Committing,
    Scene::Revealing,
    Scene::Challenging,
    Scene::Disputed,
    Scene::Joining,
    Scene::Closed,
];

/// A copy of the task in that phase.
pub(crate) fn at(scene: Scene) -> Trial<'static> {
    let scenes = SCENES.lock().unwrap();
    scenes.iter().find(|(it, _)| *it == scene).unwrap().1.clone()
}

/// The honest verdict.
pub(crate) fn honest(trial: &mut Trial<'_>) -> Testimony {
    let segment = trial.segment().unwrap();
    Testimony::honest(&trial.workload, segment).unwrap()
}

fn build() -> Vec<(Scene, Trial<'static>)> {
    let workload = Arc::new(Workload::new(Size::TINY).unwrap());
    let mut trial = Trial::submitted(&CHAIN, &artifacts(), workload).unwrap();
    let mut scenes = vec![(Scene::Open, trial.clone())];
    let mut keep = |scene, trial: &Trial<'static>| scenes.push((scene, trial.clone()));
    trial.staff().unwrap();
    keep(Scene::Staffed, &trial);
    trial.assign().unwrap();
    keep(Scene::Training, &trial);
    trial.prove().unwrap();
    keep(Scene::Seeds, &trial);
    trial.court.reveal_seed(&verifier(), trial.id, secret(&verifier())).unwrap();
    keep(Scene::LastSeed, &trial);
    trial.reveal_last_seed().unwrap();
    keep(Scene::Committing, &trial);

    let mut silent = trial.clone();
    silent.court.poke_late(silent.id).unwrap();
    keep(Scene::Joining, &silent);

    let reports = [honest(&mut trial).report().unwrap()];
    trial.commit(&verifier(), &reports).unwrap();
    keep(Scene::Revealing, &trial);
    trial.court.reveal_verdict(&verifier(), trial.id, &reports, secret(&verifier())).unwrap();
    keep(Scene::Challenging, &trial);

    let mut disputed = trial.clone();
    assert_eq!(disputed.challenge(&whistleblower(), Part::Execution).unwrap(), 0);
    assert_eq!(disputed.court.game(0).unwrap().turn(), Some(Side::Asserter));
    keep(Scene::Disputed, &disputed);

    trial.settle().unwrap();
    keep(Scene::Closed, &trial);
    scenes
}
