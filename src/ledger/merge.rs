//! Two rows of one message as one: what each of them knows, whichever came first.
//!
//! Whether they are one is left to `identity`. Texts of the input in which a message was first seen are those of the
//! row that is there already; all else is the same in whatever order rows are joined.

use std::cmp::Reverse;

use super::identity::Likeness;
use super::row::SubmissionRow;
use super::submissions::Identity;
use crate::ingest::trail::{Addressee, Trail};
use crate::ingest::{Settled, settle};
use crate::usage::{Client, Recipients, SizeQuality, Traffic};

/// What is shown for several connectors.
const SEVERAL: &str = "(several)";

/// The row of a message of which the ledger has one and a batch brings another.
pub fn joined(stored: &SubmissionRow, new: &SubmissionRow) -> SubmissionRow {
    let (first, second) = if leads(new, stored) { (new, stored) } else { (stored, new) };
    let sized = sized(first, second);
    let ending = if (second.ended, second.rest) > (first.ended, first.rest) { second } else { first };
    let accepting = if second.accepted && !first.accepted { second } else { first };
    let time = match first.accepted == second.accepted {
        true => first.time.min(second.time),
        false => accepting.time,
    };
    let mut row = SubmissionRow {
        time,
        time_quality: match first.time == second.time {
            true => first.time_quality.min(second.time_quality),
            false => if time == first.time { first } else { second }.time_quality,
        },
        last: first.last.max(second.last),
        thread: first.thread.or(second.thread),
        messages: first.messages.max(second.messages),
        message_size: sized.message_size,
        size_quality: sized.size_quality,
        sender: known(first, second, |row| row.sender.clone()),
        client: known(first, second, |row| Some(row.client.clone()).filter(|it| *it != Client::default()))
            .unwrap_or_default(),
        connector: connector(first, second),
        traffic: known(first, second, |row| Some(row.traffic).filter(|it| *it != Traffic::Unknown))
            .unwrap_or(Traffic::Unknown),
        records: records(first, second),
        begun: first.begun || second.begun,
        ended: first.ended || second.ended,
        stated: first.stated.max(second.stated),
        rest: ending.rest,
        accepted: first.accepted || second.accepted,
        addressees: addressees(&first.addressees, &second.addressees),
        batch: stored.batch,
        ..first.clone()
    };
    recount(&mut row, first, second);
    row
}

/// Whether a row that a batch brings says what the message is, before the one that is there.
fn leads(new: &SubmissionRow, stored: &SubmissionRow) -> bool {
    // Of two beginnings within a second the lesser is that before a filter.
    let size = |row: &SubmissionRow| row.message_size.filter(|_| new.key != stored.key);
    let rank = |row: &SubmissionRow| (Reverse(row.begun), row.time, size(row), row.key);
    rank(new) < rank(stored)
}

/// What the first row knows, else what the second does. Of two that saw the same of the message, the lesser stands.
fn known<T: KnownOrder>(
    first: &SubmissionRow,
    second: &SubmissionRow,
    of: impl Fn(&SubmissionRow) -> Option<T>,
) -> Option<T> {
    match (of(first), of(second)) {
        (Some(one), Some(other)) if first.begun == second.begun && other.precedes(&one) => Some(other),
        (one, other) => one.or(other),
    }
}

/// Values of which one can be chosen whatever the order.
trait KnownOrder {
    fn precedes(&self, other: &Self) -> bool;
}

impl KnownOrder for String {
    fn precedes(&self, other: &String) -> bool {
        self < other
    }
}

impl KnownOrder for Client {
    fn precedes(&self, other: &Client) -> bool {
        let order = |client: &Client| (client.name.clone(), client.ip, client.user.clone());
        order(self) > order(other)
    }
}

impl KnownOrder for Traffic {
    fn precedes(&self, other: &Traffic) -> bool {
        self < other
    }
}

/// The next host; several where the rows name different ones and no acceptance says which.
fn connector(first: &SubmissionRow, second: &SubmissionRow) -> Option<String> {
    match (&first.connector, &second.connector) {
        (Some(one), Some(_)) if first.accepted && !second.accepted => Some(one.clone()),
        (Some(_), Some(other)) if second.accepted && !first.accepted => Some(other.clone()),
        (Some(one), Some(other)) if one != other => Some(SEVERAL.to_owned()),
        (one, other) => one.as_ref().or(other.as_ref()).cloned(),
    }
}

/// How well a size is known: the service's word before a measure, the larger of two that are known as well.
fn size_rank(row: &SubmissionRow) -> (u8, bool, Option<u64>) {
    let rank = match (row.message_size, row.size_quality) {
        (None, _) | (_, SizeQuality::Missing) => 0,
        (_, SizeQuality::Declared) => 1,
        (_, SizeQuality::Measured) => 2,
        (_, SizeQuality::Accepted) => 3,
        (_, SizeQuality::Stated { .. }) => 4,
    };
    (rank, row.accepted, row.message_size)
}

/// The row whose size stands. Where each saw another beginning, one is that of a hop behind a filter, which adds
/// headers: the lesser is the size of the mail.
fn sized<'a>(first: &'a SubmissionRow, second: &'a SubmissionRow) -> &'a SubmissionRow {
    let (one, other) = (size_rank(first), size_rank(second));
    let is_hop =
        first.key != second.key && first.begun && second.begun && (one.0, one.1) == (other.0, other.1);
    let is_second = if is_hop { other.2 < one.2 } else { other > one };
    if is_second { second } else { first }
}

/// The records behind both: the same ones again add nothing.
fn records(first: &SubmissionRow, second: &SubmissionRow) -> u64 {
    let apart = first.last < second.time || second.last < first.time;
    match Identity::of(first).likeness(&Identity::of(second)) {
        Some(Likeness::Overlap | Likeness::Sequel(_)) if apart => {
            first.records.saturating_add(second.records)
        }
        _ => first.records.max(second.records),
    }
}

/// Recipients of both, each with the greater status. Both lists and the result are in the order of digests.
fn addressees(first: &[Addressee], second: &[Addressee]) -> Vec<Addressee> {
    let mut all = [first, second].concat();
    in_order(&mut all);
    all
}

/// Puts recipients in the order of their digests, each once with its greatest status.
pub fn in_order(addressees: &mut Vec<Addressee>) {
    addressees.sort_unstable_by_key(|entry| entry.hash);
    addressees.dedup_by(|again, kept| {
        let same = again.hash == kept.hash;
        if same {
            kept.status = kept.status.max(again.status);
            kept.accepted |= again.accepted;
        }
        same
    });
}

/// Settles the recipients of a joined row anew. Where they are not listed in one of its parts (erased, or a source
/// that has only numbers), the part with more of them stands, and of as many the one that saw the end: the sum would
/// count a recipient again whose mail was open and is delivered.
fn recount(row: &mut SubmissionRow, first: &SubmissionRow, second: &SubmissionRow) {
    if is_listed(first) && is_listed(second) {
        let settled = settled(row);
        (row.recipients, row.recipients_upper) = (settled.recipients, settled.upper);
        return;
    }
    let rank = |row: &SubmissionRow| {
        let Recipients { delivered, open, bounced, filtered, unknown } = row.recipients;
        (row.recipients.attempted(), row.ended, delivered, bounced, filtered, unknown, open)
    };
    row.recipients = if rank(second) > rank(first) { second } else { first }.recipients;
    let upper = first.recipients_upper.max(second.recipients_upper);
    row.recipients_upper = upper.max(row.recipients.attempted());
}

/// Whether the recipients of a row follow from what it lists and states.
fn is_listed(row: &SubmissionRow) -> bool {
    !row.addressees.is_empty() || settled(row).recipients == row.recipients
}

/// The recipients of a row by what is known of each.
pub fn settled(row: &SubmissionRow) -> Settled {
    settle(&Trail {
        thread: row.thread,
        last: row.last,
        begun: row.begun,
        ended: row.ended,
        stated: row.stated,
        rest: row.rest,
        accepted: row.accepted,
        recipients: &row.addressees,
    })
}

#[cfg(test)]
pub(super) mod tests;
