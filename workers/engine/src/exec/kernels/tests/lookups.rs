//! Pick, Embed and its gradient.
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lookups(m in sizes(), n in sizes(), c in sizes(), seed in 0_u64..10_000) {
        let (ids, classes) = (labels(m as usize, n as usize, seed), values((m * n) as usize, seed));
        for shape in [vec![m, n], vec![m, 1, n]] {
            let program = program(Op::Pick, &[shape, vec![m, 1]], &[], None);
            check(&program, &[classes.clone(), ids.clone()], &[], 0);
        }
        let c = c.min(40);
        let table = values((n * c) as usize, seed + 1);
        for shape in [vec![m], vec![1, m]] {
            let program = program(Op::Embed, &[vec![n, c], shape], &[], None);
            check(&program, &[table.clone(), ids.clone()], &[], 0);
        }
        let dy = values((m * c) as usize, seed + 2);
        let program = program(Op::EmbedGrad, &[vec![m, c], vec![m]], &[], Some(&[n, c]));
        check(&program, &[dy, ids], &[], 0);
    }
}

#[test]
fn many() {
    let (v, c, n) = (100, 65, 2000);
    let ids = labels(n as usize, v as usize, 4);
    let embed = program(Op::Embed, &[vec![v, c], vec![n]], &[], None);
    check_samples(&embed, &[values((v * c) as usize, 3), ids.clone()], 100);
    let grad = program(Op::EmbedGrad, &[vec![n, c], vec![n]], &[], Some(&[v, c]));
    check_samples(&grad, &[values((n * c) as usize, 0), ids], 100);
    let (v, c, n) = (3, 1100, 300);
    let grad = program(Op::EmbedGrad, &[vec![n, c], vec![n]], &[], Some(&[v, c]));
    check_samples(&grad, &[values((n * c) as usize, 0), labels(n as usize, v as usize, 4)], 100);
}
