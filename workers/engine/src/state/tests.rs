//! Checkpoints, and files that aren't.
use super::*;
use assay_core::arith::random::philox;
use assay_core::graph::{Name, Shape};

fn decls() -> Vec<StateDecl> {
    [("w.momentum", vec![2, 3]), ("b", vec![1]), ("w", vec![2, 3])]
        .map(|(name, dims)| StateDecl { name: Name::new(name).unwrap(), shape: Shape::new(&dims).unwrap() })
        .to_vec()
}

fn state() -> State {
    State::new(decls(), vec![vec![0.0, -0.0, 1.0, 2.5, f32::MIN_POSITIVE, -3.0], vec![7.0], vec![1.0; 6]]).unwrap()
}

#[test]
fn a_checkpoint_survives_and_is_always_the_same_bytes() {
    let checkpoint = Checkpoint { step: 25, state: state() };
    let bytes = checkpoint.to_bytes();
    assert_eq!(bytes, checkpoint.to_bytes());
    assert_eq!(Checkpoint::from_bytes(&bytes, decls()).unwrap(), checkpoint);
    assert_eq!(Checkpoint::verified(&bytes, decls(), checkpoint.state.root()).unwrap(), checkpoint);
    let other = assay_core::commit::hash(b"other");
    assert!(matches!(Checkpoint::verified(&bytes, decls(), other), Err(StateError::Root { .. })));
    // For anyone else it is a safetensors file.
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("w").unwrap().shape(), [2, 3]);
}

#[test]
fn roots_are_those_of_the_protocol() {
    let state = state();
    let bytes = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    let roots: Vec<_> = state.tensors().iter().map(|tensor| assay_core::commit::hash(&bytes(tensor))).collect();
    assert_eq!(state.roots(), roots);
    let list: Vec<u8> = roots.iter().flat_map(|root| root.0).collect();
    assert_eq!(state.root(), assay_core::commit::hash(&list));
}

#[test]
fn files_hold_their_state_and_its_root() {
    // One tensor longer than what is hashed at once, one shorter.
    let decls = [("long", 100_001), ("short", 3)]
        .map(|(name, length)| StateDecl { name: Name::new(name).unwrap(), shape: Shape::new(&[length]).unwrap() });
    let tensor = |length: u32| (0..length).map(|at| at as f32).collect();
    let checkpoint = Checkpoint { step: 7, state: State::new(decls, vec![tensor(100_001), tensor(3)]).unwrap() };
    let draft = Draft::new(7, &checkpoint.state, b"what was there".repeat(100_000));
    let (root, bytes) = draft.seal();
    assert_eq!((root, &bytes), (checkpoint.state.root(), &checkpoint.to_bytes()));
    let (header, tensors) = bytes.split_at(bytes.len() - 4 * 100_004);
    assert!(header.windows(64).any(|window| window == root.to_string().as_bytes()));
    assert_eq!(tensors, [checkpoint.state.bytes(0), checkpoint.state.bytes(1)].concat());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    assert_eq!(checkpoint.write_file(&path).unwrap(), root);
    assert!(std::fs::read(&path).unwrap() == bytes);
}

/// So large that it is copied past the caches, to a buffer that nothing is aligned in.
#[test]
fn large_states_are_copied_whole() {
    let length = (64 << 20) / 4 + 5;
    let decls = [StateDecl { name: Name::new("w").unwrap(), shape: Shape::new(&[length]).unwrap() }];
    let state = State::new(decls, vec![(0..length).map(f32::from_bits).collect()]).unwrap();
    for buffer in [Vec::new(), vec![7; 80 << 20]] {
        let (root, bytes) = Draft::new(7, &state, buffer).seal();
        assert_eq!(root, state.root());
        assert!(bytes.ends_with(state.bytes(0)));
    }
}

#[test]
fn files_are_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let first = Checkpoint { step: 0, state: state() };
    first.write_file(&path).unwrap();
    assert_eq!(Checkpoint::read_file(&path, decls()).unwrap(), first);
    let second = Checkpoint { step: 1, ..first };
    second.write_file(&path).unwrap();
    assert_eq!(Checkpoint::read_file(&path, decls()).unwrap(), second);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = second.write_file(&folder.path().join("no/such/folder")).unwrap_err();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
    let error = Checkpoint::read_file(&folder.path().join("none"), decls()).unwrap_err();
    assert!(matches!(error, StateError::Io { .. }));
}

#[test]
fn nan_is_read_to_be_judged_but_not_to_be_used() {
    let mut nan = state();
    nan.tensors_mut()[1][0] = f32::NAN;
    let checkpoint = Checkpoint { step: 3, state: nan };
    assert_eq!(Checkpoint::from_bytes(&checkpoint.to_bytes(), decls()).unwrap(), checkpoint);
    let file = tempfile::NamedTempFile::new().unwrap();
    checkpoint.write_file(file.path()).unwrap();
    let error = Checkpoint::read_file(file.path(), decls()).unwrap_err();
    assert_eq!(error.to_string(), "state tensor \"b\" isn't finite: element 0 is NaN");
}

#[test]
fn malformed_files_are_errors() {
    let bytes = Checkpoint { step: 25, state: state() }.to_bytes();
    for len in 0..bytes.len() {
        assert!(Checkpoint::from_bytes(&bytes[..len], decls()).is_err(), "cut to {len} bytes");
    }
    let error = |decls: Vec<StateDecl>| Checkpoint::from_bytes(&bytes, decls).unwrap_err().to_string();
    let mut missing = decls();
    missing[0].name = Name::new("v").unwrap();
    assert_eq!(error(missing), "the checkpoint lacks tensor \"v\"");
    let mut shape = decls();
    shape[2].shape = Shape::new(&[3, 2]).unwrap();
    assert!(error(shape).contains("\"w\" of the checkpoint is F32 [2, 3], the program declares F32 [3, 2]"));
    assert!(error(decls()[..2].to_vec()).contains("3 tensors"));
    // Any damage is an error: the root covers the values, the format the rest.
    let begin = bytes.len() - 13 * 4;
    for round in 0..3000 {
        let mut damaged = bytes.clone();
        let [place, value, ..] = philox(5, 5, round);
        let place = place as usize % damaged.len();
        damaged[place] ^= value as u8;
        let read = Checkpoint::from_bytes(&damaged, decls());
        assert!(place < begin || damaged[place] == bytes[place] || read.is_err());
    }
}

#[test]
fn states_must_fit_their_declarations() {
    assert!(matches!(State::new(decls(), vec![]), Err(StateError::Count { expected: 3, got: 0 })));
    assert!(matches!(
        State::new(decls(), vec![vec![0.0; 6], vec![0.0; 2], vec![0.0; 6]]),
        Err(StateError::Elements { got: 2, .. })
    ));
    let mut other = decls();
    other.swap(0, 2);
    assert!(matches!(state().check(&other), Err(StateError::Decl { .. })));
}
