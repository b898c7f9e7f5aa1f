//! Trees against BLAKE3 itself; openings and descents against every way to get them wrong.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]
use assay_core::commit::descent::{
    first_difference, first_item_difference, reveals, Descent, DescentError, Expected, Found, Revealed, Turn,
};
use assay_core::commit::{
    children, chunk_count, chunk_len, combine, hash, item_at, leaf_cv, open, subtree_cv, verified_f32, verified_item,
    verified_u8, verify, CommitError, Hash, Opening, Span, Tree, CHUNK, FANOUT, MAX_DEPTH,
};
use codec::{Decode, Encode};
use proptest::prelude::*;

/// Bytes that a seed determines.
fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Lengths at and around chunk boundaries and tree shapes.
const LENGTHS: [usize; 22] = [
    0,
    1,
    4,
    1023,
    1024,
    1025,
    2048,
    2049,
    3072,
    4096,
    4097,
    5 * 1024,
    8 * 1024,
    15 * 1024 + 1,
    16 * 1024,
    16 * 1024 + 1,
    17 * 1024,
    31 * 1024,
    33 * 1024 - 1,
    100_000,
    128 * 1024,
    200 * 1024,
];

/// A length up to 200 KiB, chunk boundaries more often than not.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0..=200 * 1024_usize, (0..=200_usize).prop_map(|chunks| chunks * 1024), 0..4096_usize]
}

fn cv(bytes: &[u8], span: Span) -> Hash {
    let range = span.byte_range(bytes.len() as u64);
    subtree_cv(&bytes[range.start as usize..range.end as usize], span, bytes.len() as u64).unwrap()
}

/// All nodes of the tree.
fn nodes(len: u64) -> Vec<Span> {
    let mut found = vec![Span::whole(len)];
    let mut i = 0;
    while let Some(span) = found.get(i) {
        if let Some((left, right)) = span.split() {
            found.extend([left, right]);
        }
        i += 1;
    }
    found
}

#[test]
fn spans_are_recognised() {
    for len in (0..40).map(|chunks| chunks * 1024 + 7) {
        let nodes = nodes(len);
        let chunks = chunk_count(len);
        for start in 0..=chunks + 1 {
            for end in 0..=chunks + 1 {
                let span = Span { start, end };
                assert_eq!(span.is_subtree_of(len), nodes.contains(&span), "{span:?} of {chunks}");
                if !nodes.contains(&span) {
                    assert_eq!(span.checked(len), Err(CommitError::NotASubtree { start, end, chunks }));
                    assert!(combine(span, len, &[Hash::default(); 2]).is_err());
                }
            }
        }
    }
}

#[test]
fn children_partition_their_span() {
    for len in (0..600).map(|chunks| chunks * 1024) {
        for span in nodes(len) {
            let children = children(span);
            if span.is_chunk() {
                assert_eq!(children, []);
                continue;
            }
            assert!((2..=FANOUT).contains(&children.len()));
            assert_eq!((children[0].start, children[children.len() - 1].end), (span.start, span.end));
            assert!(children.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(children.iter().all(|child| child.is_subtree_of(len)));
            assert!(children.iter().all(|child| child.depth() <= span.depth().saturating_sub(4)));
        }
    }
}

#[test]
fn the_widest_tree_has_bounded_depth() {
    let whole = Span::whole(u64::MAX);
    assert_eq!((whole.end, whole.depth() as usize), (1 << 54, MAX_DEPTH));
    assert_eq!(reveals(u64::MAX), 15);
    let mut descent = Descent::new(Hash::default(), u64::MAX / 4 * 4, 4).unwrap();
    assert_eq!(descent.expects(), Expected::Children(16));
    assert!(descent.reveal_children(vec![Hash::default(); 16]).is_err());
    let opening = Opening { chunk: vec![0; 1023], path: vec![Hash::default(); 54] };
    let wrong = verify(&Hash::default(), u64::MAX, (1 << 54) - 1, &opening);
    assert!(matches!(wrong, Err(CommitError::Mismatch { .. })), "{wrong:?}");
}

#[test]
fn trees_equal_blake3() {
    for len in LENGTHS {
        let bytes = bytes(len, 1);
        let tree = Tree::new(&bytes).unwrap();
        assert_eq!(tree.root(), Hash(*blake3::hash(&bytes).as_bytes()));
        assert_eq!(tree.root(), hash(&bytes));
        for span in nodes(len as u64) {
            assert_eq!(tree.cv(span).unwrap(), cv(&bytes, span), "{span:?} of {len} bytes");
            if !span.is_chunk() {
                let revealed = tree.children_cvs(span).unwrap();
                assert_eq!(combine(span, len as u64, &revealed).unwrap(), tree.cv(span).unwrap());
            }
        }
    }
}

#[test]
fn every_chunk_opens() {
    for len in LENGTHS {
        let bytes = bytes(len, 2);
        let tree = Tree::new(&bytes).unwrap();
        for index in 0..chunk_count(len as u64) {
            let opening = tree.opening(&bytes, index).unwrap();
            verify(&tree.root(), len as u64, index, &opening).unwrap();
            assert_eq!(Opening::decode(&mut &opening.encode()[..]).unwrap(), opening);
        }
        let chunks = chunk_count(len as u64);
        let outside = CommitError::ChunkIndex { index: chunks, chunks };
        assert_eq!(tree.opening(&bytes, chunks), Err(outside.clone()));
        assert_eq!(chunk_len(len as u64, chunks), Err(outside.clone()));
        assert_eq!(leaf_cv(&[], chunks, len as u64), Err(outside.clone()));
        let opening = tree.opening(&bytes, 0).unwrap();
        assert_eq!(verify(&tree.root(), len as u64, chunks, &opening), Err(outside));
    }
}

#[test]
fn items_are_read() {
    let bytes = bytes(5000 * 4, 3);
    let (root, len) = (hash(&bytes), bytes.len() as u64);
    for index in [0, 1, 255, 256, 3333, 4999] {
        let at = index as usize * 4;
        let opening = open(&bytes, at as u64 / 1024).unwrap();
        let expected: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
        assert_eq!(verified_item(&root, len, index, &opening), Ok(expected));
        assert_eq!(verified_f32(&root, len, index, &opening).unwrap().0, u32::from_le_bytes(expected));
        assert_eq!(item_at(&opening.chunk, index), Some(expected));
        assert_eq!(verified_u8(&root, len, at as u64, &opening), Ok(bytes[at]));
        assert!(verified_f32(&root, len, index + 256, &opening).is_err());
        assert!(verified_item::<3>(&root, len, index, &opening).is_err());
        assert!(verified_item::<0>(&root, len, index, &opening).is_err());
        assert!(verified_item::<2048>(&root, len, index, &opening).is_err());
    }
    let last = open(&bytes, 19).unwrap();
    assert_eq!(last.chunk.len(), 544);
    let outside = CommitError::ItemIndex { index: 5000, item: 4, len };
    assert_eq!(verified_f32(&root, len, 5000, &last), Err(outside));
    assert!(verified_f32(&root, len, u64::MAX, &last).is_err());
}

#[test]
fn over_long_lists_are_not_decoded() {
    let fits = Opening { chunk: vec![1; CHUNK], path: vec![Hash::default(); MAX_DEPTH] };
    assert_eq!(Opening::decode(&mut &fits.encode()[..]), Ok(fits));
    let chunk = Opening { chunk: vec![1; CHUNK + 1], path: vec![] };
    assert!(Opening::decode(&mut &chunk.encode()[..]).is_err());
    let path = Opening { chunk: vec![], path: vec![Hash::default(); MAX_DEPTH + 1] };
    assert!(Opening::decode(&mut &path.encode()[..]).is_err());
    let children = Revealed::Children(vec![Hash::default(); FANOUT + 1]);
    assert!(Revealed::decode(&mut &children.encode()[..]).is_err());
    assert!(Revealed::decode(&mut &Revealed::Leaf(vec![0; CHUNK + 1]).encode()[..]).is_err());
    assert!(Revealed::decode(&mut &[3_u8][..]).is_err());
    // A length of four thousand million and nothing behind it.
    assert!(Opening::decode(&mut &[3, 255, 255, 255, 255][..]).is_err());
}

#[test]
fn hashes_are_text() {
    let some = hash(b"assay");
    assert_eq!(some.to_string().parse(), Ok(some));
    assert_eq!(some.to_string().to_uppercase().parse(), Ok(some));
    assert_eq!(some.to_string(), blake3::hash(b"assay").to_hex().as_str());
    assert!("12".parse::<Hash>().is_err());
    assert!("g".repeat(64).parse::<Hash>().is_err());
    assert!("é".repeat(32).parse::<Hash>().is_err());
    assert!("+1".repeat(32).parse::<Hash>().is_err());
}

#[cfg(feature = "serde")]
#[test]
fn json_is_readable() {
    let opening = open(b"assay", 0).unwrap();
    let text = serde_json::to_string(&opening).unwrap();
    assert_eq!(text, r#"{"chunk":"6173736179","path":[]}"#);
    assert_eq!(serde_json::from_str::<Opening>(&text).unwrap(), opening);
    let mut descent = Descent::new(hash(b"assay"), 5, 1).unwrap();
    descent.reveal_leaf(b"assay".to_vec()).unwrap();
    let text = serde_json::to_string(&descent).unwrap();
    assert_eq!(serde_json::from_str::<Descent>(&text).unwrap(), descent);
    assert!(serde_json::from_str::<Hash>(r#""12""#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 16 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn openings_verify(len in length(), seed: u64, pick: prop::sample::Index) {
        let bytes = bytes(len, seed);
        let (root, len) = (hash(&bytes), len as u64);
        let tree = Tree::new(&bytes).unwrap();
        prop_assert_eq!(tree.root(), root);
        for index in 0..chunk_count(len) {
            verify(&root, len, index, &tree.opening(&bytes, index).unwrap()).unwrap();
        }
        let index = pick.index(chunk_count(len) as usize) as u64;
        prop_assert_eq!(open(&bytes, index), tree.opening(&bytes, index));
    }

    #[test]
    fn flipped_bits_are_rejected(len in length(), seed: u64, pick: prop::sample::Index, bit: prop::sample::Index) {
        let bytes = bytes(len, seed);
        let (root, len) = (hash(&bytes), len as u64);
        let index = pick.index(chunk_count(len) as usize) as u64;
        let opening = open(&bytes, index).unwrap();
        let bits = (opening.chunk.len() + opening.path.len() * 32) * 8;
        prop_assume!(bits > 0);
        let bit = bit.index(bits);
        let mut bad = opening.clone();
        match bad.chunk.get_mut(bit / 8) {
            Some(byte) => *byte ^= 1 << (bit % 8),
            None => {
                let at = bit / 8 - opening.chunk.len();
                bad.path[at / 32].0[at % 32] ^= 1 << (bit % 8);
            }
        }
        let mismatch = matches!(verify(&root, len, index, &bad), Err(CommitError::Mismatch { expected, .. }) if expected == root);
        prop_assert!(mismatch);
        let mut other = root;
        other.0[bit % 32] ^= 1;
        prop_assert!(verify(&other, len, index, &opening).is_err());
    }

    #[test]
    fn wrong_lengths_and_places_are_rejected(len in length(), other in length(), seed: u64, pick: prop::sample::Index) {
        let bytes = bytes(len, seed);
        let (root, len, other) = (hash(&bytes), len as u64, other as u64);
        let index = pick.index(chunk_count(len) as usize) as u64;
        let opening = open(&bytes, index).unwrap();
        // Another total length shows for every chunk but those whose length and path it leaves as they are.
        let same = chunk_len(other, index) == chunk_len(len, index) && verify(&root, other, index, &opening).is_ok();
        prop_assert!(!same || other == len || index + 1 < chunk_count(len));
        for length in [len + 1, len.wrapping_sub(1), len + 1024] {
            let last = chunk_count(len) - 1;
            let opening = open(&bytes, last).unwrap();
            prop_assert!(verify(&root, length, last, &opening).is_err());
        }
        for wrong in 0..chunk_count(len) {
            prop_assert_eq!(verify(&root, len, wrong, &opening).is_ok(), wrong == index);
        }
        let mut long = opening.clone();
        long.path.push(root);
        let is_path = matches!(verify(&root, len, index, &long), Err(CommitError::PathLength { .. }));
        prop_assert!(is_path);
        let mut short = opening.clone();
        if short.path.pop().is_some() {
            let is_path = matches!(verify(&root, len, index, &short), Err(CommitError::PathLength { .. }));
            prop_assert!(is_path);
        }
        let mut long = opening.clone();
        long.chunk.push(0);
        let is_length = matches!(verify(&root, len, index, &long), Err(CommitError::Length { .. }));
        prop_assert!(is_length);
    }

    /// Both sides honest about what they hold: the leftmost difference is found, in as many moves as the length allows.
    #[test]
    fn descents_find_the_leftmost_difference(
        items in 1..6_000_usize, wide: bool, seed: u64,
        differences in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 1..6),
    ) {
        let item = if wide { 32 } else { 4 };
        let theirs = bytes(items * item, seed);
        let mut mine = theirs.clone();
        for (place, bit) in &differences {
            mine[place.index(items) * item + bit.index(item)] ^= 1 << bit.index(8);
        }
        let leftmost = mine.chunks(item).zip(theirs.chunks(item)).position(|(a, b)| a != b);
        prop_assume!(leftmost.is_some());
        let (found, moves) = play(&mine, &theirs, item as u8);
        prop_assert_eq!(found.item_index, leftmost.unwrap() as u64);
        prop_assert_eq!(&found.value[..], theirs.chunks(item).nth(leftmost.unwrap()).unwrap());
        prop_assert!(moves <= reveals(theirs.len() as u64));
    }

    /// Nothing a stranger sends makes the machine panic, and nothing but the committed children and bytes gets through.
    #[test]
    fn descents_refuse_what_was_not_committed(
        len in (1..200_usize).prop_map(|n| n * 512), seed: u64, picks in prop::collection::vec(any::<(u32, u8)>(), 1..20),
    ) {
        let bytes = bytes(len, seed);
        let tree = Tree::new(&bytes).unwrap();
        let mut descent = Descent::new(tree.root(), len as u64, 4).unwrap();
        for (pick, what) in picks {
            prop_assert_eq!(&Descent::decode(&mut &descent.encode()[..]).unwrap(), &descent);
            let before = descent.clone();
            let span = descent.span();
            match (descent.turn(), what % 4) {
                (Turn::Asserter, 0) => {
                    let wrong = vec![Hash([what; 32]); pick as usize % 20];
                    prop_assert!(descent.reveal_children(wrong).is_err());
                    prop_assert_eq!(&descent, &before);
                }
                (Turn::Asserter, 1) => {
                    prop_assert!(descent.reveal_leaf(vec![what; pick as usize % 1100]).is_err());
                    prop_assert!(descent.pick(pick).is_err());
                    prop_assert_eq!(&descent, &before);
                }
                (Turn::Asserter, _) if span.is_chunk() => {
                    prop_assert!(descent.reveal_children(vec![tree.cv(span).unwrap()]).is_err());
                    descent.reveal_leaf(tree.chunk(&bytes, span.start).unwrap().to_vec()).unwrap();
                }
                (Turn::Asserter, _) => descent.reveal_children(tree.children_cvs(span).unwrap()).unwrap(),
                (Turn::Challenger, _) => {
                    prop_assert!(descent.reveal_leaf(bytes.clone()).is_err());
                    prop_assert!(descent.reveal_children(vec![]).is_err());
                    let pick = pick % 20;
                    match descent.pick(pick) {
                        Ok(None) => prop_assert_eq!(descent.span(), children(span)[pick as usize]),
                        Ok(Some(found)) => {
                            prop_assert_eq!(found.item_index, span.start * 256 + u64::from(pick));
                            let at = found.item_index as usize * 4;
                            prop_assert_eq!(&found.value[..], &bytes[at..at + 4]);
                        }
                        Err(DescentError::Pick { .. }) => prop_assert_eq!(&descent, &before),
                        Err(error) => prop_assert!(false, "{}", error),
                    }
                }
            }
        }
    }
}

/// A descent into `theirs`, picked by a challenger who holds `mine`; with the number of the asserter's moves.
fn play(mine: &[u8], theirs: &[u8], item: u8) -> (Found, u32) {
    let (my_tree, their_tree) = (Tree::new(mine).unwrap(), Tree::new(theirs).unwrap());
    let mut descent = Descent::new(their_tree.root(), theirs.len() as u64, item).unwrap();
    let mut moves = 0;
    loop {
        moves += 1;
        let span = descent.span();
        let pick = match descent.expects() {
            Expected::Children(_) => {
                let revealed = their_tree.children_cvs(span).unwrap();
                descent.reveal_children(revealed.clone()).unwrap();
                first_difference(&my_tree.children_cvs(span).unwrap(), &revealed)
            }
            Expected::Leaf(len) => {
                let chunk = their_tree.chunk(theirs, span.start).unwrap();
                assert_eq!(chunk.len(), len as usize);
                descent.reveal_leaf(chunk.to_vec()).unwrap();
                first_item_difference(my_tree.chunk(mine, span.start).unwrap(), chunk, item)
            }
        };
        if let Some(found) = descent.pick(pick.unwrap()).unwrap() {
            return (found, moves);
        }
    }
}

#[test]
fn descents_need_whole_items() {
    let new = |len, item| Descent::new(Hash::default(), len, item);
    for (len, item) in [(0, 4), (6, 4), (12, 3), (12, 0), (33, 32), (1024, 33)] {
        assert_eq!(new(len, item), Err(DescentError::NotAList { len, item }));
    }
    for (len, item) in [(4, 4), (32, 32), (7, 1), (1 << 40, 128)] {
        assert!(new(len, item).is_ok());
    }
}
