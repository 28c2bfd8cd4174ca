//! How a table is written: its delimiter, the lines before its header, and its column names.

use super::records::Records;
use crate::usage::names::decode;

/// Delimiters that are tried, the most usual first.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Records of the head that are compared.
const COMPARED: usize = 200;

/// Bytes of a column name at most; longer cells are no names.
const NAME_BYTES: usize = 512;

/// A column name without case, spaces, underscores, quotes and byte order mark: `"Sender_Address"` and
/// `SenderAddress` are the same.
pub(crate) fn name_of(cell: &[u8]) -> String {
    let cell = if cell.len() > NAME_BYTES { b"" } else { cell };
    decode(cell).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The delimiter that a `sep=;` line states (written by Excel).
pub(crate) fn stated_delimiter(head: &[u8]) -> Option<u8> {
    let rest = head.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    match (rest.get(..4), rest.get(4)) {
        (Some(start), Some(&delimiter)) if start.eq_ignore_ascii_case(b"sep=") => {
            DELIMITERS.contains(&delimiter).then_some(delimiter)
        }
        _ => None,
    }
}

/// Delimiters under which a text may be a table, the one that it states first; none for JSON, which has commas as well.
pub(crate) fn delimiters_of(head: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let is_json = matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
    stated_delimiter(head).into_iter().chain(DELIMITERS).filter(move |_| !is_json)
}

/// Whether a record is a `#TYPE` line of PowerShell, a `sep=` line of Excel or another comment.
pub(crate) fn is_preamble<'a>(mut cells: impl Iterator<Item = &'a [u8]>) -> bool {
    let Some(first) = cells.next() else { return true };
    let start = first.get(..4).unwrap_or_default();
    first.starts_with(b"#") || start.eq_ignore_ascii_case(b"sep=")
}

/// The records of a head, without the last where the head may have cut it (`complete` is false).
pub(crate) fn complete_records(head: &[u8], delimiter: u8, complete: bool) -> Vec<Vec<Vec<u8>>> {
    let mut records = Records::of_bytes(head, delimiter);
    let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
    while let Ok(Some(row)) = records.next_row() {
        all.push(row.cells().map(<[u8]>::to_vec).collect());
        if all.len() > COMPARED {
            break;
        }
    }
    if !complete || all.len() > COMPARED {
        all.pop();
    }
    all
}

/// The delimiter that splits most records of a head into the same number of cells, above one.
pub(crate) fn delimiter_by_consistency(head: &[u8], complete: bool) -> Option<u8> {
    let score = |delimiter: u8| {
        let mut widths: Vec<usize> =
            complete_records(head, delimiter, complete).iter().map(Vec::len).collect();
        widths.sort_unstable();
        let usual = widths.chunk_by(|a, b| a == b).max_by_key(|same| (same.len(), same[0]));
        usual.filter(|same| same[0] > 1).map(|same| (same.len(), same[0]))
    };
    let scored = DELIMITERS.into_iter().filter_map(|delimiter| Some((score(delimiter)?, delimiter)));
    // Of two that fit equally well the one listed first wins.
    scored.rev().max_by_key(|(score, _)| *score).map(|(_, delimiter)| delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_however_they_are_written() {
        for name in ["sender_address", "SenderAddress", "\u{feff}Sender Address", "\"sender_address\""] {
            assert_eq!(name_of(name.as_bytes()), "senderaddress");
        }
    }

    #[test]
    fn names_in_windows_1252_match_those_in_utf8() {
        assert_eq!(name_of(b"Gr\xf6\xdfe"), name_of("größe".as_bytes()));
    }

    #[test]
    fn the_delimiter_is_the_one_that_fits_all_records() {
        let semicolons = "Zeit;Größe;Empfänger\n1;2,5;a,b,c\n2;3,5;a,b\n";
        assert_eq!(delimiter_by_consistency(semicolons.as_bytes(), true), Some(b';'));
        let quoted = "a,b\n\"1;2;3\",4\n\"1;2;3\",4\n";
        assert_eq!(delimiter_by_consistency(quoted.as_bytes(), true), Some(b','));
        assert_eq!(delimiter_by_consistency(b"one\ntwo\n", true), None);
        assert_eq!(delimiter_by_consistency(b"", true), None);
    }

    #[test]
    fn excel_states_the_delimiter_in_a_line_of_its_own() {
        assert_eq!(stated_delimiter(b"sep=;\r\na;b"), Some(b';'));
        assert_eq!(stated_delimiter(b"\"sep=\t\"\r\na\tb"), Some(b'\t'));
        assert_eq!(stated_delimiter(b"sep=x\na"), None);
        assert_eq!(stated_delimiter(b"time,to"), None);
        assert!(is_preamble([b"#TYPE Selected.Object".as_slice()].into_iter()));
        assert!(!is_preamble([b"time".as_slice()].into_iter()));
    }
}
