//! Records: the way there and back, and what strangers may send.
use super::nodes::{classifier, distance, name, shape};
use assay_core::arith::F32;
use assay_core::commit::Hash;
use assay_core::graph::function::Function;
use assay_core::graph::{
    ConvPart, DataDecl, Dtype, Env, GraphError, Input, Name, Node, Op, PoolKind, Program, ProgramError, ReduceKind,
    ScheduleKind, Shape, Source, StateDecl, Window,
};
use codec::{Decode, Encode};
use proptest::prelude::*;

fn any_f32() -> impl Strategy<Value = F32> {
    any::<u32>().prop_map(F32)
}

fn any_name() -> impl Strategy<Value = Name> {
    "\\PC{0,16}".prop_map(|text| Name::new(text).unwrap())
}

fn any_shape() -> impl Strategy<Value = Shape> {
    prop::collection::vec(1_u32..64, 0..=6).prop_map(|dims| Shape::new(&dims).unwrap())
}

fn any_window() -> impl Strategy<Value = Window> {
    let pair = any::<[u8; 2]>;
    (pair(), pair(), pair(), pair()).prop_map(|(stride, dilation, before, after)| Window {
        stride,
        dilation,
        before,
        after,
    })
}

fn any_pool() -> impl Strategy<Value = (PoolKind, Window, [u8; 2])> {
    let kinds = vec![PoolKind::Max, PoolKind::Argmax, PoolKind::Average, PoolKind::AverageInside];
    (prop::sample::select(kinds), any_window(), any::<[u8; 2]>())
}

fn any_map() -> impl Strategy<Value = Op> {
    (prop::sample::select(Function::ALL.to_vec()), any::<[u32; 4]>()).prop_map(|(function, params)| {
        let mut used = [F32::ZERO; 4];
        used.iter_mut().zip(params).take(usize::from(function.params())).for_each(|(to, param)| *to = F32(param));
        Op::Map { function, params: used }
    })
}

fn any_reduction() -> impl Strategy<Value = Op> {
    let kinds = vec![ReduceKind::Max, ReduceKind::Sum, ReduceKind::Dot, ReduceKind::SquaredDistance];
    (prop::sample::select(kinds), any::<u8>(), any_f32()).prop_map(|(kind, axes, scale)| Op::Reduce {
        kind,
        axes,
        scale,
    })
}

fn any_schedule() -> impl Strategy<Value = Op> {
    let kinds = vec![ScheduleKind::Constant, ScheduleKind::Linear, ScheduleKind::Cosine, ScheduleKind::Exponential];
    (prop::sample::select(kinds), any_f32(), any_f32(), any::<u32>(), any::<u32>())
        .prop_map(|(kind, base, end, warmup, period)| Op::Schedule { kind, base, end, warmup, period })
}

fn any_op() -> impl Strategy<Value = Op> {
    let gather = (any::<u64>(), any::<u32>(), any_f32(), any_f32(), any::<u16>(), any::<u16>());
    let parts = vec![ConvPart::Forward, ConvPart::Input, ConvPart::Weight];
    let strided = || (any::<u8>(), any::<u32>(), any::<u32>());
    prop_oneof![
        gather.prop_map(|(seed, rows, scale, shift, part, parts)| Op::Gather { seed, rows, scale, shift, part, parts }),
        (any::<u64>(), any::<i8>()).prop_map(|(seed, exponent)| Op::Jitter { seed, exponent }),
        (any::<u64>(), any::<u32>(), any_f32()).prop_map(|(seed, keep_below, scale)| Op::Dropout {
            seed,
            keep_below,
            scale
        }),
        any_map(),
        any::<(bool, bool)>().prop_map(|(trans_a, trans_b)| Op::MatMul { trans_a, trans_b }),
        (prop::sample::select(parts), any_window(), any::<u16>()).prop_map(|(part, window, groups)| Op::Conv {
            part,
            window,
            groups
        }),
        any_pool().prop_map(|(kind, window, kernel)| Op::Pool { kind, window, kernel }),
        any_pool().prop_map(|(kind, window, kernel)| Op::PoolGrad { kind, window, kernel }),
        any_reduction(),
        any::<[u8; 6]>().prop_map(|perm| Op::Transpose { perm }),
        strided().prop_map(|(axis, start, step)| Op::Slice { axis, start, step }),
        strided().prop_map(|(axis, start, step)| Op::Pad { axis, start, step }),
        any::<u8>().prop_map(|axis| Op::Concat { axis }),
        any_schedule(),
        any::<u64>().prop_map(|beta| Op::BiasCorrection { beta }),
        prop::sample::select(vec![Op::Pick, Op::Embed, Op::EmbedGrad, Op::Reshape]),
    ]
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        (0_u8..3, any::<u32>()).prop_map(|(snapshot, index)| Source::State { snapshot, index }),
        any::<u32>().prop_map(|index| Source::Data { index }),
        any::<u32>().prop_map(|index| Source::Node { index }),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    let dtype = prop::sample::select(vec![Dtype::U8, Dtype::F32]);
    (any_source(), dtype, any_shape()).prop_map(|(source, dtype, shape)| Input { source, dtype, shape })
}

fn any_node() -> impl Strategy<Value = Node> {
    any_op().prop_flat_map(|op| {
        let inputs = prop::collection::vec(any_input(), usize::from(op.arity()));
        (any_name(), inputs, any_shape()).prop_map(move |(name, inputs, shape)| Node { name, op, inputs, shape })
    })
}

/// Whatever decodes is written as it was.
fn canonical(record: &[u8]) {
    if let Ok(node) = Node::from_record(record) {
        assert_eq!(node.to_record(), record);
    }
    if let Ok(state) = StateDecl::from_record(record) {
        assert_eq!(state.to_record(), record);
    }
    if let Ok(data) = DataDecl::from_record(record) {
        assert_eq!(data.to_record(), record);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nodes_go_there_and_back(node in any_node()) {
        prop_assert_eq!(Node::from_record(&node.to_record()).unwrap(), node.clone());
        prop_assert_eq!(Node::decode(&mut &node.encode()[..]).unwrap(), node);
    }

    #[test]
    fn declarations_go_there_and_back(name in any_name(), shape in any_shape(), root in any::<[u8; 32]>()) {
        let state = StateDecl { name: name.clone(), shape };
        prop_assert_eq!(StateDecl::from_record(&state.to_record()).unwrap(), state.clone());
        prop_assert_eq!(StateDecl::decode(&mut &state.encode()[..]).unwrap(), state);
        for dtype in [Dtype::U8, Dtype::F32] {
            let data = DataDecl { name: name.clone(), dtype, shape, root: Hash(root) };
            prop_assert_eq!(DataDecl::from_record(&data.to_record()).unwrap(), data.clone());
            prop_assert_eq!(DataDecl::decode(&mut &data.encode()[..]).unwrap(), data);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(mut bytes in prop::collection::vec(any::<u8>(), 256), kind in 1_u8..=3) {
        canonical(&bytes);
        bytes[0] = kind;
        bytes[1] %= 65;
        canonical(&bytes);
        let _ = Program::from_bytes(&bytes, 0, 0, 1);
    }

    #[test]
    fn a_changed_record_is_refused_or_says_something_else(
        node in any_node(), at in 0_usize..256, value in any::<u8>(), element in any::<u64>(), t in any::<u64>(),
    ) {
        let mut record = node.to_record();
        record[at] = value;
        canonical(&record);
        if let Ok(node) = Node::from_record(&record) {
            // Nothing that decodes makes the referee panic, whether it is valid or not.
            let len = node.micro_len();
            let (element, t) = (element % node.shape.elements(), t.checked_rem(len).unwrap_or(t));
            let _ = (node.check(), node.at_once());
            prop_assert!(node.work() > 0);
            let step = node.micro_step(Env { step: element ^ t }, element, t);
            if node.check().is_ok() {
                prop_assert!(step.is_ok(), "{:?}", step);
                let _ = node.operands(Env::default(), element, t..t + 1).unwrap();
            }
        }
    }

    #[test]
    fn any_scale_bytes_are_refused_or_valid(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(shape) = Shape::decode(&mut &bytes[..]) {
            prop_assert_eq!(Shape::new(shape.dims()).unwrap(), shape);
        }
        let _ = Name::decode(&mut &bytes[..]);
        let _ = Node::decode(&mut &bytes[..]);
    }
}

fn node_record() -> [u8; 256] {
    classifier().nodes[2].to_record() // MatMul with two inputs
}

fn with(at: usize, value: u8) -> Result<Node, GraphError> {
    let mut record = node_record();
    record[at] = value;
    Node::from_record(&record)
}

#[test]
fn every_flaw_has_its_error() {
    assert_eq!(Node::from_record(&[0; 255]), Err(GraphError::RecordLength(255)));
    assert_eq!(with(0, 1), Err(GraphError::RecordKind { expected: 3, got: 1 }));
    for len in 65..=255 {
        assert_eq!(with(1, len), Err(GraphError::NameLength(len.into())));
    }
    assert_eq!(with(2, 0xff), Err(GraphError::NameUtf8));
    assert_eq!(with(10, 1), Err(GraphError::Padding { offset: 10 })); // behind the name
    assert_eq!(with(66, 7), Err(GraphError::Rank(7)));
    assert_eq!(with(66, 1), Err(GraphError::Rank(1))); // a second dimension all the same
    assert_eq!(with(67, 0), Err(GraphError::ZeroDimension { axis: 0 }));
    assert_eq!(with(91, 20), Err(GraphError::UnknownOp(20)));
    assert_eq!(with(92, 2), Err(GraphError::Flag(2)));
    assert_eq!(with(94, 1), Err(GraphError::Padding { offset: 94 })); // behind the attributes
    assert_eq!(with(116, 5), Err(GraphError::InputCount { expected: 2, got: 5 }));
    assert_eq!(with(117, 4), Err(GraphError::UnknownSource(4)));
    assert_eq!(with(118, 1), Err(GraphError::Snapshot(1))); // of a node
    assert_eq!(with(123, 3), Err(GraphError::UnknownDtype(3)));
    assert_eq!(with(255, 1), Err(GraphError::Padding { offset: 255 }));
    let mut record = node_record();
    record[67..71].copy_from_slice(&u32::MAX.to_le_bytes());
    record[71..75].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Node::from_record(&record), Err(GraphError::TooManyElements));
}

#[test]
fn more_than_four_inputs_give_a_record_that_nobody_reads() {
    let mut node = classifier().nodes[2].clone();
    node.inputs = vec![node.inputs[0]; 300];
    assert!(Node::from_record(&node.to_record()).is_err());
    assert!(matches!(node.check(), Err(GraphError::InputCount { got: 300, .. })));
}

#[test]
fn shapes_and_names_have_limits() {
    assert_eq!(Shape::new(&[1; 7]), Err(GraphError::Rank(7)));
    assert_eq!(Shape::new(&[3, 0]), Err(GraphError::ZeroDimension { axis: 1 }));
    assert_eq!(Shape::new(&[1 << 20, 1 << 20]).unwrap().elements(), 1 << 40);
    assert_eq!(Shape::new(&[1 << 20, 1 << 20, 2]), Err(GraphError::TooManyElements));
    assert_eq!(Shape::new(&[u32::MAX; 4]), Err(GraphError::TooManyElements));
    assert_eq!(Shape::new(&[]).unwrap().elements(), 1);
    assert_eq!(shape(&[64, 784]).to_string(), "[64, 784]");
    assert!(Name::new("é".repeat(32)).is_ok());
    assert_eq!(Name::new("é".repeat(33)), Err(GraphError::NameLength(66)));
    assert_eq!(name("w").to_string(), "w");
}

#[test]
fn programs_go_there_and_back() {
    for program in [classifier(), distance()] {
        let bytes = program.to_bytes();
        let reference = program.reference();
        assert_eq!(bytes.len() as u64, reference.byte_len());
        assert_eq!(reference.open(&bytes).unwrap(), program);
        let n = reference.nodes;
        let record = reference.node_record(n - 1) as usize * 256;
        assert_eq!(Node::from_record(&bytes[record..]).unwrap(), program.nodes[n as usize - 1]);
        for (i, data) in program.data.iter().enumerate() {
            let record = reference.data_record(i as u32) as usize * 256;
            assert_eq!(DataDecl::from_record(&bytes[record..record + 256]).unwrap(), *data);
        }
        let counts = |states: u32, data: u32, nodes: u32| Program::from_bytes(&bytes, states, data, nodes);
        assert!(matches!(counts(1, 0, n - 1), Err(ProgramError::Length { .. } | ProgramError::Record { .. })));
        assert!(matches!(counts(u32::MAX, u32::MAX, u32::MAX), Err(ProgramError::Length { .. })));
        let mut other = bytes.clone();
        other[2] ^= 1;
        assert!(matches!(reference.open(&other), Err(ProgramError::Root { .. })));
    }
    let reference = classifier().reference();
    assert_eq!(reference.state_node(0), Some(18));
    assert_eq!(reference.state_node(3), Some(21));
    assert_eq!(reference.state_node(4), None);
}

#[cfg(feature = "serde")]
#[test]
fn programs_are_readable_in_json() {
    for program in [classifier(), distance()] {
        let text = serde_json::to_string(&program).unwrap();
        assert_eq!(serde_json::from_str::<Program>(&text).unwrap(), program);
    }
    assert_eq!(serde_json::to_string(&shape(&[2, 3])).unwrap(), "[2,3]");
    assert!(serde_json::from_str::<Shape>("[2,0]").is_err());
    assert!(serde_json::from_str::<Name>(&format!("{:?}", "x".repeat(65))).is_err());
}
