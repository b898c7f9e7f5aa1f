//! A folder of images: `FOLDER/CLASS/*.png`.
use super::classes::Names;
use super::elements::{Column, Elements, Table};
use super::{source, ImportError, Stage, Watch};
use assay_core::commit::Hash;
use image::imageops::FilterType;
use image::{DynamicImage, ImageReader};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Pixels of a side at most.
pub const MAX_SIDE: u32 = 1 << 14;
/// Bytes that decoding one image may take.
const MAX_ALLOC: u64 = 1 << 30;
/// Images decoded at a time.
const CHUNK: usize = 256;
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];

/// How to read images. The tensor is `[rows, channels, height, width]`, of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Images {
    /// Height and width that every image is brought to; all must be of one size if left out.
    pub size: Option<[u32; 2]>,
    /// One channel or three; as the first image if left out, and all must be alike.
    pub colour: Option<Colour>,
}

/// Channels of an image. Transparency is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colour {
    /// One: brightness.
    Gray,
    /// Three: red, green, blue.
    Rgb,
}

/// An image of a folder.
struct Item {
    path: PathBuf,
    class: String,
    name: String,
}

/// The images of a folder, sorted by class and name.
fn list(folder: &Path) -> Result<Vec<Item>, ImportError> {
    let mut items = Vec::new();
    for (class, folder) in entries(folder)? {
        if !folder.is_dir() {
            continue; // Read-me files and the like.
        }
        let images = entries(&folder)?;
        if images.is_empty() {
            return Err(ImportError::EmptyClass.at(folder));
        }
        for (name, path) in images {
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
            if !ENDINGS.contains(&ending.as_str()) {
                return Err(ImportError::NotImage.at(path));
            }
            items.push(Item { path, class: class.clone(), name });
        }
    }
    match items.is_empty() {
        true => Err(ImportError::NoClasses.at(folder)),
        false => Ok(items),
    }
}

/// What isn't hidden, sorted by name.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let read = || -> Result<Vec<_>, ImportError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let name = name.ok_or_else(|| ImportError::NotUtf8Name.at(&path))?;
            if !name.starts_with('.') {
                entries.push((name, path));
            }
        }
        entries.sort();
        Ok(entries)
    };
    read().map_err(|error| error.at(folder))
}

/// Files, bytes and content address of a folder.
pub(super) fn hash(folder: &Path, watch: Watch<'_>) -> Result<(u64, u64, Hash), ImportError> {
    let items = list(folder)?;
    let total = items.len() as u64;
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
    for (done, chunk) in (0..).step_by(CHUNK).zip(items.chunks(CHUNK)) {
        watch(Stage::Hashing, done, total);
        let of_file = |item: &Item| {
            let hash = || source::hash_reader(std::fs::File::open(&item.path)?);
            hash().map_err(|error| error.at(&item.path))
        };
        let hashes = chunk.par_iter().map(of_file).collect::<Result<Vec<_>, _>>()?;
        for (item, (length, hash)) in chunk.iter().zip(hashes) {
            hasher.update(format!("{}/{}\0", item.class, item.name).as_bytes()).update(hash.as_bytes());
            bytes = bytes.saturating_add(length);
        }
    }
    Ok((total, bytes, Hash(*hasher.finalize().as_bytes())))
}

impl Images {
    pub(super) fn read(self, folder: &Path, limit: u64, watch: Watch<'_>) -> Result<Table, ImportError> {
        let items = list(folder)?;
        let total = items.len() as u64;
        let mut elements = Vec::new();
        let mut names = Names::default();
        let mut first = None;
        for (done, chunk) in (0..).step_by(CHUNK).zip(items.chunks(CHUNK)) {
            watch(Stage::Reading, done, total);
            // The first image says what is left open before the others are decoded.
            let form = match first {
                Some(form) => form,
                None => {
                    let Some(item) = chunk.first() else { break };
                    let form = self.form(&decode(&item.path)?);
                    if form.bytes().saturating_mul(total) > limit {
                        return Err(ImportError::TooLarge { max: limit }.at(folder));
                    }
                    *first.insert(form)
                }
            };
            let pixels = |item: &Item| {
                let pixels = || self.pixels(decode(&item.path)?, form);
                pixels().map_err(|error| error.at(&item.path))
            };
            for (item, pixels) in chunk.iter().zip(chunk.par_iter().map(pixels).collect::<Result<Vec<_>, _>>()?) {
                elements.extend_from_slice(&pixels);
                names.push(&item.class).map_err(|error| error.at(folder))?;
            }
        }
        watch(Stage::Reading, total, total);
        let row = first.map_or(Vec::new(), |form| vec![form.channels(), form.height, form.width]);
        Ok(Table { inputs: Column { elements: Elements::Bytes(elements), row }, labels: names.into() })
    }

    /// What all images are to become.
    fn form(self, first: &DynamicImage) -> Form {
        let [height, width] = self.size.unwrap_or([first.height(), first.width()]);
        let gray = self.colour.map_or(is_gray(first), |colour| colour == Colour::Gray);
        Form { height, width, gray }
    }

    /// Channel after channel, each row by row.
    fn pixels(self, image: DynamicImage, form: Form) -> Result<Vec<u8>, ImportError> {
        let got_gray = is_gray(&image);
        if self.colour.is_none() && got_gray != form.gray {
            return Err(ImportError::Colour { got_gray });
        }
        let Form { height, width, gray } = form;
        let image = match self.size {
            Some(_) if (image.height(), image.width()) != (height, width) => {
                image.resize_exact(width, height, FilterType::Triangle)
            }
            None if (image.height(), image.width()) != (height, width) => {
                let (got_height, got_width) = (image.height(), image.width());
                return Err(ImportError::ImageSize { height, width, got_height, got_width });
            }
            _ => image,
        };
        if gray {
            return Ok(image.to_luma8().into_raw());
        }
        let pixels = image.to_rgb8().into_raw();
        let channel = |channel: usize| pixels.iter().skip(channel).step_by(3).copied();
        Ok((0..3).flat_map(channel).collect())
    }
}

/// What all images of a folder become.
#[derive(Clone, Copy, Debug)]
struct Form {
    height: u32,
    width: u32,
    gray: bool,
}

impl Form {
    fn channels(self) -> u32 {
        if self.gray {
            1
        } else {
            3
        }
    }

    fn bytes(self) -> u64 {
        [self.channels(), self.height, self.width].iter().fold(1, |n, &dim| n.saturating_mul(dim.into()))
    }
}

fn is_gray(image: &DynamicImage) -> bool {
    !image.color().has_color()
}

/// An image file, by its content.
fn decode(path: &Path) -> Result<DynamicImage, ImportError> {
    let decode = || -> Result<DynamicImage, ImportError> {
        let mut reader = ImageReader::open(path)?.with_guessed_format()?;
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_ALLOC);
        reader.limits(limits);
        let image = reader.decode().map_err(|error| ImportError::Image(error.to_string()))?;
        match image.width() == 0 || image.height() == 0 {
            true => Err(ImportError::Image("it has no pixels".into())),
            false => Ok(image),
        }
    };
    decode().map_err(|error| error.at(path))
}
