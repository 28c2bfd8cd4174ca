//! Hands the contents of a ledger to a sink, as if the logs behind it were read again.
//!
//! Files are decoded on all cores, and only what is wanted of them; texts are handed over once for each file. Which of
//! summaries and submissions counts is left to `cover`, decoding to `rows`.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use super::cover::Cover;
use super::error::LedgerError;
use super::manifest::FileEntry;
use super::row::{ChargeRow, SummaryRow};
use super::rows::{RowTexts, Rows, Wanted};
use super::schema::Kind;
use super::store::Store;
use crate::ingest::{Record, Sink, parallel};
use crate::usage::{BilledCharge, Client, ClientId, HostId, Names, SenderId, Skip, SourceId, Submission};

/// The input of rows whose inputs are not wanted.
const UNTOLD: &str = "(ledger)";

/// What of a ledger is handed over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selected {
    /// The UTC days; without them, all. Files of other days are not opened.
    pub days: Option<RangeInclusive<NaiveDate>>,
    /// The columns that the caller makes use of.
    pub wanted: Wanted,
}

impl Selected {
    fn has(&self, file: &FileEntry) -> bool {
        self.days.as_ref().is_none_or(|days| file.day.is_some_and(|day| days.contains(&day)))
    }
}

/// A file as it is handed over.
enum Chunk {
    Submissions(Vec<Rows>),
    Summaries(Vec<SummaryRow>),
    Charges(Vec<ChargeRow>),
}

/// Hands over all that is selected, day by day.
pub fn replay(store: &Store, selected: &Selected, sink: &mut dyn Sink) -> Result<(), LedgerError> {
    let kinds = [Kind::Submissions, Kind::Summaries, Kind::Charges];
    let mut files: Vec<&FileEntry> = kinds.into_iter().flat_map(|kind| store.files(kind)).collect();
    files.retain(|file| selected.has(file));
    files.sort_by_key(|file| (file.day, file.kind));
    let cover = Cover::of(store, &files)?;
    let wanted = Wanted { connector: selected.wanted.connector || cover.is_needed(), ..selected.wanted };
    let read = |file: &FileEntry| match file.kind {
        Kind::Summaries => store.summaries(file).map(Chunk::Summaries),
        Kind::Charges => store.charges(file).map(Chunk::Charges),
        Kind::Submissions | Kind::Unfinished => Rows::read(store, file, &wanted).map(Chunk::Submissions),
    };
    let mut desk = Desk { sink, sources: FxHashMap::default(), cover };
    let mut next = files.into_iter();
    let mut failed = None;
    parallel::in_order(
        parallel::workers(),
        || next.next(),
        read,
        |chunk| match chunk {
            Ok(chunk) => {
                desk.hand_over(chunk);
                true
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        },
    );
    failed.map_or(Ok(()), Err)
}

/// Where chunks are handed over.
struct Desk<'a> {
    sink: &'a mut dyn Sink,
    sources: FxHashMap<String, SourceId>,
    cover: Cover,
}

impl Desk<'_> {
    fn hand_over(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Submissions(groups) => groups.iter().for_each(|rows| self.submissions(rows)),
            Chunk::Summaries(rows) => rows.into_iter().for_each(|row| self.summary(&row)),
            Chunk::Charges(rows) => rows.into_iter().for_each(|row| self.charge(row)),
        }
    }

    fn source(&mut self, name: &str) -> SourceId {
        if let Some(&known) = self.sources.get(name) {
            return known;
        }
        let id = self.sink.names().add_source(name);
        self.sources.insert(name.to_owned(), id);
        id
    }

    fn submissions(&mut self, rows: &Rows) {
        let sources: Vec<SourceId> = rows.source.values().iter().map(|name| self.source(name)).collect();
        let untold = if sources.is_empty() { self.source(UNTOLD) } else { SourceId(0) };
        let names = self.sink.names();
        let senders: Vec<SenderId> =
            rows.sender.values().iter().map(|text| sender(names, Some(text))).collect();
        let clients: Vec<ClientId> = rows.client.values().iter().map(|it| client(names, it)).collect();
        let hosts: Vec<HostId> =
            rows.connector.values().iter().map(|text| names.host(text.as_bytes())).collect();
        self.sink.records(rows.records());
        let compares = self.cover.is_needed();
        for at in 0..rows.len() {
            let texts = RowTexts {
                sender: rows.sender.of(at, &senders, SenderId::UNKNOWN),
                client: rows.client.of(at, &clients, ClientId::UNKNOWN),
                connector: rows.connector.of(at, &hosts, HostId::UNKNOWN),
                source: rows.source.of(at, &sources, untold),
            };
            let submission = rows.submission(at, texts);
            let connector = || rows.connector.value(at).map(|text| &**text);
            if compares && !self.cover.submissions_count(connector(), submission.time) {
                self.sink.skip_message(Skip::Covered, submission.records);
            } else {
                self.sink.accept(Record::Submission(submission));
            }
        }
    }

    fn summary(&mut self, row: &SummaryRow) {
        self.sink.records(row.records);
        if !self.cover.summaries_count(row.connector.as_deref(), row.time) {
            return self.sink.skip_message(Skip::Covered, row.records);
        }
        let source = self.source(&row.source);
        let names = self.sink.names();
        let submission = Submission {
            time: row.time,
            time_quality: row.time_quality,
            messages: row.messages,
            message_size: row.message_size,
            size_quality: row.size_quality,
            recipients: row.recipients,
            recipients_upper: row.recipients_upper,
            sender: sender(names, row.sender.as_deref()),
            client: client(names, &row.client),
            relay: names.host(row.connector.as_deref().unwrap_or_default().as_bytes()),
            traffic: row.traffic,
            source,
            line: row.line,
            records: row.records,
            key: row.key,
        };
        self.sink.accept(Record::Submission(submission));
    }

    fn charge(&mut self, row: ChargeRow) {
        let source = self.source(&row.source);
        self.sink.records(row.charge.records);
        self.sink.accept(Record::BilledCharge(BilledCharge { source, ..row.charge }));
    }
}

fn sender(names: &mut Names, text: Option<&str>) -> SenderId {
    match text {
        None => SenderId::UNKNOWN,
        Some("<>") => SenderId::NULL,
        Some(text) => names.sender(text.as_bytes()),
    }
}

fn client(names: &mut Names, client: &Client) -> ClientId {
    let ip = client.ip.map(|ip| ip.to_string()).unwrap_or_default();
    let [name, user] =
        [&client.name, &client.user].map(|text| text.as_deref().unwrap_or_default().as_bytes());
    names.client(name, ip.as_bytes(), user)
}
