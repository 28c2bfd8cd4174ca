//! What is known of an input's age beside its content: the date that rotation writes into a name, and the time
//! of a gzip header.

use chrono::NaiveDate;

use crate::period::Timestamp;

/// Years that a rotated name can mean; other digits are counters.
const YEARS: std::ops::RangeInclusive<i32> = 1980..=2099;

/// What is known of an input's age beside its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Dates {
    /// The time in the gzip header.
    pub gzip: Option<Timestamp>,
    /// A date in the file's name, as rotation writes it.
    pub name: Option<NaiveDate>,
    /// When the file (or archive member) was last changed.
    pub modified: Option<Timestamp>,
}

/// The first date in the last part of a path, as `mail.log-20240101`, `mail.log.2024-01-01.gz` or
/// `MSGTRK2022091915-1.LOG` (with the hour) have it.
pub(super) fn date_in_name(path: &str) -> Option<NaiveDate> {
    let name = path.rsplit(['/', '\\', '!']).next()?;
    let bytes = name.as_bytes();
    let starts = (0..bytes.len()).filter(|&at| {
        let after_digit = at > 0 && bytes[at - 1].is_ascii_digit();
        bytes[at].is_ascii_digit() && !after_digit
    });
    starts.filter_map(|at| date_at(&bytes[at..])).next()
}

/// The date at the start of a text: at least eight digits (a time may follow), or year, month and day with the
/// same separator between them.
fn date_at(bytes: &[u8]) -> Option<NaiveDate> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |from: usize, to: usize| -> Option<u32> {
        std::str::from_utf8(bytes.get(from..to)?).ok()?.parse().ok()
    };
    let (month, day) = match digits {
        8.. => (number(4, 6)?, number(6, 8)?),
        4 => {
            let separator = *bytes.get(4)?;
            let ends = bytes.get(10).is_none_or(|byte| !byte.is_ascii_digit());
            if !b"-_.".contains(&separator) || bytes.get(7) != Some(&separator) || !ends {
                return None;
            }
            (number(5, 7)?, number(8, 10)?)
        }
        _ => return None,
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    if !YEARS.contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, day)
}

/// The time in a gzip header (RFC 1952: seconds in bytes 4 to 7, 0 where there is none).
pub(super) fn gzip_time(start: &[u8]) -> Option<Timestamp> {
    let bytes: [u8; 4] = start.get(4..8)?.try_into().ok()?;
    let seconds = u32::from_le_bytes(bytes);
    (seconds > 0).then(|| Timestamp::from_seconds(i64::from(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_names_tell_their_date() {
        let date = |name: &str| date_in_name(name).map(|date| date.to_string());
        for name in [
            "mail.log-20240131",
            "/var/log/2019-05-05/mail.log-20240131.gz",
            "old.tar!log/mail.log.2024-01-31.xz",
            r"C:\Logs\2019-05-05\mail_2024_01_31.log",
            "MSGTRK2024013115-1.LOG",
            "mail.log-202401311704067200",
            "host-12345678-20240131.log",
        ] {
            assert_eq!(date(name).as_deref(), Some("2024-01-31"), "{name}");
        }
        for name in
            ["mail.log", "mail.log.1", "mail-1234567", "20241301.log", "2024-01-310", "2024-0131", "größe"]
        {
            assert_eq!(date(name), None, "{name}");
        }
    }

    #[test]
    fn gzip_headers_tell_their_time_unless_it_is_zero() {
        let header = |time: u32| [&[0x1f, 0x8b, 8, 0][..], &time.to_le_bytes()].concat();
        let time = gzip_time(&header(1_704_067_200)).map(|time| time.to_string());
        assert_eq!(time.as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(gzip_time(&header(0)), None);
        assert_eq!(gzip_time(&[0x1f, 0x8b]), None);
    }
}
