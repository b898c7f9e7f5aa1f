//! Properties that every micro-program has.
use super::nodes::{node, reduce};
use super::semantics::{every_operator, inputs};
use assay_core::arith::{Soft, F32};
use assay_core::graph::function::Function;
use assay_core::graph::{eval_element, eval_step, ConvPart, Env, GraphError, Node, Op, Operand, ReduceKind, Window};
use std::collections::BTreeMap;

/// Elements worth looking at.
fn elements(node: &Node) -> Vec<u64> {
    let last = node.shape.elements() - 1;
    vec![0, last / 2, last]
}

fn used(args: &[Operand], into: &mut Vec<(u8, u64)>) {
    for arg in args {
        if let Operand::Input { input, index } = *arg {
            if !into.contains(&(input, index)) {
                into.push((input, index));
            }
        }
    }
}

#[test]
fn steps_read_earlier_steps_and_existing_elements_and_every_step_is_used() {
    let env = Env { step: 6 };
    for node in [1, 31, 33, 1025, 4097, 8200].into_iter().flat_map(every_operator) {
        for element in elements(&node) {
            let len = node.micro_len();
            let mut reads = vec![0; len as usize];
            for t in 0..len {
                let step = node.micro_step(env, element, t).unwrap();
                for (position, arg) in step.args.into_iter().enumerate() {
                    match arg {
                        Operand::Prior(prior) => {
                            assert!(prior < t, "{node:?} {t}");
                            reads[prior as usize] += 1;
                        }
                        Operand::Input { input, index } => {
                            assert!(index < node.inputs[usize::from(input)].shape.elements(), "{node:?} {t}");
                        }
                        Operand::Const(_) => {}
                    }
                    if position >= step.prim.arity() {
                        assert_eq!(arg, Operand::Const(F32::ZERO));
                    }
                }
            }
            // A value that nobody reads would be a step to hide in.
            assert!(reads[..len as usize - 1].iter().all(|&n| n > 0), "{node:?}: {reads:?}");
            assert_eq!(reads[len as usize - 1], 0);
            let past = node.micro_step(env, element, len);
            assert_eq!(past, Err(GraphError::StepIndex { index: len, len }));
        }
        let elements = node.shape.elements();
        let beyond = node.micro_step(env, elements, 0);
        assert_eq!(beyond, Err(GraphError::ElementIndex { index: elements, elements }));
    }
}

#[test]
fn a_reduction_reads_every_item_once() {
    for node in [1, 40, 5000].into_iter().flat_map(every_operator).filter(|node| !node.at_once()) {
        for element in elements(&node) {
            let mut reads = BTreeMap::new();
            for t in 0..node.micro_len() {
                for arg in node.micro_step(Env::default(), element, t).unwrap().args {
                    if let Operand::Input { input, index } = arg {
                        *reads.entry((input, index)).or_insert(0) += 1;
                    }
                }
            }
            let per_input = |input: u8| reads.keys().filter(|key| key.0 == input).count() as u64;
            let first = &node.inputs[0].shape;
            let items = match node.op {
                Op::MatMul { .. } => node.micro_len() - (node.micro_len() - 1) / 1025,
                // Padding isn't read.
                Op::Conv { .. } | Op::Pool { .. } | Op::PoolGrad { .. } => per_input(0),
                Op::Embed => u64::from(first.dims()[0]),
                Op::EmbedGrad => node.inputs[1].shape.elements(),
                Op::Pick => u64::from(first.dims()[1]),
                _ => first.elements() / node.shape.elements(),
            };
            assert_eq!(per_input(0), items, "{node:?}");
            // Ids are compared with every candidate, and a maximum begins with x0 twice.
            let twice = |key: &(u8, u64)| {
                let ids = matches!(node.op, Op::Pick | Op::Embed) && key.0 == 1;
                ids || matches!(node.op, Op::Reduce { kind: ReduceKind::Max, .. } | Op::Pool { .. })
            };
            assert!(reads.iter().all(|(key, &n)| n == 1 || twice(key)), "{node:?}");
        }
    }
}

#[test]
fn operands_are_exactly_what_steps_read() {
    let env = Env { step: 2 };
    for node in [1, 33, 1100].into_iter().flat_map(every_operator) {
        for element in elements(&node) {
            let len = node.micro_len();
            for range in [0..len, 0..1, len / 2..len / 2 + 1, len - 1..len, len / 3..2 * len / 3] {
                let mut expected = Vec::new();
                for t in range.clone() {
                    used(&node.micro_step(env, element, t).unwrap().args, &mut expected);
                }
                assert_eq!(node.operands(env, element, range).unwrap(), expected);
            }
            assert!(node.operands(env, element, 0..len + 1).is_err());
        }
    }
}

#[test]
fn what_is_done_at_once_is_little() {
    for node in [1, 33, 5000].into_iter().flat_map(every_operator) {
        let long = matches!(
            node.op,
            Op::MatMul { .. }
                | Op::Conv { .. }
                | Op::Reduce { .. }
                | Op::Pool { .. }
                | Op::PoolGrad { .. }
                | Op::Pick
                | Op::Embed
                | Op::EmbedGrad
        );
        assert_eq!(node.at_once(), !long);
        if node.at_once() {
            assert!(node.micro_len() <= 96);
            assert!(node.operands(Env::default(), 0, 0..node.micro_len()).unwrap().len() <= 5);
        }
    }
}

#[test]
fn every_step_can_be_checked_alone_from_the_trace() {
    let env = Env { step: 1 };
    for node in [1, 33, 1100].into_iter().flat_map(every_operator) {
        let inputs = inputs(&node, 3, true);
        let fetch = |input: u8, index: u64| Ok::<F32, GraphError>(inputs[usize::from(input)][index as usize]);
        let element = node.shape.elements() - 1;
        let mut trace = vec![F32::ONE; 3]; // Anything from before is dropped.
        let value = eval_element::<Soft, GraphError>(&node, env, element, fetch, Some(&mut trace)).unwrap();
        assert_eq!(trace.len() as u64, node.micro_len());
        assert_eq!(trace.last(), Some(&value));
        assert_eq!(eval_element::<Soft, GraphError>(&node, env, element, fetch, None).unwrap(), value);
        for (t, &expected) in trace.iter().enumerate() {
            let step = node.micro_step(env, element, t as u64).unwrap();
            let got = eval_step::<Soft, GraphError>(&step, fetch, |t| Ok(trace[t as usize])).unwrap();
            assert_eq!(got, expected, "{node:?} {t}");
        }
    }
}

#[test]
fn steps_of_the_greatest_tensors_are_found_at_once() {
    let n = 1 << 20;
    let huge = [
        node(reduce(ReduceKind::SquaredDistance, 0b11), &[&[n, n], &[n, n]], &[1]),
        node(reduce(ReduceKind::Sum, 0b11), &[&[n, n]], &[1]),
        node(Op::MatMul { trans_a: false, trans_b: true }, &[&[n, n], &[n, n]], &[n, n]),
        node(reduce(ReduceKind::Sum, 0b1), &[&[u32::MAX, 256]], &[1, 256]),
        node(
            Op::Conv { part: ConvPart::Weight, window: Window::UNIT, groups: 1 },
            &[&[1 << 10, 1 << 10, 1 << 10, 1 << 10], &[1 << 10, 1 << 10, 1 << 10, 1 << 10]],
            &[1 << 10, 1 << 10, 1, 1],
        ),
    ];
    for node in huge {
        node.check().unwrap();
        let len = node.micro_len();
        for t in [0, 1, len / 3, len / 2, len - 2, len - 1] {
            let step = node.micro_step(Env::default(), node.shape.elements() - 1, t).unwrap();
            for arg in step.args {
                match arg {
                    Operand::Prior(prior) => assert!(prior < t),
                    Operand::Input { input, index } => {
                        assert!(index < node.inputs[usize::from(input)].shape.elements());
                    }
                    Operand::Const(_) => {}
                }
            }
        }
        assert!(node.work() < u64::MAX);
    }
}

#[test]
fn an_error_of_fetch_comes_back() {
    #[derive(Debug, PartialEq)]
    enum Error {
        Graph(GraphError),
        NotThere,
    }
    impl From<GraphError> for Error {
        fn from(error: GraphError) -> Self {
            Error::Graph(error)
        }
    }
    let node = node(Op::map(Function::Add), &[&[2], &[2]], &[2]);
    let missing = |_: u8, _: u64| Err(Error::NotThere);
    assert_eq!(eval_element::<Soft, Error>(&node, Env::default(), 0, missing, None), Err(Error::NotThere));
    let outside = eval_element::<Soft, Error>(&node, Env::default(), 2, missing, None);
    assert_eq!(outside, Err(Error::Graph(GraphError::ElementIndex { index: 2, elements: 2 })));
}
