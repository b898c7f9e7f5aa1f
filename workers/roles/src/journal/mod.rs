//! What a worker did and saw: an append-only file of JSON lines, and the same entries as a live stream.
//!
//! Progress bars, report tables and the page of the demonstration are all made from these entries; nothing else is
//! printed by a role. A journal belongs to one worker's home; several journals of one process can share one stream.
mod event;
mod scribe;

pub use event::{Entry, Event, RoleName};
pub use scribe::Scribe;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;

/// Entries that a slow listener may lag behind before it loses the oldest.
const BACKLOG: usize = 65_536;

/// The journal couldn't be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the journal {path}: {source}; give a home folder that can be written to")]
pub struct JournalError {
    path: PathBuf,
    source: std::io::Error,
}

/// A handle to a journal; clones write to the same one.
#[derive(Clone, Debug)]
pub struct Journal {
    file: Option<Arc<Mutex<File>>>,
    stream: broadcast::Sender<Entry>,
}

impl Journal {
    /// The journal in this file, continued if it exists.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_on(path, broadcast::Sender::new(BACKLOG))
    }

    /// The journal in this file; entries also go to `stream`, which other journals may share.
    pub fn open_on(path: &Path, stream: broadcast::Sender<Entry>) -> Result<Self, JournalError> {
        let fail = |source| JournalError { path: path.into(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(fail)?;
        Ok(Self { file: Some(Arc::new(Mutex::new(file))), stream })
    }

    /// A journal without a file: entries only go to listeners.
    pub fn in_memory() -> Self {
        Self { file: None, stream: broadcast::Sender::new(BACKLOG) }
    }

    /// The stream of entries, to hand to other journals of the process.
    pub fn stream(&self) -> broadcast::Sender<Entry> {
        self.stream.clone()
    }

    /// Entries from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.stream.subscribe()
    }

    /// A writer that signs entries with a role and its account.
    pub fn scribe(&self, role: RoleName, account: [u8; 32]) -> Scribe {
        Scribe::new(self.clone(), role, account)
    }

    /// Appends an entry. A journal is a report, not a record the protocol depends on: a full disk is warned about
    /// and doesn't stop the worker.
    pub fn record(&self, entry: Entry) {
        if let Some(file) = &self.file {
            if let Err(error) = append(file, &entry) {
                tracing::warn!(%error, "cannot write to the journal; free some space in the home folder");
            }
        }
        // An error means that nobody listens.
        let _ = self.stream.send(entry);
    }

    /// All entries of a journal file. Lines that don't parse (a crash tears the last one) are left out and warned about.
    pub fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
        let text = std::fs::read_to_string(path).map_err(|source| JournalError { path: path.into(), source })?;
        Ok(text.lines().filter_map(|line| Self::entry(line, path)).collect())
    }

    /// The entry in a line of a journal file; none, and a warning, if it is none.
    pub fn entry(line: &str, path: &Path) -> Option<Entry> {
        let parsed = serde_json::from_str(line);
        parsed
            .inspect_err(|error| tracing::warn!(%error, path = %path.display(), "a line of a journal is no entry"))
            .ok()
    }
}

/// One line, in a single write, so that lines of several processes don't mix.
fn append(file: &Mutex<File>, entry: &Entry) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    // A writer that panicked left whole lines behind.
    file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_to_file_and_listeners() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        let mut listener = journal.subscribe();
        let scribe = journal.scribe(RoleName::Solver, [7; 32]);
        scribe.about(3).record(Event::Loss { step: 25, loss: 0.5 });
        scribe.note("bound");
        let call = Event::Call { label: "join".into(), gas: 1, proof_size: 2, fee: u128::MAX, bytes: 3, block: 4 };
        scribe.record(call.clone());
        scribe.record(Event::Outcome { outcome: "Paid".into(), withdrawn: 12 });
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at\":1,").unwrap();
        let read = Journal::read(&path).unwrap();
        assert_eq!(read.len(), 4);
        assert_eq!(read[2].event, call);
        assert_eq!(read[3].event, Event::Outcome { outcome: "Paid".into(), withdrawn: 12 });
        assert_eq!((read[0].task, read[0].role, read[0].account), (Some(3), RoleName::Solver, [7; 32]));
        assert_eq!(read[0].event, Event::Loss { step: 25, loss: 0.5 });
        assert_eq!(listener.try_recv().unwrap(), read[0]);
        assert_eq!(listener.try_recv().unwrap().event, Event::Note { text: "bound".into() });
    }
}
