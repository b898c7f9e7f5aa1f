//! NumPy's array files: a header that is a Python dictionary, then the elements in memory order.
use super::elements::{Column, Elements};
use super::ImportError;
use assay_core::graph::{GraphError, Shape};
use std::io::{ErrorKind, Read};

pub(super) const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// Bytes of a header at most; NumPy itself warns beyond 10,000.
const MAX_HEADER: u32 = 1 << 16;
/// Elements read at a time.
const CHUNK: u64 = 1 << 14;

/// An array file.
pub(super) fn read(mut file: impl Read, limit: u64) -> Result<Column, ImportError> {
    let header = Header::read(&mut file)?;
    let shape = Shape::new(&header.shape)?;
    let [_, ref row @ ..] = *header.shape else {
        return Err(crate::data::DataError::Scalar.into());
    };
    let count = shape.elements();
    if count > limit {
        return Err(ImportError::TooLarge { max: limit });
    }
    let mut elements = Elements::new();
    let size = header.kind.size();
    let mut buffer = vec![0; CHUNK as usize * size];
    let mut done = 0;
    while done < count {
        let now = CHUNK.min(count - done);
        let chunk = buffer.get_mut(..now as usize * size).unwrap_or(&mut []);
        file.read_exact(chunk).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => truncated(count, done, size),
            _ => error.into(),
        })?;
        for (index, item) in (done..).zip(chunk.chunks_exact_mut(size)) {
            if header.big_endian {
                item.reverse();
            }
            elements.push(header.kind.value(item, index)?, limit)?;
        }
        done += now;
    }
    if file.read(&mut [0])? != 0 {
        return Err(crate::data::DataError::Trailing { expected: count.saturating_mul(size as u64) }.into());
    }
    if header.fortran {
        elements = match elements {
            Elements::Bytes(items) => Elements::Bytes(row_major(&items, &header.shape)),
            Elements::Floats(items) => Elements::Floats(row_major(&items, &header.shape)),
        };
    }
    Ok(Column { elements, row: row.to_vec() })
}

fn truncated(count: u64, done: u64, size: usize) -> ImportError {
    let bytes = |count: u64| count.saturating_mul(size as u64);
    crate::data::DataError::Truncated { expected: bytes(count), got: bytes(done) }.into()
}

/// The same array with the last index running fastest instead of the first.
fn row_major<T: Copy>(items: &[T], dims: &[u32]) -> Vec<T> {
    let dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
    let strides: Vec<usize> =
        dims.iter().scan(1_usize, |stride, &dim| Some(std::mem::replace(stride, stride.saturating_mul(dim)))).collect();
    let mut index = vec![0_usize; dims.len()];
    let mut place = 0_usize;
    let mut out = Vec::with_capacity(items.len());
    for _ in items {
        out.extend(items.get(place).copied());
        for ((index, &dim), &stride) in index.iter_mut().zip(&dims).zip(&strides).rev() {
            *index += 1;
            place += stride;
            if *index < dim {
                break;
            }
            place -= stride * dim;
            *index = 0;
        }
    }
    out
}

/// What the header says.
#[derive(Debug, PartialEq)]
struct Header {
    kind: Kind,
    big_endian: bool,
    fortran: bool,
    shape: Vec<u32>,
}

/// Element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Signed(usize),
    Unsigned(usize),
    F32,
    F64,
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Kind::Bool => 1,
            Kind::Signed(size) | Kind::Unsigned(size) => size,
            Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    /// An element, from its little-endian bytes.
    fn value(self, item: &[u8], index: u64) -> Result<f32, ImportError> {
        let finite = |value: f64| match value as f32 {
            rounded if rounded.is_finite() => Ok(rounded),
            _ => Err(ImportError::NotFinite { index, value }),
        };
        let mut wide = [0; 8];
        wide.iter_mut().zip(item).for_each(|(to, &from)| *to = from);
        let unsigned = u64::from_le_bytes(wide);
        let integer = match self {
            Kind::F64 => return finite(f64::from_le_bytes(wide)),
            Kind::F32 => return finite(f32::from_bits(unsigned as u32).into()),
            Kind::Bool => i128::from(unsigned != 0),
            Kind::Unsigned(_) => unsigned.into(),
            Kind::Signed(size) => {
                let unused = 64_u32.saturating_sub(size as u32 * 8);
                i128::from((unsigned as i64).wrapping_shl(unused).wrapping_shr(unused))
            }
        };
        let value = integer as f32;
        match value as i128 == integer {
            true => Ok(value),
            false => Err(ImportError::Inexact { index, value: integer }),
        }
    }
}

impl Header {
    fn read(file: &mut impl Read) -> Result<Header, ImportError> {
        let mut start = Vec::new();
        file.by_ref().take(8).read_to_end(&mut start)?;
        let &[ref magic @ .., major, _minor] = start.as_slice() else {
            return Err(ImportError::NotNpy(start));
        };
        if *magic != MAGIC {
            return Err(ImportError::NotNpy(start));
        }
        let header = |text: &str| ImportError::NpyHeader(text.into());
        let short = |_| header("it ends too early");
        let length = match major {
            1 => {
                let mut length = [0; 2];
                file.read_exact(&mut length).map_err(short)?;
                u16::from_le_bytes(length).into()
            }
            2 | 3 => {
                let mut length = [0; 4];
                file.read_exact(&mut length).map_err(short)?;
                u32::from_le_bytes(length)
            }
            other => return Err(header(&format!("version {other} isn't known"))),
        };
        if length > MAX_HEADER {
            return Err(header(&format!("{length} bytes long, at most {MAX_HEADER} are read")));
        }
        let mut text = vec![0; length as usize];
        file.read_exact(&mut text).map_err(short)?;
        Header::parse(&String::from_utf8_lossy(&text))
    }

    /// A dictionary of exactly three entries.
    fn parse(text: &str) -> Result<Header, ImportError> {
        let mut words = Words(text);
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        words.expect("{")?;
        while !words.take("}") {
            let key = words.string()?;
            words.expect(":")?;
            match key {
                "descr" if words.peek("[") => return Err(ImportError::NpyType("a record".into())),
                "descr" => descr = Some(words.string()?),
                "fortran_order" if words.take("True") => fortran = Some(true),
                "fortran_order" => {
                    words.expect("False")?;
                    fortran = Some(false);
                }
                "shape" => shape = Some(words.tuple()?),
                other => return Err(ImportError::NpyHeader(format!("entry {other:?} isn't known"))),
            }
            if !words.take(",") {
                words.expect("}")?;
                break;
            }
        }
        if !words.0.trim().is_empty() {
            return Err(ImportError::NpyHeader("there is something behind it".into()));
        }
        let missing = |what| ImportError::NpyHeader(format!("it has no {what}"));
        let descr: &str = descr.ok_or_else(|| missing("descr"))?;
        let unknown = || ImportError::NpyType(descr.into());
        let (order, name) = descr.split_at_checked(1).ok_or_else(unknown)?;
        let kind = match name {
            "b1" | "?" => Kind::Bool,
            "u1" | "u2" | "u4" | "u8" | "i1" | "i2" | "i4" | "i8" => {
                let size = name.get(1..).and_then(|size| size.parse().ok()).ok_or_else(unknown)?;
                if name.starts_with('u') {
                    Kind::Unsigned(size)
                } else {
                    Kind::Signed(size)
                }
            }
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => return Err(unknown()),
        };
        let big_endian = match order {
            "<" | "|" | "=" => false,
            ">" => true,
            _ => return Err(unknown()),
        };
        let fortran = fortran.ok_or_else(|| missing("fortran_order"))?;
        Ok(Header { kind, big_endian, fortran, shape: shape.ok_or_else(|| missing("shape"))? })
    }
}

/// What is left of a header.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn peek(&self, word: &str) -> bool {
        self.0.trim_start().starts_with(word)
    }

    fn take(&mut self, word: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(word);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, word: &str) -> Result<(), ImportError> {
        match self.take(word) {
            true => Ok(()),
            false => {
                let there: String = self.0.trim_start().chars().take(20).collect();
                Err(ImportError::NpyHeader(format!("{word:?} expected, {there:?} found")))
            }
        }
    }

    fn string(&mut self) -> Result<&'a str, ImportError> {
        let quote = if self.peek("\"") { "\"" } else { "'" };
        self.expect(quote)?;
        let rest: &'a str = self.0;
        let (string, rest) =
            rest.split_once(quote).ok_or_else(|| ImportError::NpyHeader("a text without an end".into()))?;
        self.0 = rest;
        Ok(string)
    }

    /// Dimensions.
    fn tuple(&mut self) -> Result<Vec<u32>, ImportError> {
        let mut dims = Vec::new();
        self.expect("(")?;
        while !self.take(")") {
            let rest = self.0.trim_start();
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = rest.split_at(digits);
            let number: u64 =
                number.parse().map_err(|_| ImportError::NpyHeader(format!("{number:?} isn't a dimension")))?;
            dims.push(u32::try_from(number).map_err(|_| GraphError::TooManyElements)?);
            self.0 = rest;
            self.take("L"); // Python 2 wrote long integers so.
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(dims)
    }
}
