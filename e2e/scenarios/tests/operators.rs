//! Every operator, cheated and accused, on the real contracts: real Wasm on the real pallet, a task's whole life.
//!
//! For each operator of each workload, in `lies_fall`: the last bit of one element of one node of one step is wrong in what
//! a verifier says, and the contract finds it; in `the_truth_stands`: an honest verifier is accused there. And one lie about
//! a model of `examples/`.

use assay_core::protocol::dispute::{Cause, Side};
use assay_core::protocol::{AccountId, Balance, Outcome, Part, Phase};
use assay_devnet::Chain;
use assay_roles::game::{next_pick, steer, Target};
use assay_scenarios::cast::{second_verifier, solver, submitter, verifier, whistleblower};
use assay_scenarios::court::Court;
use assay_scenarios::duel::{play, Played};
use assay_scenarios::example::EXAMPLES;
use assay_scenarios::lie::{operators, Lie};
use assay_scenarios::process::artifacts;
use assay_scenarios::testimony::Testimony;
use assay_scenarios::trial::Trial;
use assay_scenarios::workload::{Size, Workload};
use assay_scenarios::zoo;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex};

static CHAIN: LazyLock<Chain> = LazyLock::new(|| Chain::new_dev().unwrap());

/// A task with its segments drawn: where all tests of a workload begin.
struct Drawn(Mutex<Trial<'static>>);

impl Drawn {
    fn of(workload: anyhow::Result<Workload>) -> Drawn {
        Drawn(Mutex::new(Trial::drawn(&CHAIN, &artifacts(), Arc::new(workload.unwrap())).unwrap()))
    }

    fn get(&self) -> (Trial<'static>, u32) {
        let mut trial = self.0.lock().unwrap().clone();
        let segment = trial.segment().unwrap();
        (trial, segment)
    }
}

/// What doesn't reach the state, so that its liar forges the result besides: in these workloads only the loss depends on
/// it, or (from `valid` on) every last bit that is tried is rounded away in a sum.
const DROWNS: [&str; 14] = [
    "pick",
    "mul",
    "log_sum_exp",
    "xent_loss",
    "xent_smooth_loss",
    "bce_loss",
    "squared_distance",
    "valid",
    "equal",
    "clamp_grad",
    "tanh",
    "square",
    "sqrt_grad",
    "erf",
];

/// Free balances of solver, submitter, verifier, second verifier and whistleblower, and what the jackpot got.
fn purses(court: &mut Court<'_>) -> [Balance; 6] {
    let accounts = [solver(), submitter(), verifier(), second_verifier(), whistleblower()];
    let [a, b, c, d, e] = accounts.map(|account: AccountId| court.free_of(&account).unwrap());
    [a, b, c, d, e, court.conserved().unwrap().jackpot]
}

fn permille(amount: Balance, part: u32) -> Balance {
    amount * Balance::from(part) / 1000
}

fn check_size(played: &Played) {
    assert!(played.moves_of(Side::Asserter) <= 20, "{played:?}");
    assert!(played.bytes() <= 64 << 10, "{played:?}");
}

/// A verifier lies about one operator; a whistleblower convicts it; the next round's verifier is honest.
fn convict(drawn: &Drawn, operator: &str) {
    let (trial, segment) = drawn.get();
    let lie = Lie::about(operator, &trial.workload, segment).unwrap().unwrap();
    // Whether a flipped bit is rounded away depends on the segment drawn, and for a distance, one number, on it alone.
    if lie.part == Part::Execution && lie.forges_result && !DROWNS.contains(&operator) {
        let shows = |segment| !Lie::about(operator, &trial.workload, segment).unwrap().unwrap().forges_result;
        assert!((0..trial.workload.size.segments).any(shows), "{operator}: the lie drowns in every segment");
    }
    falls(trial, &lie, segment);
}

/// A lie, told, found and paid for.
fn falls(mut trial: Trial<'_>, lie: &Lie, segment: u32) {
    let truth = lie.truth(&trial.workload, segment).unwrap();
    let before = purses(&mut trial.court);
    let terms = trial.terms().unwrap();

    let liar = Testimony::lying(&trial.workload, segment, lie.part, lie.tampers.clone()).unwrap();
    trial.testify(&verifier(), &liar).unwrap();
    let game = trial.challenge(&whistleblower(), lie.part).unwrap();
    let mut honest = liar.accuser(lie.part).unwrap();
    let mut defender = liar.defender(lie.part).unwrap();
    let played = play(&mut trial.court, game, &mut defender, |game| next_pick(game, &mut honest)).unwrap();

    let verdict = played.verdict;
    assert!(!played.asserter_won, "{verdict:?}");
    assert_eq!(verdict.reason, Cause::OtherValue);
    assert_eq!((verdict.step, verdict.node, verdict.element), (lie.at.step, lie.at.node, lie.at.element));
    let disputed = verdict.micro.map_or(truth.len() - 1, |micro| micro as usize);
    assert_eq!(verdict.computed, truth[disputed], "the contract computes what the executor does");
    assert_eq!(verdict.claimed.0 ^ verdict.computed.0, 1, "the last bit");
    check_size(&played);

    // The round fell: the same segments, another verifier.
    assert_eq!(trial.settle().unwrap(), Phase::Joining);
    trial.join(&second_verifier()).unwrap();
    let honest = Testimony::honest(&trial.workload, segment).unwrap();
    trial.testify(&second_verifier(), &honest).unwrap();
    assert_eq!(trial.settle().unwrap(), Phase::Closed(Outcome::Paid));

    let task = trial.task().unwrap();
    let price = task.solver.unwrap().price;
    let part = permille(terms.verifier_bond, task.parameters.winner_permille);
    let tax = permille(price, task.parameters.tax_permille);
    let after = purses(&mut trial.court);
    let [by_solver, by_submitter, by_liar, by_second, by_whistleblower, by_jackpot] =
        std::array::from_fn(|at| after[at] - before[at]);
    assert_eq!(by_solver, price + terms.solver_bond);
    assert_eq!(by_submitter, terms.seed_bond);
    assert_eq!(by_liar, 0, "its bond is gone");
    assert_eq!(by_second, terms.verifier_bond + terms.verifier_fee);
    assert_eq!(by_whistleblower, terms.challenger_bond + part);
    assert_eq!(by_jackpot, terms.verifier_bond - part + tax);
    assert_eq!(trial.court.conserved().unwrap().locked, 0);
}

/// An honest verifier is accused at one operator: at the first, the middle and the last of an element's micro-steps, and
/// at those beside (a chain's second step; where blocks or lanes are joined).
fn acquit(drawn: &Drawn, operator: &str) {
    let (mut trial, segment) = drawn.get();
    let place = Lie::about(operator, &trial.workload, segment).unwrap().unwrap();
    let truth = place.truth(&trial.workload, segment).unwrap();
    let honest = Testimony::honest(&trial.workload, segment).unwrap();
    let before = purses(&mut trial.court);
    trial.testify(&verifier(), &honest).unwrap();

    let len = truth.len() as u64;
    for micro in BTreeSet::from([0, 1.min(len - 1), len / 2, len.saturating_sub(2), len - 1]) {
        let mut trial = trial.clone();
        let at = Target { micro, ..place.at };
        let game = trial.challenge(&whistleblower(), place.part).unwrap();
        let mut defender = honest.defender(place.part).unwrap();
        let played = play(&mut trial.court, game, &mut defender, |game| steer(game, &at)).unwrap();

        let verdict = played.verdict;
        assert!(played.asserter_won, "{verdict:?}");
        assert_eq!(verdict.reason, Cause::SameValue);
        assert_eq!((verdict.step, verdict.node, verdict.element), (at.step, at.node, at.element));
        assert!(verdict.micro.is_none_or(|found| found == micro), "{verdict:?}");
        let expected = truth[verdict.micro.map_or(truth.len() - 1, |micro| micro as usize)];
        assert_eq!((verdict.claimed, verdict.computed), (expected, expected), "micro-step {micro}");
        check_size(&played);
        paid_after_a_false_alarm(&mut trial, before);
        if verdict.micro.is_none() {
            break; // The contract performs the whole element.
        }
    }
}

/// The task ends as if nothing had been, but the whistleblower's bond is gone.
fn paid_after_a_false_alarm(trial: &mut Trial<'_>, before: [Balance; 6]) {
    assert_eq!(trial.settle().unwrap(), Phase::Closed(Outcome::Paid));
    let task = trial.task().unwrap();
    let (price, terms) = (task.solver.unwrap().price, task.terms);
    let after = purses(&mut trial.court);
    let [by_solver, by_submitter, by_verifier, by_other, by_whistleblower, by_jackpot] =
        std::array::from_fn(|at| after[at] - before[at]);
    let compensation = permille(terms.challenger_bond, task.parameters.compensation_permille);
    assert_eq!(by_solver, price + terms.solver_bond);
    assert_eq!(by_submitter, terms.seed_bond);
    assert_eq!(by_verifier, terms.verifier_bond + terms.verifier_fee + compensation);
    assert_eq!((by_other, by_whistleblower), (0, 0));
    assert_eq!(by_jackpot, terms.challenger_bond - compensation + permille(price, task.parameters.tax_permille));
    assert_eq!(trial.court.conserved().unwrap().locked, 0);
}

/// Workloads, and tests of all operators of each that none before has.
macro_rules! workloads {
    ($($name:ident = $workload:expr;)*) => {
        $(mod $name {
            use super::*;

            pub(super) static DRAWN: LazyLock<Drawn> = LazyLock::new(|| Drawn::of($workload));

            #[test]
            fn lies_fall() {
                for operator in new_in(stringify!($name)) {
                    eprintln!("{operator} of {}", stringify!($name));
                    convict(&DRAWN, operator);
                }
            }

            #[test]
            fn the_truth_stands() {
                for operator in new_in(stringify!($name)) {
                    eprintln!("{operator} of {}", stringify!($name));
                    acquit(&DRAWN, operator);
                }
            }
        })*

        /// The operators of each workload.
        static NAMES: LazyLock<Vec<(&'static str, BTreeSet<&'static str>)>> = LazyLock::new(|| {
            vec![$((stringify!($name), names(&$name::DRAWN))),*]
        });
    };
}

workloads! {
    perceptron = Workload::new(Size::TINY);
    images = zoo::images();
    text = zoo::text();
    functions = zoo::functions();
    regression = zoo::regression();
}

fn names(drawn: &Drawn) -> BTreeSet<&'static str> {
    let (trial, _) = drawn.get();
    let programs = [trial.workload.program(), &trial.workload.compiled.distance];
    programs.into_iter().flat_map(|program| &program.nodes).map(|node| node.op.name()).collect()
}

/// Operators of a workload that none before it has.
fn new_in(workload: &str) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    for (name, own) in NAMES.iter() {
        let new: BTreeSet<_> = own.difference(&seen).copied().collect();
        if *name == workload {
            return new;
        }
        seen.extend(new);
    }
    BTreeSet::new()
}

#[test]
fn between_them_they_have_all_operators() {
    let seen: BTreeSet<_> = NAMES.iter().flat_map(|(_, own)| own.iter().copied()).collect();
    assert_eq!(seen, operators().collect());
}

/// A whole model: the examples' transformer, on noise.
#[test]
fn a_lie_about_attention_falls() {
    let gpt = EXAMPLES.iter().find(|example| example.name == "shakespeare-gpt").unwrap();
    let drawn = Drawn::of(Workload::example_on_noise(gpt.name, 2));
    let (trial, segment) = drawn.get();
    let node = gpt.places[0].find(trial.workload.program()).unwrap();
    let lie = Lie::in_node(node, &trial.workload, segment, 2).unwrap();
    falls(trial, &lie, segment);
}
