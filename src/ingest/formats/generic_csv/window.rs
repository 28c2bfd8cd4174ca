//! Rows of counts: which window and group they are of.
//!
//! A later export of a window is more complete, so the key of a row is over window and group and not over what was
//! counted.

use super::fields::Field;
use super::rows::{Table, logged_time};
use crate::ingest::delimited::{DateText, Row};
use crate::ingest::grouping::MessageKey;

const DAY: u32 = 86_400;
const HOUR: u32 = 3_600;
const MINUTE: u32 = 60;

/// Fields that say what is counted.
const OF_GROUP: [Field; 4] = [Field::Sender, Field::Client, Field::Relay, Field::Status];
/// Fields that say what was counted, and the time.
const BESIDE: [Field; 4] = [Field::Count, Field::RecipientCount, Field::Size, Field::Time];

/// The key of a row of counts: its time, what its fields say of the group, and cells of other columns that are no
/// numbers, as far as these are read.
pub(super) fn window_key(row: &Row<'_>, table: &Table<'_>) -> MessageKey {
    let time = logged_time(table.cell(row, Field::Time).unwrap_or_default());
    let mut parts: Vec<&[u8]> = vec![b"window", time.as_bytes()];
    parts.extend(OF_GROUP.iter().map(|field| table.cell(row, *field).unwrap_or_default()));
    let read: Vec<usize> =
        OF_GROUP.iter().chain(&BESIDE).filter_map(|field| table.layout.at(*field)).collect();
    let others = row.cells().enumerate().filter(|(at, cell)| !read.contains(at) && !is_number(cell));
    parts.extend(others.map(|(_, cell)| cell));
    MessageKey::of_parts(&parts)
}

/// Whether a cell is a number in any notation, or empty.
fn is_number(cell: &[u8]) -> bool {
    cell.iter().all(|byte| !byte.is_ascii_alphabetic() && (byte.is_ascii() || *byte == 0xa0 || *byte == 0xc2))
}

/// Seconds of the window that begins at a time. Tables do not say how long theirs are: a day where the time is one,
/// else what the time is whole in.
pub(super) fn seconds_of(time: Option<&[u8]>) -> u32 {
    let time = DateText::parse_with_numbers(time.unwrap_or_default());
    let seconds = match time {
        Some(DateText::Calendar { seconds: None, .. }) => return DAY,
        Some(DateText::Calendar { seconds: Some(seconds), .. }) => i64::from(seconds),
        Some(DateText::Instant(seconds)) => seconds,
        None => return 1,
    };
    let whole = |length: &u32| seconds % i64::from(*length) == 0;
    [HOUR, MINUTE].into_iter().find(whole).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_tells_how_long_its_window_is() {
        for (time, expected) in [
            ("2026-10-01", DAY),
            ("2026-10-01 14:00", HOUR),
            ("2026-10-01 14:15:00", MINUTE),
            ("2026-10-01 14:15:01", 1),
            ("", 1),
        ] {
            assert_eq!(seconds_of(Some(time.as_bytes())), expected, "{time}");
        }
    }

    #[test]
    fn counts_are_numbers_in_any_notation() {
        assert!(
            ["", "12", "1.234,5", "1 000", "-3 %", "1\u{a0}000"]
                .iter()
                .all(|cell| is_number(cell.as_bytes()))
        );
        assert!(!["shop", "é", "12 MB"].iter().any(|cell| is_number(cell.as_bytes())));
    }
}
