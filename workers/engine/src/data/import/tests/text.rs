//! Text.
use super::*;

fn text(tokenizer: Tokenizer, context: u32) -> super::super::Text {
    super::super::Text { tokenizer, context, unknown: None }
}

fn tokens(column: &Column) -> &[u8] {
    column.elements.as_bytes()
}

#[test]
fn windows_and_the_next_tokens() {
    let table = text(Tokenizer::Byte, 3).windows((0..=9).collect()).unwrap();
    assert_eq!((tokens(&table.inputs), table.inputs.row.as_slice()), (&[0, 1, 2, 3, 4, 5, 6, 7, 8][..], &[3][..]));
    assert_eq!(tokens(table.labels.numbers.as_ref().unwrap()), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let table = text(Tokenizer::Byte, 3).windows((0..9).collect()).unwrap();
    assert_eq!(tokens(&table.inputs), [0, 1, 2, 3, 4, 5], "the last window lacks its last label");
    let error = text(Tokenizer::Byte, 3).windows(vec![0; 3]).unwrap_err();
    assert!(matches!(error, ImportError::TooShort { tokens: 3, context: 3 }), "{error}");
    assert!(text(Tokenizer::Byte, u32::MAX).windows(Vec::new()).is_err());
}

#[test]
fn vocabularies_carry_over() {
    let folder = tempfile::tempdir().unwrap();
    let [play, poem] = ["play.txt", "poem.txt"].map(|name| folder.path().join(name));
    std::fs::write(&play, "to be, or not to be: äh\n").unwrap();
    std::fs::write(&poem, "to err, or zoo to be: to be\n").unwrap();
    let mut first = import(&play, Format::Text(text(Tokenizer::Char, 4)));
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let manifest = first.run(&one, &quiet).unwrap().manifest;
    let vocabulary = Vocabulary::read(&one.join(VOCABULARY)).unwrap();
    assert_eq!(vocabulary.tokens.iter().collect::<String>(), "\n ,:behnortä");
    assert_eq!((vocabulary.size, manifest.vocabulary.as_ref().unwrap().size), (12, 12));
    assert_eq!(manifest.tensors.train_inputs.shape.dims(), [4, 4]);
    assert_eq!(manifest.tensors.train_inputs.shape, manifest.tensors.train_labels.shape);
    assert_eq!(&read(&one, "train-inputs").bytes()[..4], [10, 8, 1, 4], "to b");
    assert_eq!(&read(&one, "train-labels").bytes()[..4], [8, 1, 4, 5], "o be");
    assert!(first.run(&one, &quiet).unwrap().unchanged);
    // Another text with the same numbers.
    let mut second = import(&poem, Format::Text(text(Tokenizer::Char, 4)));
    second.vocabulary = Some(one.join(VOCABULARY));
    let error = plain(second.run(&two, &quiet).unwrap_err());
    assert!(matches!(error, ImportError::UnknownCharacter { character: 'z', at: 11 }), "{error}");
    let unknown = |unknown| Format::Text(super::super::Text { unknown: Some(unknown), ..text(Tokenizer::Char, 4) });
    second.options.format = unknown('!');
    assert!(matches!(plain(second.run(&two, &quiet).unwrap_err()), ImportError::UnknownIsUnknown('!')));
    second.options.format = unknown('ä');
    let manifest = second.run(&two, &quiet).unwrap().manifest;
    assert_eq!(manifest.vocabulary.as_ref().unwrap().replaced, 1);
    assert_eq!(&read(&two, "train-inputs").bytes()[8..12], [8, 9, 1, 11]);
    let files = [&one, &two].map(|folder| std::fs::read(folder.join(VOCABULARY)).unwrap());
    assert_eq!(files[0], files[1]);
    assert_eq!(manifest.sources[1].role, Role::Vocabulary);
    // The vocabulary is a part of what an import is of, and checked as the tensors are.
    std::fs::write(two.join(VOCABULARY), "{}").unwrap();
    assert!(!second.run(&two, &quiet).unwrap().unchanged);
    second.options.format = Format::Text(text(Tokenizer::Byte, 4));
    assert!(matches!(second.run(&two, &quiet).unwrap_err(), ImportError::Tokenizer { .. }));
    // A test text of its own shares the vocabulary.
    first.test = Some(Inputs { inputs: poem, labels: None });
    first.options.selection.test_fraction = None;
    let manifest = first.run(&folder.path().join("three"), &quiet).unwrap().manifest;
    assert_eq!(manifest.vocabulary.unwrap().size, 13, "with z");
    assert_eq!(manifest.tensors.test_inputs.shape.dims(), [6, 4]);
}

#[test]
fn bytes_take_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noise");
    std::fs::write(&path, (0..=255).collect::<Vec<u8>>()).unwrap();
    let out = folder.path().join("out");
    let manifest = import(&path, Format::Text(text(Tokenizer::Byte, 5))).run(&out, &quiet).unwrap().manifest;
    assert_eq!(manifest.tensors.train_inputs.shape.dims(), [41, 5]);
    assert_eq!(manifest.tensors.test_inputs.shape.dims(), [10, 5]);
    assert_eq!(Vocabulary::read(&out.join(VOCABULARY)).unwrap().size, 256);
    let error = import(&path, Format::Text(text(Tokenizer::Char, 5))).run(&out, &quiet).unwrap_err();
    assert!(matches!(plain(error), ImportError::NotUtf8 { at: 128 }));
}

#[test]
fn too_many_characters_and_bad_vocabularies_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    let out = folder.path().join("out");
    let all: String = ('\u{4e00}'..).take(257).collect();
    std::fs::write(&path, all).unwrap();
    let mut import = import(&path, Format::Text(text(Tokenizer::Char, 5)));
    let error = plain(import.run(&out, &quiet).unwrap_err());
    assert!(matches!(error, ImportError::TooManyCharacters { got: 257, max: 256 }), "{error}");
    assert!(error.to_string().contains("--tokenizer byte"));
    let vocabulary = folder.path().join("vocab.json");
    import.vocabulary = Some(vocabulary.clone());
    for bad in [
        "",
        "[]",
        r#"{"tokenizer":"word","size":1,"tokens":["a"]}"#,
        r#"{"tokenizer":"char","size":2,"tokens":["a"]}"#,
        r#"{"tokenizer":"char","size":2,"tokens":["a","a"]}"#,
        r#"{"tokenizer":"char","size":1,"tokens":["ab"]}"#,
        r#"{"tokenizer":"byte","size":7}"#,
    ] {
        std::fs::write(&vocabulary, bad).unwrap();
        let error = import.run(&out, &quiet).unwrap_err().to_string();
        assert!(error.contains("not a vocabulary") && error.contains("vocab.json"), "{bad}: {error}");
    }
}
