//! Writing entries in a role's name.
use super::{Entry, Event, Journal, RoleName};
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes entries signed with a role and its account.
#[derive(Clone, Debug)]
pub struct Scribe {
    journal: Journal,
    role: RoleName,
    account: [u8; 32],
    task: Option<u32>,
}

impl Scribe {
    pub(super) fn new(journal: Journal, role: RoleName, account: [u8; 32]) -> Self {
        Self { journal, role, account, task: None }
    }

    /// The same writer for entries about one task.
    pub fn about(&self, task: u32) -> Self {
        Self { task: Some(task), ..self.clone() }
    }

    /// The role it signs with.
    pub fn role(&self) -> RoleName {
        self.role
    }

    /// Writes an entry.
    pub fn record(&self, event: Event) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.journal.record(Entry { at, role: self.role, account: self.account, task: self.task, event });
    }

    /// Writes a note, also to the log.
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        tracing::info!(role = %self.role, task = self.task, "{text}");
        self.record(Event::Note { text });
    }

    /// Writes that `done` of `total` units of a stage are done.
    pub fn progress(&self, stage: &str, done: u64, total: u64) {
        self.record(Event::Progress { stage: stage.into(), done, total });
    }
}
