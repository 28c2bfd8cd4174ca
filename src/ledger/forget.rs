//! Takes out of a ledger what is not to be kept any longer, and remembers it, so that later batches do not bring it
//! back: all before a day, who sent, or to whom.
//!
//! Volumes stay: what was sent to how many is not about a person.

use std::sync::{Mutex, PoisonError};

use chrono::{NaiveDate, NaiveTime};

use super::error::LedgerError;
use super::keys::Secrets;
use super::manifest::FileEntry;
use super::outcome::Volume;
use super::privacy::{erased, is_erased, is_meant, normalised, pseudonymised, with_user};
use super::row::{SubmissionRow, SummaryRow};
use super::schema::Kind;
use super::transaction::Transaction;
use super::windows;
use super::writer::Writer;
use crate::ingest::parallel;
use crate::period::Timestamp;
use crate::usage::Client;

/// What is forgotten.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Forget {
    /// All days before this one (UTC), charges too.
    Before(NaiveDate),
    /// A sender by address, or all senders of `@domain`: the volume stays under `erased@domain`.
    Sender(String),
    /// All digests of recipients and their key: parts of a message that are added later are joined by numbers only.
    Recipients,
}

/// Forgets; returns what was removed or changed. Either all is done or nothing.
pub fn forget(writer: Writer, what: &Forget) -> Result<(Writer, Volume), LedgerError> {
    let secrets = Secrets::of(writer.folder())?;
    let pseudonymise = writer.manifest().settings.as_ref().is_some_and(|settings| settings.pseudonymise);
    let mut transaction = writer.begin()?;
    let volume = match what {
        Forget::Before(date) => before(&mut transaction, *date)?,
        Forget::Sender(wanted) => {
            let wanted = normalised(wanted);
            let forgotten = &mut transaction.manifest_mut().forgotten;
            let (list, entry) = match wanted.strip_prefix('@') {
                Some(domain) => (&mut forgotten.domains, domain.to_owned()),
                None => (&mut forgotten.senders, secrets.senders.forgotten(&wanted)),
            };
            list.push(entry);
            list.sort_unstable();
            list.dedup();
            let stored = match pseudonymise && !wanted.starts_with('@') {
                true => pseudonymised(&secrets.senders, &wanted),
                false => wanted,
            };
            rewrite(&transaction, &|row| erase_sender(row, &stored), Some(&|row| erase_window(row, &stored)))?
        }
        Forget::Recipients => {
            transaction.manifest_mut().forgotten.recipients = true;
            transaction.erase_secret();
            let erase = |row: &mut SubmissionRow| !std::mem::take(&mut row.addressees).is_empty();
            rewrite(&transaction, &erase, None)?
        }
    };
    Ok((transaction.commit()?, volume))
}

fn before(transaction: &mut Transaction, date: NaiveDate) -> Result<Volume, LedgerError> {
    let store = transaction.store();
    let mut volume = Volume::default();
    for file in store.manifest().files().iter().filter(|file| file.day.is_some_and(|day| day < date)) {
        let (messages, recipients) = (file.sums.messages, file.sums.recipients);
        volume.merge(&Volume { rows: file.rows, messages, recipients });
        transaction.remove(file);
    }
    let horizon = Timestamp::from_utc(date.and_time(NaiveTime::MIN));
    for file in store.files(Kind::Unfinished) {
        let mut rows = store.submissions(file)?;
        rows.retain(|row| row.time >= horizon);
        if rows.len() as u64 != file.rows {
            volume.rows += file.rows.saturating_sub(rows.len() as u64);
            transaction.replace_submissions(file, &mut rows)?;
        }
    }
    let forgotten = &mut transaction.manifest_mut().forgotten;
    forgotten.before = forgotten.before.max(Some(date));
    Ok(volume)
}

/// Erases something of a row; whether it was there.
type Erase<'a, R> = &'a (dyn Fn(&mut R) -> bool + Sync);

/// Rewrites all files of which some row changes, on all cores.
fn rewrite(
    transaction: &Transaction,
    erase: Erase<'_, SubmissionRow>,
    erase_window: Option<Erase<'_, SummaryRow>>,
) -> Result<Volume, LedgerError> {
    let store = transaction.store();
    let volume = Mutex::new(Volume::default());
    let work = |file: &FileEntry| -> Result<(), LedgerError> {
        let mut found = Volume::default();
        match (file.kind, erase_window) {
            (Kind::Submissions | Kind::Unfinished, _) => {
                let mut rows = store.submissions(file)?;
                rows.iter_mut().filter_map(|row| erase(row).then_some(row)).for_each(|row| found.add(row));
                if found.rows > 0 {
                    transaction.replace_submissions(file, &mut rows)?;
                }
            }
            (Kind::Summaries, Some(erase)) => {
                let mut rows = store.summaries(file)?;
                rows.iter_mut()
                    .filter_map(|row| erase(row).then_some(row))
                    .for_each(|row| found.add_summary(row));
                if found.rows > 0 {
                    transaction.replace_summaries(file, &mut rows)?;
                }
            }
            (Kind::Summaries | Kind::Charges, _) => {}
        }
        volume.lock().unwrap_or_else(PoisonError::into_inner).merge(&found);
        Ok(())
    };
    let mut files = store.manifest().files().iter();
    let mut failed = None;
    parallel::in_order(
        parallel::workers(),
        || files.next(),
        work,
        |result| {
            failed = result.err();
            failed.is_none()
        },
    );
    failed.map_or(Ok(()), Err)?;
    Ok(volume.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn erase_sender(row: &mut SubmissionRow, wanted: &str) -> bool {
    let is_sender = erase_person(&mut row.sender, &mut row.client, wanted);
    if is_sender.0 {
        row.addressees.clear();
    }
    is_sender.0 || is_sender.1
}

fn erase_window(row: &mut SummaryRow, wanted: &str) -> bool {
    let (sender, user) = erase_person(&mut row.sender, &mut row.client, wanted);
    if sender || user {
        row.key = windows::key(row);
    }
    sender || user
}

/// Erases a person as the sender and as the user that a client authenticated as.
fn erase_person(sender: &mut Option<String>, client: &mut Client, wanted: &str) -> (bool, bool) {
    let is_there =
        |text: &Option<String>| text.as_deref().is_some_and(|it| !is_erased(it) && is_meant(it, wanted));
    let found = (is_there(sender), is_there(&client.user));
    if found.0 {
        *sender = sender.as_deref().map(erased);
    }
    if found.1 {
        *client = with_user(client, erased);
    }
    found
}
