//! What formats of separated values share: reading records in bounded memory, finding the delimiter, matching
//! header names, and deciding dates and numbers for a whole column.
//!
//! Which columns mean what is left to the formats.

mod addresses;
mod clock;
mod dates;
mod dialect;
mod numbers;
mod order;
mod records;
mod split;

pub(crate) use addresses::{RecipientHasher, bare, split_list, split_statuses};
pub(crate) use dates::{DateText, ResolvedDate};
pub(crate) use dialect::{
    DELIMITERS, complete_records, delimiter_by_consistency, is_preamble, name_of, stated_delimiter,
};
pub(crate) use numbers::{DecimalMark, MarkEvidence, is_open_number, parse_count, parse_size};
pub(crate) use order::{OrderEvidence, OrderVerdict};
pub(crate) use records::{Records, Row};

pub use order::DateOrder;

/// A cell that may be shown in a message: digits, signs and a few letters, as dates and numbers have. Anything
/// else could be an address or a subject and is only described.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let text = text.trim();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || ".,:;/-+()%'".contains(c);
    if text.is_empty() {
        return "an empty cell".to_owned();
    }
    if text.chars().count() > 40 || letters > 6 || !text.chars().all(plain) {
        return "a text".to_owned();
    }
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_and_numbers_are_shown() {
        assert_eq!(shown(b"03/04/2024 5:25 PM"), "'03/04/2024 5:25 PM'");
        assert_eq!(shown(b" -5 "), "'-5'");
        assert_eq!(shown(b"jo@example.net"), "a text");
        assert_eq!(shown(b"Your invoice is ready"), "a text");
        assert_eq!(shown(b""), "an empty cell");
    }
}
