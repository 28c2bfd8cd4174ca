//! The fields that a table can fill, and the column names by which they are found without a mapping.

use crate::ingest::delimited::name_of;
use crate::usage::names::decode;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Field {
    /// When the message was accepted.
    Time,
    /// The envelope sender.
    Sender,
    /// The recipients, as a list.
    Recipients,
    /// The number of recipients: of one message, or of all messages of a row that has a count.
    RecipientCount,
    /// The number of messages behind a row.
    Count,
    /// Bytes of one copy of one message.
    Size,
    /// The submitting host, by address or name.
    Client,
    /// What identifies the message; rows with the same id are one message.
    Id,
    /// What became of the recipients.
    Status,
    /// The connector or next host.
    Relay,
}

/// All fields with their names in a mapping file and the column names they are known by, as [`name_of`] writes
/// them. Sources: the exports of Exchange Online, Exchange Server and Azure Monitor, and sendmail's `nrcpt`.
pub(super) const FIELDS: [(Field, &str, &[&str]); 10] = [
    (
        Field::Time,
        "time",
        &[
            "datetimeutc",
            "origintimestamputc",
            "origintimestamp",
            "received",
            "receiveddatetime",
            "date",
            "timestamp",
            "timegenerated",
            "timegeneratedutc",
            "datetime",
            "time",
        ],
    ),
    (Field::Sender, "sender", &["senderaddress", "sender", "from", "p1fromaddress", "returnpath"]),
    (
        Field::Recipients,
        "recipients",
        &["recipientaddress", "recipientstatus", "recipients", "recipient", "to"],
    ),
    (Field::RecipientCount, "recipient_count", &["recipientcount", "nrcpt"]),
    (Field::Count, "count", &["count", "messages", "messagecount"]),
    (Field::Size, "size", &["totalbytes", "size", "messagesize", "bytes"]),
    (Field::Client, "client", &["originalclientip", "clientip", "fromip", "senderip"]),
    (Field::Id, "id", &["networkmessageid", "messagetraceid", "messageid", "internetmessageid"]),
    (Field::Status, "status", &["status", "deliverystatus", "eventid"]),
    (Field::Relay, "relay", &["connectorid", "connector", "relay"]),
];

impl Field {
    /// The name in a mapping file.
    pub(super) fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    /// The field of a name in a mapping file.
    pub(super) fn from_name(name: &str) -> Option<Field> {
        FIELDS.iter().find(|(_, known, _)| *known == name).map(|(field, _, _)| *field)
    }

    /// Whether two columns for it would change what is counted. For the others the name that stands first in
    /// the list above is taken: `original_client_ip` tells more than `client_ip`.
    pub(super) fn must_be_single(self) -> bool {
        matches!(self, Field::Time | Field::Recipients | Field::RecipientCount | Field::Count | Field::Size)
    }
}

/// A column that fills a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// The field.
    pub(super) field: Field,
    /// The cell number.
    pub(super) at: usize,
    /// The column's name as it is written.
    pub(super) column: String,
}

/// The columns of a record that are known by name, best names first within each field.
pub(super) fn known_columns(cells: &[Vec<u8>]) -> Vec<Found> {
    let names: Vec<String> = cells.iter().map(|cell| name_of(cell)).collect();
    let mut found = Vec::new();
    for (field, _, aliases) in FIELDS {
        for alias in aliases {
            for at in (0..names.len()).filter(|&at| names[at] == *alias) {
                let column = decode(&cells[at]).trim().to_owned();
                found.push(Found { field, at, column });
            }
        }
    }
    found
}

/// Whether fields are enough to count: a time, and recipients in some form. A count alone can be of anything; with
/// a sender or a size it is of mail.
pub(super) fn is_enough(found: &[Found]) -> bool {
    let has = |field| found.iter().any(|f| f.field == field);
    let has_mail = has(Field::Count) && (has(Field::Sender) || has(Field::Size));
    has(Field::Time) && (has(Field::Recipients) || has(Field::RecipientCount) || has_mail)
}

/// Whether a header is of a connector or SMTP AUTH report: its counts are of messages that the logs tell of too.
pub(super) fn is_report(cells: &[Vec<u8>], found: &[Found]) -> bool {
    let has = |field| found.iter().any(|f| f.field == field);
    let is_mark = |cell: &Vec<u8>| {
        let name = name_of(cell);
        name.starts_with("tls") || name.starts_with("connector") || name == "messagessent"
    };
    let has_message = has(Field::Recipients) || has(Field::RecipientCount) || has(Field::Size);
    !has_message && cells.iter().any(is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_the_list() {
        for (number, (field, name, _)) in FIELDS.iter().enumerate() {
            assert_eq!(*field as usize, number);
            assert_eq!(Field::from_name(name), Some(*field));
            assert_eq!(field.name(), *name);
        }
        assert_eq!(Field::from_name("subject"), None);
    }

    #[test]
    fn columns_are_known_by_their_aliases() {
        let cells = ["TimeGenerated [UTC]", "client_ip", "OriginalClientIP", "To", "x"]
            .map(|c| c.as_bytes().to_vec());
        let found: Vec<_> = known_columns(&cells).into_iter().map(|f| (f.field, f.at)).collect();
        assert_eq!(found, [(Field::Time, 0), (Field::Recipients, 3), (Field::Client, 2), (Field::Client, 1)]);
        assert!(is_enough(&known_columns(&cells)));
        assert!(!is_enough(&known_columns(&cells[..3])));
    }
}
