//! Playing all games that this worker is in, on either side.
use super::{compute, Worker};
use crate::game::{describe, next_move, next_pick, steer, GameError, Replayer, Target as Place};
use crate::journal::{Event, Scribe};
use crate::{RoleError, VerifierCheat};
use assay_core::commit::{item_at, Opening};
use assay_core::graph::{Node, RECORD_LEN};
use assay_core::protocol::dispute::{Side, Stage};
use assay_core::protocol::{Claim, Game, GameEntry, GameId, Move, Target, TaskId};
use codec::Encode;
use std::collections::BTreeMap;

/// How a worker plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Defends and attacks with what it computes.
    Honest,
    /// Defends what it claimed when it cheated.
    Cheating(VerifierCheat),
    /// Attacks at a place of its choosing (the step counted from the claim's first), whatever is there.
    Steering(Option<Place>),
}

/// The games of one worker.
#[derive(Debug)]
pub(crate) struct Arena {
    manner: Manner,
    seen: GameId,
    playing: BTreeMap<GameId, Playing>,
}

#[derive(Debug)]
struct Playing {
    entry: GameEntry,
    prover: Option<Replayer>,
    /// The claim turned out to be right: there is no move.
    resigned: bool,
}

impl Arena {
    pub(crate) fn new(manner: Manner) -> Self {
        Self { manner, seen: 0, playing: BTreeMap::new() }
    }

    /// Whether this worker has a game on against a claim of a verifier: in the profile's case, against the profile.
    pub(crate) fn attacks(&self, task: TaskId, of: u8) -> bool {
        self.playing.values().map(|playing| &playing.entry).any(|entry| {
            entry.task == task
                && match entry.target {
                    Target::Verdict { slot, .. } => slot == of,
                    Target::Profile { .. } => true, // Verdicts come later: never both.
                }
        })
    }

    /// Makes the moves that are to be made now. Returns whether there were any.
    ///
    /// # Errors
    /// The first failure, after trying all games.
    pub(crate) async fn react(&mut self, worker: &mut Worker) -> Result<bool, RoleError> {
        self.look(worker).await?;
        let mut acted = false;
        let mut failure = None;
        for id in self.playing.keys().copied().collect::<Vec<_>>() {
            match self.attend(worker, id).await {
                Ok(moved) => acted |= moved,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if !acted => Err(error),
            _ => Ok(acted),
        }
    }

    /// Finds new games of this worker.
    async fn look(&mut self, worker: &Worker) -> Result<(), RoleError> {
        for id in self.seen..worker.ctx.chain.game_count().await? {
            if let Some(entry) = worker.ctx.chain.game_entry(id).await? {
                if entry.asserter == worker.account || entry.challenger == worker.account {
                    let role = if entry.asserter == worker.account { "asserter" } else { "challenger" };
                    worker.scribe.about(entry.task).note(format!("game {id} is on: {role} about {:?}", entry.target));
                    self.playing.insert(id, Playing { entry, prover: None, resigned: false });
                }
            }
            self.seen = id.saturating_add(1);
        }
        Ok(())
    }

    /// One game: a move if it is this worker's turn, a timeout if the other side's clock has run out.
    async fn attend(&mut self, worker: &mut Worker, id: GameId) -> Result<bool, RoleError> {
        let Some(playing) = self.playing.get_mut(&id) else { return Ok(false) };
        let scribe = worker.scribe.about(playing.entry.task);
        let Some(game) = worker.ctx.chain.game(id).await? else {
            self.playing.remove(&id);
            return Ok(false);
        };
        if let Stage::Over { asserter_won, .. } = game.stage {
            scribe.record(Event::GameOver { game: id, asserter_won, verdict: describe(&game) });
            self.playing.remove(&id);
            return Ok(true);
        }
        let Some(side) = game.turn() else { return Ok(false) };
        let until = game.clock.runs_until(side);
        let overdue = worker.ctx.chain.now().await? > until;
        if game.account(side) != worker.account {
            if overdue {
                let receipt = worker.ctx.chain.timeout(id).await?;
                worker.sent(playing.entry.task, &receipt);
            }
            return Ok(overdue);
        }
        if overdue || playing.resigned {
            return Ok(false);
        }
        let Some(mv) = decide(worker, self.manner, playing, game.clone(), side, &scribe).await? else {
            return Ok(false);
        };
        record(&scribe, id, &game, side, &mv);
        let receipt = worker.ctx.chain.play(id, mv).await?;
        worker.sent(playing.entry.task, &receipt);
        Ok(true)
    }
}

/// The next move, computed on a thread of its own.
async fn decide(
    worker: &mut Worker,
    manner: Manner,
    playing: &mut Playing,
    game: Game,
    side: Side,
    scribe: &Scribe,
) -> Result<Option<Move>, RoleError> {
    let entry = playing.entry;
    if let (Side::Challenger, Manner::Steering(place)) = (side, manner) {
        let task = worker.ctx.chain.task(entry.task).await?;
        let task = task.ok_or(RoleError::Impossible { task: entry.task, what: "no task" })?;
        let job = worker.job(&task).await?;
        let (first, steps) = match game.claim {
            Claim::Execution { first_step, steps, .. } => (first_step, u64::from(steps)),
            Claim::Distance { .. } => (0, 1),
        };
        let place = match place {
            Some(place) => Place { step: first + place.step, ..place },
            None => Place::typical(&job.compiled.step, first + steps / 2),
        };
        return Ok(steer(&game, &place)?);
    }
    let prover = match playing.prover.take() {
        Some(prover) => prover,
        None => {
            let task = worker.ctx.chain.task(entry.task).await?;
            let task = task.ok_or(RoleError::Impossible { task: entry.task, what: "no task" })?;
            let cheat = match (manner, side) {
                (Manner::Cheating(cheat), Side::Asserter) => Some(cheat),
                _ => None,
            };
            let prover = worker.prover(&task, entry.target, cheat).await?;
            prover.check(&game.claim)?;
            prover
        }
    };
    let work = move |_: &_| {
        let mut prover = prover;
        let mv = match side {
            Side::Asserter => next_move(&game, &mut prover),
            Side::Challenger => next_pick(&game, &mut prover),
        };
        Ok((mv, prover))
    };
    let (mv, prover) = compute(scribe, "dispute", work).await?;
    playing.prover = Some(prover);
    match mv {
        Err(error @ GameError::NoDifference { .. }) => {
            scribe.note(format!("giving up a game: {error}"));
            playing.resigned = true;
            Ok(None)
        }
        other => Ok(other?),
    }
}

/// What an opened node is. The arbiter checks the opening and the record; here they are only shown.
fn node_name(game: &Game, opening: &Opening) -> String {
    let index = game.claim.program().node_record(game.focus.node);
    let record = item_at::<RECORD_LEN>(&opening.chunk, index);
    let node = record.and_then(|record| Node::from_record(&record).ok());
    node.map_or("no record of a node".into(), |node| format!("{} {}", node.op.name(), node.shape))
}

fn record(scribe: &Scribe, id: GameId, game: &Game, side: Side, mv: &Move) {
    let mover = match side {
        Side::Asserter => "asserter",
        Side::Challenger => "challenger",
    };
    let (kind, detail) = match mv {
        Move::Split { roots } => ("split", format!("{} states", roots.len())),
        Move::Pick { index } => ("pick", format!("number {index}")),
        Move::Children { cvs } => ("children", format!("{} subtrees", cvs.len())),
        Move::Leaf { chunk } => ("leaf", format!("{} bytes", chunk.len())),
        Move::Trace { root, .. } => ("trace", format!("{root}")),
        Move::Node { record } => ("node", node_name(game, record)),
        Move::Micro { root, .. } => ("micro", format!("{root}")),
        Move::Operands { openings, prior } => {
            ("operands", format!("{} inputs, {} earlier", openings.len(), prior.len()))
        }
    };
    scribe.record(Event::Move {
        game: id,
        mover: mover.into(),
        kind: kind.into(),
        bytes: mv.encoded_size() as u64,
        detail: [describe(game), detail].join(": "),
    });
}
