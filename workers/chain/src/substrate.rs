//! The protocol on a Substrate chain.
use crate::contract::{Called, ContractClient};
use crate::deploy::Deployment;
use crate::{Chain, ChainError, ChainEvent, Logged, Node, NodeOptions, Receipt, Result, Sent, Signer};
use assay_core::protocol::{
    AccountId, Balance, Block, Event, Game, GameEntry, GameId, Message, Move, Parameters, Target, Task, TaskId,
    TaskSpec, Totals,
};
use async_trait::async_trait;
use codec::{Decode, Encode};
use std::sync::Arc;

/// Blocks that one call of [`Chain::events_since`] reads at most.
const BLOCKS_AT_ONCE: Block = 256;

/// The protocol on a Substrate chain, for one account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Substrate {
    client: ContractClient,
    deployment: Arc<Deployment>,
}

impl Substrate {
    /// Connects to a node, and checks that chain and contracts are those of the deployment.
    pub async fn connect(url: &str, signer: Signer, deployment: Deployment, options: NodeOptions) -> Result<Self> {
        let node = Node::connect(url, options).await?;
        Self::new(ContractClient::new(node, signer), deployment).await
    }

    /// The same over a client that exists.
    pub async fn new(client: ContractClient, deployment: Deployment) -> Result<Self> {
        deployment.check(&client).await?;
        Ok(Substrate { client, deployment: Arc::new(deployment) })
    }

    /// The same protocol for another account, over the same connection.
    pub fn as_account(&self, signer: Signer) -> Self {
        let client = ContractClient::new(self.client.node().clone(), signer);
        Substrate { client, deployment: self.deployment.clone() }
    }

    /// Where the contracts are.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The client below, for other contracts.
    pub fn client(&self) -> &ContractClient {
        &self.client
    }

    /// The protocol's events among a receipt's. Other contracts can imitate them, but not these contracts' addresses.
    pub fn events(&self, receipt: &Receipt) -> Vec<ChainEvent> {
        let ours = receipt.events.iter().filter(|event| self.deployment.owns(&event.contract));
        ours.filter_map(ChainEvent::read).collect()
    }

    async fn escrow<T: Decode>(&self, label: &'static str, arguments: impl Encode) -> Result<T> {
        self.client.view(self.deployment.escrow.address, label, arguments).await
    }

    async fn arbiter<T: Decode>(&self, label: &'static str, arguments: impl Encode) -> Result<T> {
        self.client.view(self.deployment.arbiter.address, label, arguments).await
    }

    async fn tell<T: Decode>(&self, label: &'static str, arguments: impl Encode, value: Balance) -> Result<Called<T>> {
        self.client.call(self.deployment.escrow.address, label, arguments, value).await
    }

    /// For messages that make something: its id, from the events.
    fn made<T>(
        &self,
        called: Called<T>,
        label: &'static str,
        find: impl Fn(ChainEvent) -> Option<T>,
    ) -> Result<Sent<T>> {
        let output = self.events(&called.receipt).into_iter().find_map(find);
        Ok(Sent { output: output.ok_or(ChainError::NoEvent { label })?, receipt: called.receipt })
    }
}

#[async_trait]
impl Chain for Substrate {
    fn account(&self) -> AccountId {
        self.client.account()
    }

    fn contract(&self) -> AccountId {
        self.deployment.escrow.address
    }

    async fn now(&self) -> Result<Block> {
        self.client.node().best().await
    }

    async fn next_block(&self, after: Block) -> Result<Block> {
        self.client.node().next_block(after).await
    }

    async fn balance_of(&self, account: AccountId) -> Result<Balance> {
        self.client.node().balance_of(&account).await
    }

    async fn events_since(&self, after: Block) -> Result<(Vec<Logged>, Block)> {
        let to = self.now().await?.min(after.saturating_add(BLOCKS_AT_ONCE));
        let events = self.client.node().contract_events(after.saturating_add(1), to).await?;
        let ours = events.into_iter().filter(|(_, event)| self.deployment.owns(&event.contract));
        let read = ours.filter_map(|(block, event)| Some(Logged { block, event: ChainEvent::read(&event)? }));
        Ok((read.collect(), to.max(after)))
    }

    async fn task(&self, task: TaskId) -> Result<Option<Task>> {
        self.escrow("task", (task,)).await
    }

    async fn task_count(&self) -> Result<TaskId> {
        self.escrow("task_count", ()).await
    }

    async fn parameters(&self) -> Result<Parameters> {
        self.escrow("parameters", ()).await
    }

    async fn free_of(&self, account: AccountId) -> Result<Balance> {
        self.escrow("free_of", (account,)).await
    }

    async fn totals(&self) -> Result<Totals> {
        self.escrow("totals", ()).await
    }

    async fn game_entry(&self, game: GameId) -> Result<Option<GameEntry>> {
        self.escrow("game_entry", (game,)).await
    }

    async fn game(&self, game: GameId) -> Result<Option<Game>> {
        self.arbiter("game", (game,)).await
    }

    async fn game_count(&self) -> Result<GameId> {
        self.arbiter("game_count", ()).await
    }

    async fn jackpot_balance(&self) -> Result<Balance> {
        self.client.view(self.deployment.jackpot.address, "balance", ()).await
    }

    async fn deposit(&self, amount: Balance) -> Result<Receipt> {
        Ok(self.tell::<()>("deposit", (), amount).await?.receipt)
    }

    async fn withdraw(&self, amount: Balance) -> Result<Receipt> {
        Ok(self.tell::<()>("withdraw", (amount,), 0).await?.receipt)
    }

    async fn submit(&self, spec: TaskSpec, value: Balance) -> Result<Sent<TaskId>> {
        const LABEL: &str = "submit";
        let called = self.tell(LABEL, (spec,), value).await?;
        self.made(called, LABEL, |event| match event {
            ChainEvent::Happened { task, event: Event::Submitted { .. } } => Some(task),
            _ => None,
        })
    }

    async fn send(&self, task: TaskId, message: Message, value: Balance) -> Result<Receipt> {
        let (label, arguments) = encoded(task, message);
        Ok(self.tell::<()>(label, Encoded(arguments), value).await?.receipt)
    }

    async fn challenge(&self, task: TaskId, target: Target, value: Balance) -> Result<Sent<GameId>> {
        const LABEL: &str = "challenge";
        let called = self.tell(LABEL, (task, target), value).await?;
        self.made(called, LABEL, |event| match event {
            ChainEvent::Disputed { game, .. } => Some(game),
            _ => None,
        })
    }

    async fn play(&self, game: GameId, mv: Move) -> Result<Receipt> {
        Ok(self.client.call::<()>(self.deployment.arbiter.address, "play", (game, mv), 0).await?.receipt)
    }

    async fn timeout(&self, game: GameId) -> Result<Receipt> {
        Ok(self.client.call::<()>(self.deployment.arbiter.address, "timeout", (game,), 0).await?.receipt)
    }
}

/// Arguments that are encoded already.
struct Encoded(Vec<u8>);

impl Encode for Encoded {
    fn encode_to<O: codec::Output + ?Sized>(&self, to: &mut O) {
        to.write(&self.0);
    }
}

/// A message's label and arguments in the escrow.
pub(crate) fn encoded(task: TaskId, message: Message) -> (&'static str, Vec<u8>) {
    match message {
        Message::Join { seed_commit } => ("join", (task, seed_commit).encode()),
        Message::PostProfile(profile) => ("post_profile", (task, profile).encode()),
        Message::Bid { price } => ("bid", (task, price).encode()),
        Message::Poke => ("poke", (task,).encode()),
        Message::Prove(proof) => ("prove", (task, proof).encode()),
        Message::RevealSeed { seed } => ("reveal_seed", (task, seed).encode()),
        Message::CommitVerdict { commitment } => ("commit_verdict", (task, commitment).encode()),
        Message::RevealVerdict { reports, salt } => ("reveal_verdict", (task, reports, salt).encode()),
        Message::Abstain => ("abstain", (task,).encode()),
        Message::Challenge(target) => ("challenge", (task, target).encode()),
    }
}
