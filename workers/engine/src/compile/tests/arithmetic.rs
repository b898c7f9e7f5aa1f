//! Profiles of tasks that allow coarser arithmetic.
use super::*;
use crate::task::Arithmetic;
use assay_core::graph::Source;

fn of(arithmetic: Arithmetic) -> Compiled {
    let mut task = task();
    task.terms.arithmetic = arithmetic;
    Compiled::new(&model(6), &model(10), &task, &TaskData::new(&task, data(40, 7, 3)).unwrap()).unwrap()
}

#[test]
fn only_the_profile_depends_on_the_arithmetic() {
    let exact = of(Arithmetic::Binary32);
    for arithmetic in [Arithmetic::Tf32, Arithmetic::Bf16] {
        let coarse = of(arithmetic);
        assert_eq!((&coarse.step, &coarse.distance, &coarse.start), (&exact.step, &exact.distance, &exact.start));
        assert_ne!(coarse.jitter, exact.jitter);
        assert_eq!(coarse.jitter.states, exact.jitter.states);
        coarse.jitter.validate_as(ProgramKind::Step).unwrap();
    }
    assert_ne!(of(Arithmetic::Tf32).jitter, of(Arithmetic::Bf16).jitter);
}

/// Every operand of every product has as many bits as the arithmetic says; for bfloat16 every result too.
#[test]
fn products_of_a_profile_are_rounded() {
    for arithmetic in [Arithmetic::Tf32, Arithmetic::Bf16] {
        let compiled = of(arithmetic);
        let program = &compiled.jitter;
        let trace = compiled.jittered_trainer().unwrap().trace(&[&compiled.start], 1).unwrap();
        let cut = 24 - arithmetic.significand();
        let fits = |node: usize| trace.output(node).iter().all(|x| x.to_bits().trailing_zeros() >= cut);
        let mut products = 0;
        for (index, node) in program.nodes.iter().enumerate() {
            let reads = |by: &Input| by.source == Source::Node { index: index as u32 };
            if !matches!(node.op, Op::MatMul { .. }) {
                continue;
            }
            products += 1;
            for input in &node.inputs {
                let Source::Node { index } = input.source else { panic!("{}: a parameter as it is", node.name) };
                assert!(
                    fits(index as usize),
                    "{arithmetic}: {} reads {}",
                    node.name,
                    program.nodes[index as usize].name
                );
            }
            let readers = program.nodes.iter().filter(|node| node.inputs.iter().any(reads));
            if arithmetic == Arithmetic::Bf16 {
                assert!(readers.clone().all(|node| matches!(node.op, Op::Map { .. })), "{}", node.name);
                assert_eq!(readers.count(), 2, "{}: read by its rounding alone", node.name);
            }
        }
        // Three layers, and gradients of all that is trained and of two inputs.
        assert_eq!(products, 3 + 3 + 2, "{arithmetic}");
    }
}

#[test]
fn coarser_profiles_are_greater() {
    let distance = |arithmetic| {
        let compiled = of(arithmetic);
        let run = |executor: Result<Executor, _>| {
            let mut state = compiled.start.clone();
            executor.unwrap().run_segment(&mut state, 0, 4, |_| ControlFlow::Continue(())).unwrap();
            state
        };
        let (replayed, profiled) = (run(compiled.trainer()), run(compiled.jittered_trainer()));
        let value = compiled.meter().unwrap().distance(&compiled.start, &replayed, &profiled).unwrap();
        f32::from_bits(value.0)
    };
    let values = [Arithmetic::Binary32, Arithmetic::Tf32, Arithmetic::Bf16].map(distance);
    assert!(values[0] < 1e-11 && values[1] > 1e-9 && values[1] < 1e-5, "{values:?}");
    assert!(values[2] > 1e-7 && values[2] < 1e-3 && values[2] > 4.0 * values[1], "{values:?}");
}
