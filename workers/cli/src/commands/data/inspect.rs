//! `assay data inspect`: what is in a tensor file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use assay_engine::data::{
    import::{dtype_name, Manifest},
    DataTensor,
};
use serde::Serialize;

use super::args::InspectArgs;

/// What the command reports of a tensor.
#[derive(Debug, Serialize)]
struct Answer {
    file: PathBuf,
    dtype: &'static str,
    shape: Vec<u32>,
    bytes: usize,
    root: String,
    min: f32,
    max: f32,
    mean: f64,
}

/// Prints a file's tensor, or those of a folder.
pub(crate) fn inspect(args: &InspectArgs, json: bool) -> Result<()> {
    let answers = match args.path.is_dir() {
        false => vec![describe(&args.path, args.tensor.as_deref())?],
        true => {
            let manifest =
                Manifest::read(&args.path).context("not a folder that `assay data import` made; name a file")?;
            let files = manifest.tensors.all().map(|(_, tensor)| args.path.join(&tensor.file));
            files.iter().map(|file| describe(file, None)).collect::<Result<_>>()?
        }
    };
    for answer in answers {
        if json {
            println!("{}", serde_json::to_string(&answer)?);
            continue;
        }
        println!("{}", answer.file.display());
        println!("  type   {}", answer.dtype);
        println!("  shape  {:?}, {} bytes", answer.shape, answer.bytes);
        println!("  root   {}", answer.root);
        println!("  range  {} to {}, mean {:.6}", answer.min, answer.max, answer.mean);
    }
    Ok(())
}

fn describe(path: &Path, tensor: Option<&str>) -> Result<Answer> {
    let data = DataTensor::read_file(path, tensor)?;
    let values = || (0..).map_while(|index| data.get(index));
    let count = values().count().max(1);
    Ok(Answer {
        file: path.into(),
        dtype: dtype_name(data.dtype()),
        shape: data.shape().dims().to_vec(),
        bytes: data.bytes().len(),
        root: data.root().to_string(),
        min: values().fold(f32::INFINITY, f32::min),
        max: values().fold(f32::NEG_INFINITY, f32::max),
        mean: values().map(f64::from).sum::<f64>() / count as f64,
    })
}
