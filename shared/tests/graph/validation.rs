//! Programs that mean something and programs that don't.
use super::nodes::{classifier, distance, f32, name, node, reduce, shape};
use assay_core::graph::function::Function;
use assay_core::graph::{
    ConvPart, Dtype, GraphError, Input, Node, Op, Program, ProgramError, ProgramKind, ReduceKind, ScheduleKind, Shape,
    Source, Window,
};

fn broken(change: impl FnOnce(&mut Program)) -> ProgramError {
    let mut program = classifier();
    program.validate().unwrap();
    change(&mut program);
    program.validate().unwrap_err()
}

fn inside(error: ProgramError) -> GraphError {
    match error {
        ProgramError::Node { error, .. } => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn good_programs_pass() {
    classifier().validate_as(ProgramKind::Step).unwrap();
    distance().validate_as(ProgramKind::Distance).unwrap();
    assert_eq!(classifier().kind(), ProgramKind::Step);
    assert_eq!(distance().kind(), ProgramKind::Distance);
    distance().validate().unwrap();
}

#[test]
fn each_kind_is_not_the_other() {
    assert!(matches!(distance().validate_as(ProgramKind::Step), Err(ProgramError::StepSnapshot { node: 0, input: 0 })));
    let as_distance = classifier().validate_as(ProgramKind::Distance);
    assert!(matches!(as_distance, Err(ProgramError::ResultShape { result: 0, .. })));
}

#[test]
fn names_are_unique() {
    assert_eq!(broken(|p| p.states[1].name = name("w")), ProgramError::DuplicateName(name("w")));
    assert_eq!(broken(|p| p.data[1].name = name("x")), ProgramError::DuplicateName(name("x")));
    assert_eq!(broken(|p| p.states[1].name = name("")), ProgramError::DuplicateName(name("")));
}

#[test]
fn inputs_exist_and_look_as_declared() {
    let source = Source::Node { index: 2 };
    assert_eq!(
        broken(|p| p.nodes[2].inputs[0].source = source),
        ProgramError::NoSource { node: 2, input: 0, source_kind: source }
    );
    let later = Source::Node { index: 22 };
    assert_eq!(
        broken(|p| p.nodes[2].inputs[0].source = later),
        ProgramError::NoSource { node: 2, input: 0, source_kind: later }
    );
    let state = Source::State { snapshot: 0, index: 4 }; // there are 4
    assert_eq!(
        broken(|p| p.nodes[2].inputs[1].source = state),
        ProgramError::NoSource { node: 2, input: 1, source_kind: state }
    );
    let data = Source::Data { index: 2 };
    assert_eq!(
        broken(|p| p.nodes[0].inputs[0].source = data),
        ProgramError::NoSource { node: 0, input: 0, source_kind: data }
    );
    let x = Source::Data { index: 0 };
    assert_eq!(
        broken(|p| p.data[0].dtype = Dtype::F32),
        ProgramError::SourceMismatch { node: 0, input: 0, source_kind: x }
    );
    let w = Source::State { snapshot: 0, index: 2 };
    assert_eq!(
        broken(|p| p.states[2].shape = shape(&[3, 5])),
        ProgramError::SourceMismatch { node: 2, input: 1, source_kind: w }
    );
}

#[test]
fn results_have_the_shapes_of_the_states() {
    let error = broken(|p| p.nodes.swap(20, 21)); // neither is read by any other
    assert_eq!(error, ProgramError::ResultShape { result: 2, expected: shape(&[5, 3]), got: shape(&[3]) });
    assert_eq!(broken(|p| p.nodes.truncate(2)), ProgramError::TooFewNodes { nodes: 2, results: 4 });
    assert_eq!(
        broken(|p| {
            p.states.clear();
            p.nodes.clear();
        }),
        ProgramError::NoState
    );
    let mut empty = distance();
    empty.nodes.clear();
    assert_eq!(empty.validate_as(ProgramKind::Distance), Err(ProgramError::TooFewNodes { nodes: 0, results: 1 }));
}

#[test]
fn nodes_are_checked_by_themselves() {
    assert!(matches!(inside(broken(|p| p.nodes[2].shape = shape(&[3, 2]))), GraphError::OutputShape { .. }));
    let unknown = broken(|p| p.nodes[2].inputs[0].source = Source::State { snapshot: 3, index: 0 });
    assert_eq!(inside(unknown), GraphError::Snapshot(3));
    let error = broken(|p| p.nodes[2].inputs[0].dtype = Dtype::U8);
    assert_eq!(inside(error), GraphError::InputDtype { input: 0 });
    let error = broken(|p| p.nodes[2].inputs[0].source = Source::Data { index: 0 });
    assert!(matches!(inside(error), GraphError::InputSource { input: 0, .. }));
    let error = broken(|p| p.nodes[0].inputs[0].source = Source::State { snapshot: 0, index: 0 });
    assert!(matches!(inside(error), GraphError::InputSource { input: 0, .. }));
}

fn refused(op: Op, inputs: &[&[u32]]) -> GraphError {
    node(op, inputs, &[1]).check().unwrap_err()
}

#[test]
fn operators_refuse_shapes_that_do_not_fit() {
    let (s2, s23, s3) = (&[2][..], &[2, 3][..], &[3][..]);
    let bad = |input: u8, got: &[u32]| GraphError::InputShape { input, got: shape(got) };
    let matmul = Op::MatMul { trans_a: false, trans_b: false };
    assert_eq!(refused(matmul, &[s23, s23]), bad(1, s23));
    assert_eq!(refused(matmul, &[s2, s23]), bad(0, s2));
    assert_eq!(refused(matmul, &[&[2, 4, 3], &[3, 3, 1]]), bad(1, &[3, 3, 1]));
    assert_eq!(refused(Op::map(Function::Add), &[s23, s2]), bad(1, s2));
    assert_eq!(refused(Op::map(Function::SubExp), &[s23, s2]), bad(1, s2));
    assert_eq!(refused(Op::map(Function::Relu), &[]), GraphError::InputCount { expected: 1, got: 0 });
    assert_eq!(refused(reduce(ReduceKind::Sum, 0b10), &[s2]), GraphError::Attribute);
    assert_eq!(refused(reduce(ReduceKind::Sum, 0), &[s2]), GraphError::Attribute);
    assert_eq!(refused(reduce(ReduceKind::Dot, 1), &[s23, s3]), bad(1, s3));
    assert_eq!(refused(Op::Pick, &[s23, s3]), bad(1, s3));
    assert_eq!(refused(Op::Embed, &[s2, s2]), bad(0, s2));
    assert_eq!(refused(Op::Concat { axis: 1 }, &[s23, &[3, 3]]), bad(1, &[3, 3]));
    assert_eq!(refused(Op::Concat { axis: 2 }, &[s23, s23]), GraphError::NoDimension(2));
    assert_eq!(refused(Op::Transpose { perm: [0, 0, 2, 3, 4, 5] }, &[s23]), GraphError::Attribute);
    assert_eq!(refused(Op::Transpose { perm: [0, 2, 1, 3, 4, 5] }, &[s23]), GraphError::NoDimension(2));
    assert_eq!(refused(Op::Slice { axis: 0, start: 2, step: 1 }, &[s2]), bad(0, s2));
    assert_eq!(refused(Op::Slice { axis: 0, start: 0, step: 0 }, &[s2]), bad(0, s2));
    assert_eq!(refused(Op::Reshape, &[s2]), bad(0, s2));
    let conv = |groups, window| Op::Conv { part: ConvPart::Forward, window, groups };
    let (x, w) = (&[1, 4, 3, 3][..], &[4, 2, 3, 3][..]);
    assert_eq!(refused(conv(1, Window::UNIT), &[x, w]), bad(1, w));
    assert_eq!(refused(conv(0, Window::UNIT), &[x, w]), bad(1, w));
    assert_eq!(refused(conv(2, Window { stride: [0, 1], ..Window::UNIT }), &[x, w]), bad(1, w));
    assert_eq!(refused(conv(2, Window { dilation: [2, 1], ..Window::UNIT }), &[x, w]), bad(1, w));
    assert_eq!(refused(conv(2, Window::UNIT), &[s23, w]), bad(0, s23));
    let schedule = Op::Schedule { kind: ScheduleKind::Linear, base: f32(1.0), end: f32(0.0), warmup: 5, period: 5 };
    assert_eq!(refused(schedule, &[]), GraphError::Attribute);
    assert_eq!(refused(Op::BiasCorrection { beta: 1 << 63 }, &[]), GraphError::Attribute);
    assert_eq!(refused(Op::Pick, &[&[1, (1 << 24) + 1], &[1]]), GraphError::Classes((1 << 24) + 1));
    for exponent in [-24, 0, 5] {
        let jitter = Op::Jitter { seed: 1, exponent };
        assert_eq!(refused(jitter, &[s3]), GraphError::JitterExponent(exponent));
    }
}

#[test]
fn a_batch_is_at_most_the_data() {
    let gather = |rows| Op::Gather { seed: 1, rows, scale: f32(1.0), shift: f32(0.0), part: 0, parts: 1 };
    let check = |rows, output: &[u32]| node(gather(rows), &[&[5, 2]], output).check();
    check(5, &[5, 2]).unwrap();
    check(5, &[1, 2]).unwrap();
    assert!(matches!(check(5, &[6, 2]), Err(GraphError::OutputShape { .. })));
    assert!(matches!(check(5, &[5, 3]), Err(GraphError::OutputShape { .. })));
    assert!(matches!(check(5, &[5]), Err(GraphError::OutputShape { .. })));
    assert_eq!(check(4, &[4, 2]), Err(GraphError::GatherRows { attribute: 4, data: 5 }));
    let scalar = Node { inputs: vec![Input::data(0, Dtype::F32, shape(&[]))], ..node(gather(1), &[&[1]], &[1]) };
    assert!(matches!(scalar.check(), Err(GraphError::InputShape { .. })));
}

#[test]
fn errors_read_well() {
    let error = broken(|p| p.nodes[2].shape = Shape::SCALAR);
    assert_eq!(error.to_string(), "node 2 (\"xw\", matmul): the operator gives shape [2, 3], not [1]");
    let error = broken(|p| p.nodes[2].inputs[0].source = Source::Node { index: 9 });
    assert_eq!(error.to_string(), "node 2, input 0: node 9 doesn't exist (yet)");
}
