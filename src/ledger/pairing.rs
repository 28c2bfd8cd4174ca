//! Finds what the ledger has already of a batch, and joins what is not of one day with it.
//!
//! Files are searched by the columns that tell messages apart, on all cores. Nearly all messages are then paired with a
//! row of their own day, which is left to `add`; the others are joined here: parts on two sides of midnight, messages
//! that did not count yet, and several parts that belong to one row.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::batch::Batch;
use super::error::LedgerError;
use super::identity::{Likeness, contradicts};
use super::manifest::FileEntry;
use super::merge;
use super::privacy::is_erased;
use super::roster::{Pairs, Partner, Roster};
use super::row::SubmissionRow;
use super::schema::Kind;
use super::spool::{Noted, day_of};
use super::store::Store;
use super::submissions::Identity;
use super::texts::{Rules, Texts};
use crate::ingest::parallel;
use crate::period::Timestamp;
use chrono::NaiveTime;

/// A row in a file: the numbers of both.
pub type Place = (u32, u32);

/// What was found in a file, by its number: messages, how surely they are the same, and the rows.
type Found = (usize, Vec<(u32, Likeness, u32)>);

/// Finds for each message of a batch the row of the ledger that is most likely the same.
pub fn search(store: &Store, files: &[&FileEntry], roster: &Roster) -> Result<Pairs, LedgerError> {
    let mut pairs = Pairs::new(roster);
    let mut next = 0..files.len();
    let mut failed = None;
    let find = |at: usize| -> Result<Found, LedgerError> {
        let identities = store.identities(files[at])?;
        let mut found = Vec::new();
        for (row, identity) in (0..).zip(&identities) {
            found.extend(roster.matches(identity).map(|(number, likeness)| (number, likeness, row)));
        }
        Ok((at, found))
    };
    parallel::in_order(
        parallel::workers(),
        || next.next(),
        find,
        |result| match result {
            Ok((at, found)) => {
                let pair = |(number, likeness, row)| pairs.pair(number, likeness, at as u32, row);
                found.into_iter().for_each(pair);
                true
            }
            Err(error) => {
                failed = Some(error);
                false
            }
        },
    );
    failed.map_or(Ok(pairs), Err)
}

/// The row that two parts come to; `None`: they are not the same message.
pub fn joined(stored: &SubmissionRow, new: &SubmissionRow) -> Result<Option<SubmissionRow>, LedgerError> {
    if Identity::of(stored).likeness(&Identity::of(new)).is_none() {
        return Ok(None);
    }
    if contradicts(stored, new) {
        return Err(LedgerError::Contradiction {
            source_name: new.source.clone(),
            line: new.line,
            stored: stored.time,
            new: new.time,
        });
    }
    let mut row = merge::joined(stored, new);
    if row.sender.as_deref().is_some_and(is_erased) {
        row.addressees.clear();
    }
    Ok(Some(row))
}

/// What was joined apart from the days.
#[derive(Debug, Default)]
pub struct Joined {
    /// Messages of the batch that are dealt with, by number.
    pub taken: FxHashSet<u32>,
    /// Rows of the ledger that others take the place of.
    pub dropped: BTreeSet<Place>,
    /// Rows that count, and take their place.
    pub completed: Vec<SubmissionRow>,
    /// Rows that do not count (any more).
    pub unfinished: Vec<SubmissionRow>,
    /// Rows that the batch does not change, those of submissions.
    pub already_there: Vec<SubmissionRow>,
}

/// A row of the ledger, and the parts that belong to it.
struct Reunion {
    stored: SubmissionRow,
    parts: Vec<(u32, SubmissionRow)>,
}

/// Joins what is not of one day.
pub fn join_apart(
    batch: &mut Batch,
    rules: Rules<'_>,
    store: &Store,
    files: &[&FileEntry],
    pairs: &mut Pairs,
) -> Result<Joined, LedgerError> {
    let unfinished: FxHashSet<u32> = batch.unfinished.iter().map(|noted| noted.number).collect();
    let apart = apart(files, pairs, &batch.roster, &unfinished);
    let mut parts = parts(batch, rules, &apart)?;
    let mut reunions: BTreeMap<Place, Reunion> = BTreeMap::new();
    let mut open: Option<(u32, Vec<SubmissionRow>)> = None;
    let mut places: Vec<(Place, u32)> =
        apart.iter().map(|(number, at)| ((at.file, at.row), *number)).collect();
    places.sort_unstable();
    for (place, number) in places {
        let Some(part) = parts.remove(&number) else { continue };
        let rows = match &mut open {
            Some((file, rows)) if *file == place.0 => rows,
            other => &mut other.insert((place.0, store.submissions(files[place.0 as usize])?)).1,
        };
        let Some(stored) = rows.get(place.1 as usize) else { continue };
        let fresh = || Reunion { stored: stored.clone(), parts: Vec::new() };
        reunions.entry(place).or_insert_with(fresh).parts.push((number, part));
    }
    let mut joined = Joined::default();
    for (place, reunion) in reunions {
        let kind = files[place.0 as usize].kind;
        reunite(place, kind, reunion, &unfinished, pairs, &mut joined)?;
    }
    Ok(joined)
}

/// The messages that are not simply paired with a row of their own day.
fn apart(
    files: &[&FileEntry],
    pairs: &Pairs,
    roster: &Roster,
    unfinished: &FxHashSet<u32>,
) -> BTreeMap<u32, Partner> {
    let days: Vec<Option<i64>> = files
        .iter()
        .map(|file| Some(day_of(Timestamp::from_utc(file.day?.and_time(NaiveTime::MIN)))))
        .collect();
    let mut places: Vec<Place> = pairs.all().map(|(_, at)| (at.file, at.row)).collect();
    places.sort_unstable();
    let several: FxHashSet<Place> =
        places.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let is_apart = |number: &u32, at: &Partner| {
        let same_day = days.get(at.file as usize).copied().flatten() == roster.day(*number);
        !same_day || unfinished.contains(number) || several.contains(&(at.file, at.row))
    };
    pairs.all().filter(|(number, at)| is_apart(number, at)).collect()
}

/// The rows of the messages that are apart, by number.
fn parts(
    batch: &mut Batch,
    rules: Rules<'_>,
    apart: &BTreeMap<u32, Partner>,
) -> Result<BTreeMap<u32, SubmissionRow>, LedgerError> {
    let mut texts = Texts::new(rules);
    let mut parts = BTreeMap::new();
    let mut take = |noted: Noted| {
        if apart.contains_key(&noted.number) && !texts.is_forgotten(noted.submission.time) {
            parts.insert(noted.number, texts.row(noted));
        }
    };
    batch.unfinished.iter().cloned().for_each(&mut take);
    let days: BTreeSet<i64> = apart.keys().filter_map(|&number| batch.roster.day(number)).collect();
    for day in days {
        let rows = batch.spool.rows(day).map_err(LedgerError::Spool)?;
        rows.into_iter().filter(|noted| batch.summarised.seconds(noted).is_none()).for_each(&mut take);
    }
    Ok(parts)
}

fn reunite(
    place: Place,
    kind: Kind,
    reunion: Reunion,
    unfinished: &FxHashSet<u32>,
    pairs: &mut Pairs,
    out: &mut Joined,
) -> Result<(), LedgerError> {
    let Reunion { stored, parts } = reunion;
    let mut row = stored.clone();
    let mut counted = kind == Kind::Submissions;
    for (number, part) in parts {
        match joined(&row, &part)? {
            Some(joined) => {
                row = joined;
                counted |= !unfinished.contains(&number);
                out.taken.insert(number);
            }
            None => pairs.part(number),
        }
    }
    let counts = row.recipients.attempted() > 0 && (counted || row.begun);
    match (row == stored, counts) {
        (true, _) if kind == Kind::Submissions => out.already_there.push(row),
        (true, false) => {}
        (_, counts) => {
            out.dropped.insert(place);
            let to = if counts { &mut out.completed } else { &mut out.unfinished };
            to.push(row);
        }
    }
    Ok(())
}
