//! Hands the contents of a ledger to a sink, as if the logs behind it were read again.
//!
//! Files are decoded on all cores, and only what is wanted of them; texts are handed over once for each file. A sink
//! that does not want every submission gets what a file comes to, which was counted where it was decoded. Which of
//! summaries and submissions counts is left to `cover`, decoding to `rows`.

use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

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
use crate::usage::{
    Apart, BilledCharge, Client, ClientId, CountOptions, HostId, Names, SenderId, Skip, SourceId, Submission,
};

/// Rows that are counted apart in one go, where they are those of several files.
const BLOCK_ROWS: u64 = 250_000;
/// Blocks at the beginning that are single files.
const SINGLES: usize = 8;

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
enum Chunk<'a> {
    Submissions(Vec<Rows>),
    /// Files of submissions that were counted already.
    Counted(Box<Apart>, Vec<&'a FileEntry>),
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
    let shelf =
        Shelf { store, wanted, cover: &cover, counts: sink.counts_apart(), pays: AtomicBool::new(true) };
    let mut desk = Desk { sink, sources: FxHashMap::default(), cover: &cover };
    let (mut next, mut dealt) = (files.into_iter().peekable(), 0);
    let mut failed = None;
    parallel::in_order(
        parallel::workers(),
        || {
            dealt += 1;
            shelf.block(dealt, &mut next)
        },
        |files| shelf.read(files),
        |chunks| {
            let mut chunks = chunks.into_iter();
            failed = chunks.find_map(|chunk| chunk.and_then(|chunk| desk.hand_over(chunk, &shelf)).err());
            failed.is_none()
        },
    );
    failed.map_or(Ok(()), Err)
}

/// Where chunks come from.
struct Shelf<'a> {
    store: &'a Store,
    wanted: Wanted,
    cover: &'a Cover,
    /// How files are counted apart, where that will do.
    counts: Option<CountOptions>,
    /// Whether a file that was counted apart need not be counted again, as far as was seen.
    pays: AtomicBool,
}

impl<'a> Shelf<'a> {
    /// The next files that one thread reads: several of submissions where they are counted apart, since names and sizes
    /// of neighbours are much the same; the first ones, which show whether that pays, one by one.
    fn block(
        &self,
        dealt: usize,
        next: &mut Peekable<impl Iterator<Item = &'a FileEntry>>,
    ) -> Option<Vec<&'a FileEntry>> {
        let mut files = vec![next.next()?];
        let grows = dealt > SINGLES && self.counts.is_some() && self.pays.load(Ordering::Relaxed);
        let mut room = if grows { BLOCK_ROWS } else { 0 };
        while let Some(file) = next.next_if(|file| file.rows <= room && file.kind == Kind::Submissions) {
            room -= file.rows;
            files.push(file);
        }
        Some(files)
    }

    fn read(&self, files: Vec<&'a FileEntry>) -> Vec<Result<Chunk<'a>, LedgerError>> {
        let are_submissions = files.iter().all(|file| file.kind == Kind::Submissions);
        if are_submissions && self.pays.load(Ordering::Relaxed) {
            match self.count(&files) {
                Ok(Some(apart)) => return vec![Ok(Chunk::Counted(Box::new(apart), files))],
                Ok(None) => {}
                Err(error) => return vec![Err(error)],
            }
        }
        let chunk = |file: &'a FileEntry| match file.kind {
            Kind::Summaries => self.store.summaries(file).map(Chunk::Summaries),
            Kind::Charges => self.store.charges(file).map(Chunk::Charges),
            Kind::Submissions | Kind::Unfinished => self.rows(file).map(Chunk::Submissions),
        };
        files.into_iter().map(chunk).collect()
    }

    fn rows(&self, file: &FileEntry) -> Result<Vec<Rows>, LedgerError> {
        Rows::read(self.store, file, &self.wanted)
    }

    /// Counts files apart from the others, on the thread that reads them; `None` where that does not do or not pay.
    fn count(&self, files: &[&FileEntry]) -> Result<Option<Apart>, LedgerError> {
        let Some(options) = &self.counts else { return Ok(None) };
        // Lines are shown of rejected rows only, and with one of those it is not counted apart.
        let wanted = Wanted { line: false, ..self.wanted };
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let mut apart = Apart::part(options.clone(), usize::try_from(rows).unwrap_or(usize::MAX));
        let mut desk = Desk { sink: &mut apart, sources: FxHashMap::default(), cover: self.cover };
        for file in files {
            Rows::read(self.store, file, &wanted)?.iter().for_each(|rows| desk.submissions(rows));
        }
        let is_whole = apart.is_whole();
        if !is_whole {
            self.pays.store(false, Ordering::Relaxed);
        }
        Ok(is_whole.then_some(apart))
    }
}

/// Where chunks are handed over.
struct Desk<'a, S: Sink + ?Sized> {
    sink: &'a mut S,
    sources: FxHashMap<String, SourceId>,
    cover: &'a Cover,
}

impl<S: Sink + ?Sized> Desk<'_, S> {
    fn hand_over(&mut self, chunk: Chunk<'_>, shelf: &Shelf<'_>) -> Result<(), LedgerError> {
        match chunk {
            Chunk::Submissions(groups) => groups.iter().for_each(|rows| self.submissions(rows)),
            Chunk::Counted(apart, files) => {
                let sources = apart.names().sources();
                let sources: Vec<SourceId> = sources.iter().map(|name| self.source(name)).collect();
                if !self.sink.absorb(&apart, &sources) {
                    shelf.pays.store(false, Ordering::Relaxed);
                    for file in files {
                        shelf.rows(file)?.iter().for_each(|rows| self.submissions(rows));
                    }
                }
            }
            Chunk::Summaries(rows) => rows.into_iter().for_each(|row| self.summary(&row)),
            Chunk::Charges(rows) => rows.into_iter().for_each(|row| self.charge(row)),
        }
        Ok(())
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
                self.sink.accept_submission(&submission);
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
