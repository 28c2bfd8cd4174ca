//! The fields of a log row, by the names that the diagnostic settings, the tables and their exports give them, and the
//! kinds of rows.

use crate::ingest::delimited::name_of;

/// A field that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    Time,
    Resource,
    Category,
    PropertyCategory,
    Table,
    Correlation,
    Size,
    To,
    Cc,
    Bcc,
    Unique,
    TrafficSource,
    Recipient,
    Status,
    SenderDomain,
    SenderUser,
    Engagement,
    UsageType,
    UnitType,
    Quantity,
    RecordId,
    Start,
    Metric,
}

/// Kinds of fields.
pub(super) const COLUMNS: usize = 23;

/// Names as [`name_of`] writes them: those of the envelope, then those of the tables and properties.
const NAMES: [(&str, Column); 24] = [
    ("time", Column::Time),
    ("timegenerated", Column::Time),
    ("resourceid", Column::Resource),
    ("category", Column::Category),
    ("operationcategory", Column::PropertyCategory),
    ("type", Column::Table),
    ("correlationid", Column::Correlation),
    ("size", Column::Size),
    ("torecipientscount", Column::To),
    ("ccrecipientscount", Column::Cc),
    ("bccrecipientscount", Column::Bcc),
    ("uniquerecipientscount", Column::Unique),
    ("trafficsource", Column::TrafficSource),
    ("recipientid", Column::Recipient),
    ("deliverystatus", Column::Status),
    ("senderdomain", Column::SenderDomain),
    ("senderusername", Column::SenderUser),
    ("engagementtype", Column::Engagement),
    ("usagetype", Column::UsageType),
    ("unittype", Column::UnitType),
    ("quantity", Column::Quantity),
    ("recordid", Column::RecordId),
    ("starttime", Column::Start),
    ("metricname", Column::Metric),
];

/// Bytes of the longest name, and one.
const LENGTHS: usize = 32;
/// The names of each length, as bits: every key of every row is looked up.
const OF_LENGTH: [u32; LENGTHS] = {
    let mut of_length = [0; LENGTHS];
    let mut at = 0;
    while at < NAMES.len() {
        of_length[NAMES[at].0.len()] |= 1 << at;
        at += 1;
    }
    of_length
};

/// The field of a name, without regard to case, spaces and underscores.
pub(super) fn column_of(name: &[u8]) -> Option<Column> {
    let mut some = OF_LENGTH.get(name.len()).copied().unwrap_or(0);
    while some != 0 {
        let (known, column) = NAMES[some.trailing_zeros() as usize];
        if known.as_bytes().eq_ignore_ascii_case(name) {
            return Some(column);
        }
        some &= some - 1;
    }
    // Names of the tables such as `_ResourceId`, and those that were written apart or decorated. All others, which are
    // most names of most rows, have nothing to be taken off.
    if name.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let name = name_of(name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, column)| *column)
}

/// The cells of one row by field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells<'a> {
    /// The line on which it begins.
    pub(super) line: u64,
    cells: [&'a [u8]; COLUMNS],
}

impl<'a> Cells<'a> {
    /// A row without cells.
    pub(super) fn new(line: u64) -> Cells<'a> {
        Cells { line, cells: [b""; COLUMNS] }
    }

    /// Sets a cell. Of two with one field, as in an envelope and its properties, the first that is not empty counts.
    pub(super) fn set(&mut self, column: Column, text: &'a [u8]) {
        let cell = &mut self.cells[column as usize];
        if cell.is_empty() {
            *cell = text.trim_ascii();
        }
    }

    /// Sets all cells by the number of their field.
    pub(super) fn fill(&mut self, cells: [Option<&'a [u8]>; COLUMNS]) {
        self.cells = cells.map(Option::unwrap_or_default);
    }

    /// The cells that are not empty.
    pub(super) fn filled(&self) -> impl Iterator<Item = (Column, &'a [u8])> {
        NAMES.iter().map(|(_, column)| (*column, self.get(*column))).filter(|(_, text)| !text.is_empty())
    }

    /// A cell; empty where there is none.
    pub(super) fn get(&self, column: Column) -> &'a [u8] {
        self.cells[column as usize]
    }
}

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A request to send one message.
    Send,
    /// What became of a message or a recipient.
    Status,
    /// A recipient opened the message or a link in it.
    Engagement,
    /// A usage record of any service.
    Usage,
    /// A number of a metric, which a diagnostic setting can send to the same place.
    Metric,
    /// A row of another category: chat, SMS, calls.
    Other,
}

/// Tables and categories, lower case without the `ACS` of tables.
const KINDS: [(&str, Kind); 5] = [
    ("emailsendmailoperational", Kind::Send),
    ("emailstatusupdateoperational", Kind::Status),
    ("emailuserengagementoperational", Kind::Engagement),
    ("billingusage", Kind::Usage),
    ("usage", Kind::Usage),
];

impl Kind {
    /// The kind that a table or category names.
    pub(super) fn named(name: &[u8]) -> Option<Kind> {
        let bare = match name.get(..3) {
            Some(prefix) if prefix.eq_ignore_ascii_case(b"acs") => &name[3..],
            _ => name,
        };
        KINDS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(bare)).map(|(_, kind)| *kind)
    }

    /// The kind of a row: by its table or category, else, as in queries that leave those out, by fields that
    /// occur in one table only. `None` where it is no row of a log at all.
    pub(super) fn of(cells: &Cells<'_>, table: Option<Kind>) -> Option<Kind> {
        let names =
            [Column::Table, Column::Category, Column::PropertyCategory].map(|column| cells.get(column));
        if let Some(kind) = names.iter().find_map(|name| Kind::named(name)).or(table) {
            return Some(kind);
        }
        if !cells.get(Column::Metric).is_empty() {
            return Some(Kind::Metric);
        }
        if names.iter().any(|name| !name.is_empty()) {
            return Some(Kind::Other);
        }
        Kind::by_fields(|column| !cells.get(column).is_empty())
    }

    /// The kind whose own fields are there.
    pub(super) fn by_fields(has: impl Fn(Column) -> bool) -> Option<Kind> {
        if has(Column::Unique) || has(Column::Size) && has(Column::To) {
            Some(Kind::Send)
        } else if has(Column::Status) && (has(Column::Correlation) || has(Column::SenderDomain)) {
            Some(Kind::Status)
        } else if has(Column::Engagement) {
            Some(Kind::Engagement)
        } else {
            (has(Column::UsageType) && has(Column::UnitType)).then_some(Kind::Usage)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_envelopes_tables_and_exports_meet() {
        for name in ["resourceId", "_ResourceId", "ResourceId"] {
            assert_eq!(column_of(name.as_bytes()), Some(Column::Resource), "{name}");
        }
        assert_eq!(column_of(b"TimeGenerated"), Some(Column::Time));
        assert_eq!(column_of(b"InternetMessageId"), None);
        assert_eq!(NAMES.last().map(|(_, column)| *column as usize + 1), Some(COLUMNS));
    }

    #[test]
    fn rows_are_known_by_table_category_or_fields() {
        for (name, kind) in [
            ("EmailSendMailOperational", Some(Kind::Send)),
            ("ACSEmailStatusUpdateOperational", Some(Kind::Status)),
            ("ACSBillingUsage", Some(Kind::Usage)),
            ("Usage", Some(Kind::Usage)),
            ("ACSChatIncomingOperations", None),
            ("", None),
        ] {
            assert_eq!(Kind::named(name.as_bytes()), kind, "{name}");
        }
        let row = |cells: &[(Column, &'static str)]| {
            let mut row = Cells::new(1);
            cells.iter().for_each(|(column, text)| row.set(*column, text.as_bytes()));
            Kind::of(&row, None)
        };
        assert_eq!(row(&[(Column::Category, "ChatOperational"), (Column::Size, "1")]), Some(Kind::Other));
        assert_eq!(row(&[(Column::Unique, "1")]), Some(Kind::Send));
        assert_eq!(row(&[(Column::Status, "Delivered"), (Column::Correlation, "x")]), Some(Kind::Status));
        assert_eq!(row(&[(Column::Correlation, "x")]), None);
    }
}
