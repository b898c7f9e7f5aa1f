//! Every scenario with real processes over real sockets, two seeds each. The demo itself fails when a wrong party is
//! paid or money is not conserved; these tests look at the report once more, with their own eyes.

use assay_scenarios::process::{repository, run_scenario};
use serde_json::Value;

const SEEDS: [u64; 2] = [1, 2];

/// What the protocol gave an account or took from it, fees of the chain apart.
fn difference(report: &Value, who: &str) -> i64 {
    let row = report["balances"].as_array().unwrap().iter().find(|row| row["who"] == who);
    row.unwrap_or_else(|| panic!("no balance of {who}"))["settled"].as_i64().unwrap()
}

fn run(scenario: &str, outcome: &str, check: impl Fn(&Value)) {
    for seed in SEEDS {
        let report = run_scenario(scenario, seed, &[]).unwrap_or_else(|error| panic!("{error:#}"));
        let seen = report["outcome"].as_str().unwrap();
        assert!(seen.starts_with(outcome), "scenario {scenario}, seed {seed}: {seen}");
        check(&report);
    }
}

#[test]
fn honest() {
    run("honest", "Paid", |report| {
        assert!(difference(report, "solver") > 0);
        assert!(difference(report, "verifier") > 0);
        assert!(difference(report, "submitter") < 0);
        assert_eq!(difference(report, "whistleblower"), 0);
        assert!(report["games"].as_array().unwrap().is_empty());
        let share = |whose: &str| {
            let quality = &report["quality"][whose];
            quality["correct"].as_f64().unwrap() / quality["total"].as_f64().unwrap()
        };
        let points = 100.0 * (share("delivered") - share("plain"));
        assert!(points.abs() <= 0.5, "{points} points from plain libtorch");
        let steps = |curve: &str| -> Vec<u64> {
            report[curve].as_array().unwrap().iter().map(|point| point[0].as_u64().unwrap()).collect()
        };
        assert!(!steps("loss").is_empty());
        assert_eq!(steps("loss"), steps("plain_loss"));
    });
}

#[test]
fn lying_solver() {
    run("lying-solver", "Refuted", |report| {
        assert!(difference(report, "solver") < 0);
        assert!(difference(report, "verifier") > 0);
        assert!(difference(report, "submitter") >= 0);
    });
}

#[test]
fn lying_verifier() {
    run("lying-verifier", "Refuted", |report| {
        assert!(difference(report, "solver") < 0);
        assert!(difference(report, "verifier") < 0);
        assert!(difference(report, "verifier-2") > 0);
        assert!(difference(report, "whistleblower") > 0);
        let games = report["games"].as_array().unwrap();
        let game = games.iter().find(|game| game["asserter"] == "verifier").unwrap();
        assert_eq!(game["asserter_won"], false);
        assert_ne!(game["claimed"], game["computed"]);
    });
}

#[test]
fn lazy_solver() {
    run("lazy-solver", "Refuted", |report| {
        assert!(difference(report, "solver") < 0);
        assert!(difference(report, "verifier") > 0);
        assert!(difference(report, "submitter") >= 0);
    });
}

#[test]
fn absent_solver() {
    run("absent-solver", "SolverAbsent", |report| {
        assert!(difference(report, "solver") < 0);
        assert!(difference(report, "submitter") >= 0);
        assert!(difference(report, "verifier") >= 0);
    });
}

#[test]
fn false_alarm() {
    run("false-alarm", "Paid", |report| {
        assert!(difference(report, "whistleblower") < 0);
        assert!(difference(report, "verifier") > 0);
        assert!(difference(report, "solver") > 0);
        let game = &report["games"][0];
        assert_eq!(game["asserter_won"], true);
        assert_eq!(game["claimed"], game["computed"]);
    });
}

#[test]
fn every_process_survives_a_kill() {
    for victim in ["solver", "verifier", "whistleblower", "submitter", "devnet", "store"] {
        run_scenario("honest", 3, &["--kill", victim]).unwrap_or_else(|error| panic!("kill {victim}: {error:#}"));
    }
}

/// A solver that isn't told what to compute with finds it out, and is paid for that as well.
#[test]
fn fastest_backend() {
    let report = run_scenario("honest", 4, &["--mode", "tolerant", "--backend", "fastest"]);
    let report = report.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(report["outcome"], "Paid");
    let work = report["work"].as_array().unwrap();
    assert!(work.iter().any(|row| row["who"] == "solver" && row["stage"] == "choose"), "{work:?}");
}

/// A task that allows bfloat16, with segments short enough for it: who computes so is paid, who leaves steps out is still
/// refuted.
#[test]
fn bf16() {
    let (folder, example) = (tempfile::tempdir().unwrap(), repository().join("examples/fashion-mlp"));
    let mut toml = std::fs::read_to_string(example.join("task.toml")).unwrap();
    for (from, to) in [
        ("epochs = 5 ", "steps = 500 "),
        ("interval = 25 ", "interval = 5 "),
        ("mode = \"tolerant\" ", "arithmetic = \"bf16\"\nmode = \"tolerant\" "),
    ] {
        assert!(toml.contains(from), "{from}");
        toml = toml.replace(from, to);
    }
    std::fs::write(folder.path().join("task.toml"), toml).unwrap();
    std::fs::copy(example.join("model.onnx"), folder.path().join("model.onnx")).unwrap();
    let more = ["--task", folder.path().to_str().unwrap()];
    let run = |scenario| run_scenario(scenario, 1, &more).unwrap_or_else(|error| panic!("{error:#}"));
    let honest = run("honest");
    assert_eq!(honest["outcome"], "Paid");
    assert!(difference(&honest, "solver") > 0);
    let lazy = run("lazy-solver");
    assert_eq!(lazy["outcome"], "Refuted");
    assert!(difference(&lazy, "solver") < 0);
}
