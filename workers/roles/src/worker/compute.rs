//! Computing without holding up the worker's other business, and reporting what it took.
use crate::journal::Scribe;
use crate::{Meter, RoleError};

/// Computes on a thread of its own.
pub(crate) async fn compute<T: Send + 'static>(
    scribe: &Scribe,
    stage: &'static str,
    work: impl FnOnce(&Scribe) -> Result<T, RoleError> + Send + 'static,
) -> Result<T, RoleError> {
    let scribe = scribe.clone();
    let work = move || {
        let meter = Meter::start();
        let result = work(&scribe);
        meter.read().record(&scribe, stage);
        result
    };
    tokio::task::spawn_blocking(work).await?
}
