//! Conv and Pool with their gradients.
use super::*;
use assay_core::graph::{ConvPart, PoolKind, Window};

/// A window, its kernel and an image that has some.
fn windows() -> impl Strategy<Value = (Window, [u32; 2], [u32; 2])> {
    let pair = |range: std::ops::Range<u8>| [range.clone(), range];
    let sizes = [prop_oneof![1_u32..6, 14_u32..20], prop_oneof![1_u32..6, 30_u32..36]];
    (pair(1..4), pair(1..3), pair(0..4), pair(0..4), [1_u32..5, 1_u32..5], sizes).prop_filter_map(
        "no window",
        |(stride, dilation, before, after, kernel, image)| {
            let window = Window { stride, dilation, before, after };
            window.output(image, kernel).map(|_| (window, kernel, image))
        },
    )
}

fn check_conv(window: Window, groups: u32, [n, c, o]: [u32; 3], kernel: [u32; 2], image: [u32; 2], seed: u64) {
    let [yh, yw] = window.output(image, kernel).unwrap();
    let x = vec![n, c * groups, image[0], image[1]];
    let weight = vec![o * groups, c, kernel[0], kernel[1]];
    let y = vec![n, o * groups, yh, yw];
    let op = |part| Op::Conv { part, window, groups: groups as u16 };
    check_states(op(ConvPart::Forward), &[x.clone(), weight.clone()], seed);
    check_shaped(op(ConvPart::Input), &[y.clone(), weight.clone()], Some(&x), seed);
    check_shaped(op(ConvPart::Weight), &[y, x], Some(&weight), seed);
}

fn check_pools(window: Window, [n, c]: [u32; 2], kernel: [u32; 2], image: [u32; 2], seed: u64) {
    let [yh, yw] = window.output(image, kernel).unwrap();
    let (x, y) = (vec![n, c, image[0], image[1]], vec![n, c, yh, yw]);
    let items = (kernel[0] * kernel[1]) as usize;
    let kernel = kernel.map(|k| k as u8);
    for kind in [PoolKind::Max, PoolKind::Argmax, PoolKind::Average, PoolKind::AverageInside] {
        check_states(Op::Pool { kind, window, kernel }, std::slice::from_ref(&x), seed);
    }
    for kind in [PoolKind::Average, PoolKind::AverageInside] {
        check_shaped(Op::PoolGrad { kind, window, kernel }, std::slice::from_ref(&y), Some(&x), seed);
    }
    let op = Op::PoolGrad { kind: PoolKind::Max, window, kernel };
    let argmax = labels(elements(&y), items, seed);
    check(&program(op, &[y.clone(), y.clone()], &[], Some(&x)), &[values(elements(&y), seed), argmax], &[], 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn convolutions(
        (window, kernel, image) in windows(),
        groups in 1_u32..4,
        sizes in [1_u32..4, 1_u32..4, 1_u32..6],
        seed in 0_u64..10_000,
    ) {
        check_conv(window, groups, sizes, kernel, image, seed);
    }

    #[test]
    fn pools((window, kernel, image) in windows(), sizes in [1_u32..4, 1_u32..4], seed in 0_u64..10_000) {
        check_pools(window, sizes, kernel, image, seed);
    }
}

/// Two by two items side by side, in images of even and odd sizes, fewer and more than a vector of windows.
#[test]
fn halves() {
    let halves = Window { stride: [2; 2], ..Window::UNIT };
    for seed in 0..4 {
        for image in
            [[2, 2], [3, 2], [2, 5], [10, 10], [7, 7], [4, 31], [6, 32], [5, 33], [4, 37], [4, 64], [3, 67], [28, 28]]
        {
            check_pools(halves, [2, 3], [2, 2], image, seed);
        }
    }
    // The last windows reach out of the image.
    check_pools(Window { after: [1, 1], ..halves }, [1, 2], [2, 2], [7, 9], 2);
}

#[test]
fn windows_that_read_nothing_of_an_image() {
    for (stride, before) in [([1, 8], [0, 6]), ([8, 1], [6, 0]), ([8, 8], [6, 6])] {
        let window = Window { stride, before, ..Window::UNIT };
        check_conv(window, 1, [2, 8, 8], [1, 1], [3, 2], 0);
        check_conv(window, 3, [2, 3, 3], [1, 1], [3, 2], 0);
        check_pools(window, [2, 3], [1, 1], [3, 2], 0);
    }
}

const SAME: Window = Window { stride: [1; 2], dilation: [1; 2], before: [1; 2], after: [1; 2] };

#[test]
fn long_chains() {
    // More than a block of terms: 1,080 in both directions, 2,704 for the weights.
    check_conv(SAME, 1, [1, 120, 6], [3, 3], [4, 5], 0);
    check_conv(SAME, 1, [2, 2, 120], [3, 3], [4, 5], 1);
    check_conv(SAME, 1, [4, 2, 3], [3, 3], [26, 26], 0);
    check_conv(Window { stride: [2; 2], ..SAME }, 2, [12, 2, 3], [3, 3], [31, 33], 1);
}

#[test]
fn channels_of_all_counts() {
    // Vectors of channels are whole, halves, or partly filled, and come in twos.
    for channels in 1..=34 {
        let seed = u64::from(channels);
        check_conv(SAME, 1, [2, 2, channels], [3, 3], [5, 6], seed);
        check_conv(SAME, 1, [2, channels, 2], [3, 3], [5, 6], seed);
    }
}

#[test]
fn places_of_all_rows() {
    // Two vectors of channels and many terms, in rows that aren't whole tiles.
    for (seed, image) in (0..).zip([[7, 7], [6, 8], [4, 14], [3, 20], [5, 1]]) {
        check_conv(SAME, 1, [2, 9, 20], [3, 3], image, seed);
        check_conv(Window { stride: [2; 2], ..SAME }, 1, [2, 20, 17], [3, 3], image, seed);
    }
    // More than a block of terms.
    check_conv(SAME, 1, [1, 120, 12], [3, 3], [4, 7], 0);
}

#[test]
fn few_channels() {
    // Rows of one vector of places or several, that overlap or don't; tiles of less than a row, and of several.
    for channels in 1..=7 {
        for columns in [8, 9, 14, 16, 17, 31, 32, 35] {
            let seed = u64::from(channels * columns);
            check_conv(SAME, 1, [2, 2, channels], [3, 3], [3, columns], seed);
            check_conv(Window::UNIT, 2, [1, channels, 2], [2, 3], [2, columns], seed);
        }
    }
    // More than a block of terms.
    for channels in [1, 3, 6] {
        check_conv(SAME, 1, [1, 120, channels], [3, 3], [3, 19], u64::from(channels));
    }
}

#[test]
fn zeros_of_both_signs() {
    // Products of such small numbers are zeros; which sign they have, the terms +0 · w decide, too, that kernels leave out.
    let tiny = |dims: &[u32], seed: u64| -> Vec<f32> {
        let value = |i: usize| f32::from_bits((philox(seed, 97, i as u64)[0] & 0x807f_ffff) | 0x1800_0000);
        (0..elements(dims)).map(value).collect()
    };
    let mut negative = 0;
    let windows = [SAME, SAME, Window { stride: [2; 2], ..SAME }, Window { stride: [3, 2], ..Window::UNIT }];
    for (seed, (window, image)) in (0..).zip(windows.into_iter().zip([[9, 10], [9, 18], [9, 10], [9, 10]])) {
        let (x, weight) = (vec![2, 3, image[0], image[1]], vec![5, 3, 3, 3]);
        let [yh, yw] = window.output(image, [3, 3]).unwrap();
        let y = vec![2, 5, yh, yw];
        let op = |part| Op::Conv { part, window, groups: 1 };
        let weights = tiny(&weight, seed);
        let forward = program(op(ConvPart::Forward), &[x.clone(), weight.clone()], &[], None);
        let gradient = program(op(ConvPart::Input), &[y.clone(), weight.clone()], &[], Some(&x));
        for (program, read) in [(forward, &x), (gradient, &y)] {
            let tensors = [tiny(read, 9 + seed), weights.clone()];
            check(&program, &tensors, &[], 0);
            everywhere(&program, &tensors, &[], 0, |got, _| {
                negative += got.iter().filter(|x| x.to_bits() == 0x8000_0000).count();
            });
        }
    }
    assert!(negative > 100, "{negative} elements are −0");
}

#[test]
fn great_ones() {
    let samples = |op, shapes: [Vec<u32>; 2], out: Option<&[u32]>| {
        let tensors = [0, 4].map(|seed| values(elements(&shapes[usize::from(seed > 0)]), seed));
        check_samples(&program(op, &shapes, &[], out), &tensors, 40);
    };
    for (window, groups, [yh, yw]) in [(SAME, 1, [32, 32]), (Window { stride: [2; 2], ..SAME }, 4, [16, 16])] {
        let (x, y) = (vec![9, 16, 32, 32], vec![9, 24, yh, yw]);
        let weight = vec![24, 16 / groups, 3, 3];
        let op = |part| Op::Conv { part, window, groups: groups as u16 };
        samples(op(ConvPart::Forward), [x.clone(), weight.clone()], None);
        samples(op(ConvPart::Input), [y.clone(), weight.clone()], Some(&x));
        samples(op(ConvPart::Weight), [y, x], Some(&weight));
    }
    // Channels enough for a GPU's great tiles.
    let (x, weight) = (vec![2, 66, 10, 10], vec![70, 66, 3, 3]);
    let y = vec![2, 70, 10, 10];
    let op = |part| Op::Conv { part, window: SAME, groups: 1 };
    samples(op(ConvPart::Forward), [x.clone(), weight.clone()], None);
    samples(op(ConvPart::Input), [y.clone(), weight.clone()], Some(&x));
    samples(op(ConvPart::Weight), [y, x], Some(&weight));
    // One channel to a group, enough for both threads.
    let (x, weight) = (vec![4, 32, 30, 30], vec![32, 1, 3, 3]);
    let op = |part| Op::Conv { part, window: SAME, groups: 32 };
    samples(op(ConvPart::Forward), [x.clone(), weight.clone()], None);
    samples(op(ConvPart::Input), [x.clone(), weight.clone()], Some(&x));
    samples(op(ConvPart::Weight), [x.clone(), x], Some(&weight));
    check_pools(Window { stride: [2; 2], ..Window::UNIT }, [8, 32], [2, 2], [28, 28], 2);
    check_pools(Window::UNIT, [8, 32], [7, 7], [7, 7], 3);
    check_pools(Window { stride: [2; 2], ..SAME }, [3, 8], [3, 3], [56, 57], 0);
}
