//! A folder with a `task.toml`, read, checked and compiled: what a submitter starts from.
use crate::compile::{CompileError, Compiled};
use crate::data::Roots;
use crate::import::onnx::{self, OnnxError};
use crate::import::Model;
use crate::task::{Task, TaskData, TaskError};
use std::path::{Path, PathBuf};

/// Everything about a task that lies in files.
#[derive(Clone, Debug)]
pub struct Project {
    /// The text of `task.toml`.
    pub toml: String,
    /// What it says.
    pub task: Task,
    /// The bytes of the model file.
    pub model_file: Vec<u8>,
    /// What is in it.
    pub model: Model,
    /// The data.
    pub data: TaskData,
    /// The programs and the first state.
    pub compiled: Compiled,
}

/// Why a folder isn't a task.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file that can't be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A bad task or bad data.
    #[error("{}: {error}", path.display())]
    Task {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<TaskError>,
    },
    /// A bad model.
    #[error("{}: {error}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<OnnxError>,
    },
    /// A model and a task that don't fit.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Project {
    /// Reads a folder; data is looked for in [`Roots::standard`].
    ///
    /// # Errors
    /// The first thing that is missing or wrong.
    pub fn open(folder: &Path) -> Result<Project, ProjectError> {
        Project::open_with(folder, &Roots::standard(folder))
    }

    /// Reads a folder; data is looked for in `roots`.
    ///
    /// # Errors
    /// The first thing that is missing or wrong.
    pub fn open_with(folder: &Path, roots: &Roots) -> Result<Project, ProjectError> {
        let path = folder.join("task.toml");
        let toml = std::fs::read_to_string(&path).map_err(|error| ProjectError::Io { path: path.clone(), error })?;
        let in_task = |error| ProjectError::Task { path: path.clone(), error: Box::new(error) };
        let task = Task::parse(&toml).map_err(in_task)?;
        let model_path = folder.join(&task.model);
        let in_model = |error| ProjectError::Model { path: model_path.clone(), error: Box::new(error) };
        let model_file = onnx::read_bytes(&model_path).map_err(in_model)?;
        let model = onnx::read(&model_file).map_err(in_model)?;
        let data = TaskData::load(&task, roots).map_err(in_task)?;
        let compiled = Compiled::new(&model, &task, &data)?;
        Ok(Project { toml, task, model_file, model, data, compiled })
    }
}
