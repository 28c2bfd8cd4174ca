//! The values in the cells of a row: times, their parts of a second, counts and sizes.
//!
//! Which cell holds what is left to `columns`, what it says of a message to `row`.

use crate::ingest::delimited::{self, DateOrder, DateText, DecimalMark, ResolvedDate};

/// The time of a row, as its cell was read.
pub(super) fn resolved(
    date: Option<DateText>,
    cell: &[u8],
    order: Option<DateOrder>,
) -> Result<ResolvedDate, String> {
    let refused = |what: &str| format!("{} is not a time: {what}", delimited::shown(cell));
    let date =
        date.ok_or_else(|| refused("expected such as '2026-10-01T12:00:00Z' or '10/21/2026 5:25:36 PM'"))?;
    if order.is_none() && date.is_open() {
        return Err(format!(
            "{} can be read with the day or the month first: --date-order decides",
            delimited::shown(cell)
        ));
    }
    date.resolve(order).ok_or_else(|| refused("there is no such day in the order of its column"))
}

/// The nanoseconds within the second of an ISO time, `2021-03-23T10:00:09.3284899Z`, or of a count since 1970,
/// `/Date(1658751973240)/`; 0 where there are none. They tell which of two hops was the first.
pub(super) fn nanoseconds(time: &[u8]) -> u32 {
    const SECOND: usize = "2021-03-23T10:00:09".len();
    const COUNT: usize = "1658751973".len();
    let count = time.strip_prefix(b"/Date(").unwrap_or(time);
    let is_count = count.len() > COUNT && count[..COUNT].iter().all(u8::is_ascii_digit);
    let after = if is_count { &count[COUNT..] } else { time.get(SECOND..).unwrap_or_default() };
    let fraction = match after {
        [b'.' | b',', fraction @ ..] => fraction,
        _ if is_count => after,
        _ => return 0,
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
    let padded = digits.copied().chain(std::iter::repeat(b'0')).take(9);
    padded.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}

/// The number of recipients that an acceptance states, where it is more than it lists (a list can name one
/// twice, which counts once).
pub(super) fn stated(cell: &[u8], listed: usize) -> Result<u32, String> {
    let Some(count) = delimited::parse_count(cell, None)? else { return Ok(0) };
    if count <= listed as u64 {
        return Ok(0);
    }
    u32::try_from(count).map_err(|_| format!("a recipient count of {count}: expected at most {}", u32::MAX))
}

/// The size of a row; `None` where it is 0 or missing.
pub(super) fn size(cell: &[u8], mark: Option<DecimalMark>) -> Result<Option<u64>, String> {
    if (1..=18).contains(&cell.len()) && cell.iter().all(u8::is_ascii_digit) {
        let size = cell.iter().fold(0, |size, byte| size * 10 + u64::from(byte - b'0'));
        return Ok(Some(size).filter(|&size| size > 0));
    }
    delimited::parse_size(cell, whole_mark(cell).or(mark), "")
}

/// The decimal mark under which `1,234` without a unit is a number of bytes: they are whole, so its sign separates
/// thousands.
fn whole_mark(cell: &[u8]) -> Option<DecimalMark> {
    let has_unit = !cell.last().is_some_and(u8::is_ascii_digit);
    if has_unit || !delimited::is_open_number(cell) {
        return None;
    }
    Some(if cell.contains(&b',') { DecimalMark::Point } else { DecimalMark::Comma })
}
