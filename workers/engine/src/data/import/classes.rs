//! Labels: numbers, or names that are numbered in sorted order.
use super::elements::{Column, Elements};
use super::ImportError;
use std::collections::HashMap;

/// Classes at most: a label is a byte.
const MAX_CLASSES: usize = 256;

/// Labels before it is known whether they are numbers.
#[derive(Debug)]
pub(super) struct Labels {
    /// If all of them are numbers.
    pub(super) numbers: Option<Column>,
    /// Unless there are too many different ones.
    pub(super) names: Option<Names>,
}

impl From<Column> for Labels {
    fn from(numbers: Column) -> Self {
        Labels { numbers: Some(numbers), names: None }
    }
}

impl From<Names> for Labels {
    fn from(names: Names) -> Self {
        Labels { numbers: None, names: Some(names) }
    }
}

impl Labels {
    pub(super) fn rows(&self) -> u64 {
        let numbers = self.numbers.as_ref().map(Column::rows);
        numbers.or(self.names.as_ref().map(|names| names.rows.len() as u64)).unwrap_or(0)
    }
}

/// A column of names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// In the order in which they occurred.
    names: Vec<String>,
    numbers: HashMap<String, u8>,
    rows: Vec<u8>,
}

impl Names {
    /// Adds a row.
    ///
    /// # Errors
    /// One name too many.
    pub(super) fn push(&mut self, name: &str) -> Result<(), ImportError> {
        let number = match self.numbers.get(name) {
            Some(&number) => number,
            None => {
                let number = u8::try_from(self.names.len());
                let number = number.map_err(|_| ImportError::TooManyClasses { max: MAX_CLASSES })?;
                self.names.push(name.into());
                self.numbers.insert(name.into(), number);
                number
            }
        };
        self.rows.push(number);
        Ok(())
    }

    /// The rows' numbers in the list.
    fn column(&self, classes: &[String]) -> Column {
        let place = |name: &String| classes.iter().position(|class| class == name).unwrap_or(0) as u8; // It has all.
        let places: Vec<u8> = self.names.iter().map(place).collect();
        let bytes = self.rows.iter().map(|&number| places.get(usize::from(number)).copied().unwrap_or(0)).collect();
        Column { elements: Elements::Bytes(bytes), row: Vec::new() }
    }
}

/// Labels as numbers, of the training and the test rows alike, and the names of the classes if they had names.
pub(super) struct Resolved {
    pub(super) train: Column,
    pub(super) test: Option<Column>,
    pub(super) classes: Option<Vec<String>>,
}

/// Numbers if all are and `named` isn't set; else the classes of both are numbered together.
pub(super) fn resolve(train: Labels, test: Option<Labels>, named: bool) -> Result<Resolved, ImportError> {
    let (train, test) = match (train, test) {
        (Labels { numbers: Some(train), .. }, None) if !named => {
            return Ok(Resolved { train, test: None, classes: None });
        }
        (Labels { numbers: Some(train), .. }, Some(Labels { numbers: Some(test), .. })) if !named => {
            return Ok(Resolved { train, test: Some(test), classes: None });
        }
        (train, None) => (train.names, None),
        (train, Some(test)) => (train.names, Some(test.names)),
    };
    let too_many = || ImportError::TooManyClasses { max: MAX_CLASSES };
    let train = train.ok_or_else(too_many)?;
    let test = test.map(|names| names.ok_or_else(too_many)).transpose()?;
    let of_test = test.iter().flat_map(|names| &names.names);
    let mut classes: Vec<String> = train.names.iter().chain(of_test).cloned().collect();
    sort(&mut classes);
    classes.dedup();
    if classes.len() > MAX_CLASSES {
        return Err(too_many());
    }
    Ok(Resolved {
        train: train.column(&classes),
        test: test.as_ref().map(|names| names.column(&classes)),
        classes: Some(classes),
    })
}

/// By value if all are numbers, else by the bytes of the text.
fn sort(classes: &mut [String]) {
    let number = |text: &String| text.parse::<f64>().ok().filter(|value| value.is_finite());
    classes.sort();
    if classes.iter().all(|class| number(class).is_some()) {
        classes.sort_by(|a, b| number(a).unwrap_or(0.0).total_cmp(&number(b).unwrap_or(0.0)));
    }
}
