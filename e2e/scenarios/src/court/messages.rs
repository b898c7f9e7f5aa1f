//! The contracts' messages, with types.
use super::{CallError, Court};
use crate::cast::anyone;
use assay_core::commit::Hash;
use assay_core::protocol::{
    AccountId, Balance, Game, GameEntry, GameId, Move, Profile, Proof, SegmentReport, Target, Task, TaskId, TaskSpec,
};
use codec::Encode;

impl Court<'_> {
    /// A task.
    ///
    /// # Errors
    /// There is none of that number.
    pub fn task(&mut self, task: TaskId) -> Result<Task, CallError> {
        let found = self.view::<Option<Task>>(self.escrow, "task", task.encode())?;
        found.ok_or(CallError::Missing { what: "task", id: task })
    }

    /// A game.
    ///
    /// # Errors
    /// There is none of that number.
    pub fn game(&mut self, game: GameId) -> Result<Game, CallError> {
        let found = self.view::<Option<Game>>(self.arbiter, "game", game.encode())?;
        found.ok_or(CallError::Missing { what: "game", id: game })
    }

    /// What the escrow keeps of a game that isn't over.
    ///
    /// # Errors
    /// When the contract gives no answer.
    pub fn game_entry(&mut self, game: GameId) -> Result<Option<GameEntry>, CallError> {
        self.view(self.escrow, "game_entry", game.encode())
    }

    /// An account's free balance in the escrow.
    ///
    /// # Errors
    /// When the contract gives no answer.
    pub fn free_of(&mut self, account: &AccountId) -> Result<Balance, CallError> {
        self.view(self.escrow, "free_of", account.encode())
    }

    /// Adds to the caller's free balance.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn deposit(&mut self, caller: &AccountId, value: Balance) -> Result<(), CallError> {
        self.call(caller, self.escrow, "deposit", Vec::new(), value)
    }

    /// Takes from the caller's free balance.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn withdraw(&mut self, caller: &AccountId, amount: Balance) -> Result<(), CallError> {
        self.call(caller, self.escrow, "withdraw", amount.encode(), 0)
    }

    /// Submits a task.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn submit(&mut self, caller: &AccountId, spec: &TaskSpec, value: Balance) -> Result<TaskId, CallError> {
        self.call(caller, self.escrow, "submit", spec.encode(), value)
    }

    /// A call of one of the escrow's messages about a task.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn about(
        &mut self,
        caller: &AccountId,
        label: &'static str,
        task: TaskId,
        arguments: impl Encode,
        value: Balance,
    ) -> Result<(), CallError> {
        let mut encoded = task.encode();
        arguments.encode_to(&mut encoded);
        self.call(caller, self.escrow, label, encoded, value)
    }

    /// Takes a verifier's slot.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn join(
        &mut self,
        caller: &AccountId,
        task: TaskId,
        seed_commit: Hash,
        value: Balance,
    ) -> Result<(), CallError> {
        self.about(caller, "join", task, seed_commit, value)
    }

    /// Posts a profile.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn post_profile(&mut self, caller: &AccountId, task: TaskId, profile: Profile) -> Result<(), CallError> {
        self.about(caller, "post_profile", task, profile, 0)
    }

    /// Bids.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn bid(&mut self, caller: &AccountId, task: TaskId, price: Balance, value: Balance) -> Result<(), CallError> {
        self.about(caller, "bid", task, price, value)
    }

    /// Moves a task past a deadline.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn poke(&mut self, caller: &AccountId, task: TaskId) -> Result<(), CallError> {
        self.about(caller, "poke", task, (), 0)
    }

    /// Lets blocks pass up to the one after the task's deadline, then pokes it.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn poke_late(&mut self, task: TaskId) -> Result<(), CallError> {
        let deadline = self.task(task)?.deadline;
        self.pass_until(deadline.saturating_add(1))?;
        self.poke(&anyone(), task)
    }

    /// Proves.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn prove(&mut self, caller: &AccountId, task: TaskId, proof: &Proof) -> Result<(), CallError> {
        self.about(caller, "prove", task, proof, 0)
    }

    /// Reveals a seed.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn reveal_seed(&mut self, caller: &AccountId, task: TaskId, seed: Hash) -> Result<(), CallError> {
        self.about(caller, "reveal_seed", task, seed, 0)
    }

    /// Commits to a verdict.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn commit_verdict(&mut self, caller: &AccountId, task: TaskId, commitment: Hash) -> Result<(), CallError> {
        self.about(caller, "commit_verdict", task, commitment, 0)
    }

    /// Reveals a verdict.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn reveal_verdict(
        &mut self,
        caller: &AccountId,
        task: TaskId,
        reports: &[SegmentReport],
        salt: Hash,
    ) -> Result<(), CallError> {
        self.about(caller, "reveal_verdict", task, (reports, salt), 0)
    }

    /// Leaves a verifier's slot.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn abstain(&mut self, caller: &AccountId, task: TaskId) -> Result<(), CallError> {
        self.about(caller, "abstain", task, (), 0)
    }

    /// Challenges a claim.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn challenge(
        &mut self,
        caller: &AccountId,
        task: TaskId,
        target: Target,
        value: Balance,
    ) -> Result<GameId, CallError> {
        self.call(caller, self.escrow, "challenge", (task, target).encode(), value)
    }

    /// Makes a move.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn play(&mut self, caller: &AccountId, game: GameId, mv: &Move) -> Result<(), CallError> {
        self.call(caller, self.arbiter, "play", (game, mv).encode(), 0)
    }

    /// Ends a game whose mover's clock has run out.
    ///
    /// # Errors
    /// When the contract refuses it.
    pub fn timeout(&mut self, caller: &AccountId, game: GameId) -> Result<(), CallError> {
        self.call(caller, self.arbiter, "timeout", game.encode(), 0)
    }
}
