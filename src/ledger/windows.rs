//! Summaries of a batch: rows that stand for several messages of a window.
//!
//! Of two exports of the same window the one with more messages stands, since it was made later: rows of one are never
//! added to those of another.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::error::LedgerError;
use super::outcome::Outcome;
use super::row::SummaryRow;
use super::schema::Kind;
use super::spool::Noted;
use super::store::Store;
use super::texts::Texts;
use super::transaction::Transaction;

/// The summary of a row that stands for several messages.
pub fn summary(noted: &Noted, seconds: u32, texts: &mut Texts<'_>) -> SummaryRow {
    let it = &noted.submission;
    let mut row = SummaryRow {
        key: 0,
        time: it.time,
        seconds,
        time_quality: it.time_quality,
        messages: it.messages,
        message_size: it.message_size,
        size_quality: it.size_quality,
        recipients: it.recipients,
        recipients_upper: it.recipients_upper.max(it.recipients.attempted()),
        sender: texts.sender(it.sender).0,
        client: texts.client(it.client),
        connector: texts.connector(it.relay),
        traffic: it.traffic,
        format: texts.format(it.source).to_owned(),
        source: String::new(),
        line: it.line,
        records: it.records,
        batch: texts.batch(),
    };
    row.key = key(&row);
    row.source = texts.source(it.source).to_owned();
    row
}

/// A digest of the window and of what it is grouped by.
pub fn key(row: &SummaryRow) -> u128 {
    let mut hasher = Sha256::new();
    let text =
        |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| format!("{}:{text}", text.len()));
    let ip = row.client.ip.map(|ip| ip.to_string());
    for part in [
        &row.format,
        row.traffic.name(),
        &row.time.seconds().to_string(),
        &row.seconds.to_string(),
        &text(row.sender.as_deref()),
        &text(row.client.name.as_deref()),
        &text(ip.as_deref()),
        &text(row.client.user.as_deref()),
        &text(row.connector.as_deref()),
    ] {
        hasher.update(part);
        hasher.update([0]);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest.iter().take(16).fold(0, |number, &byte| number << 8 | u128::from(byte))
}

/// Rows by window.
type Windows = BTreeMap<u128, Vec<SummaryRow>>;

/// Puts the summaries of a day beside those that are stored.
pub fn put(
    store: &Store,
    transaction: &Transaction,
    day: NaiveDate,
    rows: Vec<SummaryRow>,
    outcome: &mut Outcome,
) -> Result<(), LedgerError> {
    let mut windows = fullest(rows);
    if windows.is_empty() {
        return Ok(());
    }
    for file in store.files(Kind::Summaries).filter(|file| file.day == Some(day)) {
        let stored = by_window(store.summaries(file)?);
        let before: usize = stored.values().map(Vec::len).sum();
        let mut kept = Vec::with_capacity(before);
        for (key, rows) in stored {
            let Some(new) = windows.get(&key) else {
                kept.extend(rows);
                continue;
            };
            let changes = outcome.day(Kind::Summaries, day);
            if counts(new) > counts(&rows) {
                new.iter().for_each(|row| changes.completed.add_summary(row));
                kept.extend(new.iter().cloned());
            } else {
                rows.iter().for_each(|row| changes.already_there.add_summary(row));
                kept.extend(rows);
            }
            windows.remove(&key);
        }
        let batch = transaction.number();
        if kept.len() != before || kept.iter().any(|row| row.batch == batch) {
            transaction.replace_summaries(file, &mut kept)?;
        }
    }
    let mut fresh: Vec<SummaryRow> = windows.into_values().flatten().collect();
    fresh.iter().for_each(|row| outcome.day(Kind::Summaries, day).added.add_summary(row));
    transaction.add_summaries(day, &mut fresh)
}

/// How much rows of a window tell.
fn counts(rows: &[SummaryRow]) -> (u64, u64) {
    let sum = |of: fn(&SummaryRow) -> u64| rows.iter().map(of).fold(0, u64::saturating_add);
    (sum(|row| row.messages), sum(|row| row.recipients.attempted()))
}

fn by_window(rows: Vec<SummaryRow>) -> Windows {
    let mut windows = Windows::new();
    rows.into_iter().for_each(|row| windows.entry(row.key).or_default().push(row));
    windows
}

/// The rows of each window from the input that tells most of it.
fn fullest(rows: Vec<SummaryRow>) -> Windows {
    let mut inputs: BTreeMap<String, Vec<SummaryRow>> = BTreeMap::new();
    rows.into_iter().for_each(|row| inputs.entry(row.source.clone()).or_default().push(row));
    let mut windows = Windows::new();
    for (key, rows) in inputs.into_values().flat_map(by_window) {
        if windows.get(&key).is_none_or(|known| counts(&rows) > counts(known)) {
            windows.insert(key, rows);
        }
    }
    windows
}
