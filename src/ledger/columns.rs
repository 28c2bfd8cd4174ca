//! The columns that submissions and summaries have in common, and the words in which qualities are stored.
//!
//! What each kind has of its own stands beside it.

use crate::ingest::trail::Status;
use crate::usage::{Recipients, SizeQuality, TimeQuality, Traffic};
use rust_decimal::Decimal;

/// The columns of what was counted: how much, from whom, over what, and where it was read. The two kinds of rows name
/// these fields alike.
macro_rules! counted_columns {
    ($row:ty) => {{
        use crate::ledger::columns as c;
        use crate::ledger::schema::{Cell, Column, Type};
        let columns: Vec<Column<$row>> = vec![
            Column::<$row>::new(
                "time_quality",
                Type::Text,
                "",
                c::TIME_QUALITY,
                |row| Cell::text(row.time_quality.name()),
                |row, cell| c::time_quality(cell.as_text()?).map(|quality| row.time_quality = quality),
            ),
            Column::<$row>::new(
                "messages",
                Type::Int64,
                "messages",
                c::MESSAGES,
                |row| Cell::count(row.messages),
                |row, cell| cell.as_count().map(|number| row.messages = number),
            ),
            Column::<$row>::new(
                "message_size",
                Type::Int64,
                "bytes",
                c::MESSAGE_SIZE,
                |row| Cell::maybe_count(row.message_size),
                |row, cell| cell.as_maybe_count().map(|number| row.message_size = number),
            )
            .or_null(),
            Column::<$row>::new(
                "size_quality",
                Type::Text,
                "",
                c::SIZE_QUALITY,
                |row| Cell::text(row.size_quality.name()),
                |row, cell| c::size_quality(cell.as_text()?).map(|quality| row.size_quality = quality),
            ),
            Column::<$row>::new(
                "stated_megabytes",
                Type::Text,
                "megabytes",
                c::STATED_MEGABYTES,
                |row| Cell::shown(c::stated_megabytes(row.size_quality)),
                |row, cell| c::state(&mut row.size_quality, cell.as_maybe_text()?),
            )
            .or_null(),
            Column::<$row>::new(
                "recipients",
                Type::Int64,
                "recipients",
                c::RECIPIENTS,
                |row| Cell::count(c::all_of(&row.recipients)),
                |_, cell| cell.as_count().map(drop),
            ),
            Column::<$row>::new(
                "recipients_delivered",
                Type::Int64,
                "recipients",
                "handed over to the next host, or delivered",
                |row| Cell::count(row.recipients.delivered),
                |row, cell| cell.as_count().map(|number| row.recipients.delivered = number),
            ),
            Column::<$row>::new(
                "recipients_open",
                Type::Int64,
                "recipients",
                "still deferred where the log ends",
                |row| Cell::count(row.recipients.open),
                |row, cell| cell.as_count().map(|number| row.recipients.open = number),
            ),
            Column::<$row>::new(
                "recipients_bounced",
                Type::Int64,
                "recipients",
                "bounced or expired after acceptance",
                |row| Cell::count(row.recipients.bounced),
                |row, cell| cell.as_count().map(|number| row.recipients.bounced = number),
            ),
            Column::<$row>::new(
                "recipients_filtered",
                Type::Int64,
                "recipients",
                "held back by a filter or quarantine",
                |row| Cell::count(row.recipients.filtered),
                |row, cell| cell.as_count().map(|number| row.recipients.filtered = number),
            ),
            Column::<$row>::new(
                "recipients_unknown",
                Type::Int64,
                "recipients",
                "of whom the source does not tell what became",
                |row| Cell::count(row.recipients.unknown),
                |row, cell| cell.as_count().map(|number| row.recipients.unknown = number),
            ),
            Column::<$row>::new(
                "recipients_upper",
                Type::Int64,
                "recipients",
                c::RECIPIENTS_UPPER,
                |row| Cell::count(row.recipients_upper),
                |row, cell| cell.as_count().map(|number| row.recipients_upper = number),
            ),
            Column::<$row>::new(
                "sender",
                Type::Text,
                "",
                c::SENDER,
                |row| Cell::maybe_text(row.sender.as_deref()),
                |row, cell| cell.as_maybe_text().map(|text| row.sender = text.map(str::to_owned)),
            )
            .or_null(),
            Column::<$row>::new(
                "sender_domain",
                Type::Text,
                "",
                c::SENDER_DOMAIN,
                |row| Cell::maybe_text(row.sender.as_deref().map(c::domain_of)),
                |_, cell| cell.as_maybe_text().map(drop),
            )
            .or_null(),
            Column::<$row>::new(
                "client_name",
                Type::Text,
                "",
                "name of the submitting host, lower case; null: not known",
                |row| Cell::maybe_text(row.client.name.as_deref()),
                |row, cell| cell.as_maybe_text().map(|text| row.client.name = text.map(str::to_owned)),
            )
            .or_null(),
            Column::<$row>::new(
                "client_ip",
                Type::Text,
                "",
                "address of the submitting host; null: not known",
                |row| Cell::shown(row.client.ip),
                |row, cell| {
                    let ip = cell.as_maybe_text()?.map(str::parse).transpose();
                    ip.ok().map(|ip| row.client.ip = ip)
                },
            )
            .or_null(),
            Column::<$row>::new(
                "client_user",
                Type::Text,
                "",
                "user as whom it authenticated, lower case; null: not known",
                |row| Cell::maybe_text(row.client.user.as_deref()),
                |row, cell| cell.as_maybe_text().map(|text| row.client.user = text.map(str::to_owned)),
            )
            .or_null(),
            Column::<$row>::new(
                "connector",
                Type::Text,
                "",
                c::CONNECTOR,
                |row| Cell::maybe_text(row.connector.as_deref()),
                |row, cell| cell.as_maybe_text().map(|text| row.connector = text.map(str::to_owned)),
            )
            .or_null(),
            Column::<$row>::new(
                "traffic",
                Type::Text,
                "",
                "relay, mailbox, inbound or unknown",
                |row| Cell::text(row.traffic.name()),
                |row, cell| c::traffic(cell.as_text()?).map(|traffic| row.traffic = traffic),
            ),
            Column::<$row>::new(
                "format",
                Type::Text,
                "",
                "the format as which the input was read",
                |row| Cell::text(&row.format),
                |row, cell| cell.as_text().map(|text| row.format = text.to_owned()),
            ),
            Column::<$row>::new(
                "source",
                Type::Text,
                "",
                "the input in which it was first seen",
                |row| Cell::text(&row.source),
                |row, cell| cell.as_text().map(|text| row.source = text.to_owned()),
            ),
            Column::<$row>::new(
                "line",
                Type::Int64,
                "",
                "line of its first record there, from 1; 0: the input has no lines",
                |row| Cell::count(row.line),
                |row, cell| cell.as_count().map(|number| row.line = number),
            ),
            Column::<$row>::new(
                "records",
                Type::Int64,
                "records",
                "input records behind it",
                |row| Cell::count(row.records),
                |row, cell| cell.as_count().map(|number| row.records = number),
            ),
            Column::<$row>::new(
                "batch",
                Type::Int64,
                "",
                "number of the batch that brought it, or changed it last",
                |row| Cell::count(row.batch),
                |row, cell| cell.as_count().map(|number| row.batch = number),
            ),
        ];
        columns
    }};
}
pub(super) use counted_columns;

pub(super) const TIME_QUALITY: &str = "how 'time' became an instant: exact; zone-assumed (the log has no zone); year-inferred (it has no year); \
     date-only (a day is all there is)";
pub(super) const MESSAGES: &str =
    "1, the count of a summary, or 0 for a further leg of a message that counts elsewhere";
pub(super) const MESSAGE_SIZE: &str =
    "size of one copy with headers and attachments (of a summary the mean); null: not known";
pub(super) const SIZE_QUALITY: &str = "where the size comes from: accepted (the service says what it took), measured (by the relay), declared (by the \
     client), stated (see stated_megabytes), missing";
pub(super) const STATED_MEGABYTES: &str =
    "exact decimal: the size in the service's own megabytes, where it states no bytes; else null";
pub(super) const RECIPIENTS: &str =
    "accepted recipients without duplicates (of a summary: of all its messages): the sum of the next five";
pub(super) const RECIPIENTS_UPPER: &str =
    "the most recipients that are possible where the expansion of a group is open; else as 'recipients'";
pub(super) const SENDER: &str = "envelope sender, lower case, variable parts masked; '<>': the null sender; null: the source does not tell";
pub(super) const SENDER_DOMAIN: &str = "what follows the last @ of 'sender'; else as 'sender'";
pub(super) const CONNECTOR: &str =
    "connector, next host or Azure resource, lower case; null: the source does not tell";

pub(super) fn time_quality(word: &str) -> Option<TimeQuality> {
    use TimeQuality::{DateOnly, Exact, YearInferred, ZoneAssumed};
    [Exact, ZoneAssumed, YearInferred, DateOnly].into_iter().find(|quality| quality.name() == word)
}

/// A quality by its word, with no megabytes yet where they are stated.
pub(super) fn size_quality(word: &str) -> Option<SizeQuality> {
    use SizeQuality::{Accepted, Declared, Measured, Missing, Stated};
    let all = [Accepted, Measured, Declared, Stated { megabytes: Decimal::ZERO }, Missing];
    all.into_iter().find(|quality| quality.name() == word)
}

pub(super) fn stated_megabytes(quality: SizeQuality) -> Option<Decimal> {
    match quality {
        SizeQuality::Stated { megabytes } => Some(megabytes),
        _ => None,
    }
}

/// Sets the megabytes of a quality that is stated; others have none.
pub(super) fn state(quality: &mut SizeQuality, text: Option<&str>) -> Option<()> {
    match (quality, text) {
        (SizeQuality::Stated { megabytes }, Some(text)) => *megabytes = text.parse().ok()?,
        (SizeQuality::Stated { .. }, None) | (_, Some(_)) => return None,
        (_, None) => {}
    }
    Some(())
}

pub(super) fn traffic(word: &str) -> Option<Traffic> {
    Traffic::ALL.into_iter().find(|traffic| traffic.name() == word)
}

/// The number under which a status is stored.
pub(super) fn status_number(status: Status) -> u8 {
    Status::ALL.iter().position(|known| *known == status).unwrap_or_default() as u8
}

pub(super) fn status(number: u8) -> Option<Status> {
    Status::ALL.get(usize::from(number)).copied()
}

/// All accepted recipients; no overflow whatever a file says.
pub(super) fn all_of(recipients: &Recipients) -> u64 {
    let Recipients { delivered, open, bounced, filtered, unknown } = *recipients;
    [open, bounced, filtered, unknown].into_iter().fold(delivered, u64::saturating_add)
}

/// What follows the last @; all of it where there is none.
pub(super) fn domain_of(sender: &str) -> &str {
    sender.rsplit_once('@').map_or(sender, |(_, domain)| domain)
}
