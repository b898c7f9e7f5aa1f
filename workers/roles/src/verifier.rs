//! The verifier: replays drawn segments and answers for what it says.
use crate::journal::RoleName;
use crate::worker::{react, Arena, Attends, Board, Manner, Run, Worker, INFLATED};
use crate::{Activity, Context, Role, RoleError, VerifierCheat, VerifierOptions};
use assay_core::arith::{ge, gt, F32};
use assay_core::commit::{position_of_item, Hash, Opening, Tree};
use assay_core::protocol::beacon::seed_commit;
use assay_core::protocol::task::{Slot, Standing};
use assay_core::protocol::verdict::verdict_commitment;
use assay_core::protocol::{Block, Mode, Phase, Profile, SegmentReport, Task};
use async_trait::async_trait;

/// Joins tasks, posts the profile if it is first, replays the segments that are drawn for it, commits, reveals, and
/// defends its claims in games.
#[derive(Debug)]
pub struct Verifier {
    worker: Worker,
    board: Board,
    arena: Arena,
    options: VerifierOptions,
}

impl Verifier {
    /// A verifier.
    pub fn new(ctx: &Context, options: VerifierOptions) -> Result<Self, RoleError> {
        let manner = options.cheat.map_or(Manner::Honest, Manner::Cheating);
        let (board, arena) = (Board::new(options.task), Arena::new(manner));
        Ok(Self { worker: Worker::new(ctx, RoleName::Verifier)?, board, arena, options })
    }

    /// Takes a slot, if there is one to take and the task is what it says.
    async fn join(&mut self, task: &Task) -> Result<bool, RoleError> {
        let account = self.worker.account;
        let other_role = task.submitter == account
            || task.bids.iter().any(|bid| bid.solver == account)
            || task.solver.is_some_and(|solver| solver.account == account);
        let full = task.slots.len() >= usize::from(task.spec.verifiers);
        let fell = task.profile.is_some_and(|profile| profile.fell);
        // Who cheats is convicted in its first round, and leaves the next to others.
        let wanted = match self.options.cheat {
            Some(_) => task.round == self.options.from_round,
            None => task.round >= self.options.from_round,
        };
        if other_role || full || fell || !wanted {
            return Ok(false);
        }
        if self.worker.consider(task).await?.is_none() {
            return Ok(false);
        }
        let seed = self.worker.secrets.verifier_seed(&self.worker.contract, task.id, task.round);
        let value = self.worker.value_for(task.terms.verifier_bond).await?;
        let receipt = self.worker.ctx.chain.join(task.id, seed_commit(&account, &seed), value).await?;
        self.worker.memory(task.id).store("joined", &task.round)?;
        self.worker.sent(task.id, &receipt);
        Ok(true)
    }

    /// Posts the profile: the first verifier at once, the others if it doesn't.
    async fn profile(&mut self, task: &Task, slot: u8, now: Block) -> Result<bool, RoleError> {
        let waited = task.deadline.saturating_add(task.parameters.profile_blocks.saturating_mul(u32::from(slot)) / 8);
        let last = task.deadline.saturating_add(task.parameters.profile_blocks);
        if task.spec.mode == Mode::Exact || task.profile.is_some() || now > last || (slot > 0 && now <= waited) {
            return Ok(false);
        }
        let start = self.worker.job(task).await?.start.clone();
        let base = self.worker.executed(task, Run::Segment(0), "profile").await?;
        let jittered = self.worker.executed(task, Run::Jittered, "profile").await?;
        let value = match self.options.cheat {
            Some(VerifierCheat::InflateProfile) => INFLATED,
            _ => self.worker.distance(task, [start, base.clone(), jittered.clone()]).await?,
        };
        if !(ge(value, F32::ZERO) && gt(F32::INFINITY, value)) {
            let text =
                format!("the profile is {}: this training diverges in its first segment", f32::from_bits(value.0));
            self.worker.complain(task.id, text);
            return Ok(false);
        }
        let profile = Profile { base: base.root(), jittered: jittered.root(), value };
        let receipt = self.worker.ctx.chain.post_profile(task.id, profile).await?;
        self.worker.sent(task.id, &receipt);
        self.worker.scribe.about(task.id).note(format!("profile: d² = {:e}", f32::from_bits(value.0)));
        Ok(true)
    }

    /// Replays the drawn segments and commits to what it found; abstains if what it needs can't be had in time.
    async fn commit(&mut self, task: &Task, slot: u8, now: Block) -> Result<bool, RoleError> {
        let reports = match self.reports(task, slot).await {
            Ok(reports) => reports,
            Err(error) if error.is_unavailable() => {
                let margin = (task.parameters.commit_blocks / 10).max(2);
                if now < task.deadline.saturating_sub(margin) {
                    self.worker.complain(task.id, format!("cannot verify yet: {error}"));
                    return Ok(false);
                }
                self.worker.complain(task.id, format!("abstaining: {error}"));
                let receipt = self.worker.ctx.chain.abstain(task.id).await?;
                self.worker.sent(task.id, &receipt);
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let commitment = self.commitment(task, &reports);
        let receipt = self.worker.ctx.chain.commit_verdict(task.id, commitment).await?;
        self.worker.sent(task.id, &receipt);
        Ok(true)
    }

    async fn reveal(&mut self, task: &Task, slot: u8, own: &Slot) -> Result<bool, RoleError> {
        let Standing::Committed(committed) = own.standing else { return Ok(false) };
        let reports = self.reports(task, slot).await?;
        if self.commitment(task, &reports) != committed {
            self.worker.complain(task.id, "the verdict committed to is lost: was the key file replaced?".into());
            return Ok(false);
        }
        let salt = self.worker.secrets.salt(&self.worker.contract, task.id, task.round);
        let receipt = self.worker.ctx.chain.reveal_verdict(task.id, reports, salt).await?;
        self.worker.sent(task.id, &receipt);
        Ok(true)
    }

    fn commitment(&self, task: &Task, reports: &[SegmentReport]) -> Hash {
        let (chain, contract, account) = (&task.parameters.chain, &self.worker.contract, &self.worker.account);
        let salt = self.worker.secrets.salt(contract, task.id, task.round);
        verdict_commitment(chain, contract, task.id, task.round, account, reports, &salt)
    }

    /// One report for each drawn segment; made once, remembered for the reveal.
    async fn reports(&mut self, task: &Task, slot: u8) -> Result<Vec<SegmentReport>, RoleError> {
        let memory = self.worker.memory(task.id);
        let name = format!("verdict-{}", task.round);
        if let Some(reports) = memory.load(&name)? {
            return Ok(reports);
        }
        let proof = self.worker.proof(task).await?;
        let list = proof.list();
        let tree = Tree::new(&list)?;
        let drawn = task.draws(slot);
        let scribe = self.worker.scribe.about(task.id);
        let mut reports = Vec::new();
        for (done, segment) in (0_u64..).zip(&drawn) {
            scribe.progress("verify", done, drawn.len() as u64);
            let openings = openings(&tree, &list, *segment)?;
            let (replayed, value) = self.measure(task, *segment).await?;
            reports.push(SegmentReport { replayed, value, openings });
        }
        scribe.progress("verify", drawn.len() as u64, drawn.len() as u64);
        memory.store(&name, &reports)?;
        Ok(reports)
    }

    /// Where a segment ends, and how far from that the solver's checkpoint is.
    async fn measure(&mut self, task: &Task, segment: u32) -> Result<(Hash, F32), RoleError> {
        let start = self.worker.checkpoint(task, segment.into()).await?;
        let claimed = self.worker.checkpoint(task, u64::from(segment) + 1).await?;
        let end = self.worker.stated_end(task, segment, self.options.cheat, "verify").await?;
        let (root, claim) = (end.root(), claimed.root());
        let scribe = self.worker.scribe.about(task.id);
        if task.spec.mode == Mode::Exact || root == claim {
            let found = if root == claim { "reproduced bit for bit" } else { "not reproduced" };
            scribe.note(format!("segment {segment}: {found}"));
            return Ok((root, F32::ZERO));
        }
        if self.options.cheat == Some(VerifierCheat::UnderstateDistance) {
            return Ok((root, F32::ZERO));
        }
        let value = self.worker.distance(task, [start, end, claimed]).await?;
        let (found, tau2) = (f32::from_bits(value.0), f32::from_bits(task.tau2().0));
        scribe.note(format!("segment {segment}: d² = {found:e}, threshold {tau2:e}"));
        Ok((root, value))
    }
}

/// Opens items k and k + 1 of the checkpoint list: one opening if one chunk holds both.
fn openings(tree: &Tree, list: &[u8], segment: u32) -> Result<Vec<Opening>, RoleError> {
    let chunk_of = |item: u64| position_of_item(item, 32).map_or(0, |(chunk, _)| chunk);
    let (first, second) = (chunk_of(segment.into()), chunk_of(u64::from(segment) + 1));
    let mut openings = vec![tree.opening(list, first)?];
    if second != first {
        openings.push(tree.opening(list, second)?);
    }
    Ok(openings)
}

#[async_trait]
impl Attends for Verifier {
    fn parts(&mut self) -> (&mut Worker, &mut Arena, &mut Board) {
        (&mut self.worker, &mut self.arena, &mut self.board)
    }

    async fn attend(&mut self, task: &Task, _: &[Task], now: Block) -> Result<Activity, RoleError> {
        if task.is_closed() {
            return self.worker.finish(&mut self.board, task).await;
        }
        let account = self.worker.account;
        let own = task.slot_of(&account).and_then(|at| Some((at, task.slots.get(usize::from(at))?)));
        let in_time = now <= task.deadline;
        let acted = match (task.phase, own) {
            (Phase::Open | Phase::Joining, None) if in_time => self.join(task).await?,
            (Phase::Open, Some((at, _))) => self.profile(task, at, now).await?,
            (Phase::Seeds, Some(_)) if task.may_reveal_seed(&account, now) => {
                let seed = self.worker.secrets.verifier_seed(&self.worker.contract, task.id, task.round);
                let receipt = self.worker.ctx.chain.reveal_seed(task.id, seed).await?;
                self.worker.sent(task.id, &receipt);
                true
            }
            (Phase::Committing, Some((at, slot))) if slot.standing == Standing::Joined && in_time => {
                self.commit(task, at, now).await?
            }
            (Phase::Revealing, Some((at, slot))) if in_time => self.reveal(task, at, slot).await?,
            _ => false,
        };
        if acted || self.worker.poke(task, now).await? {
            return Ok(Activity::Acted);
        }
        Ok(Activity::Idle)
    }
}

#[async_trait]
impl Role for Verifier {
    async fn react(&mut self) -> Result<Activity, RoleError> {
        react(self).await
    }
}
