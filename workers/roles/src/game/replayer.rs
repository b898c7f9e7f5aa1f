//! The prover that executes the program: what it shows is what it computed.
use super::kept::Kept;
use super::{Committed, GameError, Piece, Prover};
use assay_core::commit::Hash;
use assay_core::graph::{Program, ProgramKind};
use assay_core::protocol::Claim;
use assay_engine::data::DataTensor;
use assay_engine::exec::{Executor, Trace};
use assay_engine::state::State;
use assay_engine::tamper::Tamper;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes for states and for committed strings that may be kept of each, however small the executor is.
const SPARE: u64 = 64 << 20;
/// Committed strings kept at most.
const STRINGS: usize = 16;

/// A prover that re-executes a segment or a distance.
///
/// With [tampers](Self::with_tampers) it lies at some nodes and is honest with what follows from that.
#[derive(Debug)]
pub struct Replayer {
    executor: Executor,
    program: Arc<Program>,
    first: u64,
    snapshots: Vec<Arc<State>>,
    /// States before some steps.
    states: Kept<Arc<State>>,
    roots: BTreeMap<u64, Hash>,
    trace: Option<(u64, Arc<Trace>)>,
    /// In the order of their last use.
    strings: VecDeque<(Piece, Arc<Committed>)>,
}

impl Replayer {
    /// A prover of an execution that begins with `start` before step `first`.
    pub fn execution(program: Program, data: &[DataTensor], first: u64, start: Arc<State>) -> Result<Self, GameError> {
        Self::new(program, data, first, vec![start])
    }

    /// A prover of a distance.
    pub fn distance(program: Program, snapshots: [Arc<State>; 3]) -> Result<Self, GameError> {
        Self::new(program, &[], 0, snapshots.to_vec())
    }

    fn new(program: Program, data: &[DataTensor], first: u64, snapshots: Vec<Arc<State>>) -> Result<Self, GameError> {
        let shared = Arc::new(program.clone());
        let executor = Executor::new(program, data)?;
        let of_state = shared.states.iter().map(|state| state.shape.elements() * 4).sum::<u64>().max(1);
        let states = executor.bytes().max(SPARE) / of_state;
        Ok(Self {
            executor,
            program: shared,
            first,
            snapshots,
            states: Kept::new(usize::try_from(states).unwrap_or(usize::MAX)),
            roots: BTreeMap::new(),
            trace: None,
            strings: VecDeque::new(),
        })
    }

    /// The same on several threads.
    pub fn with_threads(mut self, threads: usize) -> Result<Self, GameError> {
        self.executor = self.executor.with_threads(threads)?;
        Ok(self)
    }

    /// A prover that lies at these nodes.
    pub fn with_tampers(mut self, tampers: impl Into<Vec<Tamper>>) -> Self {
        self.executor = self.executor.with_tampers(tampers);
        self
    }

    /// Checks that a claim is about this program and begins with these states.
    pub fn check(&self, claim: &Claim) -> Result<(), GameError> {
        let got = self.program.root();
        if claim.program().root != got {
            return Err(GameError::Program { claimed: claim.program().root, got });
        }
        let begins = match *claim {
            Claim::Execution { start, .. } => vec![start],
            Claim::Distance { start, replayed, claimed, .. } => vec![start, replayed, claimed],
        };
        for (claimed, state) in begins.into_iter().zip(&self.snapshots) {
            let got = state.root();
            if got != claimed {
                return Err(GameError::Start { claimed, got });
            }
        }
        Ok(())
    }

    /// The state before a step, executed from the nearest one that is kept.
    pub fn state(&mut self, step: u64) -> Result<Arc<State>, GameError> {
        let behind = |count: u64| GameError::Missing { what: "step", index: step, count };
        let begin = self.snapshots.first().ok_or_else(|| behind(0))?;
        if step < self.first {
            return Err(behind(self.first));
        }
        if step == self.first {
            return Ok(begin.clone());
        }
        let (from, state) = self.states.before(step).unwrap_or((self.first, begin));
        if from == step {
            return Ok(state.clone());
        }
        let mut state = State::clone(state);
        for at in from..step {
            self.executor.step(&mut state, at)?;
        }
        let state = Arc::new(state);
        self.states.put(step, state.clone());
        Ok(state)
    }

    /// The states that the step reads.
    fn snapshots_at(&mut self, step: u64) -> Result<Vec<Arc<State>>, GameError> {
        match self.program.kind() {
            ProgramKind::Distance => Ok(self.snapshots.clone()),
            ProgramKind::Step => Ok(vec![self.state(step)?]),
        }
    }

    fn snapshot(&mut self, step: u64, snapshot: u8) -> Result<Arc<State>, GameError> {
        let all = self.snapshots_at(step)?;
        let missing = GameError::Missing { what: "snapshot", index: snapshot.into(), count: all.len() as u64 };
        all.into_iter().nth(usize::from(snapshot)).ok_or(missing)
    }

    fn trace(&mut self, step: u64) -> Result<Arc<Trace>, GameError> {
        if let Some((kept, trace)) = &self.trace {
            if *kept == step {
                return Ok(trace.clone());
            }
        }
        let snapshots = self.snapshots_at(step)?;
        let snapshots: Vec<&State> = snapshots.iter().map(Arc::as_ref).collect();
        let trace = Arc::new(self.executor.trace(&snapshots, step)?);
        self.trace = Some((step, trace.clone()));
        Ok(trace)
    }

    fn compute(&mut self, piece: Piece) -> Result<Committed, GameError> {
        let index_of = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
        match piece {
            Piece::Program => Committed::new(self.program.to_bytes()),
            Piece::States { step, snapshot } => Committed::list(&self.snapshot(step, snapshot)?.roots()),
            Piece::State { step, snapshot, index } => {
                Committed::new(self.snapshot(step, snapshot)?.bytes(index_of(index)).to_vec())
            }
            Piece::Data { index } => {
                let data = self.executor.data();
                let missing = GameError::Missing { what: "data set", index: index.into(), count: data.len() as u64 };
                Committed::new(data.get(index_of(index)).ok_or(missing)?.bytes().to_vec())
            }
            Piece::Trace { step } => Committed::list(self.trace(step)?.roots()),
            Piece::Output { step, node } => Committed::new(self.trace(step)?.bytes(index_of(node)).to_vec()),
            Piece::Micro { step, node, element } => {
                let trace = self.trace(step)?;
                let snapshots = self.snapshots_at(step)?;
                let snapshots: Vec<&State> = snapshots.iter().map(Arc::as_ref).collect();
                let values = self.executor.micro_trace(&snapshots, &trace, step, index_of(node), element)?;
                Committed::numbers(&values)
            }
        }
    }
}

impl Prover for Replayer {
    fn program(&self) -> Arc<Program> {
        self.program.clone()
    }

    fn state_root(&mut self, step: u64) -> Result<Hash, GameError> {
        if let Some(root) = self.roots.get(&step) {
            return Ok(*root);
        }
        let root = self.state(step)?.root();
        self.roots.insert(step, root);
        Ok(root)
    }

    fn open(&mut self, piece: Piece) -> Result<Arc<Committed>, GameError> {
        if let Some(at) = self.strings.iter().position(|(kept, _)| *kept == piece) {
            if let Some(found) = self.strings.remove(at) {
                self.strings.push_back(found.clone());
                return Ok(found.1);
            }
        }
        let string = Arc::new(self.compute(piece)?);
        self.strings.push_back((piece, string.clone()));
        let most = self.executor.bytes().max(SPARE);
        let kept = |strings: &VecDeque<(Piece, Arc<Committed>)>| strings.iter().map(|(_, it)| it.len()).sum::<u64>();
        while self.strings.len() > STRINGS || self.strings.len() > 1 && kept(&self.strings) > most {
            self.strings.pop_front();
        }
        Ok(string)
    }
}
