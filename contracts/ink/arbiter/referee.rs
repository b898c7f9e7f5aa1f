//! The referee, a contract of its own.
use assay_core::arith::F32;
use assay_core::commit::Opening;
use assay_core::protocol::dispute::{Cause, Facts, Fault, OperandProof, Question, Record, Referee};
use assay_core::protocol::Error;
use assay_core::wire::{self, Wire};
use ink::prelude::vec::Vec;
use ink::primitives::AccountId;
use ink::scale::Encode;

/// The referee at this address.
pub(crate) struct Remote(pub(crate) AccountId);

impl Referee for Remote {
    fn inspect(&self, record: &Record) -> Result<Facts, Fault> {
        self.ask(ink::selector_bytes!("inspect"), record.0.into())
    }

    fn compute(&self, question: &Question, openings: &[OperandProof], prior: &[Opening]) -> Result<F32, Fault> {
        let mut arguments = Vec::new();
        question.encode_to(&mut arguments);
        openings.encode_to(&mut arguments);
        prior.encode_to(&mut arguments);
        self.ask(ink::selector_bytes!("compute"), arguments)
    }
}

impl Remote {
    /// Asks, and reads a `Result` with a [`Fault`]. A refusal is passed on as it is, by ending the message; anything that
    /// isn't an answer is a refusal too.
    fn ask<T: Wire + Copy + 'static>(&self, selector: [u8; 4], arguments: Vec<u8>) -> Result<T, Fault> {
        let answer = shell::ask::<()>(self.0, 0, selector, &arguments.into());
        match answer.as_deref() {
            Some([0, value @ ..]) => whole(value),
            Some([1, 0, error @ ..]) => shell::refuse(error),
            Some([1, 1, cause @ ..]) => whole::<Cause>(cause).and_then(|cause| Err(Fault::Lost(cause))),
            _ => Err(Error::NoReferee.into()),
        }
    }
}

/// The value that takes up all of these bytes.
fn whole<T: Wire + Copy + 'static>(mut bytes: &[u8]) -> Result<T, Fault> {
    let value = wire::read::<T, _>(&mut bytes);
    match value {
        Some(value) if bytes.is_empty() => Ok(*value),
        _ => Err(Error::NoReferee.into()),
    }
}
