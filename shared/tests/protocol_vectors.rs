//! Replays `vectors/*.json` through the public interface, as every shell of the rules has to.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test.
use assay_core::protocol::dispute::{self, Game};
use assay_core::protocol::simulator::{Call, Simulator};
use assay_core::protocol::{
    AccountId, Balance, Block, Book, Claim, Entry, Error, Move, Parameters, Task, TaskId, Totals,
};
use serde::de::DeserializeOwned;
use serde::Deserialize;

#[derive(Deserialize)]
struct TaskVector {
    parameters: Parameters,
    contract: AccountId,
    calls: Vec<Sent>,
    end: TaskEnd,
}

#[derive(Deserialize)]
struct Sent {
    now: Block,
    caller: AccountId,
    value: Balance,
    call: Call,
    error: Option<Error>,
}

#[derive(Deserialize)]
struct TaskEnd {
    task: Task,
    totals: Totals,
    free: Vec<Free>,
    entries: Vec<(TaskId, Entry)>,
}

#[derive(Deserialize)]
struct Free {
    account: AccountId,
    amount: Balance,
}

#[derive(Deserialize)]
struct GameVector {
    claim: Claim,
    asserter: AccountId,
    challenger: AccountId,
    now: Block,
    game_blocks: Block,
    moves: Vec<Played>,
    end: Game,
}

#[derive(Deserialize)]
struct Played {
    now: Block,
    caller: AccountId,
    #[serde(rename = "move")]
    mv: Move,
}

/// All vectors whose file name begins so.
fn vectors<T: DeserializeOwned>(prefix: &str) -> Vec<(String, T)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let mut found = vec![];
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with(prefix) {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((name, serde_json::from_str(&text).unwrap()));
        }
    }
    assert!(found.len() >= 3);
    found
}

#[test]
fn tasks_replay() {
    for (name, vector) in vectors::<TaskVector>("task_") {
        let mut simulator = Simulator::new(vector.parameters).unwrap();
        simulator.contract = vector.contract;
        simulator.jackpot.escrow = Some(vector.contract);
        for (index, sent) in vector.calls.into_iter().enumerate() {
            simulator.now = sent.now;
            let result = simulator.call(&sent.caller, sent.value, sent.call);
            assert_eq!(result.err(), sent.error, "{name}: call {index}");
        }
        assert_eq!(simulator.tasks[&0], vector.end.task, "{name}");
        assert_eq!(simulator.totals(), vector.end.totals, "{name}");
        assert_eq!(simulator.journal, vector.end.entries, "{name}");
        for free in vector.end.free {
            assert_eq!(simulator.free_of(&free.account), free.amount, "{name}");
        }
    }
}

#[test]
fn games_replay() {
    for (name, vector) in vectors::<GameVector>("game_") {
        let GameVector { claim, asserter, challenger, now, game_blocks, moves, end } = vector;
        let mut game = dispute::open(claim, asserter, challenger, now, game_blocks).unwrap();
        for (index, played) in moves.into_iter().enumerate() {
            let result = dispute::play(game, &played.caller, played.mv, played.now);
            game = result.unwrap_or_else(|error| panic!("{name}: move {index}: {error}"));
        }
        assert_eq!(game, end, "{name}");
    }
}
