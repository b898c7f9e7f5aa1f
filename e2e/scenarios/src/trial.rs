//! A task on a court, taken through its life one phase at a time.
use crate::cast::{secret, solver, submitter, verifier};
use crate::court::{CallError, Court};
use crate::testimony::Testimony;
use crate::workload::Workload;
use anyhow::{bail, Context as _, Result};
use assay_core::commit::Hash;
use assay_core::protocol::beacon::{seed_chain, seed_commit};
use assay_core::protocol::task::quote;
use assay_core::protocol::verdict::verdict_commitment;
use assay_core::protocol::{AccountId, GameId, Parameters, Part, Phase, SegmentReport, Target, Task, TaskId, Terms};
use assay_devnet::Chain;
use std::path::Path;
use std::sync::Arc;

/// A task of one verifier and one drawn segment on a court.
#[derive(Clone)]
pub struct Trial<'a> {
    /// The contracts.
    pub court: Court<'a>,
    /// What is trained.
    pub workload: Arc<Workload>,
    /// The task.
    pub id: TaskId,
}

/// The parameters of trials: those for development.
pub fn parameters(chain: &Chain) -> Parameters {
    Parameters { chain: Hash(chain.genesis_hash().0), ..Parameters::development() }
}

impl<'a> Trial<'a> {
    /// Deploys the contracts and submits the task.
    ///
    /// # Errors
    /// When the artifacts are missing or a contract refuses.
    pub fn submitted(chain: &'a Chain, artifacts: &Path, workload: Arc<Workload>) -> Result<Trial<'a>> {
        let parameters = parameters(chain);
        let mut court = Court::open(chain, artifacts, &parameters)?;
        let spec = workload.spec();
        let terms = quote(&spec, &parameters)?;
        let id = court.submit(&submitter(), &spec, terms.budget + terms.seed_bond)?;
        Ok(Trial { court, workload, id })
    }

    /// The task as the contract has it.
    ///
    /// # Errors
    /// When the contract gives no answer.
    pub fn task(&mut self) -> Result<Task, CallError> {
        self.court.task(self.id)
    }

    /// What the task pays and locks.
    ///
    /// # Errors
    /// When the contract gives no answer.
    pub fn terms(&mut self) -> Result<Terms, CallError> {
        Ok(self.task()?.terms)
    }

    /// A verifier joins, profiles, and a solver bids.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn staff(&mut self) -> Result<()> {
        self.join(&verifier())?;
        let profile = self.workload.profile()?;
        self.court.post_profile(&verifier(), self.id, profile)?;
        self.bid(&solver())
    }

    /// A verifier joins.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn join(&mut self, who: &AccountId) -> Result<()> {
        let bond = self.terms()?.verifier_bond;
        Ok(self.court.join(who, self.id, seed_commit(who, &secret(who)), bond)?)
    }

    /// A solver bids nine tenths of the limit.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn bid(&mut self, who: &AccountId) -> Result<()> {
        let task = self.task()?;
        Ok(self.court.bid(who, self.id, task.spec.max_price / 10 * 9, task.terms.solver_bond)?)
    }

    /// The window for bids and for challenges to the profile passes; the solver gets the task.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn assign(&mut self) -> Result<()> {
        let until = self.task()?.profile.map_or(0, |profile| profile.until);
        self.court.pass_until(until.saturating_add(1))?;
        self.court.poke_late(self.id)?;
        self.expect(Phase::Training)
    }

    /// The solver proves.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn prove(&mut self) -> Result<()> {
        let proof = self.workload.proof()?;
        self.court.prove(&solver(), self.id, &proof)?;
        self.expect(Phase::Seeds)
    }

    /// Verifier and submitter reveal their seeds: the beacon is fixed.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn draw(&mut self) -> Result<()> {
        self.court.reveal_seed(&verifier(), self.id, secret(&verifier()))?;
        self.reveal_last_seed()
    }

    /// The submitter reveals its seed, the last one.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn reveal_last_seed(&mut self) -> Result<()> {
        let seeds = seed_chain(&submitter(), &secret(&submitter())).0;
        let seed = *seeds.first().context("a chain has links")?;
        self.court.reveal_seed(&submitter(), self.id, seed)?;
        self.expect(Phase::Committing)
    }

    /// All of the above: submitted to drawn.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn drawn(chain: &'a Chain, artifacts: &Path, workload: Arc<Workload>) -> Result<Trial<'a>> {
        let mut trial = Trial::submitted(chain, artifacts, workload)?;
        trial.staff()?;
        trial.assign()?;
        trial.prove()?;
        trial.draw()?;
        Ok(trial)
    }

    /// The segment that the verifier drew.
    ///
    /// # Errors
    /// Before it has.
    pub fn segment(&mut self) -> Result<u32> {
        self.task()?.draws(0).first().copied().context("nothing is drawn yet")
    }

    /// A verifier commits to its verdict.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn commit(&mut self, who: &AccountId, reports: &[SegmentReport]) -> Result<()> {
        let task = self.task()?;
        let salt = secret(who);
        let (chain, escrow) = (task.parameters.chain, self.court.escrow);
        let commitment = verdict_commitment(&chain, &escrow, self.id, task.round, who, reports, &salt);
        Ok(self.court.commit_verdict(who, self.id, commitment)?)
    }

    /// A verifier commits to its verdict and reveals it; it is the only one of the round.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn testify(&mut self, who: &AccountId, testimony: &Testimony) -> Result<()> {
        let reports = [testimony.report()?];
        self.commit(who, &reports)?;
        self.expect(Phase::Revealing)?;
        self.court.reveal_verdict(who, self.id, &reports, secret(who))?;
        self.expect(Phase::Challenging)
    }

    /// Challenges a part of the only report.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn challenge(&mut self, who: &AccountId, part: Part) -> Result<GameId> {
        let bond = self.terms()?.challenger_bond;
        Ok(self.court.challenge(who, self.id, target(part), bond)?)
    }

    /// The challenge window passes, and anyone settles.
    ///
    /// # Errors
    /// When the contract refuses.
    pub fn settle(&mut self) -> Result<Phase> {
        self.court.poke_late(self.id)?;
        Ok(self.task()?.phase)
    }

    /// Checks the phase.
    ///
    /// # Errors
    /// When it is another.
    pub fn expect(&mut self, phase: Phase) -> Result<()> {
        let got = self.task()?.phase;
        if got != phase {
            bail!("the task is in phase {got:?} instead of {phase:?}");
        }
        Ok(())
    }
}

/// A part of the only report.
pub fn target(part: Part) -> Target {
    Target::Verdict { slot: 0, report: 0, part }
}
