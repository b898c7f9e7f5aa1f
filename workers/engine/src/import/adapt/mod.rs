//! What a task changes about a model before it is trained: which parameters are trained, and what they start from.
mod error;
mod load;
mod lora;
mod pattern;

pub use error::AdaptError;

use super::Model;
use crate::data::Roots;
use crate::task::Parameters;
use pattern::select;

impl Model {
    /// All that a task asks for: adapters, then what is frozen, then initial values, which may be of adapters as well.
    ///
    /// It depends on names only, so models for different sizes of batch are changed alike.
    ///
    /// # Errors
    /// A pattern that matches nothing, a file that isn't there or doesn't fit, or nothing left to train.
    pub fn adapt(&mut self, parameters: &Parameters, roots: &Roots) -> Result<(), AdaptError> {
        if let Some(lora) = &parameters.lora {
            self.lora(lora)?;
        }
        self.freeze(&parameters.freeze)?;
        if let Some(file) = &parameters.start {
            self.load(&roots.find(file)?)?;
        }
        match self.params.iter().any(|param| param.trained) {
            true => Ok(()),
            false => Err(AdaptError::AllFrozen),
        }
    }

    /// Stops parameters from being trained.
    ///
    /// # Errors
    /// A pattern that matches nothing.
    pub fn freeze(&mut self, patterns: &[String]) -> Result<(), AdaptError> {
        let names: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
        for index in select(("training.parameters.freeze", "parameter"), patterns, &names)? {
            self.params[index].trained = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
