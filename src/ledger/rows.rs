//! The rows of a file of submissions by columns, with each text once: what `replay` hands over.

use rustc_hash::FxHashMap;
use std::hash::Hash;

use super::error::LedgerError;
use super::manifest::FileEntry;
use super::row::SubmissionRow;
use super::store::Store;
use crate::usage::{Client, ClientId, HostId, SenderId, SourceId, Submission};

/// The columns that a caller makes use of, beside times, counts, sizes and traffic. Without one of them all rows are
/// the same in it: of an unknown sender and client, and of no connector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Senders and their domains. Null senders do not count by default, so that they are nearly always needed.
    pub sender: bool,
    /// Submitting hosts.
    pub client: bool,
    /// Connectors or next hosts.
    pub connector: bool,
    /// Inputs and lines.
    pub source: bool,
    /// Keys.
    pub key: bool,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { sender: true, client: true, connector: true, source: true, key: true }
    }
}

impl Wanted {
    /// None of them.
    pub fn none() -> Wanted {
        Wanted { sender: false, client: false, connector: false, source: false, key: false }
    }
}

/// A column of values that come again: each value once, and for each row its number.
#[derive(Debug)]
pub struct Coded<T> {
    values: Vec<T>,
    /// 0: the row has none; else 1 + the number of the value. Empty where the column is not wanted.
    codes: Vec<u32>,
}

impl<T> Default for Coded<T> {
    fn default() -> Coded<T> {
        Coded { values: Vec::new(), codes: Vec::new() }
    }
}

impl<T> Coded<T> {
    /// The values, each once.
    pub fn texts(&self) -> &[T] {
        &self.values
    }

    /// What a row has, of something that there is for each value.
    pub fn of<U: Copy>(&self, at: usize, each: &[U], none: U) -> U {
        let code = self.codes.get(at).copied().unwrap_or(0);
        each.get((code as usize).wrapping_sub(1)).copied().unwrap_or(none)
    }
}

impl Coded<String> {
    /// The text of a row.
    pub fn text(&self, at: usize) -> Option<&str> {
        let code = self.codes.get(at).copied().unwrap_or(0);
        self.values.get((code as usize).wrapping_sub(1)).map(String::as_str)
    }
}

/// Codes values as they come.
struct Coder<T> {
    known: FxHashMap<T, u32>,
    coded: Coded<T>,
}

impl<T: Clone + Eq + Hash> Coder<T> {
    fn new() -> Coder<T> {
        Coder { known: FxHashMap::default(), coded: Coded::default() }
    }

    fn push(&mut self, value: Option<T>) {
        let code = match value {
            None => 0,
            Some(value) => match self.known.get(&value) {
                Some(&code) => code,
                None => {
                    self.coded.values.push(value.clone());
                    let code = self.coded.values.len() as u32;
                    self.known.insert(value, code);
                    code
                }
            },
        };
        self.coded.codes.push(code);
    }
}

/// The rows of a file.
#[derive(Debug, Default)]
pub struct Rows {
    plain: Vec<Submission>,
    /// Input records behind each.
    pub records: Vec<u64>,
    /// Senders.
    pub sender: Coded<String>,
    /// Submitting hosts.
    pub client: Coded<Client>,
    /// Connectors.
    pub connector: Coded<String>,
    /// Inputs.
    pub source: Coded<String>,
}

impl Rows {
    /// Reads those of a file.
    pub fn read(store: &Store, file: &FileEntry, wanted: &Wanted) -> Result<Rows, LedgerError> {
        let all = store.submissions(file)?;
        let mut rows = Rows::default();
        let (mut senders, mut connectors, mut sources) = (Coder::new(), Coder::new(), Coder::new());
        let mut clients: Coder<(Option<String>, Option<std::net::IpAddr>, Option<String>)> = Coder::new();
        for row in all {
            rows.records.push(row.records);
            rows.plain.push(plain(&row));
            if wanted.sender {
                senders.push(row.sender);
            }
            if wanted.connector {
                connectors.push(row.connector);
            }
            if wanted.client {
                clients.push(Some((row.client.name, row.client.ip, row.client.user)));
            }
            if wanted.source {
                sources.push(Some(row.source));
            }
        }
        rows.sender = senders.coded;
        rows.connector = connectors.coded;
        rows.source = sources.coded;
        let values = clients.coded.values.into_iter().map(|(name, ip, user)| Client { name, ip, user });
        rows.client = Coded { values: values.collect(), codes: clients.coded.codes };
        Ok(rows)
    }

    /// Each row without texts.
    pub fn iter(&self) -> impl Iterator<Item = Submission> {
        self.plain.iter().copied()
    }
}

fn plain(row: &SubmissionRow) -> Submission {
    Submission {
        time: row.time,
        time_quality: row.time_quality,
        messages: row.messages,
        message_size: row.message_size,
        size_quality: row.size_quality,
        recipients: row.recipients,
        recipients_upper: row.recipients_upper,
        sender: SenderId::UNKNOWN,
        client: ClientId::UNKNOWN,
        relay: HostId::UNKNOWN,
        traffic: row.traffic,
        source: SourceId(0),
        line: row.line,
        records: row.records,
        key: row.key,
    }
}
