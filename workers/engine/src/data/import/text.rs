//! Text: windows of tokens, and for each token the one that follows.
use super::elements::{Column, Elements, Table};
use super::{source, ImportError, Watch};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

/// Tokens at most: each is stored as a byte.
const MAX_TOKENS: usize = 256;
/// Bytes of a vocabulary's file at most.
const MAX_VOCABULARY: u64 = 1 << 20;

/// How to read text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Text {
    /// What a token is.
    pub tokenizer: Tokenizer,
    /// Tokens of a window.
    pub context: u32,
    /// Stands for characters that a given vocabulary lacks.
    pub unknown: Option<char>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenizer {
    /// A byte; there are 256.
    Byte,
    /// A Unicode character of the text; at most 256 different ones.
    Char,
}

impl Tokenizer {
    fn name(self) -> &'static str {
        match self {
            Tokenizer::Byte => "byte",
            Tokenizer::Char => "char",
        }
    }
}

/// The tokens' numbers, as in vocab.json.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Vocabulary {
    /// What a token is.
    pub tokenizer: Tokenizer,
    /// How many there are.
    pub size: usize,
    /// The characters: each one's place is its number. Empty for bytes: their values are their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<char>,
}

impl Vocabulary {
    /// Reads a vocab.json.
    ///
    /// # Errors
    /// It can't be read, or isn't one.
    pub fn read(path: &Path) -> Result<Vocabulary, ImportError> {
        let read = || -> Result<Vocabulary, ImportError> {
            let mut bytes = Vec::new();
            std::fs::File::open(path)?.take(MAX_VOCABULARY + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > MAX_VOCABULARY {
                return Err(ImportError::Vocabulary(format!("more than {MAX_VOCABULARY} bytes")));
            }
            Vocabulary::parse(&bytes)
        };
        read().map_err(|error| error.at(path))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Vocabulary, ImportError> {
        let vocabulary: Vocabulary =
            serde_json::from_slice(bytes).map_err(|error| ImportError::Vocabulary(error.to_string()))?;
        let tokens = &vocabulary.tokens;
        let expected = match vocabulary.tokenizer {
            Tokenizer::Byte => MAX_TOKENS,
            Tokenizer::Char => tokens.len(),
        };
        let different: BTreeSet<_> = tokens.iter().collect();
        if vocabulary.size != expected || vocabulary.size > MAX_TOKENS || different.len() != tokens.len() {
            return Err(ImportError::Vocabulary(format!(
                "{} tokens, {} different ones, but a size of {} (at most {MAX_TOKENS})",
                tokens.len(),
                different.len(),
                vocabulary.size
            )));
        }
        Ok(vocabulary)
    }

    /// All bytes.
    fn bytes() -> Vocabulary {
        Vocabulary { tokenizer: Tokenizer::Byte, size: MAX_TOKENS, tokens: Vec::new() }
    }

    /// The characters of these texts, sorted.
    fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vocabulary, ImportError> {
        let mut seen = BTreeSet::new();
        for text in texts {
            seen.extend(text.chars());
        }
        let tokens: Vec<char> = seen.into_iter().collect();
        match tokens.len() {
            got if got > MAX_TOKENS => Err(ImportError::TooManyCharacters { got, max: MAX_TOKENS }),
            size => Ok(Vocabulary { tokenizer: Tokenizer::Char, size, tokens }),
        }
    }
}

/// What a text became.
pub(super) struct Tables {
    pub(super) train: Table,
    pub(super) test: Option<Table>,
    pub(super) vocabulary: Vocabulary,
    /// Characters that `unknown` stands for.
    pub(super) replaced: u64,
}

impl Text {
    pub(super) fn read(
        self,
        train: &Path,
        test: Option<&Path>,
        vocabulary: Option<&Path>,
        limit: u64,
        watch: Watch<'_>,
    ) -> Result<Tables, ImportError> {
        let bytes = |path: &Path| -> Result<Vec<u8>, ImportError> {
            let mut bytes = Vec::new();
            source::open(path, limit, watch)
                .and_then(|mut file| Ok(file.read_to_end(&mut bytes)?))
                .map_err(|error| error.at(path))?;
            Ok(bytes)
        };
        let given = match vocabulary {
            Some(path) => Some(Vocabulary::read(path)?),
            None => None,
        };
        if let Some(vocabulary) = given.as_ref().filter(|given| given.tokenizer != self.tokenizer) {
            return Err(ImportError::Tokenizer {
                vocabulary: vocabulary.tokenizer.name(),
                asked: self.tokenizer.name(),
            });
        }
        let (train_bytes, test_bytes) = (bytes(train)?, test.map(bytes).transpose()?);
        if self.tokenizer == Tokenizer::Byte {
            return Ok(Tables {
                train: self.windows(train_bytes).map_err(|error| error.at(train))?,
                test: match (test_bytes, test) {
                    (Some(bytes), Some(path)) => Some(self.windows(bytes).map_err(|error| error.at(path))?),
                    _ => None,
                },
                vocabulary: Vocabulary::bytes(),
                replaced: 0,
            });
        }
        let text = |bytes: Vec<u8>, path: &Path| {
            let error = |at| ImportError::NotUtf8 { at }.at(path);
            String::from_utf8(bytes).map_err(|bad| error(bad.utf8_error().valid_up_to()))
        };
        let train_text = text(train_bytes, train)?;
        let test_text = match (test_bytes, test) {
            (Some(bytes), Some(path)) => Some(text(bytes, path)?),
            _ => None,
        };
        let vocabulary = match given {
            Some(vocabulary) => vocabulary,
            None => Vocabulary::of(std::iter::once(train_text.as_str()).chain(test_text.as_deref()))
                .map_err(|error| error.at(train))?,
        };
        let (train_tokens, mut replaced) = self.encode(&train_text, &vocabulary).map_err(|error| error.at(train))?;
        drop(train_text);
        let train_table = self.windows(train_tokens).map_err(|error| error.at(train))?;
        let test_table = match (test_text, test) {
            (Some(text), Some(path)) => {
                let (tokens, more) = self.encode(&text, &vocabulary).map_err(|error| error.at(path))?;
                replaced = replaced.saturating_add(more);
                Some(self.windows(tokens).map_err(|error| error.at(path))?)
            }
            _ => None,
        };
        Ok(Tables { train: train_table, test: test_table, vocabulary, replaced })
    }

    /// A text's tokens, and how many characters `unknown` stands for.
    fn encode(self, text: &str, vocabulary: &Vocabulary) -> Result<(Vec<u8>, u64), ImportError> {
        let numbers: HashMap<char, u8> = vocabulary.tokens.iter().copied().zip(0..=u8::MAX).collect();
        let unknown = match self.unknown {
            Some(unknown) => Some(*numbers.get(&unknown).ok_or(ImportError::UnknownIsUnknown(unknown))?),
            None => None,
        };
        let mut replaced = 0_u64;
        let mut tokens = Vec::with_capacity(text.len());
        for (at, character) in (0..).zip(text.chars()) {
            let number = numbers.get(&character).copied();
            replaced = replaced.saturating_add(number.is_none().into());
            tokens.push(number.or(unknown).ok_or(ImportError::UnknownCharacter { character, at })?);
        }
        Ok((tokens, replaced))
    }

    /// Windows side by side; the labels are the same, one token further. What is left at the end is dropped.
    pub(super) fn windows(self, mut tokens: Vec<u8>) -> Result<Table, ImportError> {
        let context = self.context.max(1);
        let rows = tokens.len().saturating_sub(1) / context as usize;
        if rows == 0 {
            return Err(ImportError::TooShort { tokens: tokens.len() as u64, context });
        }
        let length = rows.saturating_mul(context as usize);
        let labels = tokens.get(1..=length).unwrap_or(&[]).to_vec();
        tokens.truncate(length);
        let column = |tokens| Column { elements: Elements::Bytes(tokens), row: vec![context] };
        Ok(Table { inputs: column(tokens), labels: column(labels).into() })
    }
}
