//! Adds a batch to a ledger: what is new, what completes stored messages, and nothing of what is there already. Either
//! all of it becomes part of the ledger or nothing.
//!
//! What belongs together is found by `pairing`, written by a transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use chrono::{NaiveDate, NaiveTime};
use rustc_hash::{FxHashMap, FxHashSet};

use super::batch::Batch;
use super::error::LedgerError;
use super::identity::REST;
use super::manifest::{self, BatchInput, FileEntry};
use super::outcome::Outcome;
use super::pairing::{self, Joined};
use super::roster::Pairs;
use super::row::{ChargeRow, SubmissionRow, SummaryRow};
use super::schema::Kind;
use super::spool::{Noted, Spool, day_of};
use super::store::Store;
use super::texts::{Rules, Texts, is_before};
use super::transaction::Transaction;
use super::writer::Writer;
use super::{bills, settings, windows};
use crate::ingest::parallel;
use crate::ingest::run::{Ingested, Recognition};
use crate::period::Timestamp;

impl Batch {
    /// Adds what was read to the ledger, in one step that is seen wholly or not at all. `ingested` is what
    /// [`read_all`](crate::ingest::run::read_all) said of the inputs.
    pub fn commit(mut self, writer: Writer, ingested: &Ingested) -> Result<(Writer, Outcome), LedgerError> {
        if let Some(error) = self.take_failure() {
            return Err(LedgerError::Spool(error));
        }
        let store = writer.store();
        let mut manifest = store.manifest().clone();
        self.settings.check(&manifest)?;
        let formats = formats(ingested);
        self.agree_on_zones(&mut manifest, &formats)?;
        let names = std::mem::take(&mut self.names);
        let rules = Rules {
            names: &names,
            formats: &formats,
            secret: self.secrets.senders,
            pseudonymise: self.settings.pseudonymise,
            forgotten: &store.manifest().forgotten,
            batch: store.manifest().next_batch,
        };
        let files: Vec<&FileEntry> =
            store.files(Kind::Submissions).chain(store.files(Kind::Unfinished)).collect();
        let mut pairs = pairing::search(&store, &files, &self.roster)?;
        let joined = pairing::join_apart(&mut self, rules, &store, &files, &mut pairs)?;
        let mut transaction = writer.begin()?;
        let mut outcome = Outcome::default();
        let work = Work {
            rules,
            store: &store,
            files: &files,
            pairs: &pairs,
            joined: &joined,
            transaction: &transaction,
        };
        work.days(&mut self.spool, &self.summarised, &mut outcome)?;
        let changed = work.unfinished(&self.unfinished, &mut outcome)?;
        let charges = self.charge_rows(rules, &mut outcome);
        bills::put(&store, &transaction, charges, &mut outcome)?;
        outcome.days.retain(|_, changes| *changes != Default::default());
        if !outcome.is_change() && !changed {
            drop(transaction);
            return Ok((Writer::open(store.folder())?, outcome));
        }
        outcome.batch = Some(rules.batch);
        self.remember(transaction.manifest_mut(), manifest.zones, entry(rules.batch, ingested, &outcome));
        Ok((transaction.commit()?, outcome))
    }

    /// Notes in the manifest what later batches must agree with, and the batch.
    fn remember(
        &self,
        told: &mut manifest::Manifest,
        zones: Vec<manifest::SourceZone>,
        entry: manifest::Batch,
    ) {
        (told.settings, told.zones) = (Some(self.settings.clone()), zones);
        told.batches.push(entry);
    }

    /// Checks the zones of formats of which some time had none.
    fn agree_on_zones(
        &self,
        manifest: &mut manifest::Manifest,
        formats: &FxHashMap<String, String>,
    ) -> Result<(), LedgerError> {
        // Formats that tell of no host have one zone for all.
        let inputs = self.zoneless.iter().map(|&source| self.names.source_name(source));
        let silent = |format: &&String| !self.zone_hosts.iter().any(|(told, _)| told == format);
        let of_format =
            inputs.filter_map(|name| formats.get(name)).filter(silent).map(|format| (format.as_str(), ""));
        let told = self.zone_hosts.iter().map(|(format, host)| (*format, host.as_str()));
        let found: BTreeSet<(&str, &str)> = of_format.chain(told).collect();
        found.into_iter().try_for_each(|(format, host)| settings::agree(manifest, format, host, &self.zone))
    }

    fn charge_rows(&mut self, rules: Rules<'_>, outcome: &mut Outcome) -> Vec<ChargeRow> {
        let charges = std::mem::take(&mut self.charges);
        let row = |charge: crate::usage::BilledCharge| {
            let source = rules.names.source_name(charge.source).to_owned();
            ChargeRow { charge, source, batch: rules.batch }
        };
        let (gone, kept): (Vec<ChargeRow>, Vec<ChargeRow>) = charges
            .into_iter()
            .map(row)
            .partition(|row| is_before(rules.forgotten.before, row.charge.period.start));
        outcome.forgotten.rows += gone.len() as u64;
        kept
    }
}

/// The format as which each input was read.
fn formats(ingested: &Ingested) -> FxHashMap<String, String> {
    let read = ingested.inputs.iter().filter_map(|input| match &input.recognition {
        Recognition::Read(format) => Some((input.name.clone(), (*format).to_owned())),
        _ => None,
    });
    read.collect()
}

/// What the manifest keeps of a batch.
fn entry(number: u64, ingested: &Ingested, outcome: &Outcome) -> manifest::Batch {
    let input = |input: &crate::ingest::run::InputRead| match &input.recognition {
        Recognition::Read(format) => Some(BatchInput {
            name: input.name.clone(),
            format: (*format).to_owned(),
            bytes: input.digest.bytes,
            sha256: input.digest.sha256.clone().unwrap_or_default(),
        }),
        _ => None,
    };
    let total = outcome.total();
    manifest::Batch {
        number,
        inputs: ingested.inputs.iter().filter_map(input).collect(),
        added: total.added.rows,
        merged: total.completed.rows,
        already_there: total.already_there.rows,
    }
}

/// Everything that the work on a day needs.
struct Work<'a> {
    rules: Rules<'a>,
    store: &'a Store,
    files: &'a [&'a FileEntry],
    pairs: &'a Pairs,
    joined: &'a Joined,
    transaction: &'a Transaction,
}

/// What belongs to a day beside the rows of the batch that are of it.
#[derive(Default)]
struct Share<'a> {
    /// Rows that were joined apart.
    completed: Vec<&'a SubmissionRow>,
    /// Places of rows that they take, by file.
    dropped: BTreeMap<u32, Vec<u32>>,
}

fn midnight(day: NaiveDate) -> i64 {
    day_of(Timestamp::from_utc(day.and_time(NaiveTime::MIN)))
}

impl Work<'_> {
    /// Puts the rows of all days in their places, on all cores.
    fn days(
        &self,
        spool: &mut Spool,
        summarised: &super::batch::Summarised,
        outcome: &mut Outcome,
    ) -> Result<(), LedgerError> {
        let mut shares: BTreeMap<i64, Share<'_>> =
            spool.days().into_iter().map(|day| (day, Share::default())).collect();
        for row in &self.joined.completed {
            shares.entry(day_of(row.time)).or_default().completed.push(row);
        }
        for &(file, row) in &self.joined.dropped {
            if let Some(day) = self.files[file as usize].day {
                let share = shares.entry(midnight(day)).or_default();
                share.dropped.entry(file).or_default().push(row);
            }
        }
        for row in &self.joined.already_there {
            outcome.day(Kind::Submissions, row.time.date()).already_there.add(row);
        }
        let spool = Mutex::new(spool);
        let mut next = shares.into_iter();
        let mut failed = None;
        let work = |(day, share): (i64, Share<'_>)| {
            let rows = spool.lock().unwrap_or_else(PoisonError::into_inner).rows(day);
            self.day(rows.map_err(LedgerError::Spool)?, share, summarised)
        };
        parallel::in_order(
            parallel::workers(),
            || next.next(),
            work,
            |result| match result {
                Ok(changes) => {
                    outcome.merge(&changes);
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

    /// Puts the rows of a day in their places.
    fn day(
        &self,
        noted: Vec<Noted>,
        share: Share<'_>,
        summarised: &super::batch::Summarised,
    ) -> Result<Outcome, LedgerError> {
        let mut outcome = Outcome::default();
        let mut texts = Texts::new(self.rules);
        let mut fresh: Vec<SubmissionRow> = Vec::new();
        let mut summaries: Vec<SummaryRow> = Vec::new();
        let mut edits: BTreeMap<u32, Vec<(u32, SubmissionRow)>> = BTreeMap::new();
        for noted in noted {
            let it = &noted.submission;
            if texts.is_forgotten(it.time) {
                outcome.forgotten.count(it.messages, &it.recipients);
            } else if let Some(seconds) = summarised.seconds(&noted) {
                summaries.push(windows::summary(&noted, seconds, &mut texts));
            } else if !self.joined.taken.contains(&noted.number) {
                match self.pairs.partner(noted.number) {
                    Some(at) => edits.entry(at.file).or_default().push((at.row, texts.row(noted))),
                    None => fresh.push(texts.row(noted)),
                }
            }
        }
        let touched: BTreeSet<u32> = edits.keys().chain(share.dropped.keys()).copied().collect();
        for file in touched {
            let dropped = share.dropped.get(&file).map_or(&[][..], Vec::as_slice);
            self.edit(file, edits.remove(&file).unwrap_or_default(), dropped, &mut fresh, &mut outcome)?;
        }
        for row in &fresh {
            outcome.day(Kind::Submissions, row.time.date()).added.add(row);
        }
        for row in share.completed {
            outcome.day(Kind::Submissions, row.time.date()).completed.add(row);
            fresh.push(SubmissionRow { batch: self.rules.batch, ..row.clone() });
        }
        let day = |time: Option<Timestamp>| time.map(Timestamp::date);
        if let Some(day) = day(fresh.first().map(|row| row.time)) {
            self.transaction.add_submissions(day, &mut fresh)?;
        }
        if let Some(day) = day(summaries.first().map(|row| row.time)) {
            windows::put(self.store, self.transaction, day, summaries, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Joins rows of a file with new ones, and takes out what others take the place of. What turns out to be another
    /// message is new.
    fn edit(
        &self,
        file: u32,
        edits: Vec<(u32, SubmissionRow)>,
        dropped: &[u32],
        fresh: &mut Vec<SubmissionRow>,
        outcome: &mut Outcome,
    ) -> Result<(), LedgerError> {
        let file = self.files[file as usize];
        let mut rows = self.store.submissions(file)?;
        let mut is_changed = !dropped.is_empty();
        for (at, new) in edits {
            let Some(stored) = rows.get_mut(at as usize) else { continue };
            let changes = outcome.day(Kind::Submissions, stored.time.date());
            match pairing::joined(stored, &new)? {
                None => fresh.push(new),
                Some(row) if row == *stored => changes.already_there.add(stored),
                Some(row) => {
                    *stored = SubmissionRow { batch: self.rules.batch, ..row };
                    changes.completed.add(stored);
                    is_changed = true;
                }
            }
        }
        if !is_changed {
            return Ok(());
        }
        let dropped: FxHashSet<u32> = dropped.iter().copied().collect();
        let mut places = 0..;
        rows.retain(|_| places.next().is_none_or(|at| !dropped.contains(&at)));
        self.transaction.replace_submissions(file, &mut rows)
    }

    /// Keeps the messages that do not count yet; whether they are others than before.
    fn unfinished(&self, noted: &[Noted], outcome: &mut Outcome) -> Result<bool, LedgerError> {
        let mut texts = Texts::new(self.rules);
        let mut rows = self.joined.unfinished.clone();
        rows.iter_mut().for_each(|row| row.batch = self.rules.batch);
        for noted in noted.iter().filter(|noted| !self.joined.taken.contains(&noted.number)) {
            if !texts.is_forgotten(noted.submission.time) {
                rows.push(texts.row(noted.clone()));
            }
        }
        // What rested for longer is no part of a message that is logged now.
        let newest = outcome.days.keys().map(|(_, day)| *day).max();
        let rests =
            |row: &SubmissionRow| newest.map(|day| day.signed_duration_since(row.last.date()).num_seconds());
        rows.retain(|row| rests(row).is_none_or(|seconds| seconds <= REST));
        let mut is_changed = !rows.is_empty();
        for (number, file) in (0..).zip(self.files).filter(|(_, file)| file.kind == Kind::Unfinished) {
            for (at, row) in (0..).zip(self.store.submissions(file)?) {
                let is_over = rests(&row).is_some_and(|seconds| seconds > REST);
                match is_over || self.joined.dropped.contains(&(number, at)) {
                    true => is_changed = true,
                    false => rows.push(row),
                }
            }
        }
        outcome.unfinished = rows.len() as u64;
        if is_changed {
            let old = self.files.iter().filter(|file| file.kind == Kind::Unfinished);
            old.for_each(|file| self.transaction.remove(file));
            self.transaction.add_unfinished(&mut rows)?;
        }
        Ok(is_changed)
    }
}
