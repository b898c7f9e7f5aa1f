//! A cast of roles on one simulated chain, driven block by block.
use super::chain::{task_folder, SimChain};
use assay_core::protocol::{Outcome as Ending, Parameters, Task};
use assay_roles::journal::{Entry, Event, Journal};
use assay_roles::*;
use assay_store::{BlobStore, Folder};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

pub const SUBMITTER: u8 = 1;
pub const SOLVER: u8 = 2;
pub const VERIFIER: u8 = 3;
pub const SECOND: u8 = 4;
pub const WATCHER: u8 = 5;

/// How to make a role, again and again.
type Make = Box<dyn Fn(&Context) -> Box<dyn Role>>;

/// As long as what.
pub type While = fn(&Task) -> bool;

pub struct Cast {
    pub folder: TempDir,
    pub chain: SimChain,
    pub store: Arc<dyn BlobStore>,
    pub journal: Journal,
    pub entries: Receiver<Entry>,
    makers: Vec<(u8, Make)>,
    roles: BTreeMap<u8, Box<dyn Role>>,
    pub outcomes: BTreeMap<u8, Outcome>,
    /// A role that does nothing as long as the task is like this.
    pub muted: Option<(u8, While)>,
}

/// Short windows, as many blocks as the slowest cast needs.
pub fn parameters() -> Parameters {
    let short = Parameters::development();
    Parameters { open_blocks: 20, profile_blocks: 20, join_blocks: 20, seed_blocks: 20, commit_blocks: 60, ..short }
}

impl Cast {
    pub async fn new(mode: &str, verifiers: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("task")).unwrap();
        task_folder(&folder.path().join("task"), mode, verifiers);
        let store = Arc::new(Folder::open(folder.path().join("blobs")).await.unwrap());
        let journal = Journal::in_memory();
        let entries = journal.subscribe();
        let mut cast = Self {
            chain: SimChain::new(parameters()),
            store,
            journal,
            entries,
            makers: Vec::new(),
            roles: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            muted: None,
            folder,
        };
        let task_dir = cast.folder.path().join("task");
        cast.add(SUBMITTER, move |ctx| {
            let options = SubmitOptions { task_dir: task_dir.clone(), ..SubmitOptions::default() };
            Box::new(Submitter::new(ctx, options).unwrap())
        });
        cast
    }

    pub fn context(&self, account: u8) -> Context {
        Context {
            chain: Arc::new(self.chain.of(account)),
            store: self.store.clone(),
            home: self.folder.path().join(account.to_string()),
            journal: self.journal.clone(),
            hardware: Hardware::default(),
        }
    }

    pub fn add(&mut self, account: u8, make: impl Fn(&Context) -> Box<dyn Role> + 'static) {
        self.makers.push((account, Box::new(make)));
    }

    pub fn solver(&mut self, cheat: Option<SolverCheat>) {
        self.add(SOLVER, move |ctx| {
            Box::new(Solver::new(ctx, SolverOptions { price: Some(1000), cheat, ..SolverOptions::default() }).unwrap())
        });
    }

    pub fn verifier(&mut self, account: u8, from_round: u8, cheat: Option<VerifierCheat>) {
        self.add(account, move |ctx| {
            Box::new(Verifier::new(ctx, VerifierOptions { from_round, cheat, task: None }).unwrap())
        });
    }

    pub fn watcher(&mut self, cheat: Option<WhistleblowerCheat>) {
        self.add(WATCHER, move |ctx| {
            Box::new(Whistleblower::new(ctx, WhistleblowerOptions { cheat, ..Default::default() }).unwrap())
        });
    }

    /// All roles, made anew.
    pub fn roles(&self) -> Vec<(u8, Box<dyn Role>)> {
        self.makers.iter().map(|(account, make)| (*account, make(&self.context(*account)))).collect()
    }

    /// The first task, as it is now.
    pub fn task(&self) -> Task {
        self.chain.lock().tasks[&0].clone()
    }

    /// Lets all roles react until the task is over for all of them. With `restart`, each is made anew before every
    /// reaction: nothing may live in memory alone.
    pub async fn play(&mut self, restart: bool) -> Ending {
        for _ in 0..3_000 {
            let mut idle = true;
            for (account, make) in &self.makers {
                if self.outcomes.contains_key(account) {
                    continue;
                }
                let task = self.chain.lock().tasks.get(&0).cloned();
                let mute = self.muted.filter(|(muted, _)| muted == account);
                if mute.zip(task).is_some_and(|((_, while_so), task)| while_so(&task)) {
                    continue;
                }
                let ctx = self.context(*account);
                let role = self.roles.entry(*account).or_insert_with(|| make(&ctx));
                match role.react().await {
                    Ok(Activity::Idle) => {}
                    Ok(Activity::Acted) => idle = false,
                    Ok(Activity::Finished(outcome)) => {
                        idle = false;
                        self.outcomes.insert(*account, outcome);
                    }
                    // As `run` does: look again later.
                    Err(error) => assert!(!error.is_fatal(), "{account}: {error}"),
                }
                if restart {
                    self.roles.remove(account);
                }
                assert!(self.chain.lock().balanced());
            }
            if self.outcomes.len() == self.makers.len() {
                let endings: Vec<Ending> = self.outcomes.values().map(|outcome| outcome.outcome).collect();
                assert!(endings.windows(2).all(|pair| pair[0] == pair[1]));
                return endings[0];
            }
            if idle {
                self.chain.lock().now += 1;
            }
        }
        panic!("the task doesn't end: {:?}", self.task());
    }

    /// What an account has won or lost.
    pub fn gain(&self, account: u8) -> i128 {
        use assay_core::protocol::money::Direction;
        let sim = self.chain.lock();
        let mut gain = 0;
        for (_, entry) in sim.journal.iter().filter(|(_, entry)| entry.account == [account; 32]) {
            let amount = entry.amount as i128;
            match entry.direction {
                Direction::Lock => gain -= amount,
                Direction::Credit => gain += amount,
                _ => {}
            }
        }
        gain
    }

    /// Whether a note with this text was among what was told since the last call.
    pub fn said(&mut self, text: &str) -> bool {
        self.told().iter().any(|entry| matches!(&entry.event, Event::Note { text: note } if note.contains(text)))
    }

    /// All journal entries so far.
    pub fn told(&mut self) -> Vec<Entry> {
        std::iter::from_fn(|| self.entries.try_recv().ok()).collect()
    }
}
