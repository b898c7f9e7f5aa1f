//! Work units: never none, additive, growing with the elements, never too many to count.
use super::nodes::{classifier, distance, node, reduce};
use super::semantics::every_operator;
use assay_core::graph::function::Function;
use assay_core::graph::{ConvPart, Node, Op, PoolKind, ReduceKind, ScheduleKind, Window};
use proptest::prelude::*;

/// What a node counts that computes nothing to speak of.
fn least() -> u64 {
    let kind = ScheduleKind::Constant;
    node(
        Op::Schedule { kind, base: super::nodes::f32(0.1), end: super::nodes::f32(0.1), warmup: 0, period: 0 },
        &[],
        &[1],
    )
    .work()
}

#[test]
fn every_operator_counts() {
    for n in [1, 2, 33, 1100, 4500] {
        for node in every_operator(n) {
            assert!(node.work() >= least() && node.work() < 1 << 40, "{node:?}");
        }
    }
}

#[test]
fn a_program_counts_what_its_nodes_do() {
    for program in [classifier(), distance()] {
        assert_eq!(program.work(), program.nodes.iter().map(Node::work).sum::<u64>());
        let mut twice = program.clone();
        twice.nodes.extend(program.nodes.clone());
        assert_eq!(twice.work(), 2 * program.work());
    }
}

#[test]
fn the_unit_is_an_operation_of_a_large_product() {
    let n = 1 << 14;
    let product = node(Op::MatMul { trans_a: false, trans_b: false }, &[&[n, n], &[n, n]], &[n, n]);
    let operations = 2 * u64::from(n).pow(3);
    assert!((operations..operations / 1000 * 1002).contains(&product.work()));
}

#[test]
fn what_takes_longer_counts_more() {
    let map = |function| node(Op::map(function), &vec![&[1000][..]; usize::from(function.arity())], &[1000]).work();
    assert!(map(Function::Copy) < map(Function::Add) && map(Function::Add) < map(Function::Exp));
    let copy = map(Function::Copy);
    let moved = |op, shape: &[u32]| node(op, &[&[10, 100]], shape).work();
    assert_eq!(moved(Op::Reshape, &[1000]), copy);
    assert!(moved(Op::Transpose { perm: [1, 0, 2, 3, 4, 5] }, &[100, 10]) > copy);
}

#[test]
fn channels_of_their_own_need_no_windows_laid_out() {
    let conv = |groups| Op::Conv { part: ConvPart::Forward, window: Window::UNIT, groups };
    let own = node(conv(8), &[&[2, 8, 9, 9], &[8, 1, 3, 3]], &[2, 8, 7, 7]).work();
    let pairs = node(conv(4), &[&[2, 8, 9, 9], &[8, 2, 3, 3]], &[2, 8, 7, 7]).work();
    let all = node(conv(1), &[&[2, 8, 9, 9], &[8, 8, 3, 3]], &[2, 8, 7, 7]).work();
    let products = 2 * 8 * 49 * 9;
    assert!(own < pairs - 4 * products && pairs < all);
}

#[test]
fn between_strides_there_is_nothing_to_add() {
    let gradient = |stride: u8| {
        let (window, side) = (Window { stride: [stride; 2], ..Window::UNIT }, (33 - 3) / u32::from(stride) + 1);
        let op = Op::Conv { part: ConvPart::Input, window, groups: 1 };
        node(op, &[&[4, 64, side, side], &[64, 64, 3, 3]], &[4, 64, 33, 33]).work()
    };
    assert!(gradient(2) < gradient(1) / 3 && gradient(1) < 5 * gradient(2), "{} {}", gradient(1), gradient(2));
}

/// Nodes whose first axis has `n` items, and whose work grows with it alone.
fn along(n: u32, m: u32, k: u32) -> Vec<Node> {
    let (window, kernel) = (Window { stride: [2; 2], ..Window::UNIT }, [2; 2]);
    let (images, halves) = ([n, k, 2 * m, 6], [n, k, m, 3]);
    let conv = |part| Op::Conv { part, window: Window::UNIT, groups: 1 };
    let weight = [m, k, 1, 1];
    let mut nodes = vec![
        node(Op::MatMul { trans_a: false, trans_b: true }, &[&[n, k], &[m, k]], &[n, m]),
        node(Op::MatMul { trans_a: true, trans_b: false }, &[&[n, k, m], &[n, k, m]], &[n, m, m]),
        node(conv(ConvPart::Forward), &[&[n, k, 2, 3], &weight], &[n, m, 2, 3]),
        node(conv(ConvPart::Input), &[&[n, m, 2, 3], &weight], &[n, k, 2, 3]),
        node(conv(ConvPart::Weight), &[&[n, m, 2, 3], &[n, k, 2, 3]], &weight),
        node(Op::Pool { kind: PoolKind::Max, window, kernel }, &[&images], &halves),
        node(Op::PoolGrad { kind: PoolKind::Max, window, kernel }, &[&halves, &halves], &images),
        node(reduce(ReduceKind::Dot, 0b10), &[&[n, k], &[n, k]], &[n, 1]),
        node(reduce(ReduceKind::Sum, 0b01), &[&[n, k]], &[1, k]),
        node(Op::Pick, &[&[n, k], &[n]], &[n, 1]),
        node(Op::Embed, &[&[m, k], &[n]], &[n, k]),
        node(Op::EmbedGrad, &[&[n, k], &[n]], &[m, k]),
        node(Op::Jitter { seed: 1, exponent: -22 }, &[&[n, k]], &[n, k]),
        node(Op::Reshape, &[&[n, k]], &[n * k]),
    ];
    for &function in Function::ALL {
        nodes.push(node(Op::map(function), &vec![&[n, k][..]; usize::from(function.arity())], &[n, k]));
    }
    nodes
}

proptest! {
    #[test]
    fn it_is_linear_along_an_axis(n in 1_u32..50, m in 1_u32..20, k in 1_u32..20, times in 2_u32..6) {
        let work = |n| along(n, m, k).into_iter().map(|node| node.work()).collect::<Vec<u64>>();
        let (one, next, more) = (work(n), work(n + 1), work(n + times));
        for (i, node) in along(n, m, k).iter().enumerate() {
            prop_assert!(next[i] > one[i], "{:?}", node);
            prop_assert_eq!(more[i] - one[i], u64::from(times) * (next[i] - one[i]), "{:?}", node);
        }
    }

    #[test]
    fn any_sizes_can_be_counted(dims in prop::array::uniform4(prop::sample::select(vec![1_u32, 2, 1 << 8, 1 << 10]))) {
        let [n, c, h, w] = dims;
        let conv = |part| Op::Conv { part, window: Window::UNIT, groups: 1 };
        for node in [
            node(conv(ConvPart::Forward), &[&dims, &[n, c, h, w]], &[n, n, 1, 1]),
            node(conv(ConvPart::Input), &[&dims, &[c, n, 1, 1]], &[n, n, h, w]),
            node(conv(ConvPart::Weight), &[&dims, &dims], &[c, c, 1, 1]),
            node(Op::MatMul { trans_a: true, trans_b: false }, &[&dims, &dims], &[n, c, w, w]),
        ] {
            prop_assert!((least()..u64::MAX).contains(&node.work()), "{:?}", node);
        }
    }
}
