//! What one row of a table says: recipients, size, time, outcome.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::fields::Field;
use super::layout::Layout;
use super::mapping::Mapping;
use super::survey::Decisions;
use crate::ingest::delimited::{self, DateText, RecipientHasher, Row, name_of};
use crate::ingest::grouping::{MessageKey, Messages, Status};
use crate::ingest::{HostPattern, ReadOptions};
use crate::period::{Timestamp, Zone};
use crate::usage::names::parse_ip;
use crate::usage::{ClientId, HostId, Names, SenderId, TimeQuality};

/// How one table is read.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Where its columns are.
    pub(super) layout: Layout,
    /// Records up to and including its first header.
    pub(super) header_records: usize,
    /// Next hosts that count.
    pub(super) relay_hosts: &'a [HostPattern],
    /// What its columns decided.
    decisions: Decisions,
    mapping: Option<&'a Mapping>,
    log_zone: Option<Zone>,
    /// The zone of times that state none, and whether the source or only an assumption gives it.
    zone: (Zone, TimeQuality),
}

/// A time with how it became one.
pub(super) type Timed = (Timestamp, TimeQuality);

impl<'a> Table<'a> {
    /// A table with this layout at its begin.
    pub(super) fn new(
        layout: Layout,
        decisions: Decisions,
        mapping: Option<&'a Mapping>,
        options: &'a ReadOptions,
    ) -> Table<'a> {
        Table {
            zone: zone(&layout, mapping, options.log_zone),
            header_records: layout.header_records,
            layout,
            relay_hosts: &options.relay_hosts,
            decisions,
            mapping,
            log_zone: options.log_zone,
        }
    }

    /// Goes on below a further header; whether the row is one, and the reason where it cannot be followed.
    pub(super) fn follow(&mut self, row: &Row<'_>) -> Result<bool, String> {
        let Some(layout) = self.layout.below(row, self.mapping.is_some()) else { return Ok(false) };
        let layout = layout?;
        has_relay(&layout, self.relay_hosts)?;
        self.zone = zone(&layout, self.mapping, self.log_zone);
        self.layout = layout;
        Ok(true)
    }

    /// Whether a row has a date where this table has its times.
    pub(super) fn has_date(&self, row: &Row<'_>) -> bool {
        DateText::parse_with_numbers(self.cell(row, Field::Time).unwrap_or_default()).is_some()
    }

    /// What identifies the message of a row with an id. Applications reuse a Message-ID, so it needs sender and
    /// time beside it, other than an id that the service gives.
    pub(super) fn key(&self, row: &Row<'_>, id: &[u8]) -> MessageKey {
        if self.has_service_id() {
            return MessageKey::of_id(id);
        }
        let sender = delimited::bare(self.cell(row, Field::Sender).unwrap_or_default());
        let time = logged_time(self.cell(row, Field::Time).unwrap_or_default());
        MessageKey::of_parts(&[b"id", id, sender, time.as_bytes()])
    }

    /// Whether a time that was read stands on an assumed zone.
    pub(super) fn assumes_zone(&self, quality: TimeQuality) -> bool {
        self.zone.1 == TimeQuality::ZoneAssumed && quality != TimeQuality::Exact
    }

    /// Whether the service gave the ids, which all its servers share.
    fn has_service_id(&self) -> bool {
        matches!(self.layout.title(Field::Id), "networkmessageid" | "messagetraceid")
    }

    /// Whether rows are events of message tracking, as `Get-MessageTrackingLog` gives them.
    pub(super) fn is_of_events(&self) -> bool {
        self.layout.title(Field::Status) == "eventid"
    }

    /// Whether a message can have several acceptances that nothing joins, one of each server it passed.
    pub(super) fn may_repeat_hops(&self) -> bool {
        self.is_of_events() && !self.has_service_id()
    }

    /// Whether `Export-Csv` wrote the name of a type in place of the recipients.
    pub(super) fn has_array(&self, row: &Row<'_>) -> bool {
        self.cell(row, Field::Recipients).is_some_and(|cell| cell.ends_with(b"[]"))
    }

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
        if self.decisions.order.is_none() && date.needs_order() {
            return Err(refused(
                "day or month can stand first, and the start of its column does not show which; say --date-order",
            ));
        }
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
        let unit = self.mapping.map_or("", |mapping| &mapping.size_unit);
        delimited::parse_size(cell, self.decisions.mark(Field::Size), unit)
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

/// The zone of times that state none: of the mapping, of a column such as `date_time_utc`, of the run, else UTC.
fn zone(layout: &Layout, mapping: Option<&Mapping>, log_zone: Option<Zone>) -> (Zone, TimeQuality) {
    let column = name_of(layout.column(Field::Time).as_bytes());
    match (mapping.and_then(|mapping| mapping.zone), log_zone) {
        (Some(zone), _) => (zone, TimeQuality::Exact),
        (None, _) if column.ends_with("utc") => (Zone::UTC, TimeQuality::Exact),
        (None, Some(zone)) => (zone, TimeQuality::ZoneAssumed),
        (None, None) => (Zone::UTC, TimeQuality::ZoneAssumed),
    }
}

/// Whether relay hosts, where some were named, can choose the rows of a table.
pub(super) fn has_relay(layout: &Layout, hosts: &[HostPattern]) -> Result<(), String> {
    match hosts.is_empty() || layout.at(Field::Relay).is_some() {
        true => Ok(()),
        false => Err(
            "--relay-host or 'relay_hosts:' cannot choose its rows: it has no column of the next host or \
                      connector"
                .to_owned(),
        ),
    }
}

/// A time as far as it is logged, for keys: whatever zone and order of day and month it is read with.
pub(super) fn logged_time(cell: &[u8]) -> String {
    let Some(date) = DateText::parse_with_numbers(cell) else { return String::new() };
    match date {
        DateText::Calendar { year, pair: (first, second), seconds, offset, .. } if date.has_order() => {
            format!("{year} {first} {second} {seconds:?} {offset:?}")
        }
        _ => {
            date.resolve(None).map_or_else(String::new, |date| date.instant(&Zone::UTC).seconds().to_string())
        }
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
