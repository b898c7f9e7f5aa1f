//! A folder with a `task.toml`, read, checked and compiled: what a submitter starts from.
use crate::compile::{evaluation_batch, CompileError, Compiled};
use crate::data::Roots;
use crate::import::onnx::{self, OnnxError};
use crate::import::{AdaptError, Model};
use crate::task::{Changes, Parameters, Task, TaskData, TaskError};
use prost::bytes::Bytes;
use std::path::{Path, PathBuf};

/// A task's model: for its own batches, and for those of its evaluation.
#[derive(Clone, Debug)]
pub struct Models {
    /// For the task's batches.
    pub training: Model,
    /// For as many samples as suit the test data; a model exported for one size of batch keeps that.
    pub evaluation: Model,
}

impl Models {
    /// The model of a file, as it is there.
    ///
    /// # Errors
    /// As [`onnx::File::model`].
    pub fn of(file: &onnx::File, task: &Task, data: &TaskData) -> Result<Models, OnnxError> {
        let training = file.model(task.training.batch)?;
        let batch = file.batch().unwrap_or_else(|| evaluation_batch(data.test_inputs.rows()));
        Ok(Models { evaluation: file.model(batch)?, training })
    }

    /// Changes both as the task asks: see [`Model::adapt`]. Files are read once.
    ///
    /// # Errors
    /// As [`Model::adapt`].
    pub fn adapt(&mut self, parameters: &Parameters, roots: &Roots) -> Result<(), AdaptError> {
        self.training.adapt(parameters, roots)?;
        self.evaluation.adapt(&Parameters { start: None, ..parameters.clone() }, roots)?;
        for (param, trained) in self.evaluation.params.iter_mut().zip(&self.training.params) {
            param.values.clone_from(&trained.values);
        }
        Ok(())
    }
}

/// Everything about a task that lies in files.
#[derive(Clone, Debug)]
pub struct Project {
    /// The text of `task.toml`.
    pub toml: String,
    /// What it says.
    pub task: Task,
    /// The model file, with the data of files beside it inside: see [`onnx::read_whole`].
    pub model_file: Bytes,
    /// What is in it, changed as the task asks.
    pub models: Models,
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
    /// A change of the model that the task asks for and that can't be made.
    #[error("{}: {error}", path.display())]
    Adapt {
        /// The task's file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<AdaptError>,
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
        Project::open_with(folder, &Roots::standard(folder), Changes::default())
    }

    /// Reads a folder; data is looked for in `roots`. The task is taken with these changes.
    ///
    /// # Errors
    /// The first thing that is missing or wrong.
    pub fn open_with(folder: &Path, roots: &Roots, changes: Changes) -> Result<Project, ProjectError> {
        let path = folder.join("task.toml");
        let mut toml =
            std::fs::read_to_string(&path).map_err(|error| ProjectError::Io { path: path.clone(), error })?;
        if changes != Changes::default() {
            let in_task = |error| ProjectError::Task { path: path.clone(), error: Box::new(error) };
            toml = Task::parse(&toml).and_then(|task| task.with(changes)).map_err(in_task)?;
        }
        Project::of(folder, roots, toml)
    }

    /// The same with this text instead of the folder's `task.toml`.
    ///
    /// # Errors
    /// The first thing that is missing or wrong.
    fn of(folder: &Path, roots: &Roots, toml: String) -> Result<Project, ProjectError> {
        let path = folder.join("task.toml");
        let in_task = |error| ProjectError::Task { path: path.clone(), error: Box::new(error) };
        let task = Task::parse(&toml).map_err(in_task)?;
        let model_path = folder.join(&task.model);
        let in_model = |error| ProjectError::Model { path: model_path.clone(), error: Box::new(error) };
        let model_file = onnx::read_whole(&model_path).map_err(in_model)?;
        let file = onnx::File::parse(model_file.clone()).map_err(in_model)?;
        let data = TaskData::load(&task, roots).map_err(in_task)?;
        let mut models = Models::of(&file, &task, &data).map_err(in_model)?;
        let adapted = models.adapt(&task.training.parameters, roots);
        adapted.map_err(|error| ProjectError::Adapt { path: path.clone(), error: Box::new(error) })?;
        let compiled = Compiled::new(&models.training, &models.evaluation, &task, &data)?;
        Ok(Project { toml, task, model_file, models, data, compiled })
    }
}
