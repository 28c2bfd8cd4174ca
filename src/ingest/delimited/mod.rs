//! What formats of separated values share: reading records in bounded memory, finding the delimiter, matching
//! header names, and deciding dates and numbers for a whole column.
//!
//! Which columns mean what is left to the formats.

mod addresses;
mod clock;
mod column_order;
mod cut;
mod dates;
mod dialect;
mod numbers;
mod order;
mod preamble;
mod records;
mod rows;
mod split;

pub(crate) use addresses::{RecipientHasher, bare, split_list, split_recipients, split_statuses};
pub(crate) use column_order::column_orders;
pub(crate) use cut::warn_if_cut;
pub(crate) use dates::{DateText, ResolvedDate};
pub(crate) use dialect::{
    DELIMITERS, complete_records, delimiter_by_consistency, delimiters_of, is_preamble, name_of,
    stated_delimiter,
};
pub(crate) use numbers::{
    DecimalMark, MarkEvidence, is_open_number, parse_count, parse_size, plain_decimal, plain_digits,
    plain_number,
};
pub(crate) use order::{OrderEvidence, OrderVerdict};
pub(crate) use preamble::Preamble;
pub(crate) use records::{Records, Row};
pub(crate) use rows::Rows;

use crate::usage::names::decode;

pub use order::DateOrder;

/// Characters of a cell that is shown; no date or number is longer.
const SHOWN_CHARS: usize = 40;
/// Characters of a word of a service that is shown.
const WORD_CAP: usize = 40;
/// The words that dates, times and sizes have, lower case; months stand with the dates.
const WORDS: [&str; 22] = [
    "a", "p", "m", "am", "pm", "t", "z", "utc", "gmt", "b", "byte", "bytes", "k", "kb", "mb", "gb", "tb",
    "kib", "mib", "gib", "tib", "null",
];

/// A cell as a message may show it: one of digits and signs, with no words but those of dates, times and sizes.
/// Anything else could be an address, a name or a subject and is only described.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = decode(cell);
    let text = text.trim();
    let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || ".,:;/-+()%'".contains(c);
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    let fits = has_digit && text.chars().count() <= SHOWN_CHARS && text.chars().all(plain);
    if fits && words.all(|word| [&WORDS[..], &dates::MONTHS].concat().contains(&word.to_lowercase().as_str()))
    {
        return format!("'{text}'");
    }
    described(cell)
}

/// A word of a service's own vocabulary as a message may show it; any other text is only described.
pub(crate) fn word(cell: &[u8]) -> String {
    own_word(cell).map_or_else(|| described(cell), |word| format!("'{word}'"))
}

/// The same without quotes, as a table may show it.
pub(crate) fn plain_word(cell: &[u8]) -> String {
    own_word(cell).map_or_else(|| described(cell), str::to_owned)
}

fn own_word(cell: &[u8]) -> Option<&str> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b'_' | b'/');
    let is_word = (1..=WORD_CAP).contains(&cell.len()) && cell.iter().all(fits);
    std::str::from_utf8(cell).ok().filter(|_| is_word)
}

/// What kind of text a cell holds, without a word of it.
pub(crate) fn described(cell: &[u8]) -> String {
    let text = decode(cell);
    let characters = text.trim().chars().count();
    let (count, what) = match text.chars().filter(|c| c.is_alphabetic()).count() {
        0 => (characters, "character"),
        letters => (letters, "letter"),
    };
    match count {
        0 => "an empty cell".to_owned(),
        1 => format!("a text of 1 {what}"),
        _ => format!("a text of {count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_shown() {
        assert_eq!(word(b"OutForDelivery"), "'OutForDelivery'");
        assert_eq!(word(b"jo@example.net"), "a text of 12 letters");
        assert_eq!(word(b""), "an empty cell");
    }

    #[test]
    fn only_dates_and_numbers_are_shown() {
        assert_eq!(shown(b"03/04/2024 5:25 PM"), "'03/04/2024 5:25 PM'");
        assert_eq!(shown(b" -5 "), "'-5'");
        assert_eq!(shown(b"1\xa0234,5 KiB"), "'1\u{a0}234,5 KiB'");
        assert_eq!(shown("21-Oct-2022 5:25 p. m.".as_bytes()), "'21-Oct-2022 5:25 p. m.'");
        for (cell, description) in [
            ("jo@example.net", "a text of 12 letters"),
            ("Your invoice is ready", "a text of 18 letters"),
            ("root", "a text of 4 letters"),
            ("Bob S", "a text of 4 letters"),
            ("jo7", "a text of 2 letters"),
            ("May", "a text of 3 letters"),
            ("x", "a text of 1 letter"),
            ("#?!", "a text of 3 characters"),
            ("12345678901234567890123456789012345678901", "a text of 41 characters"),
            ("", "an empty cell"),
        ] {
            assert_eq!(shown(cell.as_bytes()), description, "{cell}");
        }
    }

    #[test]
    fn a_description_tells_nothing_of_the_text() {
        assert_eq!(described(b"39 051 1234567"), "a text of 14 characters");
        assert_eq!(described(b" jdoe "), "a text of 4 letters");
    }
}
