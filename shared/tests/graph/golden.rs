//! Values that can't change without changing what every committed program means.
use super::nodes::{classifier, distance, values};
use super::semantics::{every_operator, inputs};
use assay_core::arith::{from_u32, Soft, F32};
use assay_core::commit::hash;
use assay_core::graph::{eval_node, eval_program, gather_row, jitter_sign, Env};

fn bytes(tensor: &[F32]) -> Vec<u8> {
    tensor.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn roots_of_fixed_programs() {
    assert_eq!((classifier().root().to_string(), distance().root().to_string()), (CLASSIFIER.into(), DISTANCE.into()));
    assert_eq!((classifier().work(), distance().work()), (CLASSIFIER_WORK, DISTANCE_WORK));
}

#[test]
fn a_state_after_five_steps() {
    let program = classifier();
    let sizes = program.states.iter().map(|state| state.shape.elements() as usize);
    let mut state: Vec<Vec<F32>> = sizes.enumerate().map(|(i, len)| values(i as u64, len, false)).collect();
    let data = [(0..35).map(|i| from_u32(i * 37 % 256)).collect(), [0, 1, 2, 0, 1, 2, 1].map(from_u32).to_vec()];
    for step in 0..5 {
        let mut outputs = eval_program::<Soft>(&program, Env { step }, &[state], &data).unwrap();
        state = outputs.split_off(outputs.len() - program.states.len());
    }
    let all: Vec<u8> = state.iter().flat_map(|tensor| bytes(tensor)).collect();
    assert_eq!(hash(&all).to_string(), STATE);
}

#[test]
fn outputs_of_every_operator() {
    let mut all = Vec::new();
    for n in [1, 33, 1025, 4097] {
        for node in every_operator(n) {
            let inputs = inputs(&node, 1, true);
            let slices: Vec<&[F32]> = inputs.iter().map(Vec::as_slice).collect();
            all.extend(bytes(&eval_node::<Soft>(&node, Env { step: 4 }, &slices).unwrap()));
        }
    }
    assert_eq!(hash(&all).to_string(), OPERATORS);
}

#[test]
fn data_order_and_jitter() {
    let rows: Vec<u64> = (0..10).map(|b| gather_row(42, 60_000, 64, 1000, b)).collect();
    assert_eq!(rows, ROWS);
    let signs: Vec<i32> = (0..10).map(|element| jitter_sign(42, 7, element)).collect();
    assert_eq!(signs, SIGNS);
}

const CLASSIFIER: &str = "3383dc401db912775dab73c2f7071faa414d9f45273572f2589246453d04adcc";
const DISTANCE: &str = "fe73a7dd345420874252bd5b51a83c0279e2fe8b65e7eefc2c4a24d3cd2e8788";
const CLASSIFIER_WORK: u64 = 337_802;
const DISTANCE_WORK: u64 = 32_166;
const STATE: &str = "fedfb88ab7f8512e8f6adbc61d93125f8b69f999260d43226772e81c97540b40";
const OPERATORS: &str = "67457412aabd7417715526ef63943540515bb26222f287338880398da75c4a97";
const ROWS: [u64; 10] = [20432, 21504, 19294, 34693, 38556, 25811, 29082, 3829, 31424, 11415];
const SIGNS: [i32; 10] = [0, -1, 0, 1, 0, 1, 1, 1, -1, -1];
