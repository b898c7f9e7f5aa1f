//! A cast of honest and dishonest actors around one task of the simulator.
use super::{data, distance_program, item, start_state, state_root, step_program, Lie, View};
use crate::arith::F32;
use crate::commit::{hash, Hash};
use crate::graph::Program;
use crate::protocol::beacon::{seed_chain, seed_commit};
use crate::protocol::dispute::{Claim, Game, Move, Side};
use crate::protocol::simulator::{Call, Simulator};
use crate::protocol::task::{Phase, Standing, Task};
use crate::protocol::verdict::verdict_commitment;
use crate::protocol::{
    AccountId, Balance, Book, Error, Message, Mode, Parameters, Part, Profile, ProfilePart, Proof, SegmentReport,
    Target, TaskId, TaskSpec,
};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use codec::Encode;

pub(crate) const K: u32 = 3;
pub(crate) const WEALTH: Balance = 1_000_000_000;

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Reveals its seeds.
    Submitter,
    /// Never reveals.
    SilentSubmitter,
    /// Trains as it should, and defends its work.
    Solver,
    /// Forges the checkpoint at the end of this segment.
    Forger(u32),
    /// Bids, and is never seen again.
    AbsentSolver,
    /// Replays as it should.
    Verifier,
    /// Lies about what it replayed, and stands by it as well as it can.
    LyingVerifier,
    /// States any root.
    GarbageVerifier,
    /// States that what the solver published is what it replayed.
    Accomplice,
    /// States any distance (in exact mode: an honest one).
    LyingMeasurer,
    /// Doesn't reveal its seed.
    SeedWithholder,
    /// Doesn't commit.
    CommitWithholder,
    /// Doesn't reveal its verdict.
    RevealWithholder,
    /// Leaves.
    Abstainer,
    /// Challenges what is false.
    Whistleblower,
    /// Challenges anything, then picks at random.
    Troll,
    /// Challenges anything, then is silent.
    SilentTroll,
}

impl Kind {
    pub(crate) fn is_honest(self) -> bool {
        matches!(self, Kind::Submitter | Kind::Solver | Kind::Verifier | Kind::Whistleblower | Kind::Abstainer)
    }

    fn is_verifier(self) -> bool {
        !self.is_solver()
            && !matches!(
                self,
                Kind::Submitter | Kind::SilentSubmitter | Kind::Whistleblower | Kind::Troll | Kind::SilentTroll
            )
    }

    fn is_solver(self) -> bool {
        matches!(self, Kind::Solver | Kind::Forger(_) | Kind::AbsentSolver)
    }
}

/// One verified segment, with what stands behind it.
struct Reported {
    report: SegmentReport,
    execution: View,
    distance: View,
}

/// A call with the block, the caller, the attached value and the result.
pub(crate) type Sent = (u32, AccountId, Balance, Call, Result<(), Error>);

pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) task: TaskId,
    pub(crate) actors: Vec<(AccountId, Kind)>,
    pub(crate) program: Program,
    jitter: Program,
    distance: Program,
    start: Vec<Vec<F32>>,
    /// Checkpoints of each solver.
    checkpoints: BTreeMap<AccountId, Vec<Vec<Vec<F32>>>>,
    runs: BTreeMap<(AccountId, u32), View>,
    rng: u64,
    /// Calls with their results, if they are to be recorded.
    pub(crate) transcript: Option<Vec<Sent>>,
}

pub(crate) fn account(index: usize) -> AccountId {
    [index as u8 + 1; 32]
}

pub(crate) fn secret(account: &AccountId) -> Hash {
    hash(account)
}

/// Windows that a test can wait for; jumps of up to 10 blocks starve nobody.
pub(crate) fn parameters() -> Parameters {
    Parameters {
        open_blocks: 30,
        profile_blocks: 40,
        join_blocks: 30,
        seed_blocks: 20,
        commit_blocks: 30,
        reveal_blocks: 30,
        challenge_blocks: 40,
        game_blocks: 500,
        // Small sums that can be reckoned in one's head, and a narrow band of thresholds for small programs.
        solver_bond: 10_000_000,
        verifier_bond: 5_000_000,
        challenger_bond: 1_000_000,
        seed_bond: 1_000_000,
        verifier_fee: 100_000,
        tau_floor2: F32(1e-6_f32.to_bits()),
        tau_ceiling2: F32(1e-4_f32.to_bits()),
        ..Parameters::development()
    }
}

impl World {
    /// A world in which the first actor has submitted a task.
    pub(crate) fn new(mode: Mode, verifiers: u8, segments_per_verifier: u8, kinds: &[Kind], seed: u64) -> World {
        let program = step_program(K, 0, false);
        let jitter = step_program(K, 0, true);
        let distance = distance_program(&program);
        let start = start_state(&program);
        let actors: Vec<_> = kinds.iter().enumerate().map(|(index, kind)| (account(index), *kind)).collect();
        let mut sim = Simulator::new(parameters()).unwrap();
        sim.now = 10;
        let submitter = actors[0].0;
        let mut world = World {
            sim,
            task: 0,
            actors,
            program,
            jitter,
            distance,
            start,
            checkpoints: BTreeMap::new(),
            runs: BTreeMap::new(),
            rng: seed | 1,
            transcript: Some(vec![]),
        };
        for (account, _) in world.actors.clone() {
            world.call(&account, WEALTH, Call::Deposit).unwrap();
        }
        let spec = world.spec(mode, verifiers, segments_per_verifier);
        world.call(&submitter, 0, Call::Submit(spec)).unwrap();
        world
    }

    pub(crate) fn spec(&self, mode: Mode, verifiers: u8, segments_per_verifier: u8) -> TaskSpec {
        TaskSpec {
            metadata: Hash([7; 32]),
            program: self.program.reference(),
            jitter: self.jitter.reference(),
            distance: self.distance.reference(),
            start: state_root(&self.start),
            steps: 11,
            interval: 2,
            work_per_step: 1_000_000_000,
            mode,
            max_price: 100_000,
            verifiers,
            segments_per_verifier,
            training_blocks: 50,
            seed_commit: seed_chain(&self.actors[0].0, &secret(&self.actors[0].0)).1,
        }
    }

    pub(crate) fn random(&mut self, below: u64) -> u64 {
        self.rng ^= self.rng << 13;
        self.rng ^= self.rng >> 7;
        self.rng ^= self.rng << 17;
        self.rng % below
    }

    pub(crate) fn task(&self) -> &Task {
        &self.sim.tasks[&self.task]
    }

    pub(crate) fn call(&mut self, caller: &AccountId, value: Balance, call: Call) -> Result<(), Error> {
        let result = self.sim.call(caller, value, call.clone());
        let size = self.sim.tasks.values().map(Encode::encoded_size).max().unwrap_or(0);
        assert!(size < 8 * 1024, "a task fits a storage cell");
        if let Some(transcript) = &mut self.transcript {
            transcript.push((self.sim.now, *caller, value, call, result.clone()));
        }
        result
    }

    pub(crate) fn send(&mut self, caller: &AccountId, message: Message) -> Result<(), Error> {
        self.call(caller, 0, Call::Task { task: self.task, message })
    }

    /// A message that has to be right.
    fn do_send(&mut self, caller: &AccountId, message: Message) -> bool {
        self.send(caller, message).unwrap();
        true
    }

    pub(crate) fn wealth(&self, account: &AccountId) -> Balance {
        self.sim.free_of(account)
    }

    // What the actors know.

    fn kind(&self, account: &AccountId) -> Kind {
        self.actors.iter().find(|(it, _)| it == account).unwrap().1
    }

    fn checkpoints_of(&mut self, solver: &AccountId) -> Vec<Vec<Vec<F32>>> {
        if let Some(known) = self.checkpoints.get(solver) {
            return known.clone();
        }
        let spec = self.task().spec.clone();
        let program = if spec.mode == Mode::Tolerant { &self.jitter } else { &self.program };
        let mut list = vec![self.start.clone()];
        for segment in 0..spec.segments() as u32 {
            let (first, steps) = spec.segment(segment);
            let run = View::run(program, &data(K), first, steps, list.last().unwrap(), None);
            let mut end = run.end_state().to_vec();
            if self.kind(solver) == Kind::Forger(segment) {
                end[1][0] = F32::TWO;
            }
            list.push(end);
        }
        self.checkpoints.insert(*solver, list.clone());
        list
    }

    fn published(&mut self) -> Vec<Vec<Vec<F32>>> {
        let solver = self.task().solver.unwrap().account;
        self.checkpoints_of(&solver)
    }

    fn checkpoint_list(checkpoints: &[Vec<Vec<F32>>]) -> Vec<u8> {
        checkpoints.iter().flat_map(|state| state_root(state).0).collect()
    }

    /// The true replay of a segment.
    fn truth(&mut self, segment: u32) -> View {
        let solver = self.task().solver.unwrap().account;
        if let Some(run) = self.runs.get(&(solver, segment)) {
            return run.clone();
        }
        let start = self.published()[segment as usize].clone();
        let (first, steps) = self.task().spec.segment(segment);
        let run = View::run(&self.program, &data(K), first, steps, &start, None);
        self.runs.insert((solver, segment), run.clone());
        run
    }

    fn measure(&self, start: &[Vec<F32>], replayed: &[Vec<F32>], claimed: &[Vec<F32>], lie: Option<Lie>) -> View {
        View::distance(&self.distance, [start, replayed, claimed], lie)
    }

    /// What a verifier reports, by its kind.
    fn reported(&mut self, verifier: &AccountId) -> Vec<Reported> {
        let task = self.task().clone();
        let slot = task.slot_of(verifier).unwrap();
        let checkpoints = self.published();
        let list = Self::checkpoint_list(&checkpoints);
        let kind = self.kind(verifier);
        let mut all = vec![];
        for segment in task.draws(slot) {
            let mut execution = self.truth(segment);
            let (first, steps) = task.spec.segment(segment);
            let start = &checkpoints[segment as usize];
            let claimed = &checkpoints[segment as usize + 1];
            if kind == Kind::LyingVerifier {
                let lie = Lie { step: first, node: 11, element: u64::from(verifier[0] % 6), micro: 1 };
                execution = View::run(&self.program, &data(K), first, steps, start, Some(lie));
            }
            let mut lie = None;
            if kind == Kind::LyingMeasurer && task.spec.mode == Mode::Tolerant {
                lie = Some(Lie { step: 0, node: self.distance.nodes.len() - 1, element: 0, micro: 1 });
            }
            let distance = self.measure(start, execution.end_state(), claimed, lie);
            let replayed = match kind {
                Kind::GarbageVerifier => Hash([verifier[0]; 32]),
                Kind::Accomplice => state_root(claimed),
                _ => execution.end(),
            };
            let value = if task.spec.mode == Mode::Tolerant { distance.value() } else { F32::ZERO };
            let openings = vec![item(&list, u64::from(segment), 32)];
            all.push(Reported { report: SegmentReport { replayed, value, openings }, execution, distance });
        }
        all
    }

    /// Profile by a verifier, with the runs behind it.
    fn profile(&self, verifier: &AccountId) -> (Profile, View, View, View) {
        let steps = self.task().spec.segment(0).1;
        let lies = self.kind(verifier) == Kind::LyingVerifier;
        let lie = lies.then_some(Lie { step: 1, node: 11, element: 1, micro: 1 });
        let base = View::run(&self.program, &data(K), 0, steps, &self.start, lie);
        let jittered = View::run(&self.jitter, &data(K), 0, steps, &self.start, None);
        let distance = self.measure(&self.start, base.end_state(), jittered.end_state(), None);
        (Profile { base: base.end(), jittered: jittered.end(), value: distance.value() }, base, jittered, distance)
    }

    /// Whether a claim is true, and the view to challenge it with.
    fn judge(&mut self, target: Target) -> (bool, View) {
        let (claim, _) = self.task().claim(target).unwrap();
        let view = match target {
            Target::Verdict { slot, report, part } => {
                let Standing::Revealed(reports) = &self.task().slots[slot as usize].standing else { panic!() };
                let segment = reports[report as usize].segment;
                let truth = self.truth(segment);
                match part {
                    Part::Execution => truth,
                    Part::Distance => {
                        // Of the states that the report names: the verifier publishes what it replayed.
                        let verifier = self.task().slots[slot as usize].verifier;
                        let replayed = self.reported(&verifier)[report as usize].execution.end_state().to_vec();
                        let checkpoints = self.published();
                        let (start, claimed) = (&checkpoints[segment as usize], &checkpoints[segment as usize + 1]);
                        self.measure(start, &replayed, claimed, None)
                    }
                }
            }
            Target::Profile { part } => {
                let slot = self.task().profile.unwrap().slot;
                let verifier = self.task().slots[slot as usize].verifier;
                let (_, base, jittered, _) = self.profile(&verifier);
                let steps = self.task().spec.segment(0).1;
                match part {
                    ProfilePart::Base => View::run(&self.program, &data(K), 0, steps, &self.start, None),
                    ProfilePart::Jittered => View::run(&self.jitter, &data(K), 0, steps, &self.start, None),
                    ProfilePart::Distance => self.measure(&self.start, base.end_state(), jittered.end_state(), None),
                }
            }
        };
        let holds = match claim {
            Claim::Execution { .. } => view.execution_claim() == claim,
            // A distance to a state that nobody has can't be measured, nor defended; leave it to the execution.
            Claim::Distance { value, .. } => view.value() == value,
        };
        (holds, view)
    }

    /// All claims that may be challenged now.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let task = self.task();
        let mut all = vec![];
        for slot in 0..task.slots.len() as u8 {
            for report in 0..task.spec.segments_per_verifier {
                for part in [Part::Execution, Part::Distance] {
                    all.push(Target::Verdict { slot, report, part });
                }
            }
        }
        let parts = [ProfilePart::Base, ProfilePart::Jittered, ProfilePart::Distance];
        all.extend(parts.map(|part| Target::Profile { part }));
        let context = |caller| crate::protocol::Context { caller, now: self.sim.now, contract: self.sim.contract };
        all.retain(|target| {
            let message = Message::Challenge(*target);
            crate::protocol::escrow::apply(task.clone(), &context([0xaa; 32]), message).is_ok()
        });
        all
    }

    /// The claims among them that are false.
    pub(crate) fn false_targets(&mut self) -> Vec<(Target, View)> {
        let mut all = vec![];
        for target in self.targets() {
            let (holds, view) = self.judge(target);
            if !holds {
                all.push((target, view));
            }
        }
        all
    }

    // What the actors do.

    /// One action of an actor, if it has anything to do.
    pub(crate) fn act(&mut self, actor: &AccountId) -> bool {
        if self.play(actor) {
            return true;
        }
        let kind = self.kind(actor);
        if kind.is_honest() && self.task().may_poke(self.sim.now) {
            return self.do_send(actor, Message::Poke);
        }
        match kind {
            Kind::Submitter => self.act_as_submitter(actor),
            Kind::SilentSubmitter => false,
            _ if kind.is_solver() => self.act_as_solver(actor, kind),
            _ if kind.is_verifier() => self.act_as_verifier(actor, kind),
            Kind::Whistleblower => self.blow_whistle(actor),
            _ => self.troll(actor),
        }
    }

    fn act_as_submitter(&mut self, actor: &AccountId) -> bool {
        if !self.task().may_reveal_seed(actor, self.sim.now) {
            return false;
        }
        let commit = self.task().submitter_commit;
        let seeds = seed_chain(actor, &secret(actor)).0;
        let seed = seeds.into_iter().find(|seed| seed_commit(actor, seed) == commit).unwrap();
        self.do_send(actor, Message::RevealSeed { seed })
    }

    fn act_as_solver(&mut self, actor: &AccountId, kind: Kind) -> bool {
        let task = self.task();
        let mine = task.solver.is_some_and(|solver| solver.account == *actor);
        match task.phase {
            Phase::Open if self.sim.now <= task.deadline && !task.profile.is_some_and(|profile| profile.fell) => {
                let price = 50_000 + Balance::from(actor[0]);
                !task.bids.iter().any(|bid| bid.solver == *actor) && self.send(actor, Message::Bid { price }).is_ok()
            }
            Phase::Training if mine && kind != Kind::AbsentSolver && self.sim.now <= task.deadline => {
                let list = Self::checkpoint_list(&self.checkpoints_of(actor));
                let last = list.len() as u64 / 32 - 1;
                let proof = Proof {
                    checkpoints: hash(&list),
                    blob: Hash([9; 32]),
                    first: item(&list, 0, 32),
                    last: item(&list, last, 32),
                };
                self.do_send(actor, Message::Prove(proof))
            }
            Phase::Challenging if mine && kind == Kind::Solver => self.blow_whistle(actor),
            _ => false,
        }
    }

    fn act_as_verifier(&mut self, actor: &AccountId, kind: Kind) -> bool {
        let now = self.sim.now;
        let task = self.task().clone();
        let fell = task.profile.is_some_and(|profile| profile.fell);
        let Some(slot) = task.slot_of(actor) else {
            let joins = matches!(task.phase, Phase::Open | Phase::Joining) && now <= task.deadline;
            let free = task.slots.len() < usize::from(task.spec.verifiers);
            let seed_commit = seed_commit(actor, &secret(actor));
            return joins && free && !fell && self.do_send(actor, Message::Join { seed_commit });
        };
        let standing = &task.slots[slot as usize].standing;
        match task.phase {
            Phase::Open if task.spec.mode == Mode::Tolerant && task.profile.is_none() => {
                let profile = self.profile(actor).0;
                kind != Kind::CommitWithholder && self.send(actor, Message::PostProfile(profile)).is_ok()
            }
            Phase::Seeds if kind != Kind::SeedWithholder && task.may_reveal_seed(actor, now) => {
                self.do_send(actor, Message::RevealSeed { seed: secret(actor) })
            }
            Phase::Committing if now <= task.deadline && *standing == Standing::Joined => match kind {
                Kind::CommitWithholder => false,
                Kind::Abstainer => self.do_send(actor, Message::Abstain),
                _ => {
                    let reports: Vec<_> = self.reported(actor).into_iter().map(|it| it.report).collect();
                    let commitment = self.commitment(actor, &reports);
                    self.do_send(actor, Message::CommitVerdict { commitment })
                }
            },
            Phase::Revealing if now <= task.deadline && matches!(standing, Standing::Committed(_)) => {
                let reports: Vec<_> = self.reported(actor).into_iter().map(|it| it.report).collect();
                let salt = secret(actor);
                kind != Kind::RevealWithholder && self.do_send(actor, Message::RevealVerdict { reports, salt })
            }
            _ => false,
        }
    }

    pub(crate) fn commitment(&self, actor: &AccountId, reports: &[SegmentReport]) -> Hash {
        let task = self.task();
        let chain = task.parameters.chain;
        verdict_commitment(&chain, &self.sim.contract, task.id, task.round, actor, reports, &secret(actor))
    }

    /// Challenges the first false claim that this actor doesn't have a game about yet.
    fn blow_whistle(&mut self, actor: &AccountId) -> bool {
        for (target, _) in self.false_targets() {
            let mine = self.sim.entries.values().any(|entry| entry.target == target && entry.challenger == *actor);
            if !mine && self.send(actor, Message::Challenge(target)).is_ok() {
                return true;
            }
        }
        false
    }

    fn troll(&mut self, actor: &AccountId) -> bool {
        let targets = self.targets();
        if targets.is_empty() || self.random(3) > 0 {
            return false;
        }
        let at = self.random(targets.len() as u64) as usize;
        self.send(actor, Message::Challenge(targets[at])).is_ok()
    }

    /// A move in a game of this actor.
    fn play(&mut self, actor: &AccountId) -> bool {
        let open: Vec<_> = self.sim.entries.iter().map(|(id, entry)| (*id, *entry)).collect();
        for (id, entry) in open {
            let game = self.sim.games[&id].clone();
            let kind = self.kind(actor);
            let until = game.clock.runs_until(game.turn().unwrap());
            if self.sim.now > until {
                if kind.is_honest() {
                    self.call(actor, 0, Call::Timeout { game: id }).unwrap();
                    return true;
                }
                continue;
            }
            if game.mover() != Some(*actor) {
                continue;
            }
            let Some(mv) = self.think(&game, actor, kind, entry.target) else {
                continue;
            };
            let result = self.call(actor, 0, Call::Play { game: id, mv });
            if kind.is_honest() {
                result.unwrap();
                return true;
            }
            if result.is_ok() {
                return true;
            }
        }
        false
    }

    fn think(&mut self, game: &Game, actor: &AccountId, kind: Kind, target: Target) -> Option<Move> {
        if game.turn() == Some(Side::Challenger) {
            return match kind {
                Kind::SilentTroll => None,
                Kind::Troll => Some(Move::Pick { index: self.random(4) as u32 }),
                _ => Some(self.view_of(target).challenge(game)),
            };
        }
        if kind == Kind::GarbageVerifier {
            return None;
        }
        let view = match target {
            Target::Verdict { report, part, .. } => {
                let reported = self.reported(actor).swap_remove(report as usize);
                match part {
                    Part::Execution => reported.execution,
                    Part::Distance => reported.distance,
                }
            }
            Target::Profile { part } => {
                let (_, base, jittered, distance) = self.profile(actor);
                match part {
                    ProfilePart::Base => base,
                    ProfilePart::Jittered => jittered,
                    ProfilePart::Distance => distance,
                }
            }
        };
        Some(view.assert(game))
    }

    /// The truth about a claim, also after it has fallen.
    fn view_of(&mut self, target: Target) -> View {
        let standing = match target {
            Target::Verdict { slot, .. } => Some(slot as usize),
            Target::Profile { .. } => None,
        };
        // A convicted slot's claims are no longer to be had from the task: put them back for the look.
        let saved = self.task().clone();
        let task = self.sim.tasks.get_mut(&self.task).unwrap();
        if let Some(slot) = standing {
            if let Standing::Convicted(reports) = task.slots[slot].standing.clone() {
                task.slots[slot].standing = Standing::Revealed(reports);
            }
        }
        if let Some(profile) = &mut task.profile {
            profile.fell = false;
        }
        let view = self.judge(target).1;
        self.sim.tasks.insert(self.task, saved);
        view
    }

    /// Lets everybody act until nobody has anything left to do; the honest always, others as they like.
    pub(crate) fn settle_down(&mut self) {
        for _ in 0..5_000 {
            let mut acted = false;
            for at in 0..self.actors.len() {
                let (actor, kind) = self.actors[at];
                if kind.is_honest() || self.random(2) == 0 {
                    acted |= self.act(&actor);
                }
            }
            if !acted {
                return;
            }
        }
        panic!("actors never rest");
    }

    /// Runs until the task closes.
    pub(crate) fn run(&mut self) {
        for _ in 0..2_000 {
            self.settle_down();
            if self.task().is_closed() && self.sim.entries.is_empty() {
                return;
            }
            let jump = 1 + self.random(10) as u32;
            self.sim.now += jump;
        }
        panic!("the task never closes: {:?}", self.task());
    }
}
