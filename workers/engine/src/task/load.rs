//! The data that a task names.
use super::{Source, Task, TaskError};
use crate::data::{DataError, DataTensor, Roots};

/// Segments of a task at most: the protocol numbers them with 16 bits.
const MAX_SEGMENTS: u64 = 65_535;

/// The data of a task, checked: a row for every sample, inputs and labels of as many rows.
///
/// How a row is arranged is the model's: rows are flat here.
#[derive(Clone, Debug)]
pub struct TaskData {
    /// `[rows, elements of a sample]`, or `[rows]`.
    pub train_inputs: DataTensor,
    /// `[rows, labels of a sample]`, or `[rows]`.
    pub train_labels: DataTensor,
    /// As `train_inputs`.
    pub test_inputs: DataTensor,
    /// As `train_labels`.
    pub test_labels: DataTensor,
}

impl TaskData {
    /// Reads the files.
    ///
    /// # Errors
    /// A file is missing or malformed, or they don't fit each other or the task.
    pub fn load(task: &Task, roots: &Roots) -> Result<TaskData, TaskError> {
        let read = |what, source: &Source| {
            let read = || DataTensor::read_file(&roots.find(&source.file)?, source.tensor.as_deref());
            read().map_err(|error| TaskError::Data { what, error })
        };
        let data = &task.data;
        TaskData::new(
            task,
            [
                read("data.train-inputs", &data.train_inputs)?,
                read("data.train-labels", &data.train_labels)?,
                read("data.test-inputs", &data.test_inputs)?,
                read("data.test-labels", &data.test_labels)?,
            ],
        )
    }

    /// These tensors, in the order of the fields.
    ///
    /// # Errors
    /// They don't fit each other or the task.
    pub fn new(
        task: &Task,
        [train_inputs, train_labels, test_inputs, test_labels]: [DataTensor; 4],
    ) -> Result<TaskData, TaskError> {
        let flat =
            |what, tensor: &DataTensor| tensor.flattened().map_err(|error: DataError| TaskError::Data { what, error });
        let data = TaskData {
            train_inputs: flat("data.train-inputs", &train_inputs)?,
            train_labels: flat("data.train-labels", &train_labels)?,
            test_inputs: flat("data.test-inputs", &test_inputs)?,
            test_labels: flat("data.test-labels", &test_labels)?,
        };
        for (purpose, inputs, labels) in
            [("train", &data.train_inputs, &data.train_labels), ("test", &data.test_inputs, &data.test_labels)]
        {
            if inputs.rows() != labels.rows() {
                return Err(TaskError::Rows { purpose, inputs: inputs.rows(), labels: labels.rows() });
            }
        }
        data.check_length(task)?;
        Ok(data)
    }

    fn check_length(&self, task: &Task) -> Result<(), TaskError> {
        let (batch, rows, interval) = (task.training.batch, self.train_inputs.rows(), task.checkpoints.interval);
        if batch > rows {
            return Err(TaskError::Batch { batch, rows });
        }
        let (steps, segments) = (task.steps(rows), task.segments(rows));
        if segments > MAX_SEGMENTS {
            return Err(TaskError::Segments { steps, interval, segments, max: MAX_SEGMENTS });
        }
        let drawn = task.terms.segments_per_verifier;
        if segments < u64::from(drawn) {
            return Err(TaskError::TooFewSegments { segments, drawn });
        }
        Ok(())
    }
}
