//! What a person sees while a scenario runs: one line per role, fed by the roles' journals.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use assay_roles::journal::{self, Entry, Event};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Follows journal files as they grow.
#[derive(Debug)]
pub(crate) struct Board {
    journals: Vec<Journal>,
    bars: MultiProgress,
    lines: BTreeMap<String, ProgressBar>,
    json: bool,
}

#[derive(Debug)]
struct Journal {
    name: String,
    path: PathBuf,
    read: u64,
    entries: Vec<Entry>,
}

impl Board {
    /// A board without journals. With `json`, entries are printed as they come, one JSON object per line, and no bars.
    pub(crate) fn new(json: bool) -> Self {
        Self { journals: Vec::new(), bars: MultiProgress::new(), lines: BTreeMap::new(), json }
    }

    /// Follows the journal of a role's process.
    pub(crate) fn follow(&mut self, name: &str, path: PathBuf) {
        self.journals.push(Journal { name: name.to_owned(), path, read: 0, entries: Vec::new() });
        if !self.json {
            let bar = self.bars.add(ProgressBar::new_spinner());
            bar.set_style(spinner());
            bar.set_prefix(name.to_owned());
            bar.set_message("starting");
            bar.enable_steady_tick(Duration::from_millis(120));
            self.lines.insert(name.to_owned(), bar);
        }
    }

    /// Reads what has been written since the last call and shows it.
    pub(crate) fn refresh(&mut self) {
        for journal in &mut self.journals {
            for entry in journal.read_more() {
                if self.json {
                    if let Ok(value) = serde_json::to_value(&entry) {
                        println!("{}", serde_json::json!({ "process": journal.name, "entry": value }));
                    }
                } else if let Some(bar) = self.lines.get(&journal.name) {
                    show(bar, &entry.event);
                }
                journal.entries.push(entry);
            }
        }
    }

    /// Takes the bars off the screen and hands over all entries, by process.
    pub(crate) fn finish(mut self) -> BTreeMap<String, Vec<Entry>> {
        self.refresh();
        for bar in self.lines.values() {
            bar.finish_and_clear();
        }
        self.journals.into_iter().map(|journal| (journal.name, journal.entries)).collect()
    }
}

impl Journal {
    /// Whole lines that were added to the file.
    fn read_more(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let Ok(mut file) = File::open(&self.path) else { return entries };
        if file.seek(SeekFrom::Start(self.read)).is_err() {
            return entries;
        }
        let mut reader = BufReader::new(file);
        let mut line = String::new();
        while let Ok(length) = reader.read_line(&mut line) {
            if length == 0 || !line.ends_with('\n') {
                break;
            }
            self.read += length as u64;
            entries.extend(journal::Journal::entry(&line, &self.path));
            line.clear();
        }
        entries
    }
}

fn show(bar: &ProgressBar, event: &Event) {
    match event {
        Event::Progress { stage, done, total } => {
            if *total > 0 && done < total {
                bar.set_style(progress());
                bar.set_length(*total);
                bar.set_position(*done);
            } else {
                bar.set_style(spinner());
            }
            bar.set_message(stage.clone());
        }
        Event::Note { text } => bar.set_message(text.clone()),
        Event::Move { game, kind, detail, .. } => bar.set_message(format!("game {game}: {kind} {detail}")),
        Event::GameOver { game, verdict, .. } => bar.set_message(format!("game {game} is over: {verdict}")),
        Event::Outcome { outcome, .. } => bar.set_message(outcome.clone()),
        Event::Loss { .. } | Event::Work { .. } | Event::Call { .. } => {}
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix:<14} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn progress() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix:<14} {bar:30} {pos:>6}/{len:<6} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
