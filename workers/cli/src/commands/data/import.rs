//! `assay data import`: prepare data once.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use anyhow::{bail, Context, Result};
use assay_core::graph::Dtype;
use assay_engine::data::import::{
    dtype_name, Arrays, Colour, Csv, Format, Images, Import, Inputs, Manifest, Options, Selection, Stage, Text,
    Tokenizer, Vocabulary, VocabularyFile,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::{FormatArg, ImportArgs, TokenizerArg};

/// How long nothing is shown: most imports end before.
const QUIET: Duration = Duration::from_secs(2);

/// What the command reports.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    folder: &'a Path,
    /// The folder already held exactly that.
    unchanged: bool,
    /// To paste into task.toml.
    task: String,
    warnings: Vec<String>,
    manifest: &'a Manifest,
}

/// Imports and prints what a task needs.
pub(crate) fn import(args: &ImportArgs, json: bool) -> Result<()> {
    let import = plan(args)?;
    let bar = Bar::new();
    let outcome = import.run(&args.out, &|stage, done, total| bar.show(stage, done, total));
    bar.finish();
    let outcome = outcome.context("cannot import the data")?;
    let (base, task) = task_table(&args.out, &outcome.manifest);
    let manifest = &outcome.manifest;
    let answer =
        Answer { folder: &args.out, unchanged: outcome.unchanged, task, warnings: warnings(manifest), manifest };
    if json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(());
    }
    print!("{}", report(&answer, &base)?);
    Ok(())
}

/// For people.
fn report(answer: &Answer<'_>, base: &str) -> Result<String, std::fmt::Error> {
    let (out, manifest) = (answer.folder.display(), answer.manifest);
    let mut text = String::new();
    match answer.unchanged {
        true => writeln!(text, "{out} is up to date: the same sources and options made it")?,
        false => writeln!(text, "{out} written")?,
    }
    for (name, tensor) in manifest.tensors.all() {
        let (dtype, shape) = (dtype_name(tensor.dtype), tensor.shape.to_string());
        writeln!(text, "  {name:<13} {dtype:<4} {shape:<22} root {}", tensor.root)?;
    }
    if let Some(classes) = &manifest.classes {
        writeln!(text, "  {:<13} {}", "classes", shorten(&classes.join(", ")))?;
    }
    if let Some(VocabularyFile { file, size, replaced, .. }) = &manifest.vocabulary {
        writeln!(text, "  {:<13} {file}, {size} tokens, {replaced} characters replaced", "vocabulary")?;
    }
    for warning in &answer.warnings {
        writeln!(text, "warning: {warning}")?;
    }
    writeln!(text, "\nfor task.toml in {base} (from elsewhere, name that folder in ASSAY_DATA):\n\n{}", answer.task)?;
    Ok(text)
}

/// What the arguments ask for.
fn plan(args: &ImportArgs) -> Result<Import> {
    let format = match args.format {
        Some(format) => format,
        None => guess(&args.source)?,
    };
    check(args, format)?;
    let mut test = args.test.clone();
    let format = match format {
        FormatArg::Csv => Format::Csv(csv(args)?),
        FormatArg::Images => Format::Images(Images {
            size: args.size,
            colour: match (args.gray, args.rgb) {
                (true, _) => Some(Colour::Gray),
                (_, true) => Some(Colour::Rgb),
                _ => None,
            },
        }),
        FormatArg::Text => Format::Text(text(args)?),
        FormatArg::Arrays => {
            if args.test_input.is_some() || args.test_label.is_some() {
                test = test.or_else(|| Some(args.source.clone()));
            }
            Format::Arrays(Arrays {
                input: args.input.clone(),
                label: args.label.clone(),
                test_input: args.test_input.clone(),
                test_label: args.test_label.clone(),
            })
        }
    };
    let selection = Selection { test_fraction: args.test_fraction, shuffle: args.shuffle, rows: args.rows };
    Ok(Import {
        train: Inputs { inputs: args.source.clone(), labels: args.labels.clone() },
        test: test.map(|inputs| Inputs { inputs, labels: args.test_labels.clone() }),
        vocabulary: args.vocab.clone(),
        options: Options { format, selection },
        max_bytes: args.max_bytes,
    })
}

fn csv(args: &ImportArgs) -> Result<Csv> {
    let Some(label) = args.label.clone() else {
        bail!("which column is the label? name it with --label (a name, or a number from 0; -1 is the last)");
    };
    let tab = unpacked_name(&args.source).ends_with(".tsv");
    let delimiter = args.delimiter.unwrap_or(if tab { '\t' } else { ',' });
    Ok(Csv { header: !args.no_header, delimiter, label, columns: args.columns.clone(), classes: args.classes })
}

fn text(args: &ImportArgs) -> Result<Text> {
    let Some(context) = args.context else {
        bail!("how long is a row of text? give the model's context with --context, for example 64");
    };
    let tokenizer = match (args.tokenizer, &args.vocab) {
        (Some(TokenizerArg::Byte), _) => Tokenizer::Byte,
        (Some(TokenizerArg::Char), _) | (None, None) => Tokenizer::Char,
        (None, Some(vocabulary)) => Vocabulary::read(vocabulary)?.tokenizer,
    };
    Ok(Text { tokenizer, context, unknown: args.unknown })
}

/// Lower-case, without the ending of gzip.
fn unpacked_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").map_or(name.clone(), str::to_owned)
}

/// What a source is, by its name.
fn guess(path: &Path) -> Result<FormatArg> {
    if path.is_dir() {
        return Ok(FormatArg::Images);
    }
    let name = unpacked_name(path);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    Ok(match () {
        () if ends(&[".csv", ".tsv"]) => FormatArg::Csv,
        () if ends(&[".txt", ".text", ".md"]) => FormatArg::Text,
        () if ends(&[".npy", ".npz", ".safetensors", ".idx", "ubyte"]) || name.contains("-idx") => FormatArg::Arrays,
        () => {
            bail!("can't tell by its name what {} is: say so with --format arrays, csv, images or text", path.display())
        }
    })
}

/// No argument that the format has no use for.
fn check(args: &ImportArgs, format: FormatArg) -> Result<()> {
    use FormatArg::{Arrays, Csv, Images, Text};
    let given: [(&str, bool, &[FormatArg]); 17] = [
        ("--label", args.label.is_some(), &[Csv, Arrays]),
        ("--columns", args.columns.is_some(), &[Csv]),
        ("--no-header", args.no_header, &[Csv]),
        ("--delimiter", args.delimiter.is_some(), &[Csv]),
        ("--classes", args.classes, &[Csv]),
        ("--labels", args.labels.is_some(), &[Arrays]),
        ("--test-labels", args.test_labels.is_some(), &[Arrays]),
        ("--input", args.input.is_some(), &[Arrays]),
        ("--test-input", args.test_input.is_some(), &[Arrays]),
        ("--test-label", args.test_label.is_some(), &[Arrays]),
        ("--size", args.size.is_some(), &[Images]),
        ("--gray", args.gray, &[Images]),
        ("--rgb", args.rgb, &[Images]),
        ("--tokenizer", args.tokenizer.is_some(), &[Text]),
        ("--context", args.context.is_some(), &[Text]),
        ("--vocab", args.vocab.is_some(), &[Text]),
        ("--unknown", args.unknown.is_some(), &[Text]),
    ];
    match given.iter().find(|(_, given, formats)| *given && !formats.contains(&format)) {
        Some((flag, ..)) => bail!("{flag} means nothing for a source of this kind ({format:?}): leave it out, or say what the source is with --format"),
        None => Ok(()),
    }
}

/// The table `[data]` of a task in the folder around the data, and that folder.
fn task_table(out: &Path, manifest: &Manifest) -> (String, String) {
    let whole = out.canonicalize().unwrap_or_else(|_| out.to_path_buf());
    let name = whole.file_name().map(PathBuf::from).unwrap_or_default();
    let base = whole.parent().unwrap_or(Path::new("/")).display().to_string();
    let mut table = String::from("[data]\n");
    for (field, tensor) in manifest.tensors.all() {
        let file = name.join(&tensor.file).display().to_string();
        let _ = writeln!(table, "{field} = {{ file = {} }}", serde_json::Value::from(file));
    }
    let inputs = &manifest.tensors.train_inputs;
    let [min, max] = inputs.range;
    if !matches!(manifest.options.format, Format::Text(_)) {
        // Bytes are brought to 0 to 1; what others should become, only their owner knows.
        let scale = match inputs.dtype {
            Dtype::U8 if max > 127.0 => 1.0 / 255.0, // The brightest pixel may be missing.
            Dtype::U8 if max > 1.0 => 1.0 / f64::from(max),
            _ => 1.0,
        };
        let _ = writeln!(table, "scale = {scale:?} # every input x ({min} to {max}) becomes x * scale + shift");
        table += "shift = 0.0";
    }
    (base, table.trim_end().to_owned())
}

fn warnings(manifest: &Manifest) -> Vec<String> {
    let missing = manifest.missing();
    let of = |train: bool| {
        let classes: Vec<&str> =
            missing.iter().filter(|(of, _)| *of == train).map(|(_, class)| class.as_str()).collect();
        let what = if train { "train" } else { "test" };
        (!classes.is_empty()).then(|| {
            format!(
                "no rows to {what} on in these classes: {}; are the rows sorted? then add --shuffle SEED",
                shorten(&classes.join(", "))
            )
        })
    };
    [of(true), of(false)].into_iter().flatten().collect()
}

/// What fits a line.
fn shorten(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A bar on standard error, for what takes longer.
struct Bar {
    begun: Instant,
    bar: Mutex<Option<(Stage, ProgressBar)>>,
}

impl Bar {
    fn new() -> Bar {
        Bar { begun: Instant::now(), bar: Mutex::new(None) }
    }

    fn show(&self, stage: Stage, done: u64, total: u64) {
        if self.begun.elapsed() < QUIET {
            return;
        }
        let Ok(mut shown) = self.bar.lock() else { return };
        let bar = match &*shown {
            Some((of, bar)) if *of == stage => bar,
            other => {
                if let Some((_, bar)) = other {
                    bar.finish_and_clear();
                }
                &shown.insert((stage, new_bar(stage))).1
            }
        };
        bar.set_length(total);
        bar.set_position(done);
    }

    fn finish(&self) {
        if let Some((_, bar)) = self.bar.lock().ok().and_then(|mut shown| shown.take()) {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(stage: Stage) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<14} {wide_bar} {percent:>3} % {eta}");
    let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(match stage {
        Stage::Hashing => "hashing",
        Stage::Reading => "reading",
        Stage::Writing => "writing",
    });
    bar
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::{
        args::{Cli, Command},
        commands::data::{args::EXAMPLES, DataCommand},
    };

    fn parse(line: &str) -> Result<Import> {
        let cli = Cli::try_parse_from(line.split_whitespace())?;
        match cli.command {
            Command::Data(args) => match args.command {
                DataCommand::Import(args) => plan(&args),
                DataCommand::Inspect(_) => bail!("inspect"),
            },
            other => bail!("{other:?}"),
        }
    }

    #[test]
    fn the_examples_of_the_help_are_right() {
        Cli::command().debug_assert();
        let lines = EXAMPLES.replace("\\\n", ""); // One of them takes two lines.
        let examples: Vec<_> =
            lines.lines().filter_map(|line| line.find("assay data").and_then(|at| line.get(at..))).collect();
        assert_eq!(examples.len(), 7);
        for example in examples {
            // Photos are a folder, and the vocabulary a file, only where they are.
            let line = example.replace("import photos", "import photos --format images");
            let line = line.replace("--vocab play/data/vocab.json", "--tokenizer char --vocab play/data/vocab.json");
            parse(&line).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let error = |line: &str| parse(&format!("assay data import {line} --out x")).unwrap_err().to_string();
        assert!(error("a.txt --label y").contains("--label means nothing"));
        assert!(error("a.csv --label y --context 4").contains("--context means nothing"));
        assert!(error("a.csv").contains("--label"));
        assert!(error("a.txt").contains("--context"));
        assert!(error("a.bin").contains("--format"));
        assert!(error("a.txt --context 4 --unknown x").contains("--vocab"));
        assert!(error("a.txt --context 0").contains("0"));
        for size in ["28", "28x", "0x28", "28x99999", "1x-2"] {
            assert!(error(&format!("a --format images --size {size}")).contains("28x28"), "{size}");
        }
        let import = parse("assay data import a.TSV.gz --label -1 --out x").unwrap();
        assert!(matches!(import.options.format, Format::Csv(Csv { delimiter: '\t', .. })));
        let import = parse("assay data import a.npz --label y --test-input v --test-label w --out x").unwrap();
        assert_eq!(import.test.unwrap().inputs, Path::new("a.npz"));
    }
}
