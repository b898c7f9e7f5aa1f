//! The contracts in memory as a [`Chain`], and a folder with a small task.
use super::noise;
use assay_chain::{Chain, ChainError, Deposit, Gas, Logged, Receipt, Result, Sent};
use assay_core::commit::Hash;
use assay_core::protocol::simulator::Simulator;
use assay_core::protocol::{
    AccountId, Balance, Block, Book, Error, Game, GameEntry, GameId, Message, Move, Parameters, Target, Task, TaskId,
    TaskSpec, Totals,
};
use async_trait::async_trait;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// One account's view of a simulated chain.
#[derive(Clone, Debug)]
pub struct SimChain {
    pub sim: Arc<Mutex<Simulator>>,
    pub account: AccountId,
    /// Calls are refused as if the node were away.
    pub down: Arc<Mutex<bool>>,
}

impl SimChain {
    pub fn new(parameters: Parameters) -> Self {
        let sim = Simulator::new(parameters).unwrap();
        Self { sim: Arc::new(Mutex::new(sim)), account: [0; 32], down: Arc::default() }
    }

    pub fn of(&self, account: u8) -> Self {
        Self { account: [account; 32], ..self.clone() }
    }

    pub fn lock(&self) -> MutexGuard<'_, Simulator> {
        self.sim.lock().unwrap()
    }

    fn reach(&self) -> Result<MutexGuard<'_, Simulator>> {
        if *self.down.lock().unwrap() {
            let why = "the test says so".into();
            return Err(ChainError::Unreachable { url: "sim".into(), after: std::time::Duration::ZERO, why });
        }
        Ok(self.lock())
    }

    fn receipt(&self, label: &'static str, result: std::result::Result<(), Error>) -> Result<Receipt> {
        result.map_err(|error| ChainError::Refused { label, error })?;
        Ok(Receipt {
            label: label.into(),
            block: self.lock().now,
            block_hash: Hash::default(),
            tx: Hash::default(),
            gas: Gas::default(),
            contract_gas: Gas::default(),
            fee: 0,
            deposit: Deposit::Charged(0),
            input_bytes: 0,
            tx_bytes: 0,
            events: Vec::new(),
        })
    }
}

fn label(message: &Message) -> &'static str {
    match message {
        Message::Join { .. } => "join",
        Message::PostProfile(_) => "post_profile",
        Message::Bid { .. } => "bid",
        Message::Poke => "poke",
        Message::Prove(_) => "prove",
        Message::RevealSeed { .. } => "reveal_seed",
        Message::CommitVerdict { .. } => "commit_verdict",
        Message::RevealVerdict { .. } => "reveal_verdict",
        Message::Abstain => "abstain",
        Message::Challenge(_) => "challenge",
    }
}

#[async_trait]
impl Chain for SimChain {
    fn account(&self) -> AccountId {
        self.account
    }

    fn contract(&self) -> AccountId {
        self.lock().contract
    }

    async fn now(&self) -> Result<Block> {
        Ok(self.reach()?.now)
    }

    async fn next_block(&self, after: Block) -> Result<Block> {
        loop {
            let now = self.reach()?.now;
            if now > after {
                return Ok(now);
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    async fn balance_of(&self, _: AccountId) -> Result<Balance> {
        Ok(Balance::MAX)
    }

    async fn events_since(&self, after: Block) -> Result<(Vec<Logged>, Block)> {
        Ok((Vec::new(), after))
    }

    async fn task(&self, task: TaskId) -> Result<Option<Task>> {
        Ok(self.reach()?.tasks.get(&task).cloned())
    }

    async fn task_count(&self) -> Result<TaskId> {
        Ok(self.reach()?.tasks.len() as u32)
    }

    async fn parameters(&self) -> Result<Parameters> {
        Ok(self.reach()?.parameters)
    }

    async fn free_of(&self, account: AccountId) -> Result<Balance> {
        Ok(self.reach()?.free_of(&account))
    }

    async fn totals(&self) -> Result<Totals> {
        Ok(self.reach()?.totals())
    }

    async fn game_entry(&self, game: GameId) -> Result<Option<GameEntry>> {
        Ok(self.reach()?.entries.get(&game).cloned())
    }

    async fn game(&self, game: GameId) -> Result<Option<Game>> {
        Ok(self.reach()?.games.get(&game).cloned())
    }

    async fn game_count(&self) -> Result<GameId> {
        Ok(self.reach()?.games.len() as u32)
    }

    async fn jackpot_balance(&self) -> Result<Balance> {
        Ok(self.reach()?.jackpot.received)
    }

    async fn deposit(&self, amount: Balance) -> Result<Receipt> {
        let result = self.reach()?.deposit(&self.account, amount);
        self.receipt("deposit", result)
    }

    async fn withdraw(&self, amount: Balance) -> Result<Receipt> {
        let result = self.reach()?.withdraw(&self.account, amount);
        self.receipt("withdraw", result)
    }

    async fn submit(&self, spec: TaskSpec, value: Balance) -> Result<Sent<TaskId>> {
        let result = self.reach()?.submit(&self.account, value, spec);
        let output = *result.as_ref().unwrap_or(&0);
        Ok(Sent { output, receipt: self.receipt("submit", result.map(|_| ()))? })
    }

    async fn send(&self, task: TaskId, message: Message, value: Balance) -> Result<Receipt> {
        let label = label(&message);
        let result = self.reach()?.send(&self.account, value, task, message);
        self.receipt(label, result.map(|_| ()))
    }

    async fn challenge(&self, task: TaskId, target: Target, value: Balance) -> Result<Sent<GameId>> {
        let result = self.reach()?.send(&self.account, value, task, Message::Challenge(target));
        let output = result.as_ref().ok().copied().flatten().unwrap_or(0);
        Ok(Sent { output, receipt: self.receipt("challenge", result.map(|_| ()))? })
    }

    async fn play(&self, game: GameId, mv: Move) -> Result<Receipt> {
        let result = self.reach()?.play(&self.account, game, mv);
        self.receipt("play", result)
    }

    async fn timeout(&self, game: GameId) -> Result<Receipt> {
        let result = self.reach()?.timeout(game);
        self.receipt("timeout", result)
    }
}

/// Writes a task folder: 6 inputs, 3 classes, 64 samples, 60 steps in 12 segments.
pub fn task_folder(folder: &Path, mode: &str, verifiers: u8) {
    let idx = |dims: &[u32], bytes: Vec<u8>| {
        let mut file = vec![0, 0, 8, dims.len() as u8];
        file.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        file.extend(bytes);
        file
    };
    let label = |i: usize| (i % 3) as u8;
    // Samples that can be told apart: each class is bright in two places.
    let pixel = |i: usize| {
        let (row, column) = (i / 6, i % 6);
        let bright = if column / 2 == usize::from(label(row)) { 150.0 } else { 20.0 };
        (bright + 80.0 * (noise(3, 64 * 6)[i] + 0.5)) as u8
    };
    let inputs: Vec<u8> = (0..64 * 6).map(pixel).collect();
    std::fs::write(folder.join("x"), idx(&[64, 6], inputs)).unwrap();
    std::fs::write(folder.join("y"), idx(&[64], (0..64).map(label).collect())).unwrap();
    let model = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../engine/tests/models/three.onnx");
    std::fs::copy(model, folder.join("model.onnx")).unwrap();
    let text = format!(
        r#"
name = "tiny"
model = "model.onnx"
[data]
train-inputs = {{ file = "x" }}
train-labels = {{ file = "y" }}
test-inputs = {{ file = "x" }}
test-labels = {{ file = "y" }}
scale = 0.0078125
shift = -1.0
[training]
steps = 60
batch = 8
seed = 5
[training.optimiser]
learning-rate = 0.05
momentum = 0.9
[checkpoints]
interval = 5
[terms]
mode = "{mode}"
max-price = 1000000
verifiers = {verifiers}
segments-per-verifier = 2
training-blocks = 60
"#
    );
    std::fs::write(folder.join("task.toml"), text).unwrap();
}
