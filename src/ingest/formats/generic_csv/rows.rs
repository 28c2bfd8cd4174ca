//! What one row of a table says: recipients, size, time, outcome.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::fields::Field;
use super::layout::Layout;
use super::survey::Decisions;
use crate::ingest::delimited::{self, DateText, RecipientHasher, Row};
use crate::ingest::grouping::{Messages, Status};
use crate::period::{Timestamp, Zone};
use crate::usage::names::parse_ip;
use crate::usage::{ClientId, HostId, Names, SenderId, TimeQuality};

/// How one table is read.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Where its columns are.
    pub(super) layout: &'a Layout,
    /// What its columns decided.
    pub(super) decisions: Decisions,
    /// The zone of times that state none, and whether the source or only an assumption gives it.
    pub(super) zone: (Zone, TimeQuality),
    /// The unit of sizes that state none.
    pub(super) size_unit: &'a str,
}

/// A time with how it became one.
pub(super) type Timed = (Timestamp, TimeQuality);

impl Table<'_> {
    /// A cell; `None` where no column fills the field.
    pub(super) fn cell<'r>(&self, row: &Row<'r>, field: Field) -> Option<&'r [u8]> {
        self.layout.at(field).map(|at| row.cell(at))
    }

    /// When the message was accepted.
    pub(super) fn time(&self, row: &Row<'_>) -> Result<Timed, String> {
        let cell = self.cell(row, Field::Time).unwrap_or_default();
        let refused = |what: &str| format!("{} is not a time: {what}", delimited::shown(cell));
        let date = DateText::parse_with_numbers(cell)
            .ok_or_else(|| refused("expected such as '2026-10-01 12:00:00' or '1.10.2026 12:00'"))?;
        let date = date
            .resolve(self.decisions.order)
            .ok_or_else(|| refused("there is no such day in the order of its column"))?;
        let time = date.instant(&self.zone.0);
        if !Messages::fits(time) {
            return Err(format!("the time {time} is not possible: expected 1970 to 2105"));
        }
        let quality = match (date.date_only, date.has_zone()) {
            (true, _) => TimeQuality::DateOnly,
            (false, true) => TimeQuality::Exact,
            (false, false) => self.zone.1,
        };
        Ok((time, quality))
    }

    /// Bytes of one copy.
    pub(super) fn size(&self, row: &Row<'_>) -> Result<Option<u64>, String> {
        let cell = self.cell(row, Field::Size).unwrap_or_default();
        delimited::parse_size(cell, self.decisions.mark(Field::Size), self.size_unit)
    }

    /// A number of messages or recipients.
    pub(super) fn number(&self, row: &Row<'_>, field: Field) -> Result<Option<u64>, String> {
        delimited::parse_count(self.cell(row, field).unwrap_or_default(), self.decisions.mark(field))
    }

    /// The recipients of a row, as hashes, with their status.
    pub(super) fn recipients(
        &self,
        row: &Row<'_>,
        hasher: &mut RecipientHasher,
        into: &mut Vec<(u64, Status)>,
    ) {
        into.clear();
        let cell = self.cell(row, Field::Recipients).unwrap_or_default();
        let status = status(self.cell(row, Field::Status).unwrap_or_default());
        if memchr::memmem::find(cell, b"##").is_some() {
            let pairs = delimited::split_statuses(cell);
            into.extend(
                pairs.filter_map(|(address, list)| Some((hasher.hash(address)?, listed_status(list)))),
            );
        } else {
            let addresses = delimited::split_recipients(cell);
            into.extend(addresses.filter_map(|address| Some((hasher.hash(address)?, status))));
        }
    }

    /// The status of a row.
    pub(super) fn status(&self, row: &Row<'_>) -> Status {
        status(self.cell(row, Field::Status).unwrap_or_default())
    }

    /// Sender, client and connector. An empty sender is unknown; `<>` is the null sender.
    pub(super) fn origin(&self, row: &Row<'_>, names: &mut Names) -> (SenderId, ClientId, HostId) {
        let cell = |field| self.cell(row, field).unwrap_or_default();
        let sender = match cell(Field::Sender) {
            b"" => SenderId::UNKNOWN,
            sender => names.sender(delimited::bare(sender)),
        };
        let client = match cell(Field::Client) {
            b"" => ClientId::UNKNOWN,
            ip if parse_ip(&String::from_utf8_lossy(ip)).is_some() => names.client(b"", ip, b""),
            name => names.client(name, b"", b""),
        };
        (sender, client, names.host(cell(Field::Relay)))
    }
}

/// The hash of all cells of a row.
pub(super) fn row_hash(row: &Row<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    for cell in row.cells() {
        hasher.write(cell);
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

/// The status that a word of any of the usual sources means; an SMTP reply by its first digit.
fn status(word: &[u8]) -> Status {
    let plain = delimited::name_of(word);
    match plain.as_str() {
        "delivered" | "deliver" | "sent" | "send" | "ok" | "success" | "succeeded" => Status::Delivered,
        "failed" | "fail" | "failure" | "bounced" | "bounce" | "expired" | "undeliverable" => Status::Bounced,
        "deferred" | "defer" | "pending" | "queued" | "delayed" | "outfordelivery" => Status::Open,
        "quarantined" | "filteredasspam" | "filteredspam" | "spam" | "suppressed" => Status::Filtered,
        "expanded" | "expand" => Status::Expanded,
        "resolved" | "resolve" | "transfer" => Status::Rerouted,
        reply if (3..=6).contains(&reply.len()) && reply.bytes().all(|b| b.is_ascii_digit()) => {
            match reply.as_bytes()[0] {
                b'2' => Status::Delivered,
                b'4' => Status::Open,
                b'5' => Status::Bounced,
                _ => Status::Unknown,
            }
        }
        _ => Status::Unknown,
    }
}

/// The last word of a list that tells: `Receive, Deliver`.
fn listed_status(list: &[u8]) -> Status {
    let told = list.rsplit(|&b| b == b',').map(status);
    told.into_iter().find(|status| *status != Status::Unknown).unwrap_or(Status::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_replies_tell_the_outcome() {
        for (word, expected) in [
            ("Delivered", Status::Delivered),
            ("250", Status::Delivered),
            ("2.0.0", Status::Delivered),
            ("Out for delivery", Status::Open),
            ("451", Status::Open),
            ("5.1.1", Status::Bounced),
            ("Filtered as spam", Status::Filtered),
            ("Zugestellt", Status::Unknown),
            ("12345678", Status::Unknown),
            ("", Status::Unknown),
        ] {
            assert_eq!(status(word.as_bytes()), expected, "{word}");
        }
        assert_eq!(listed_status(b"Receive, Fail"), Status::Bounced);
    }
}
