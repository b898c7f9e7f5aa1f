//! Replays `vectors/*.json` through the public interface, as every shell of the rules has to.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // A test.
use assay_core::arith::F32;
use assay_core::commit::Opening;
use assay_core::protocol::dispute::{self, Facts, Fault, Game, Local, Question, Record, Referee};
use assay_core::protocol::simulator::{Call, Simulator};
use assay_core::protocol::Message;
use assay_core::protocol::{
    AccountId, Balance, Block, Book, Claim, Entry, Error, Move, OperandProof, Parameters, Task, TaskId, Totals,
};
use assay_core::wire::{self, Wire};
use codec::{Decode, Encode};
use serde::de::DeserializeOwned;
use serde::Deserialize;
use std::cell::RefCell;

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
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors");
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
            read_alike_call(&sent.call);
            let result = simulator.call(&sent.caller, sent.value, sent.call);
            assert_eq!(result.err(), sent.error, "{name}: call {index}");
            simulator.tasks.values().for_each(read_alike);
            simulator.entries.values().for_each(read_alike);
            read_alike(&simulator.totals());
            read_alike(&simulator.jackpot);
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
        let referee = Overheard::default();
        for (index, mut played) in moves.into_iter().enumerate() {
            read_alike(&game);
            read_alike(&game.claim);
            read_alike(&played.mv);
            dispute::play_in_place(&mut game, &played.caller, &mut played.mv, played.now, &referee)
                .unwrap_or_else(|error| panic!("{name}: move {index}: {}", Error::from(error)));
        }
        read_alike(&game);
        assert_eq!(game, end, "{name}");
        assert_eq!(referee.0.take(), ["inspect", "compute"], "{name}");
    }
}

/// The referee, and what it was asked: what its contract reads, and what the arbiter's reads of its answers.
#[derive(Default)]
struct Overheard(RefCell<Vec<&'static str>>);

impl Referee for Overheard {
    fn inspect(&self, record: &Record) -> Result<Facts, Fault> {
        self.0.borrow_mut().push("inspect");
        read_alike(record);
        let facts = Local.inspect(record)?;
        read_alike(&facts);
        Ok(facts)
    }

    fn compute(&self, question: &Question, openings: &[OperandProof], prior: &[Opening]) -> Result<F32, Fault> {
        self.0.borrow_mut().push("compute");
        read_alike(question);
        read_alike(&openings.to_vec());
        read_alike(&prior.to_vec());
        let value = Local.compute(question, openings, prior)?;
        read_alike(&value);
        Ok(value)
    }
}

/// What a contract reads with [`Wire`] is what everybody else reads with [`Decode`]: the value, every part of its
/// bytes, and its bytes with any one of them changed.
fn read_alike<T: Wire + Decode + Encode + PartialEq + std::fmt::Debug + 'static>(value: &T) {
    let bytes = value.encode();
    alike::<T>(&bytes);
    assert_eq!(wire::read::<T, _>(&mut &bytes[..]).as_deref(), Some(value));
    for at in 0..bytes.len() {
        if at < 3_000 {
            alike::<T>(&bytes[..at]);
        }
        let mut changed = bytes.clone();
        for mask in [0x01, 0x04, 0x81, 0xff] {
            changed[at] = bytes[at] ^ mask;
            alike::<T>(&changed);
        }
    }
}

fn alike<T: Wire + Decode + PartialEq + std::fmt::Debug + 'static>(bytes: &[u8]) {
    let (mut one, mut two) = (bytes, bytes);
    let (read, decoded) = (wire::read::<T, _>(&mut one), T::decode(&mut two).ok());
    assert_eq!(read.as_deref(), decoded.as_ref(), "{bytes:02x?}");
    if decoded.is_some() {
        assert_eq!(one, two, "another length");
    }
}

/// A call, and a message by its number, as the escrow's contract reads it.
fn read_alike_call(call: &Call) {
    match call {
        Call::Submit(spec) => read_alike(spec),
        Call::Task { message, .. } => {
            read_alike(message);
            let bytes = message.encode();
            assert_eq!(Message::read(bytes[0], &mut &bytes[1..]), Some(message));
        }
        _ => {}
    }
}

#[test]
fn messages_are_numbered() {
    use assay_core::protocol::escrow::number;
    for (number, message) in [
        (number::BID, Message::Bid { price: 1 }),
        (number::POKE, Message::Poke),
        (number::JOIN, Message::Join { seed_commit: Default::default() }),
        (number::REVEAL_SEED, Message::RevealSeed { seed: Default::default() }),
        (number::COMMIT_VERDICT, Message::CommitVerdict { commitment: Default::default() }),
        (number::REVEAL_VERDICT, Message::RevealVerdict { reports: vec![], salt: Default::default() }),
        (number::ABSTAIN, Message::Abstain),
    ] {
        assert_eq!(message.encode()[0], number, "{message:?}");
    }
    for (number, name) in
        [(number::POST_PROFILE, "PostProfile"), (number::PROVE, "Prove"), (number::CHALLENGE, "Challenge")]
    {
        let zeros = [0; 300];
        let message = Message::read(number, &mut &zeros[..]).unwrap();
        assert!(format!("{message:?}").starts_with(name), "{message:?}");
    }
}
