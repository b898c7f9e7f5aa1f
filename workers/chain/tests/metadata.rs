//! What this client takes for granted about the contracts, against the metadata that their build wrote.
mod common;

use assay_chain::selector;
use serde_json::Value;
use std::collections::BTreeMap;

/// A label and its arguments' names.
type Label = (&'static str, &'static [&'static str]);

fn metadata(name: &str) -> Value {
    let path = common::artifacts_dir().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Labels of all messages and constructors, with their selectors and arguments' names.
fn messages(metadata: &Value) -> BTreeMap<String, (String, Vec<String>)> {
    let items = ["constructors", "messages"].iter().flat_map(|kind| metadata["spec"][kind].as_array().unwrap());
    let read = |item: &Value| {
        let names = item["args"].as_array().unwrap().iter().map(|argument| argument["label"].as_str().unwrap().into());
        let selector = item["selector"].as_str().unwrap().to_string();
        (item["label"].as_str().unwrap().to_string(), (selector, names.collect()))
    };
    items.map(read).collect()
}

#[test]
fn every_message_that_is_sent_exists_with_its_selector_and_arguments() {
    let expected: [(&str, &[Label]); 4] = [
        (
            "escrow",
            &[
                ("new", &["parameters", "arbiter", "jackpot"]),
                ("deposit", &[]),
                ("withdraw", &["amount"]),
                ("submit", &["spec"]),
                ("join", &["task", "seed_commit"]),
                ("post_profile", &["task", "profile"]),
                ("bid", &["task", "price"]),
                ("poke", &["task"]),
                ("prove", &["task", "proof"]),
                ("reveal_seed", &["task", "seed"]),
                ("commit_verdict", &["task", "commitment"]),
                ("reveal_verdict", &["task", "reports", "salt"]),
                ("abstain", &["task"]),
                ("challenge", &["task", "target"]),
                ("task", &["task"]),
                ("task_count", &[]),
                ("game_entry", &["game"]),
                ("parameters", &[]),
                ("free_of", &["account"]),
                ("totals", &[]),
                ("arbiter", &[]),
                ("jackpot", &[]),
            ],
        ),
        (
            "arbiter",
            &[
                ("new", &["game_blocks", "referee"]),
                ("set_escrow", &["escrow"]),
                ("play", &["game", "mv"]),
                ("timeout", &["game"]),
                ("game", &["game"]),
                ("game_count", &[]),
                ("escrow", &[]),
                ("referee", &[]),
            ],
        ),
        ("referee", &[("new", &[]), ("inspect", &["record"]), ("compute", &["question", "openings", "prior"])]),
        ("jackpot", &[("new", &[]), ("set_escrow", &["escrow"]), ("balance", &[]), ("escrow", &[])]),
    ];
    for (name, labels) in expected {
        let found = messages(&metadata(name));
        for (label, arguments) in labels {
            let (bytes, names) = found.get(*label).unwrap_or_else(|| panic!("{name} has no {label}"));
            let [a, b, c, d] = selector(label);
            assert_eq!(*bytes, format!("0x{a:02x}{b:02x}{c:02x}{d:02x}"), "{name}.{label}");
            assert_eq!(names, arguments, "{name}.{label}");
        }
    }
}

#[test]
fn every_event_of_the_contracts_can_be_read() {
    let known: Vec<String> = assay_chain::event_signatures().map(|topic| format!("0x{topic}")).collect();
    let mut seen = 0;
    for name in ["escrow", "arbiter", "referee", "jackpot"] {
        for event in metadata(name)["spec"]["events"].as_array().unwrap() {
            let topic = event["signature_topic"].as_str().unwrap().to_string();
            assert!(known.contains(&topic), "{name} emits {}, which isn't known", event["label"]);
            seen += 1;
        }
    }
    assert_eq!(seen, known.len());
}
