//! Which of summaries and submissions counts where a ledger has both: per connector and UTC hour the kind with more
//! messages. A summary of a day is compared over its whole day.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rustc_hash::{FxHashMap, FxHashSet};

use super::error::LedgerError;
use super::manifest::FileEntry;
use super::rows::{Rows, Wanted};
use super::schema::Kind;
use super::store::Store;
use crate::period::Timestamp;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// A connector by its number, and the start of an hour or day.
type Window = (u32, i64);

/// Messages of both kinds in a window.
#[derive(Clone, Copy, Default, Debug)]
struct Both {
    submissions: u64,
    summaries: u64,
}

/// The windows in which there are summaries.
#[derive(Debug, Default)]
pub struct Cover {
    /// Connectors by text; the one that is not known by the empty text.
    connectors: FxHashMap<String, u32>,
    /// Days of connectors that are compared as a whole.
    whole_days: FxHashSet<Window>,
    windows: FxHashMap<Window, Both>,
}

impl Cover {
    /// That of the summaries in some files, against the submissions in others of the same days.
    pub fn of(store: &Store, files: &[&FileEntry]) -> Result<Cover, LedgerError> {
        let mut cover = Cover::default();
        let mut days: BTreeSet<Option<NaiveDate>> = BTreeSet::new();
        let mut summaries = Vec::new();
        for file in files.iter().filter(|file| file.kind == Kind::Summaries) {
            days.insert(file.day);
            summaries.extend(store.summaries(file)?);
        }
        for row in &summaries {
            let connector = cover.number(row.connector.as_deref());
            if i64::from(row.seconds) > HOUR {
                cover.whole_days.insert((connector, start(row.time, DAY)));
            }
        }
        for row in &summaries {
            if let Some(window) = cover.window(row.connector.as_deref(), row.time) {
                let both = cover.windows.entry(window).or_default();
                both.summaries = both.summaries.saturating_add(row.messages);
            }
        }
        let wanted = Wanted { connector: true, ..Wanted::none() };
        for file in files.iter().filter(|file| file.kind == Kind::Submissions && days.contains(&file.day)) {
            for rows in Rows::read(store, file, &wanted)? {
                cover.compare(&rows);
            }
        }
        Ok(cover)
    }

    /// Adds submissions to the windows that have summaries.
    fn compare(&mut self, rows: &Rows) {
        for at in 0..rows.len() {
            let window = self.window(rows.connector.value(at).map(|text| &**text), rows.time(at));
            if let Some(both) = window.and_then(|window| self.windows.get_mut(&window)) {
                both.submissions = both.submissions.saturating_add(rows.messages(at));
            }
        }
    }

    fn number(&mut self, connector: Option<&str>) -> u32 {
        let next = self.connectors.len() as u32;
        *self.connectors.entry(connector.unwrap_or_default().to_owned()).or_insert(next)
    }

    /// The window that an instant falls into; `None` where the connector has no summaries.
    fn window(&self, connector: Option<&str>, time: Timestamp) -> Option<Window> {
        let connector = *self.connectors.get(connector.unwrap_or_default())?;
        let day = (connector, start(time, DAY));
        Some(if self.whole_days.contains(&day) { day } else { (connector, start(time, HOUR)) })
    }

    /// Whether there is anything to compare.
    pub fn is_needed(&self) -> bool {
        !self.windows.is_empty()
    }

    fn both(&self, connector: Option<&str>, time: Timestamp) -> Both {
        self.window(connector, time).and_then(|window| self.windows.get(&window)).copied().unwrap_or_default()
    }

    /// Whether submissions of a connector count at an instant. They are the better source of two that tell as much.
    pub fn submissions_count(&self, connector: Option<&str>, time: Timestamp) -> bool {
        let both = self.both(connector, time);
        both.submissions >= both.summaries
    }

    /// Whether summaries of a connector count at an instant.
    pub fn summaries_count(&self, connector: Option<&str>, time: Timestamp) -> bool {
        let both = self.both(connector, time);
        both.submissions < both.summaries
    }
}

/// The start of the hour or day.
fn start(time: Timestamp, step: i64) -> i64 {
    time.seconds().div_euclid(step) * step
}
