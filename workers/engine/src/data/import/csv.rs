//! Comma-separated values: a row per line, one column of labels, numbers in the others.
use super::classes::{Labels, Names};
use super::elements::{Column, Elements, Table};
use super::{source, ImportError, Watch};
use ::csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::Path;

/// How to read CSV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Csv {
    /// Whether the first line names the columns.
    pub header: bool,
    /// Between two fields.
    pub delimiter: char,
    /// Column of the labels: its name, or its number from 0, negative from the end (-1 is the last).
    pub label: String,
    /// Columns of the inputs, in this order; all others if left out.
    pub columns: Option<Vec<String>>,
    /// Labels are names even if they are numbers: they are numbered from 0 in sorted order.
    pub classes: bool,
}

/// Which fields are what.
struct Layout {
    /// Fields of every row.
    fields: usize,
    label: usize,
    inputs: Vec<usize>,
    names: Vec<String>,
}

impl Csv {
    pub(super) fn read(&self, path: &Path, limit: u64, watch: Watch<'_>) -> Result<Table, ImportError> {
        let read = || self.parse(source::open(path, limit, watch)?, limit);
        read().map_err(|error| error.at(path))
    }

    pub(super) fn parse(&self, file: impl Read, limit: u64) -> Result<Table, ImportError> {
        let delimiter = u8::try_from(self.delimiter)
            .map_err(|_| ImportError::Csv(format!("{:?} can't separate fields: it isn't one byte", self.delimiter)))?;
        // Rows of other lengths are ours to report: the message says what to do.
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .trim(Trim::All)
            .buffer_capacity(1 << 16)
            .from_reader(file);
        let mut record = StringRecord::new();
        let mut layout = None;
        let mut inputs = Elements::new();
        let mut labels = LabelColumn::default();
        while reader.read_record(&mut record).map_err(csv_error)? {
            let line = record.position().map_or(0, Position::line);
            let layout = match &layout {
                Some(layout) => layout,
                None => {
                    let new = layout.insert(self.layout(&record)?);
                    if self.header {
                        continue;
                    }
                    &*new
                }
            };
            if record.len() != layout.fields {
                return Err(ImportError::Ragged { line, expected: layout.fields, got: record.len() });
            }
            let field = |column: usize| record.get(column).unwrap_or("");
            for &column in &layout.inputs {
                let value = number(field(column)).ok_or_else(|| layout.bad_number(line, column, field(column)))?;
                inputs.push(value, limit)?;
            }
            labels.push(field(layout.label), line, layout, limit)?;
        }
        let Some(layout) = layout.filter(|_| inputs.len() > 0) else {
            return Err(ImportError::Empty);
        };
        // A row has less than 2³² fields: they were in memory.
        let row = vec![layout.inputs.len() as u32];
        Ok(Table { inputs: Column { elements: inputs, row }, labels: labels.finish() })
    }

    /// From the first line.
    fn layout(&self, first: &StringRecord) -> Result<Layout, ImportError> {
        let fields = first.len();
        if self.header && first.iter().all(|field| number(field).is_some()) {
            return Err(ImportError::NumericHeader);
        }
        let names: Vec<String> = match self.header {
            true => first.iter().map(str::to_owned).collect(),
            false => (0..fields).map(|column| column.to_string()).collect(),
        };
        let label = find(&names, &self.label)?;
        let inputs = match &self.columns {
            Some(columns) => columns.iter().map(|column| find(&names, column)).collect::<Result<Vec<_>, _>>()?,
            None => (0..fields).filter(|&column| column != label).collect(),
        };
        if inputs.is_empty() || inputs.contains(&label) {
            return Err(ImportError::LabelIsInput { label: self.label.clone() });
        }
        Ok(Layout { fields, label, inputs, names })
    }
}

/// The column with this name, else with this number.
fn find(names: &[String], asked: &str) -> Result<usize, ImportError> {
    let of_name: Vec<usize> =
        names.iter().enumerate().filter(|(_, name)| *name == asked).map(|(column, _)| column).collect();
    match *of_name.as_slice() {
        [column] => return Ok(column),
        [] => {}
        _ => return Err(ImportError::AmbiguousColumn { name: asked.into(), count: of_name.len() }),
    }
    let from_end = |number: i64| if number < 0 { number.saturating_add(names.len() as i64) } else { number };
    let number = asked.parse().ok().map(from_end).and_then(|number| usize::try_from(number).ok());
    number
        .filter(|&column| column < names.len())
        .ok_or_else(|| ImportError::NoColumn { asked: asked.into(), there: list(names.iter().map(String::as_str)) })
}

/// The first names of many.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names: Vec<&str> = names.take(SHOWN + 1).collect();
    if let Some(last) = names.get_mut(SHOWN) {
        *last = "...";
    }
    names.join(", ")
}

/// A finite number.
fn number(text: &str) -> Option<f32> {
    text.parse::<f32>().ok().filter(|value| value.is_finite())
}

impl Layout {
    fn name(&self, column: usize) -> String {
        self.names.get(column).cloned().unwrap_or_default()
    }

    /// Why a field isn't a finite number.
    fn bad_number(&self, line: u64, column: usize, text: &str) -> ImportError {
        let column = self.name(column);
        let shown: String = text.chars().take(40).collect();
        match text.parse::<f32>() {
            Ok(_) => ImportError::FieldNotFinite { line, column, text: shown },
            Err(_) => ImportError::NotNumber { line, column, text: shown },
        }
    }
}

/// Labels that may turn out to be numbers or names.
struct LabelColumn {
    numbers: Option<Elements>,
    names: Option<Names>,
}

impl Default for LabelColumn {
    fn default() -> Self {
        LabelColumn { numbers: Some(Elements::new()), names: Some(Names::default()) }
    }
}

impl LabelColumn {
    fn push(&mut self, text: &str, line: u64, layout: &Layout, limit: u64) -> Result<(), ImportError> {
        if text.is_empty() {
            return Err(ImportError::NoLabel { line, column: layout.name(layout.label) });
        }
        match (number(text), &mut self.numbers) {
            (Some(value), Some(numbers)) => numbers.push(value, limit)?,
            (Some(_), None) => {}
            // "nan" is a missing number, not a name.
            (None, _) if text.parse::<f32>().is_ok() => return Err(layout.bad_number(line, layout.label, text)),
            (None, _) => self.numbers = None,
        }
        if let Some(names) = &mut self.names {
            match names.push(text) {
                Err(_) if self.numbers.is_some() => self.names = None, // Numbers may be many.
                pushed => pushed?,
            }
        } else if self.numbers.is_none() {
            return Err(ImportError::TooManyClasses { max: 256 });
        }
        Ok(())
    }

    fn finish(self) -> Labels {
        let column = |elements| Column { elements, row: Vec::new() };
        Labels { numbers: self.numbers.map(column), names: self.names }
    }
}

fn csv_error(error: ::csv::Error) -> ImportError {
    match error.into_kind() {
        ErrorKind::Io(error) => error.into(),
        ErrorKind::Utf8 { pos, .. } => {
            let line = pos.map_or(0, |pos| pos.line());
            ImportError::Csv(format!("line {line} isn't utf-8; convert the file (iconv -t utf-8)"))
        }
        other => ImportError::Csv(format!("{other:?}")),
    }
}
